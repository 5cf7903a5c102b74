use std::collections::{BTreeMap, HashMap};

#[derive(Debug, Clone)]
pub struct Customer {
    pub id: u64,
    pub name: String,
    pub country: String,
}

#[derive(Debug, Clone)]
pub struct Invoice {
    pub number: String,
    pub customer_id: u64,
    pub net_cents: i64,
}

#[derive(Debug)]
pub struct InvoiceRow<'a> {
    pub number: &'a str,
    pub customer: &'a str,
    pub country: &'a str,
    pub gross_cents: i64,
}

pub struct VatTable(HashMap<String, i64>);

impl VatTable {
    pub fn new(rates: HashMap<String, i64>) -> Self {
        Self(rates)
    }

    fn gross(&self, country: &str, net: i64) -> i64 {
        net + net * self.0.get(country).copied().unwrap_or(20) / 100
    }
}

pub fn rows<'a>(
    invoices: &'a [Invoice],
    customers: &'a [Customer],
    vat: &VatTable,
) -> Vec<InvoiceRow<'a>> {
    invoices
        .iter()
        .filter_map(|inv| {
            let c = customers.iter().find(|c| c.id == inv.customer_id)?; // <- cost hot 93
            Some(InvoiceRow {
                number: &inv.number,
                customer: &c.name,
                country: &c.country,
                gross_cents: vat.gross(&c.country, inv.net_cents),
            })
        })
        .collect()
}

pub fn totals_by_country(rows: &[InvoiceRow<'_>]) -> BTreeMap<String, i64> {
    let mut out = BTreeMap::new();
    for r in rows {
        *out.entry(r.country.to_string()).or_insert(0) += r.gross_cents;
    }
    out
}
