//! Finds how many meetings run at once, to size the video bridge.

#[derive(Debug, Clone)]
pub struct Meeting {
    pub title: String,
    pub start: u32,
    pub end: u32,
}

impl Meeting {
    fn runs_at(&self, minute: u32) -> bool {
        self.start <= minute && minute < self.end // <- hot 43
    }
}

fn concurrent_at(all: &[Meeting], minute: u32) -> usize {
    all.iter().filter(|m| m.runs_at(minute)).count() // <- cost hot 51
}

pub fn peak(all: &[Meeting]) -> (u32, usize) {
    let mut best = (0, 0);
    for m in all {
        let n = concurrent_at(all, m.start); // <- cost
        if n > best.1 || (n == best.1 && m.start < best.0) {
            best = (m.start, n);
        }
    }
    best
}

#[derive(Debug, PartialEq)]
pub enum Plan {
    Fits,
    Grow { by: usize, at: u32 },
}

pub fn plan(all: &[Meeting], ports: usize) -> Plan {
    match peak(all) {
        (_, n) if n <= ports => Plan::Fits,
        (at, n) => Plan::Grow { by: n - ports, at },
    }
}

pub fn plan_sites(sites: &[(String, Vec<Meeting>, usize)]) -> Vec<(&str, Plan)> {
    sites
        .iter()
        .map(|(name, meetings, ports)| (name.as_str(), plan(meetings, *ports)))
        .collect()
}
