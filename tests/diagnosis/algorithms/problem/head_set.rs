use std::collections::{HashSet, VecDeque};

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

    pub fn is_ancestor(&self, ancestor: Pos, descendant: Pos) -> bool {
        let mut seen = HashSet::new();
        let mut queue = VecDeque::from([descendant]);
        while let Some(pos) = queue.pop_front() { // <- hot 11
            if pos == ancestor {
                return true;
            }
            for &parent in self.parents(pos) { // <- hot 17
                if parent >= ancestor && seen.insert(parent) { // <- cost hot 52
                    queue.push_back(parent);
                }
            }
        }
        false
    }

    /// The candidates that are not reachable from another candidate.
    pub fn heads(&self, candidates: &[Pos]) -> Vec<Pos> {
        let mut result = Vec::new();
        for &pos in candidates { // <- cost
            let redundant = candidates
                .iter()
                .any(|&other| other != pos && self.is_ancestor(pos, other)); // <- cost hot 9
            if !redundant {
                result.push(pos);
            }
        }
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
