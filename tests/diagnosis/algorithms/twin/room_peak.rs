//! Finds how many meetings run at once, to size the video bridge.

#[derive(Debug, Clone)]
pub struct Meeting {
    pub title: String,
    pub start: u32,
    pub end: u32,
}

pub fn peak(all: &[Meeting]) -> (u32, usize) {
    let mut edges: Vec<(u32, i32)> = Vec::with_capacity(all.len() * 2);
    for m in all {
        if m.start < m.end {
            edges.push((m.start, 1)); // <- hot 9
            edges.push((m.end, -1)); // <- hot 9
        }
    }
    edges.sort_unstable(); // <- hot 68
    let mut live = 0i32;
    let mut best = (0, 0);
    for (minute, delta) in edges {
        live += delta;
        if live > best.1 {
            best = (minute, live);
        }
    }
    (best.0, best.1 as usize)
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
