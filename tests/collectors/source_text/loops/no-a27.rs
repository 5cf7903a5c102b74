pub struct Sets {
    parent: Vec<u32>,
    size: Vec<u32>,
}

impl Sets {
    pub fn new(n: usize) -> Self {
        Sets { parent: (0..n as u32).collect(), size: vec![1; n] }
    }

    fn root(&mut self, mut x: u32) -> u32 {
        while self.parent[x as usize] != x {
            let up = self.parent[self.parent[x as usize] as usize]; // <- 0
            self.parent[x as usize] = up;
            x = up;
        }
        x
    }

    pub fn join(&mut self, a: u32, b: u32) -> bool {
        let (mut a, mut b) = (self.root(a), self.root(b)); // <- 1
        if a == b {
            return false;
        }
        if self.size[a as usize] < self.size[b as usize] {
            std::mem::swap(&mut a, &mut b);
        }
        self.parent[b as usize] = a;
        self.size[a as usize] += self.size[b as usize];
        true
    }
}

pub fn components(n: usize, edges: &[(u32, u32)]) -> usize {
    let mut s = Sets::new(n);
    n - edges.iter().filter(|&&(a, b)| s.join(a, b)).count() // <- 2
}
