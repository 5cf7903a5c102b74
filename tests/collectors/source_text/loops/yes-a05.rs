pub struct Product {
    pub sku: String,
    pub price_cents: u64,
}

pub struct CartLine {
    pub sku: String,
    pub qty: u32,
}

pub fn price_lines(lines: &[CartLine], catalogue: &[Product]) -> Vec<(String, u64)> {
    lines
        .iter()
        .map(|l| { // <- outer
            let unit = catalogue
                .iter()
                .find(|p| p.sku == l.sku) // <- 0
                .map(|p| p.price_cents)
                .unwrap_or(0);
            (l.sku.clone(), unit * u64::from(l.qty))
        })
        .collect()
}
