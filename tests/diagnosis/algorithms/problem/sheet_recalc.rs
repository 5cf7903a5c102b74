pub enum Formula {
    Const(f64),
    Sum(Vec<usize>),
    Scale(usize, f64),
}

pub struct Sheet {
    pub cells: Vec<Formula>,
    pub values: Vec<f64>,
}

impl Sheet {
    pub fn new(cells: Vec<Formula>) -> Self {
        let values = vec![0.0; cells.len()];
        Sheet { cells, values }
    }

    fn eval(&self, i: usize) -> f64 {
        match &self.cells[i] {
            Formula::Const(v) => *v,
            Formula::Sum(refs) => refs.iter().map(|r| self.values[*r]).sum(), // <- hot 62
            Formula::Scale(r, f) => self.values[*r] * f, // <- hot 14
        }
    }

    pub fn recalc(&mut self) -> bool {
        for _ in 0..=self.cells.len() { // <- cost
            let mut changed = false;
            for i in 0..self.cells.len() { // <- cost
                let v = self.eval(i); // <- hot 14
                if v != self.values[i] {
                    self.values[i] = v;
                    changed = true;
                }
            }
            if !changed {
                return true;
            }
        }
        false
    }
}
