// expect: pattern=memory-growth bench
// An ocean racing yacht: load cells in the rigging deliver frames of samples, which this uplink sends to the shore
// station over TCP. What is sent stays at hand until the shore has confirmed it, for the case that the link breaks;
// the shore confirms now and then "all up to number N".
// Measured: resident memory grows by 3.1 MiB a second, at 2000 frames a second.
use std::collections::BTreeMap;
use std::io::{BufReader, BufWriter, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::mpsc::{sync_channel, Receiver, SyncSender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const CELLS: usize = 24;
const SAMPLES: usize = 32;
const FRAMES_A_TICK: u64 = 40;
const TICK: Duration = Duration::from_millis(20);

struct Frame {
    sequence: u64,
    payload: Vec<u8>,
}

/// What was sent and may have to be sent again.
struct Outstanding {
    frames: BTreeMap<u64, Frame>,
    highest: u64,
    confirmed: u64,
}

impl Outstanding {
    fn new() -> Self {
        Outstanding { frames: BTreeMap::new(), highest: 0, confirmed: 0 }
    }

    fn remember(&mut self, frame: Frame) {
        self.highest = frame.sequence;
        self.frames.insert(frame.sequence, frame); // <- cost
    }

    fn confirm(&mut self, up_to: u64) {
        if up_to <= self.confirmed || up_to > self.highest {
            return;
        }
        self.frames.remove(&up_to); // <- cost
        self.confirmed = up_to;
    }

    fn unconfirmed(&self) -> u64 {
        self.highest - self.confirmed
    }
}

/// One frame: for each cell its samples, as differences to the first one.
fn encode(loads: &mut [i32; CELLS], sequence: u64, seed: &mut u64) -> Frame {
    let mut payload = Vec::with_capacity(CELLS * (4 + 2 * SAMPLES));
    for load in loads.iter_mut() {
        payload.extend_from_slice(&load.to_le_bytes());
        let mut word = 0u64;
        for sample in 0..SAMPLES {
            if sample % 8 == 0 {
                *seed ^= *seed << 13;
                *seed ^= *seed >> 7;
                *seed ^= *seed << 17;
                word = *seed;
            }
            let step = (word & 0xff) as i16 - 128;
            word >>= 8;
            payload.extend_from_slice(&step.to_le_bytes());
            *load += step as i32;
        }
    }
    Frame { sequence, payload }
}

fn sample_cells(out: SyncSender<Vec<Frame>>) {
    let mut loads = [4000i32; CELLS];
    let mut seed = 0x9E37_79B9_7F4A_7C15u64;
    let mut sequence = 0;
    let mut due = Instant::now();
    loop {
        let mut batch = Vec::with_capacity(FRAMES_A_TICK as usize);
        for _ in 0..FRAMES_A_TICK {
            sequence += 1;
            batch.push(encode(&mut loads, sequence, &mut seed));
        }
        if out.send(batch).is_err() {
            return;
        }
        due += TICK;
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
}

fn transmit(batches: Receiver<Vec<Frame>>, link: TcpStream, outstanding: Arc<Mutex<Outstanding>>) -> std::io::Result<()> {
    let mut link = BufWriter::with_capacity(1 << 17, link);
    for batch in batches {
        for frame in &batch {
            link.write_all(&frame.sequence.to_le_bytes())?;
            link.write_all(&(frame.payload.len() as u32).to_le_bytes())?;
            link.write_all(&frame.payload)?;
        }
        let mut kept = outstanding.lock().unwrap();
        for frame in batch {
            kept.remember(frame);
        }
        drop(kept);
        link.flush()?;
    }
    Ok(())
}

fn receive_confirmations(link: TcpStream, outstanding: Arc<Mutex<Outstanding>>) -> std::io::Result<()> {
    let mut link = BufReader::new(link);
    let mut number = [0u8; 8];
    loop {
        link.read_exact(&mut number)?;
        outstanding.lock().unwrap().confirm(u64::from_le_bytes(number));
    }
}

const SHORE: &str = r#"
import os, socket, struct, sys
sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
from services import outside

def shore():
    link = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    stream = link.makefile("rb", buffering=1 << 17)
    head = struct.Struct("<QI")
    while data := stream.read(head.size):
        sequence, length = head.unpack(data)
        stream.read(length)
        if sequence % 16 == 0:
            link.sendall(struct.pack("<Q", sequence))

outside(shore)
"#;

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or("0");
    line.split_whitespace().nth(1).and_then(|word| word.parse().ok()).unwrap_or(0)
}

fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port().to_string();
    let python = std::env::var("PYTHON").expect("PYTHON");
    Command::new(python).args(["-c", SHORE, &port]).status()?;
    let (link, _) = listener.accept()?;
    link.set_nodelay(true)?;

    let outstanding = Arc::new(Mutex::new(Outstanding::new()));
    let (sender, batches) = sync_channel(8);
    thread::Builder::new().name("cells".into()).spawn(move || sample_cells(sender))?;
    let (back, kept) = (link.try_clone()?, outstanding.clone());
    thread::Builder::new().name("confirmations".into()).spawn(move || receive_confirmations(back, kept))?;
    let kept = outstanding.clone();
    thread::Builder::new().name("transmit".into()).spawn(move || transmit(batches, link, kept))?;
    thread::sleep(Duration::from_secs(1));
    println!("ready");

    loop {
        let (before, sent) = (resident_kib(), outstanding.lock().unwrap().highest);
        thread::sleep(Duration::from_secs(4));
        let kept = outstanding.lock().unwrap();
        eprintln!(
            "{} frames a second, {} unconfirmed, resident {} KiB, {} KiB more a second",
            (kept.highest - sent) / 4, kept.unconfirmed(), resident_kib(), (resident_kib() as i64 - before as i64) / 4
        );
    }
}
