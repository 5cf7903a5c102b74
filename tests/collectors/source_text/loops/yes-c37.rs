pub struct Star {
    pub ra: f64,
    pub dec: f64,
    pub mag: f32,
    pub id: u64,
}

fn nearest<'a>(catalog: &'a [Star], s: &Star) -> Option<(&'a Star, f64)> {
    let mut best: Option<(&Star, f64)> = None;
    for c in catalog {
        let d = (c.ra - s.ra).powi(2) * s.dec.cos().powi(2) + (c.dec - s.dec).powi(2);
        if best.map_or(true, |(_, b)| d < b) { // <- 0
            best = Some((c, d));
        }
    }
    best
}

pub fn cross_match(catalog: &[Star], detected: &[Star], tol: f64) -> Vec<(u64, u64)> {
    let mut pairs = Vec::with_capacity(detected.len());
    for s in detected.iter().filter(|s| s.mag < 18.0) { // <- outer
        match nearest(catalog, s) { // <- 1
            Some((c, d)) if d < tol * tol => pairs.push((s.id, c.id)),
            _ => {}
        }
    }
    pairs
}
