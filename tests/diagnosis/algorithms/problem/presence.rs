//! Presence tracking of the chat gateway.
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

    pub fn leave(&mut self, id: u64) {
        self.sessions.retain(|s| s.id != id); // <- cost hot 89
    }

    pub fn leave_all(&mut self, ids: &[u64]) {
        for &id in ids {
            self.leave(id); // <- cost
        }
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
