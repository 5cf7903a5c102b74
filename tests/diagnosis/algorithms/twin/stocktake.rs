use std::collections::HashMap;

#[derive(Debug, Clone, PartialEq)]
pub enum Difference {
    Missing(String),
    Unknown(String),
    Count { sku: String, expected: i64, found: i64 },
}

pub struct Warehouse {
    expected: HashMap<String, i64>,
}

impl Warehouse {
    pub fn new(expected: HashMap<String, i64>) -> Self {
        Self { expected }
    }

    fn is_listed(&self, sku: &str) -> bool {
        self.expected.contains_key(sku) // <- hot 33
    }

    fn compare(&self, sku: &str, found: i64) -> Option<Difference> {
        if !self.is_listed(sku) {
            return Some(Difference::Unknown(sku.to_string()));
        }
        let expected = self.expected[sku]; // <- hot 31
        if expected == found {
            return None;
        }
        Some(Difference::Count { sku: sku.to_string(), expected, found })
    }

    /// Compares scanner counts with the books.
    pub fn audit(&self, scanned: &HashMap<String, i64>) -> Vec<Difference> {
        let mut out: Vec<Difference> = scanned
            .iter()
            .filter_map(|(sku, found)| self.compare(sku, *found))
            .collect();
        for (sku, count) in &self.expected {
            if *count > 0 && !scanned.contains_key(sku) { // <- hot 25
                out.push(Difference::Missing(sku.clone()));
            }
        }
        out
    }
}
