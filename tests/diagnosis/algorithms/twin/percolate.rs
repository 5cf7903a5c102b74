/// Percolation experiment on a square lattice: sites open at random until
/// the top edge is connected with the bottom edge.
pub struct Lattice {
    side: usize,
    open: Vec<bool>,
    parent: Vec<usize>,
    size: Vec<u32>,
}

impl Lattice {
    pub fn new(side: usize) -> Self {
        let sites = side * side + 2;
        Lattice {
            side,
            open: vec![false; sites],
            parent: (0..sites).collect(),
            size: vec![1; sites],
        }
    }

    fn root(&mut self, mut a: usize) -> usize {
        while self.parent[a] != a { // <- hot 36
            self.parent[a] = self.parent[self.parent[a]]; // <- hot 22
            a = self.parent[a];
        }
        a
    }

    fn join(&mut self, a: usize, b: usize) {
        let (mut a, mut b) = (self.root(a), self.root(b));
        if a == b {
            return;
        }
        if self.size[a] < self.size[b] {
            std::mem::swap(&mut a, &mut b);
        }
        self.parent[b] = a; // <- hot 12
        self.size[a] += self.size[b];
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
        self.root(top) == self.root(bottom)
    }
}
