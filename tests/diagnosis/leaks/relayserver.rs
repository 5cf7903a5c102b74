use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

#[derive(Debug, Default, Clone)]
pub struct Report {
    pub peer: String,
    pub lines: Vec<String>,
    pub bytes: usize,
}

struct Shared {
    peers: Mutex<HashMap<String, TcpStream>>,
    motd: Mutex<Vec<String>>,
}

fn relay(shared: &Shared, from: &str, line: &str) {
    let mut peers = shared.peers.lock().unwrap();
    let mut gone = Vec::new();
    for (name, stream) in peers.iter_mut() {
        if name != from && writeln!(stream, "{line}").is_err() {
            gone.push(name.clone());
        }
    }
    for name in gone {
        peers.remove(&name);
    }
}

fn serve(shared: Arc<Shared>, stream: TcpStream) -> std::io::Result<Report> {
    let peer = stream.peer_addr()?.to_string();
    shared.peers.lock().unwrap().insert(peer.clone(), stream.try_clone()?);
    let mut out = stream.try_clone()?;
    for line in shared.motd.lock().unwrap().iter() {
        writeln!(out, "{line}")?;
    }
    let mut report = Report { peer: peer.clone(), ..Default::default() };
    for line in BufReader::new(stream).lines() { // <- made 80
        let line = match line {
            Ok(l) => l,
            Err(_) => break,
        };
        relay(&shared, &peer, &line);
        report.bytes += line.len();
        report.lines.push(line); // <- made 15
    }
    shared.peers.lock().unwrap().remove(&peer);
    Ok(report)
}

pub struct Server {
    listener: TcpListener,
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<std::io::Result<Report>>>, // <- cost
}

impl Server {
    pub fn bind(addr: &str, motd: Vec<String>) -> std::io::Result<Self> {
        Ok(Server {
            listener: TcpListener::bind(addr)?,
            shared: Arc::new(Shared { peers: Mutex::new(HashMap::new()), motd: Mutex::new(motd) }),
            workers: Vec::new(),
        })
    }

    pub fn run(&mut self) -> std::io::Result<()> {
        loop {
            let (stream, _) = self.listener.accept()?;
            let shared = Arc::clone(&self.shared);
            let handle = thread::spawn(move || serve(shared, stream)); // <- made 5
            self.workers.push(handle); // <- cost
        }
    }

    pub fn shutdown(self) -> Vec<Report> {
        let mut reports = Vec::new();
        for w in self.workers {
            if let Ok(Ok(r)) = w.join() {
                reports.push(r);
            }
        }
        reports
    }
}
