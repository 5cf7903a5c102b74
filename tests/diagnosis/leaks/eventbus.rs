use std::collections::{HashMap, VecDeque};
use std::sync::mpsc::{channel, Receiver, Sender};
use std::sync::{Arc, Mutex};

#[derive(Clone, Debug)]
pub struct Event {
    pub topic: String,
    pub payload: Arc<Vec<u8>>,
    pub seq: u64,
}

pub struct Subscriber {
    name: String,
    filter: Vec<String>,
    tx: Sender<Event>,
    scratch: Vec<u8>,
}

#[derive(Default)]
pub struct Bus {
    topics: Mutex<HashMap<String, Vec<Subscriber>>>, // <- cost
    replay: Mutex<VecDeque<Event>>,
    dropped: Mutex<HashMap<String, u64>>,
}

fn make_subscriber(name: &str, filter: &[&str], tx: Sender<Event>) -> Subscriber {
    Subscriber {
        name: name.to_owned(),
        filter: filter.iter().map(|s| s.to_string()).collect(), // <- made 20
        tx,
        scratch: Vec::with_capacity(2048), // <- made 75
    }
}

impl Bus {
    pub fn subscribe(&self, topic: &str, name: &str, filter: &[&str]) -> Receiver<Event> {
        let (tx, rx) = channel();
        for ev in self.replay.lock().unwrap().iter() {
            if ev.topic == topic {
                let _ = tx.send(ev.clone());
            }
        }
        let sub = make_subscriber(name, filter, tx);
        let mut topics = self.topics.lock().unwrap();
        topics.entry(topic.to_string()).or_default().push(sub); // <- made 5 <- cost
        rx
    }

    pub fn publish(&self, ev: Event) {
        {
            let mut replay = self.replay.lock().unwrap();
            replay.push_back(ev.clone());
            while replay.len() > 64 {
                replay.pop_front();
            }
        }
        let mut topics = self.topics.lock().unwrap();
        let Some(subs) = topics.get_mut(&ev.topic) else {
            return;
        };
        for sub in subs.iter_mut() {
            let wanted = sub.filter.is_empty()
                || sub.filter.iter().any(|f| contains(&ev.payload, f.as_bytes()));
            if !wanted {
                continue;
            }
            sub.scratch.clear();
            sub.scratch.extend_from_slice(&ev.payload);
            if sub.tx.send(ev.clone()).is_err() { // <- cost
                log::debug!("receiver of {} has gone", sub.name);
                *self.dropped.lock().unwrap().entry(ev.topic.clone()).or_insert(0) += 1;
            }
        }
    }
}

fn contains(hay: &[u8], needle: &[u8]) -> bool {
    needle.is_empty() || hay.windows(needle.len()).any(|w| w == needle)
}
