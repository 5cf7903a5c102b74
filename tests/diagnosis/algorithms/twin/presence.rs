//! Presence tracking of the chat gateway.
use std::collections::HashSet;
use std::time::{Duration, Instant};

#[derive(Debug, Clone)]
pub struct Session {
    pub id: u64,
    pub user: String,
    pub last_seen: Instant,
}

pub trait Notifier {
    fn went_offline(&mut self, user: &str);
}

#[derive(Default)]
pub struct Presence {
    sessions: Vec<Session>,
}

impl Presence {
    pub fn join(&mut self, id: u64, user: &str, now: Instant) {
        self.sessions.push(Session { id, user: user.to_owned(), last_seen: now });
    }

    pub fn leave_all(&mut self, ids: &[u64]) {
        let gone: HashSet<u64> = ids.iter().copied().collect(); // <- hot 30
        self.sessions.retain(|s| !gone.contains(&s.id)); // <- hot 51
    }

    pub fn expire(&mut self, now: Instant, idle: Duration, out: &mut dyn Notifier) -> usize {
        let stale: Vec<u64> = self
            .sessions
            .iter()
            .filter(|s| now.duration_since(s.last_seen) > idle)
            .map(|s| {
                out.went_offline(&s.user);
                s.id
            })
            .collect();
        self.leave_all(&stale);
        stale.len()
    }

    pub fn online(&self) -> usize {
        self.sessions.len()
    }
}
