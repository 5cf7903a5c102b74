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
            Formula::Sum(refs) => refs.iter().map(|r| self.values[*r]).sum(), // <- hot 41
            Formula::Scale(r, f) => self.values[*r] * f,
        }
    }

    fn visit(&mut self, i: usize, state: &mut [u8]) -> bool {
        if state[i] != 0 { // <- hot 14
            return state[i] == 2;
        }
        state[i] = 1;
        let refs = match &self.cells[i] {
            Formula::Const(_) => Vec::new(),
            Formula::Sum(refs) => refs.clone(), // <- hot 17
            Formula::Scale(r, _) => vec![*r],
        };
        for r in refs {
            if !self.visit(r, state) { // <- hot 18
                return false;
            }
        }
        self.values[i] = self.eval(i);
        state[i] = 2;
        true
    }

    pub fn recalc(&mut self) -> bool {
        let mut state = vec![0u8; self.cells.len()];
        (0..self.cells.len()).all(|i| self.visit(i, &mut state))
    }
}
