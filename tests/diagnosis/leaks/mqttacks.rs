use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, Write};
use std::time::{Duration, Instant};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum QoS {
    AtMostOnce,
    AtLeastOnce,
    ExactlyOnce,
}

struct Outgoing {
    frame: Vec<u8>,
    sent: Instant,
    tries: u32,
}

pub struct Client<W: Write> {
    out: W,
    next_id: u32,
    unacked: BTreeMap<u32, Outgoing>,
    awaiting_rel: HashMap<u32, Vec<u8>>, // <- cost
    topics: HashSet<String>,
}

fn encode(id: u32, topic: &str, body: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(8 + topic.len() + body.len());
    frame.extend_from_slice(&id.to_be_bytes());
    frame.extend_from_slice(&(topic.len() as u16).to_be_bytes());
    frame.extend_from_slice(topic.as_bytes());
    frame.extend_from_slice(body);
    frame
}

impl<W: Write> Client<W> {
    pub fn new(out: W) -> Self {
        Client {
            out,
            next_id: 1,
            unacked: BTreeMap::new(),
            awaiting_rel: HashMap::new(),
            topics: HashSet::new(),
        }
    }

    pub fn publish(&mut self, topic: &str, body: &[u8], qos: QoS) -> io::Result<()> {
        let id = self.next_id;
        self.next_id = self.next_id.wrapping_add(1);
        let frame = encode(id, topic, body);
        self.out.write_all(&frame)?;
        if qos != QoS::AtMostOnce {
            self.unacked.insert(id, Outgoing { frame, sent: Instant::now(), tries: 1 });
        }
        Ok(())
    }

    pub fn on_puback(&mut self, id: u32) {
        self.unacked.remove(&id);
    }

    pub fn on_publish(&mut self, id: u32, qos: QoS, payload: &[u8]) -> io::Result<Option<Vec<u8>>> {
        match qos {
            QoS::AtMostOnce => Ok(Some(payload.to_vec())),
            QoS::AtLeastOnce => {
                self.out.write_all(&[0x40, id as u8])?;
                Ok(Some(payload.to_vec()))
            }
            QoS::ExactlyOnce => {
                let copy = payload.to_vec(); // <- made 94
                self.awaiting_rel.insert(id, copy); // <- made 6 <- cost
                self.out.write_all(&[0x50, id as u8])?;
                Ok(None)
            }
        }
    }

    pub fn on_pubrel(&mut self, id: u32) -> io::Result<Option<Vec<u8>>> {
        self.out.write_all(&[0x70, id as u8])?;
        Ok(self.awaiting_rel.get(&id).cloned()) // <- cost
    }

    pub fn subscribe(&mut self, topic: &str) {
        self.topics.insert(topic.to_string());
    }

    pub fn tick(&mut self) -> io::Result<usize> {
        let now = Instant::now();
        let mut again = Vec::new();
        for (id, o) in &self.unacked {
            if now - o.sent > Duration::from_secs(5) {
                again.push(*id);
            }
        }
        for id in &again {
            let o = self.unacked.get_mut(id).unwrap();
            o.tries += 1;
            o.sent = now;
            self.out.write_all(&o.frame)?;
        }
        self.unacked.retain(|_, o| o.tries < 6);
        Ok(again.len())
    }
}
