/// Percolation experiment on a square lattice: sites open at random until
/// the top edge is connected with the bottom edge.
pub struct Lattice {
    side: usize,
    open: Vec<bool>,
    label: Vec<usize>,
}

impl Lattice {
    pub fn new(side: usize) -> Self {
        let sites = side * side + 2;
        Lattice {
            side,
            open: vec![false; sites],
            label: (0..sites).collect(),
        }
    }

    fn join(&mut self, a: usize, b: usize) {
        let (keep, drop) = (self.label[a], self.label[b]);
        if keep == drop {
            return;
        }
        for l in self.label.iter_mut() { // <- cost hot 33
            if *l == drop { // <- cost hot 55
                *l = keep; // <- hot 8
            }
        }
    }

    pub fn open(&mut self, row: usize, col: usize) {
        let site = row * self.side + col;
        let (top, bottom) = (self.side * self.side, self.side * self.side + 1);
        self.open[site] = true;
        if row == 0 {
            self.join(top, site);
        } else if self.open[site - self.side] {
            self.join(site - self.side, site);
        }
        if row + 1 == self.side {
            self.join(bottom, site);
        } else if self.open[site + self.side] {
            self.join(site + self.side, site);
        }
        if col > 0 && self.open[site - 1] {
            self.join(site - 1, site);
        }
        if col + 1 < self.side && self.open[site + 1] {
            self.join(site + 1, site);
        }
    }

    pub fn percolates(&mut self) -> bool {
        let (top, bottom) = (self.side * self.side, self.side * self.side + 1);
        self.label[top] == self.label[bottom]
    }
}
