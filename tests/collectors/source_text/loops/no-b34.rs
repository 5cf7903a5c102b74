pub struct Page {
    pub words: Vec<String>,
    pub links: Vec<usize>,
}

pub struct Site {
    pages: Vec<Page>,
}

impl Site {
    pub fn rank(&self, rounds: usize) -> Vec<f64> {
        let n = self.pages.len();
        let mut r = vec![1.0 / n as f64; n];
        for _ in 0..rounds {
            r = self.spread(&r); // <- 1
        }
        r
    }

    fn spread(&self, r: &[f64]) -> Vec<f64> {
        let mut next = vec![0.15 / r.len() as f64; r.len()];
        self.pages.iter().zip(r).for_each(|(p, w)| {
            let share = 0.85 * w / p.links.len().max(1) as f64;
            for &t in p.links.iter() {
                next[t] += share; // <- 0
            }
        });
        next
    }
}
