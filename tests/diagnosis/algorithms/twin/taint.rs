//! Propagates taint labels over the call graph of the audit tool.
use std::collections::VecDeque;

pub type FnId = usize;

#[derive(Debug, Clone, Copy)]
pub struct Call {
    pub caller: FnId,
    pub callee: FnId,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Labels(pub u64);

impl Labels {
    fn join(self, o: Labels) -> Labels {
        Labels(self.0 | o.0)
    }
}

pub struct Program {
    pub functions: usize,
    pub calls: Vec<Call>,
    pub sources: Vec<(FnId, Labels)>,
}

pub fn propagate(p: &Program) -> Vec<Labels> {
    let mut callers: Vec<Vec<FnId>> = vec![Vec::new(); p.functions];
    for c in &p.calls {
        callers[c.callee].push(c.caller); // <- hot 37
    }
    let mut labels = vec![Labels::default(); p.functions];
    let mut queued = vec![false; p.functions];
    let mut work = VecDeque::new();
    for &(f, l) in &p.sources {
        labels[f] = labels[f].join(l);
        if !std::mem::replace(&mut queued[f], true) {
            work.push_back(f);
        }
    }
    while let Some(f) = work.pop_front() {
        queued[f] = false;
        for &up in &callers[f] { // <- hot 14
            let merged = labels[up].join(labels[f]); // <- hot 27
            if merged != labels[up] {
                labels[up] = merged;
                if !std::mem::replace(&mut queued[up], true) {
                    work.push_back(up);
                }
            }
        }
    }
    labels
}

pub fn reaching(labels: &[Labels], bit: u32) -> Vec<FnId> {
    (0..labels.len()).filter(|&f| labels[f].0 >> bit & 1 == 1).collect()
}
