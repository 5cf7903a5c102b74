use std::collections::HashMap;

#[derive(Clone, Debug)]
pub struct Click {
    pub visitor: u64,
    pub at: u64,
    pub page: u32,
}

#[derive(Clone, Debug, Default)]
pub struct Session {
    pub started: u64,
    pub last: u64,
    pub pages: u32,
    pub bought: bool,
}

pub struct Sessionizer {
    gap: u64,
    checkout: u32,
    live: HashMap<u64, Session>,
    done: Vec<Session>,
}

impl Sessionizer {
    pub fn new(gap: u64, checkout: u32) -> Self {
        Sessionizer { gap, checkout, live: HashMap::new(), done: Vec::new() }
    }

    /// Clicks come in order of time.
    pub fn feed(&mut self, click: &Click) {
        let fresh = Session { started: click.at, last: click.at, pages: 0, bought: false };
        let s = self.live.entry(click.visitor).or_insert_with(|| fresh.clone()); // <- hot 57
        if click.at - s.last > self.gap { // <- hot 14
            self.done.push(std::mem::replace(s, fresh)); // <- hot 12
        }
        s.last = click.at;
        s.pages += 1;
        s.bought |= click.page == self.checkout;
    }

    pub fn finish(mut self) -> Vec<Session> {
        self.done.extend(self.live.into_values());
        self.done
    }
}

pub fn conversion(clicks: &[Click], gap: u64, checkout: u32) -> f64 {
    let mut s = Sessionizer::new(gap, checkout);
    for c in clicks {
        s.feed(c);
    }
    let sessions = s.finish();
    let bought = sessions.iter().filter(|s| s.bought).count();
    bought as f64 / sessions.len().max(1) as f64
}
