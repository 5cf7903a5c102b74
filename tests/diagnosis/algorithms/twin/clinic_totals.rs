use std::collections::BTreeMap;

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

pub fn totals(visits: &[Visit]) -> BTreeMap<String, Total> {
    let mut out: BTreeMap<&str, Total> = BTreeMap::new();
    for v in visits {
        let t = out.entry(v.clinic.as_str()).or_default(); // <- hot 78
        t.visits += 1;
        t.minutes += v.minutes as u64; // <- hot 8
        t.fees += v.fee;
    }
    out.into_iter().map(|(name, t)| (name.to_string(), t)).collect()
}

pub fn busiest(visits: &[Visit]) -> Option<String> {
    totals(visits)
        .into_iter()
        .max_by_key(|(_, t)| t.minutes)
        .map(|(name, _)| name)
}
