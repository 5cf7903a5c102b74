use std::collections::{HashMap, HashSet, VecDeque};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PeerId(pub [u8; 32]);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub u64);

pub type ConnectionId = usize;

#[derive(Clone, Debug)]
pub struct Request {
    pub id: RequestId,
    pub protocol: String,
    pub body: Vec<u8>,
}

#[derive(Debug)]
pub enum Event {
    Dial(PeerId),
    Send { peer: PeerId, connection: ConnectionId, request: Request },
    Response { id: RequestId, body: Vec<u8> },
    Failed { id: RequestId, reason: &'static str },
}

struct Connection {
    id: ConnectionId,
    waiting: HashSet<RequestId>,
}

#[derive(Default)]
pub struct Behaviour {
    next_id: u64,
    connected: HashMap<PeerId, Vec<Connection>>,
    pending_outbound: HashMap<PeerId, Vec<Request>>, // <- cost
    addresses: HashMap<PeerId, Vec<String>>,
    events: VecDeque<Event>,
}

impl Behaviour {
    pub fn send_request(&mut self, peer: &PeerId, protocol: &str, payload: &[u8]) -> RequestId {
        let id = RequestId(self.next_id);
        self.next_id += 1;
        let request = self.encode(id, protocol, payload);
        if let Some(request) = self.try_send(peer, request) {
            self.events.push_back(Event::Dial(*peer));
            self.pending_outbound.entry(*peer).or_default().push(request); // <- made 10 <- cost
        }
        id
    }

    fn encode(&self, id: RequestId, protocol: &str, payload: &[u8]) -> Request {
        let mut body = Vec::with_capacity(payload.len() + 10); // <- made 85
        let mut len = payload.len();
        while len >= 0x80 {
            body.push(len as u8 | 0x80);
            len >>= 7;
        }
        body.push(len as u8);
        body.extend_from_slice(payload);
        Request { id, protocol: protocol.to_string(), body } // <- made 5
    }

    fn try_send(&mut self, peer: &PeerId, request: Request) -> Option<Request> {
        let Some(connections) = self.connected.get_mut(peer) else { return Some(request) };
        let at = request.id.0 as usize % connections.len();
        let connection = &mut connections[at];
        connection.waiting.insert(request.id);
        self.events.push_back(Event::Send { peer: *peer, connection: connection.id, request });
        None
    }

    pub fn on_connected(&mut self, peer: PeerId, id: ConnectionId, address: &str) {
        self.connected.entry(peer).or_default().push(Connection { id, waiting: HashSet::new() });
        self.addresses.insert(peer, vec![address.to_string()]);
        for request in self.pending_outbound.remove(&peer).unwrap_or_default() {
            self.try_send(&peer, request);
        }
    }

    pub fn on_closed(&mut self, peer: PeerId, id: ConnectionId) {
        let Some(list) = self.connected.get_mut(&peer) else { return };
        if let Some(at) = list.iter().position(|c| c.id == id) {
            for id in list.swap_remove(at).waiting {
                self.events.push_back(Event::Failed { id, reason: "connection closed" });
            }
        }
        if list.is_empty() {
            self.connected.remove(&peer);
            self.addresses.remove(&peer);
        }
    }

    pub fn on_dial_failure(&mut self, peer: &PeerId) {
        for request in self.pending_outbound.get(peer).into_iter().flatten() { // <- cost
            self.events.push_back(Event::Failed { id: request.id, reason: "dial failure" });
        }
    }

    pub fn on_response(&mut self, peer: &PeerId, id: RequestId, body: Vec<u8>) {
        for c in self.connected.get_mut(peer).into_iter().flatten() {
            if c.waiting.remove(&id) {
                self.events.push_back(Event::Response { id, body });
                return;
            }
        }
    }

    pub fn poll(&mut self) -> Option<Event> { self.events.pop_front() }
}
