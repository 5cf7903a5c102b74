// expect: pattern=busy-wait bench
// Takes telemetry of machines in. A thread writes what another one has packed; it asks its channel over and over.
use std::collections::BTreeMap;
use std::convert::TryInto;
use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::mpsc::{channel, Receiver, Sender, TryRecvError};
use std::thread;
use std::time::{Duration, Instant};

struct Packet {
    number: u64,
    body: Vec<u8>,
}

// Sends a block of samples two hundred times a second: the machines, in a process of their own.
fn machines(port: u16) {
    let mut hub = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let mut number = 0u64;
    loop {
        let mut block = Vec::with_capacity(2400);
        for _ in 0..200 {
            number += 1;
            block.extend_from_slice(&((number % 90) as u32).to_le_bytes());
            block.extend_from_slice(&(number.wrapping_mul(2654435761) % 100_000).to_le_bytes());
        }
        if hub.write_all(&block).is_err() {
            return;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

// Differences between neighbours, in as few bytes as they need.
#[inline(never)]
fn packed(samples: &[u64]) -> Vec<u8> {
    let mut out = Vec::with_capacity(samples.len() * 3);
    let mut before = 0i64;
    for &sample in samples {
        let step = sample as i64 - before;
        before = sample as i64;
        let mut rest = ((step << 1) ^ (step >> 63)) as u64;
        while rest >= 128 {
            out.push((rest & 127) as u8 | 128);
            rest >>= 7;
        }
        out.push(rest as u8);
    }
    out
}

#[inline(never)]
fn checksum(body: &[u8]) -> u32 {
    let (mut a, mut b) = (1u32, 0u32);
    for &byte in body {
        a = (a + byte as u32) % 65521;
        b = (b + a) % 65521;
    }
    b << 16 | a
}

fn next(packets: &Receiver<Packet>) -> Option<Packet> {
    loop {
        match packets.try_recv() { // <- cost
            Ok(packet) => return Some(packet),
            Err(TryRecvError::Empty) => std::hint::spin_loop(), // <- cost
            Err(TryRecvError::Disconnected) => return None,
        }
    }
}

fn write(packets: Receiver<Packet>) {
    let mut archive = File::create("telemetry.bin").unwrap();
    let mut length = 0;
    while let Some(packet) = next(&packets) { // <- cost
        let mut record = packet.number.to_le_bytes().to_vec();
        record.extend_from_slice(&checksum(&packet.body).to_le_bytes());
        record.extend_from_slice(&packet.body);
        archive.write_all(&record).unwrap();
        length += record.len();
        if length > 64 << 20 {
            archive = File::create("telemetry.bin").unwrap();
            length = 0;
        }
    }
}

fn take(mut from: TcpStream, packets: Sender<Packet>) {
    let mut latest: BTreeMap<u32, u64> = BTreeMap::new();
    let mut log = File::create("hub.log").unwrap();
    let (began, mut told) = (Instant::now(), Instant::now());
    let mut block = vec![0u8; 2400];
    let mut number = 0;
    while from.read_exact(&mut block).is_ok() {
        let mut samples = Vec::with_capacity(200);
        for row in block.chunks_exact(12) {
            let machine = u32::from_le_bytes(row[..4].try_into().unwrap());
            let value = u64::from_le_bytes(row[4..].try_into().unwrap());
            latest.insert(machine, value);
            samples.push(value);
        }
        number += 1;
        packets.send(Packet { number, body: packed(&samples) }).unwrap();
        if told.elapsed() > Duration::from_secs(1) {
            told = Instant::now();
            let passed = began.elapsed().as_millis();
            writeln!(log, "{passed} {number} blocks of {} machines", latest.len()).unwrap();
        }
    }
}

fn main() {
    if let Some(port) = std::env::args().nth(1) {
        return machines(port.parse().unwrap());
    }
    let listening = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listening.local_addr().unwrap().port().to_string();
    let own = std::env::current_exe().unwrap();
    Command::new(own).arg(port).stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    let (from, _) = listening.accept().unwrap();
    let (sending, receiving) = channel();
    thread::Builder::new().name("writer".into()).spawn(move || write(receiving)).unwrap();
    println!("ready {}", std::process::id());
    take(from, sending);
}
