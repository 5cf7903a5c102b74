use std::collections::BTreeMap;
use std::collections::BTreeSet;

#[derive(Clone)]
pub struct Visit {
    pub clinic: String,
    pub minutes: u32,
    pub fee: f64,
}

#[derive(Debug, Default, PartialEq)]
pub struct Total {
    pub visits: usize,
    pub minutes: u64,
    pub fees: f64,
}

fn total_of(visits: &[Visit], clinic: &str) -> Total {
    let own: Vec<&Visit> = visits.iter().filter(|v| v.clinic == clinic).collect(); // <- cost hot 90
    Total {
        visits: own.len(),
        minutes: own.iter().map(|v| v.minutes as u64).sum(),
        fees: own.iter().map(|v| v.fee).sum(),
    }
}

pub fn totals(visits: &[Visit]) -> BTreeMap<String, Total> {
    let names: BTreeSet<&str> = visits.iter().map(|v| v.clinic.as_str()).collect(); // <- hot 6
    names
        .into_iter()
        .map(|name| (name.to_string(), total_of(visits, name))) // <- cost
        .collect()
}

pub fn busiest(visits: &[Visit]) -> Option<String> {
    totals(visits)
        .into_iter()
        .max_by_key(|(_, t)| t.minutes)
        .map(|(name, _)| name)
}
