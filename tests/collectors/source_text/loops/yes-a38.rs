#[derive(Clone, Copy)]
pub struct Visit {
    pub user: u32,
    pub at: i64,
}

pub fn busiest_window(visits: &[Visit], width: i64) -> (i64, usize) {
    let mut best = (0, 0);
    for v in visits { // <- outer
        let end = v.at + width;
        let n = visits
            .iter()
            .filter(|o| o.at >= v.at && o.at < end) // <- 0
            .count();
        if n > best.1 {
            best = (v.at, n);
        }
    }
    best
}
