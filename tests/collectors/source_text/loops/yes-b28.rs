use crate::net::{Config, Packet};

pub struct Firewall {
    cfg: Config,
    hits: u64,
}

impl Firewall {
    fn banned(&self, ip: u32, now: u64) -> bool {
        for ban in self.cfg.bans.iter() {
            if ban.lo <= ip && ip <= ban.hi && ban.until > now { // <- 0
                return true;
            }
        }
        false
    }

    fn admit(&mut self, pkt: &Packet) -> bool {
        if self.banned(pkt.src, pkt.ts) { // <- 1
            self.hits += 1;
            return false;
        }
        pkt.len > 0
    }

    pub fn run(&mut self, rx: std::sync::mpsc::Receiver<Packet>) -> u64 {
        let mut passed = 0;
        loop { // <- outer
            let Ok(pkt) = rx.recv() else { break };
            passed += self.admit(&pkt) as u64; // <- 2
        }
        passed
    }
}
