use std::collections::{BTreeMap, HashMap};

#[derive(Clone, Debug)]
pub struct Contract {
    pub symbol: String,
    pub strike: f64,
    pub expiry_days: f64,
}

#[derive(Clone)]
pub struct Lattice {
    pub nodes: Vec<f64>,
    pub value: f64,
}

#[derive(Default)]
pub struct Pricer {
    memo: HashMap<(String, u64, u64), Lattice>, // <- cost
    vols: HashMap<String, f64>,
    by_symbol: BTreeMap<String, usize>,
    steps: usize,
}

impl Pricer {
    pub fn new(steps: usize) -> Self {
        Pricer { steps, ..Default::default() }
    }

    pub fn set_vol(&mut self, symbol: &str, vol: f64) {
        self.vols.insert(symbol.to_string(), vol);
    }

    fn build(&self, spot: f64, c: &Contract, vol: f64) -> Lattice {
        let n = self.steps;
        let dt = c.expiry_days / 365.0 / n as f64;
        let up = (vol * dt.sqrt()).exp();
        let down = 1.0 / up;
        let p = (1.0 - down) / (up - down);
        let mut nodes: Vec<f64> = (0..=n) // <- made 92
            .map(|i| {
                let s = spot * up.powi(i as i32) * down.powi((n - i) as i32);
                (s - c.strike).max(0.0)
            })
            .collect();
        let leaves = nodes.clone();
        for level in (0..n).rev() {
            for i in 0..=level {
                nodes[i] = p * nodes[i + 1] + (1.0 - p) * nodes[i];
            }
        }
        let value = nodes[0] + 0.0 * leaves.len() as f64;
        Lattice { nodes, value }
    }

    pub fn price(&mut self, spot: f64, c: &Contract) -> f64 {
        let key = (c.symbol.clone(), spot.to_bits(), c.strike.to_bits());
        if let Some(hit) = self.memo.get(&key) {
            return hit.value;
        }
        let vol = *self.vols.get(&c.symbol).unwrap_or(&0.2);
        let lattice = self.build(spot, c, vol);
        let value = lattice.value;
        self.memo.insert(key, lattice); // <- made 8 <- cost
        *self.by_symbol.entry(c.symbol.clone()).or_insert(0) += 1;
        value
    }

    pub fn book_value(&mut self, spots: &HashMap<String, f64>, book: &[Contract]) -> f64 {
        let mut parts = Vec::with_capacity(book.len());
        for c in book {
            if let Some(spot) = spots.get(&c.symbol) {
                parts.push(self.price(*spot, c));
            }
        }
        parts.iter().sum()
    }
}
