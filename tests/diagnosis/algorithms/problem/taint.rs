//! Propagates taint labels over the call graph of the audit tool.

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

fn sweep(calls: &[Call], labels: &mut [Labels]) -> bool {
    let mut changed = false;
    for c in calls { // <- hot 22
        let merged = labels[c.caller].join(labels[c.callee]); // <- hot 48
        if merged != labels[c.caller] { // <- hot 21
            labels[c.caller] = merged;
            changed = true;
        }
    }
    changed
}

pub fn propagate(p: &Program) -> Vec<Labels> {
    let mut labels = vec![Labels::default(); p.functions];
    for &(f, l) in &p.sources {
        labels[f] = labels[f].join(l);
    }
    while sweep(&p.calls, &mut labels) {} // <- cost
    labels
}

pub fn reaching(labels: &[Labels], bit: u32) -> Vec<FnId> {
    (0..labels.len()).filter(|&f| labels[f].0 >> bit & 1 == 1).collect()
}
