//! Cheapest fibre layout between cabinets.

#[derive(Debug, Clone, Copy)]
pub struct Trench {
    pub a: u32,
    pub b: u32,
    pub cost: u32,
}

pub struct Groups {
    parent: Vec<u32>,
    size: Vec<u32>,
}

impl Groups {
    pub fn new(n: usize) -> Self {
        Groups { parent: (0..n as u32).collect(), size: vec![1; n] }
    }

    pub fn root(&mut self, mut x: u32) -> u32 {
        while self.parent[x as usize] != x { // <- hot 24
            let up = self.parent[self.parent[x as usize] as usize]; // <- hot 13
            self.parent[x as usize] = up;
            x = up;
        }
        x
    }

    pub fn join(&mut self, a: u32, b: u32) -> bool {
        let (mut a, mut b) = (self.root(a), self.root(b));
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

pub fn cheapest(cabinets: usize, mut trenches: Vec<Trench>) -> (u64, Vec<Trench>) {
    trenches.sort_unstable_by_key(|t| t.cost); // <- hot 51
    let mut groups = Groups::new(cabinets);
    let mut dug = Vec::with_capacity(cabinets.saturating_sub(1));
    let mut total = 0;
    for t in trenches {
        if groups.join(t.a, t.b) {
            total += u64::from(t.cost);
            dug.push(t);
            if dug.len() + 1 == cabinets {
                break;
            }
        }
    }
    (total, dug)
}
