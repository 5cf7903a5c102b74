// expect: healthy bench
// The sea watch's register of drifting pumice: ships send in one message all that they saw of a raft since the last
// (a line for each sighting), the register journals the sightings, follows the rafts, and acknowledges the message when
// it would survive a loss of power; the ship then forgets it.
//
// Measured: 5 messages a second of 80 sightings; one is acknowledged after 37 ms, in the twin after 0.7 ms (a disk which
// syncs in some 0.3 ms). CPU 2 % of a core, in the twin 0.1 %.
use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{self, Command};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const SHIPS: u32 = 2;
const RAFTS: u32 = 40;
const SEEN: u32 = 80; // sightings in a message
const PERIOD: Duration = Duration::from_millis(400);
const LARGEST: u64 = 4 << 20;

#[derive(Clone, Copy)]
struct Sighting {
    ship: u32,
    raft: u32,
    minute: u64,
    latitude: f64,
    longitude: f64,
    hectares: f64,
}

impl Sighting {
    fn parse(line: &str) -> Option<Sighting> {
        let mut fields = line.split(' ');
        let mut next = || fields.next();
        let sighting = Sighting {
            ship: next()?.parse().ok()?,
            raft: next()?.parse().ok()?,
            minute: next()?.parse().ok()?,
            latitude: next()?.parse().ok()?,
            longitude: next()?.parse().ok()?,
            hectares: next()?.parse().ok()?,
        };
        (sighting.latitude.abs() <= 90.0 && sighting.longitude.abs() <= 180.0).then_some(sighting)
    }
}

/// Where a raft was last, and how it drifts, in degrees a minute.
#[derive(Default)]
struct Raft {
    minute: u64,
    place: (f64, f64),
    drift: (f64, f64),
    hectares: f64,
}

impl Raft {
    fn follow(&mut self, seen: &Sighting) {
        let passed = seen.minute.saturating_sub(self.minute);
        if passed > 0 && self.minute > 0 {
            let share = (passed as f64 / 90.0).min(1.0);
            let north = (seen.latitude - self.place.0) / passed as f64;
            let east = (seen.longitude - self.place.1) / passed as f64;
            self.drift.0 += share * (north - self.drift.0);
            self.drift.1 += share * (east - self.drift.1);
        }
        self.minute = self.minute.max(seen.minute);
        self.place = (seen.latitude, seen.longitude);
        self.hectares = 0.8 * self.hectares + 0.2 * seen.hectares;
    }

    fn expected(&self, minutes: f64) -> (f64, f64) {
        (self.place.0 + self.drift.0 * minutes, self.place.1 + self.drift.1 * minutes)
    }
}

/// What has been acknowledged stands here; a full part makes room for a new one, and the one before it stays.
struct Journal {
    path: PathBuf,
    file: File,
    size: u64,
    lines: String,
}

impl Journal {
    fn open(path: PathBuf) -> io::Result<Journal> {
        let file = OpenOptions::new().create(true).append(true).open(&path)?;
        let size = file.metadata()?.len();
        Ok(Journal { path, file, size, lines: String::with_capacity(4096) })
    }

    fn append(&mut self, message: &[Sighting]) -> io::Result<()> {
        self.lines.clear();
        for seen in message {
            let Sighting { ship, raft, minute, .. } = seen;
            writeln!(self.lines, "{ship} {raft} {minute} {} {} {}", seen.latitude, seen.longitude, seen.hectares)
                .map_err(io::Error::other)?;
        }
        self.file.write_all(self.lines.as_bytes())?;
        self.file.sync_data()?;
        self.size += self.lines.len() as u64;
        Ok(())
    }

    fn turn_over(&mut self) -> io::Result<()> {
        if self.size < LARGEST {
            return Ok(());
        }
        fs::rename(&self.path, self.path.with_extension("old"))?;
        *self = Journal::open(self.path.clone())?;
        Ok(())
    }
}

struct Register {
    journal: Journal,
    rafts: HashMap<u32, Raft>,
    refused: u64,
}

impl Register {
    /// Enters a message; once this returns it is kept.
    fn enter(&mut self, message: &[String]) -> io::Result<usize> {
        let seen: Vec<Sighting> = message.iter().filter_map(|line| Sighting::parse(line)).collect();
        self.journal.append(&seen)?;
        for sighting in &seen {
            self.rafts.entry(sighting.raft).or_default().follow(sighting);
        }
        self.journal.turn_over()?;
        self.refused += (message.len() - seen.len()) as u64;
        Ok(seen.len())
    }

    fn chart(&self) -> String {
        let mut text = String::new();
        for (number, raft) in &self.rafts {
            let (north, east) = raft.expected(360.0);
            let _ = writeln!(text, "raft {number}: {:.1} ha, in six hours at {north:.3} {east:.3}", raft.hectares);
        }
        let _ = writeln!(text, "{} refused", self.refused);
        text
    }
}

/// A ship's messages end with an empty line each.
fn serve(stream: TcpStream, register: &Mutex<Register>) -> io::Result<()> {
    let mut answer = stream.try_clone()?;
    let mut message = Vec::with_capacity(SEEN as usize);
    for line in BufReader::new(stream).lines() {
        let line = line?;
        if !line.is_empty() {
            message.push(line);
            continue;
        }
        let kept = register.lock().unwrap().enter(&message)?;
        answer.write_all(format!("kept {kept}\n").as_bytes())?;
        message.clear();
    }
    Ok(())
}

/// The program as the ships, which take turns.
fn sail(address: &str) -> io::Result<()> {
    let mut lines = Vec::new();
    for _ in 0..SHIPS {
        lines.push(BufReader::new(TcpStream::connect(address)?));
    }
    let (began, mut told) = (Instant::now(), String::new());
    let mut log = File::create("ships.log")?;
    for turn in 1u32.. {
        let (ship, raft) = (turn % SHIPS, turn % RAFTS);
        let mut text = String::new();
        for at in 0..SEEN {
            let (minute, far) = (turn * 70 + at, f64::from(turn % 4000) / 50.0);
            let hectares = f64::from((turn * 7 + at) % 90) / 3.0;
            let _ = writeln!(text, "{ship} {raft} {minute} {:.4} {:.4} {hectares:.2}", far - 40.0, 100.0 + far / 2.0);
        }
        let asked = Instant::now();
        lines[ship as usize].get_mut().write_all((text + "\n").as_bytes())?;
        told.clear();
        lines[ship as usize].read_line(&mut told)?;
        writeln!(log, "{:.1} ms", asked.elapsed().as_secs_f64() * 1000.0)?;
        thread::sleep((PERIOD / SHIPS * turn).saturating_sub(began.elapsed()));
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    if let Some(address) = std::env::args().nth(1) {
        return Ok(sail(&address)?);
    }
    let journal = Journal::open(PathBuf::from("journal.txt"))?;
    let register = Arc::new(Mutex::new(Register { journal, rafts: HashMap::new(), refused: 0 }));
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let program = std::env::current_exe()?;
    let ships = format!("'{}' {} >/dev/null 2>&1 &", program.display(), listener.local_addr()?);
    Command::new("sh").arg("-c").arg(ships).status()?;
    for _ in 0..SHIPS {
        let (stream, _) = listener.accept()?;
        let register = Arc::clone(&register);
        thread::spawn(move || serve(stream, &register));
    }
    thread::sleep(Duration::from_secs(1));
    println!("ready {}", process::id());
    loop {
        thread::sleep(Duration::from_secs(2));
        let chart = register.lock().unwrap().chart();
        fs::write("chart.txt", chart)?;
    }
}
