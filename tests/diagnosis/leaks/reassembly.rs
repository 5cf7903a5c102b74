use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io;
use std::net::{SocketAddr, UdpSocket};

const MTU: usize = 1500;
const HEADER: usize = 8;

#[derive(Debug)]
pub enum DecodeError {
    Short,
    BadIndex,
}

struct Fragment {
    message: u32,
    index: u16,
    total: u16,
    body: Vec<u8>,
}

fn decode(packet: &[u8]) -> Result<Fragment, DecodeError> {
    if packet.len() < HEADER {
        return Err(DecodeError::Short);
    }
    let message = u32::from_be_bytes([packet[0], packet[1], packet[2], packet[3]]);
    let index = u16::from_be_bytes([packet[4], packet[5]]);
    let total = u16::from_be_bytes([packet[6], packet[7]]);
    if index >= total {
        return Err(DecodeError::BadIndex);
    }
    Ok(Fragment { message, index, total, body: packet[HEADER..].to_vec() }) // <- made 90
}

struct Partial {
    total: u16,
    parts: BTreeMap<u16, Vec<u8>>,
}

pub struct Receiver {
    socket: UdpSocket,
    partial: HashMap<(SocketAddr, u32), Partial>, // <- cost
    done: VecDeque<Vec<u8>>,
    recent: VecDeque<(SocketAddr, u32)>,
    malformed: u64,
}

impl Receiver {
    pub fn bind(addr: &str) -> io::Result<Self> {
        Ok(Receiver {
            socket: UdpSocket::bind(addr)?,
            partial: HashMap::new(),
            done: VecDeque::new(),
            recent: VecDeque::with_capacity(64),
            malformed: 0,
        })
    }

    pub fn poll(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut buf = [0u8; MTU];
        while self.done.is_empty() {
            let (n, from) = match self.socket.recv_from(&mut buf) {
                Ok(got) => got,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(e) => return Err(e),
            };
            match decode(&buf[..n]) {
                Ok(frag) => self.accept(from, frag),
                Err(_) => self.malformed += 1,
            }
        }
        Ok(self.done.pop_front())
    }

    fn accept(&mut self, from: SocketAddr, frag: Fragment) {
        let key = (from, frag.message);
        if self.recent.contains(&key) {
            return;
        }
        let slot = match self.partial.entry(key) {
            Entry::Occupied(e) => e.into_mut(),
            Entry::Vacant(e) => e.insert(Partial { total: frag.total, parts: BTreeMap::new() }), // <- cost
        };
        slot.parts.insert(frag.index, frag.body); // <- cost // <- made 10
        if slot.parts.len() == slot.total as usize {
            if let Some(whole) = self.partial.remove(&key) {
                self.done.push_back(whole.parts.into_values().flatten().collect());
            }
            if self.recent.len() == 64 {
                self.recent.pop_front();
            }
            self.recent.push_back(key);
        }
    }
}
