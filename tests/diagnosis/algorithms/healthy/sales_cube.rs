use std::collections::HashMap;

#[derive(Debug, Clone)]
pub struct Sale {
    pub store: u32,
    pub sku: String,
    pub quantity: u32,
    pub cents: i64,
}

#[derive(Debug, Clone)]
pub struct Product {
    pub sku: String,
    pub category: String,
}

#[derive(Debug, Default, Clone, PartialEq)]
pub struct Measure {
    pub units: u64,
    pub cents: i64,
    pub tickets: u32,
}

impl Measure {
    fn add(&mut self, s: &Sale) {
        self.units += u64::from(s.quantity);
        self.cents += s.cents * i64::from(s.quantity);
        self.tickets += 1;
    }
}

pub struct Cube<'a> {
    cells: HashMap<(u32, &'a str), Measure>,
    pub orphans: usize,
}

impl<'a> Cube<'a> {
    pub fn build(products: &'a [Product], sales: &[Sale]) -> Self {
        let category: HashMap<&str, &str> =
            products.iter().map(|p| (p.sku.as_str(), p.category.as_str())).collect();
        let mut cells: HashMap<(u32, &'a str), Measure> = HashMap::new();
        let mut orphans = 0;
        for s in sales {
            match category.get(s.sku.as_str()) { // <- hot 47
                Some(&cat) => cells.entry((s.store, cat)).or_default().add(s), // <- hot 43
                None => orphans += 1,
            }
        }
        Cube { cells, orphans }
    }

    pub fn top(&self, n: usize) -> Vec<((u32, &'a str), i64)> {
        let mut v: Vec<_> = self.cells.iter().map(|(k, m)| (*k, m.cents)).collect();
        v.sort_unstable_by(|a, b| b.1.cmp(&a.1));
        v.truncate(n);
        v
    }
}
