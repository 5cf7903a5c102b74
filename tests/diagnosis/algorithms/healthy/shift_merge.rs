use std::collections::HashMap;

/// Merges the overlapping shifts of each worker, and counts the hours that were paid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    pub from: u32,
    pub to: u32,
}

pub struct Punch {
    pub worker: u64,
    pub span: Span,
}

fn merge(spans: &mut Vec<Span>) {
    spans.sort_unstable_by_key(|s| s.from); // <- hot 43
    let mut kept = 0;
    for i in 1..spans.len() {
        let s = spans[i];
        if s.from <= spans[kept].to { // <- hot 12
            spans[kept].to = spans[kept].to.max(s.to);
        } else {
            kept += 1;
            spans[kept] = s;
        }
    }
    spans.truncate(kept + 1);
}

pub fn paid_minutes(punches: &[Punch]) -> HashMap<u64, u32> {
    let mut by_worker: HashMap<u64, Vec<Span>> = HashMap::new();
    for p in punches {
        by_worker.entry(p.worker).or_default().push(p.span); // <- hot 35
    }
    by_worker
        .into_iter()
        .map(|(worker, mut spans)| {
            merge(&mut spans);
            (worker, spans.iter().map(|s| s.to - s.from).sum())
        })
        .collect()
}
