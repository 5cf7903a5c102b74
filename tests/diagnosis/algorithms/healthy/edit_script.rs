use std::collections::HashMap;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    Keep(usize, usize),
    Delete(usize),
    Insert(usize),
}

#[derive(Default)]
pub struct Interner<'a> {
    tokens: HashMap<&'a str, u32>,
}

impl<'a> Interner<'a> {
    pub fn lines(&mut self, text: &'a str) -> Vec<u32> {
        text.split_inclusive('\n')
            .map(|line| {
                let next = self.tokens.len() as u32;
                *self.tokens.entry(line).or_insert(next) // <- hot 18
            })
            .collect()
    }
}

/// Greedy shortest edit script; keeps the furthest x of each diagonal per round.
fn shortest_edit(a: &[u32], b: &[u32]) -> Vec<Vec<i32>> {
    let (n, m) = (a.len() as i32, b.len() as i32);
    let mut trace: Vec<Vec<i32>> = vec![];
    let mut v = vec![0i32, 0, 0];
    for d in 0..=n + m {
        let mut cur = vec![0i32; 2 * d as usize + 3];
        let at = |v: &[i32], k: i32| v[(k + d) as usize];
        for k in (-d..=d).step_by(2) {
            let mut x = if d == 0 {
                0
            } else if k == -d || (k != d && at(&v, k - 1) < at(&v, k + 1)) { // <- hot 24
                at(&v, k + 1)
            } else {
                at(&v, k - 1) + 1
            };
            while x < n && x - k < m && x - k >= 0 && a[x as usize] == b[(x - k) as usize] { // <- hot 38
                x += 1;
            }
            cur[(k + d + 1) as usize] = x;
            if x >= n && x - k >= m {
                trace.push(cur);
                return trace;
            }
        }
        trace.push(cur.clone()); // <- hot 13
        v = cur;
    }
    trace
}

pub fn diff(before: &str, after: &str) -> Vec<Edit> {
    let mut interner = Interner::default();
    let (a, b) = (interner.lines(before), interner.lines(after));
    let trace = shortest_edit(&a, &b);
    let (mut x, mut y) = (a.len() as i32, b.len() as i32);
    let mut script = Vec::with_capacity(a.len() + b.len());
    for d in (1..trace.len() as i32).rev() {
        let v = &trace[d as usize - 1];
        let at = |k: i32| v[(k + d) as usize];
        let k = x - y;
        let down = k == -d || (k != d && at(k - 1) < at(k + 1));
        let px = if down { at(k + 1) } else { at(k - 1) };
        let py = px - if down { k + 1 } else { k - 1 };
        while x > px && y > py {
            (x, y) = (x - 1, y - 1);
            script.push(Edit::Keep(x as usize, y as usize));
        }
        script.push(if down { Edit::Insert(py as usize) } else { Edit::Delete(px as usize) });
        (x, y) = (px, py);
    }
    script.extend((0..x as usize).rev().map(|i| Edit::Keep(i, i)));
    script.reverse();
    script
}
