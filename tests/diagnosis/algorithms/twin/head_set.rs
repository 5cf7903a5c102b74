use std::collections::{BinaryHeap, HashSet};

pub type Pos = u32;

pub struct CommitEntry {
    pub parents: Vec<Pos>,
    pub generation: u32,
    pub timestamp: i64,
}

/// Commits in topological order: parents have smaller positions.
pub struct CommitIndex {
    entries: Vec<CommitEntry>,
}

impl CommitIndex {
    pub fn new(entries: Vec<CommitEntry>) -> Self {
        CommitIndex { entries }
    }

    fn parents(&self, pos: Pos) -> &[Pos] {
        &self.entries[pos as usize].parents
    }

    /// The candidates that are not reachable from another candidate.
    pub fn heads(&self, candidates: &[Pos]) -> Vec<Pos> {
        let mut heads: HashSet<Pos> = candidates.iter().copied().collect();
        let Some(&lowest) = candidates.iter().min() else {
            return Vec::new();
        };
        let mut work: BinaryHeap<Pos> = BinaryHeap::new();
        for &pos in candidates {
            work.extend(self.parents(pos));
        }
        while let Some(pos) = work.pop() { // <- hot 41
            while work.peek() == Some(&pos) {
                work.pop(); // <- hot 9
            }
            if pos < lowest {
                break;
            }
            heads.remove(&pos); // <- hot 17
            work.extend(self.parents(pos)); // <- hot 28
        }
        let mut result: Vec<Pos> = heads.into_iter().collect();
        result.sort_unstable();
        result
    }
}

pub struct View {
    head_positions: Vec<Pos>,
}

impl View {
    pub fn merge(&mut self, index: &CommitIndex, incoming: &[Pos]) {
        let mut all = self.head_positions.clone();
        all.extend_from_slice(incoming);
        all.sort_unstable();
        all.dedup();
        self.head_positions = index.heads(&all);
    }
}
