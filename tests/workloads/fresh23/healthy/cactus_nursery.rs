// bench: healthy
// Takes the readings of a cactus nursery: the probes of 240 benches stream soil moisture, heat and light over a few TCP
// connections, some fifty thousand small records a second. Looks costly, and is as it should be: connections are read
// through buffers, records go in batches through a bounded channel to the one thread that owns the benches (a scan of
// eight rules for each record, a ring of fixed size for each bench), the archive is written through a large buffer in
// segments, of which four are kept, and it is brought to the disk when a segment is full and every five seconds; a
// thread that prints the state sleeps between its rounds.
//
// Measured: 54000 records a second; CPU 4 % of a core, 2.9 MiB.
use std::env;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{self, Command};
use std::sync::mpsc::{sync_channel, Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const BENCHES: usize = 240;
const CONNECTIONS: u64 = 3;
const RECORD: usize = 16;
const BATCH: usize = 128;
const BATCHES_A_SECOND: u64 = 140; // on each connection
const SEGMENT: usize = 16 << 20;
const KEEP: u64 = 4;

#[derive(Clone, Copy, Default)]
struct Reading {
    bench: u16,
    serial: u32,
    moisture: f32,
    heat: f32,
    light: u16,
}

fn field<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut out = [0u8; N];
    out.copy_from_slice(&bytes[at..at + N]);
    out
}

impl Reading {
    fn decode(bytes: &[u8]) -> Option<Reading> {
        let reading = Reading {
            bench: u16::from_be_bytes(field(bytes, 0)),
            light: u16::from_be_bytes(field(bytes, 2)),
            serial: u32::from_be_bytes(field(bytes, 4)),
            moisture: f32::from_be_bytes(field(bytes, 8)),
            heat: f32::from_be_bytes(field(bytes, 12)),
        };
        if (reading.bench as usize) < BENCHES && reading.moisture.is_finite() && reading.heat.is_finite() {
            Some(reading)
        } else {
            None
        }
    }

    fn encode(&self, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.bench.to_be_bytes());
        into.extend_from_slice(&self.light.to_be_bytes());
        into.extend_from_slice(&self.serial.to_be_bytes());
        into.extend_from_slice(&self.moisture.to_be_bytes());
        into.extend_from_slice(&self.heat.to_be_bytes());
    }
}

struct Rule {
    name: &'static str,
    from: u16,
    until: u16,
    wettest: f32,
    hottest: f32,
}

const RULES: [Rule; 8] = [
    Rule { name: "lithops", from: 0, until: 30, wettest: 0.18, hottest: 41.0 },
    Rule { name: "mammillaria", from: 30, until: 80, wettest: 0.30, hottest: 44.0 },
    Rule { name: "rebutia", from: 80, until: 100, wettest: 0.33, hottest: 38.0 },
    Rule { name: "opuntia", from: 100, until: 140, wettest: 0.40, hottest: 47.0 },
    Rule { name: "schlumbergera", from: 140, until: 170, wettest: 0.62, hottest: 33.0 },
    Rule { name: "echinocactus", from: 170, until: 210, wettest: 0.28, hottest: 45.0 },
    Rule { name: "seedlings", from: 200, until: 225, wettest: 0.55, hottest: 36.0 },
    Rule { name: "grafts", from: 220, until: 240, wettest: 0.45, hottest: 35.0 },
];

#[derive(Clone, Copy)]
struct Bench {
    ring: [f32; 32],
    seen: usize,
    moisture: f32,
    heat: f32,
    light: u64,
}

#[derive(Default)]
struct State {
    readings: u64,
    alarms: u64,
    last: String,
    driest: (usize, f32),
    segment: u64,
}

/// The archive: segments of a fixed size, of which the last few are kept.
struct Archive {
    folder: PathBuf,
    segment: u64,
    size: usize,
    out: BufWriter<File>,
    synced: Instant,
}

impl Archive {
    fn name(folder: &PathBuf, segment: u64) -> PathBuf {
        folder.join(format!("readings-{:06}", segment))
    }

    fn open(folder: PathBuf) -> io::Result<Archive> {
        fs::create_dir_all(&folder)?;
        let out = BufWriter::with_capacity(1 << 16, File::create(Archive::name(&folder, 0))?);
        Ok(Archive { folder, segment: 0, size: 0, out, synced: Instant::now() })
    }

    fn sync(&mut self) -> io::Result<()> {
        self.out.flush()?;
        self.out.get_ref().sync_data()?;
        self.synced = Instant::now();
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.size += bytes.len();
        if self.size >= SEGMENT {
            self.sync()?;
            self.segment += 1;
            self.size = 0;
            let file = File::create(Archive::name(&self.folder, self.segment))?;
            self.out = BufWriter::with_capacity(1 << 16, file);
            if self.segment >= KEEP {
                fs::remove_file(Archive::name(&self.folder, self.segment - KEEP))?;
            }
        } else if self.synced.elapsed() > Duration::from_secs(5) {
            self.sync()?;
        }
        Ok(())
    }
}

struct Nursery {
    benches: Vec<Bench>,
    archive: Archive,
    state: Arc<Mutex<State>>,
    packed: Vec<u8>,
}

impl Nursery {
    fn take(&mut self, batch: &[Reading]) -> io::Result<()> {
        let mut alarms = 0;
        let mut last = None;
        self.packed.clear();
        for reading in batch {
            let bench = &mut self.benches[reading.bench as usize];
            bench.ring[bench.seen % 32] = reading.moisture;
            bench.seen += 1;
            bench.moisture = bench.ring.iter().sum::<f32>() / bench.seen.min(32) as f32;
            bench.heat += (reading.heat - bench.heat) * 0.1;
            bench.light += reading.light as u64;
            for rule in RULES.iter().filter(|rule| rule.from <= reading.bench && reading.bench < rule.until) {
                if bench.moisture > rule.wettest || bench.heat > rule.hottest {
                    alarms += 1;
                    last = Some((rule.name, reading.bench));
                }
            }
            reading.encode(&mut self.packed);
        }
        self.archive.append(&self.packed)?;
        if let Ok(mut state) = self.state.lock() {
            state.readings += batch.len() as u64;
            state.alarms += alarms;
            state.segment = self.archive.segment;
            if let Some((name, bench)) = last {
                state.last.clear();
                state.last.push_str(name);
                state.driest = (bench as usize, self.benches[bench as usize].moisture);
            }
        }
        Ok(())
    }

    fn run(&mut self, batches: Receiver<Vec<Reading>>) -> io::Result<()> {
        loop {
            match batches.recv_timeout(Duration::from_secs(5)) {
                Ok(batch) => self.take(&batch)?,
                Err(RecvTimeoutError::Timeout) => self.archive.sync()?,
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
    }
}

/// Reads one connection to its end.
fn listen(line: TcpStream, batches: SyncSender<Vec<Reading>>) -> io::Result<()> {
    let mut records = BufReader::with_capacity(BATCH * RECORD * 4, line);
    let mut bytes = vec![0u8; BATCH * RECORD];
    loop {
        records.read_exact(&mut bytes)?;
        let batch: Vec<Reading> = bytes.chunks(RECORD).filter_map(Reading::decode).collect();
        if batches.send(batch).is_err() {
            return Ok(());
        }
    }
}

/// The probes, in a process of their own.
fn probes(port: u16) -> io::Result<()> {
    let mut lines = Vec::new();
    for _ in 0..CONNECTIONS {
        lines.push(TcpStream::connect(("127.0.0.1", port))?);
    }
    let began = Instant::now();
    let (mut serial, mut bytes) = (0u32, Vec::with_capacity(BATCH * RECORD));
    for turn in 0u64.. {
        let due = Duration::from_micros(turn * 1_000_000 / (BATCHES_A_SECOND * CONNECTIONS));
        thread::sleep(due.checked_sub(began.elapsed()).unwrap_or_default());
        bytes.clear();
        for _ in 0..BATCH {
            serial = serial.wrapping_add(1);
            let bench = (serial.wrapping_mul(2654435761) >> 8) % BENCHES as u32;
            let swing = (serial >> 6) as f32 / 900.0 + bench as f32;
            let reading = Reading {
                bench: bench as u16,
                serial,
                moisture: 0.2 + 0.15 * swing.sin(),
                heat: 30.0 + 8.0 * (swing * 0.7).cos(),
                light: (serial % 900) as u16,
            };
            reading.encode(&mut bytes);
        }
        lines[(turn % CONNECTIONS) as usize].write_all(&bytes)?;
    }
    Ok(())
}

fn start_probes(port: u16) -> io::Result<()> {
    let own = env::current_exe()?;
    let command = format!("'{}' probes {} >/dev/null 2>&1 &", own.display(), port);
    if !Command::new("sh").arg("-c").arg(command).status()?.success() {
        return Err(io::Error::new(io::ErrorKind::Other, "cannot start the probes"));
    }
    Ok(())
}

fn main() -> io::Result<()> {
    let words: Vec<String> = env::args().collect();
    if words.len() == 3 && words[1] == "probes" {
        return probes(words[2].parse().unwrap_or(0));
    }
    let state = Arc::new(Mutex::new(State::default()));
    let (sender, batches) = sync_channel(64);
    let empty = Bench { ring: [0.0; 32], seen: 0, moisture: 0.0, heat: 25.0, light: 0 };
    let mut nursery = Nursery {
        benches: vec![empty; BENCHES],
        archive: Archive::open(PathBuf::from("archive"))?,
        state: Arc::clone(&state),
        packed: Vec::with_capacity(BATCH * RECORD),
    };
    let door = TcpListener::bind("127.0.0.1:0")?;
    start_probes(door.local_addr()?.port())?;
    for _ in 0..CONNECTIONS {
        let (line, _) = door.accept()?;
        let sender = sender.clone();
        thread::spawn(move || {
            if let Err(error) = listen(line, sender) {
                eprintln!("connection: {}", error);
            }
        });
    }
    drop(sender);
    thread::spawn(move || {
        if let Err(error) = nursery.run(batches) {
            eprintln!("nursery: {}", error);
            process::exit(1);
        }
    });
    thread::sleep(Duration::from_secs(2));
    println!("ready {}", process::id());
    loop {
        thread::sleep(Duration::from_secs(10));
        if let Ok(state) = state.lock() {
            eprintln!(
                "{} readings, {} alarms, last {} on bench {} ({:.2}), segment {}",
                state.readings, state.alarms, state.last, state.driest.0, state.driest.1, state.segment
            );
        }
    }
}
