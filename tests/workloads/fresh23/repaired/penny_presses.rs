// expect: healthy bench
// Collects the counts of souvenir penny presses (crank, and your coin has the tower on it): each press reports over UDP
// after some coins how many it has pressed with which die, and gets a receipt; a lost report does no harm, since a press
// always tells its count since it was set up. The tally goes to a file, from which it is taken when the collector starts.
//
// Measured: a report takes 4.6 ms, in the twin 0.02 ms; both take 110 a second.
use std::collections::BTreeMap;
use std::env;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::thread;
use std::time::{Duration, Instant};

const PRESSES: u32 = 60;
const DIES: u32 = 4;
const PER_SECOND: f64 = 110.0;
const SAVE_EACH: Duration = Duration::from_secs(3);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Die {
    press: u32,
    die: u32,
}

#[derive(Clone, Copy, Default)]
struct Count {
    pressed: u64,
    jams: u64,
    reports: u64,
}

struct Report {
    die: Die,
    pressed: u64,
    jams: u64,
    serial: u64,
}

#[derive(Debug)]
enum Trouble {
    Unreadable(String),
    Io(io::Error),
}

impl fmt::Display for Trouble {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Trouble::Unreadable(text) => write!(out, "cannot read {:?}", text),
            Trouble::Io(error) => write!(out, "{}", error),
        }
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Trouble {
        Trouble::Io(error)
    }
}

/// The numbers of a text like "press=3 die=1", in the order that is asked for.
fn numbers(text: &str, names: &[&str]) -> Result<Vec<u64>, Trouble> {
    let unreadable = || Trouble::Unreadable(text.to_string());
    let mut found = vec![None; names.len()];
    for word in text.split_whitespace() {
        let at = word.find('=').ok_or_else(&unreadable)?;
        if let Some(place) = names.iter().position(|name| *name == &word[..at]) {
            found[place] = Some(word[at + 1..].parse().map_err(|_| unreadable())?);
        }
    }
    found.into_iter().map(|number| number.ok_or_else(&unreadable)).collect()
}

impl Report {
    fn parse(told: &[u8]) -> Result<Report, Trouble> {
        let text = String::from_utf8_lossy(told);
        let found = numbers(&text, &["press", "die", "pressed", "jams", "serial"])?;
        let die = Die { press: found[0] as u32, die: found[1] as u32 };
        Ok(Report { die, pressed: found[2], jams: found[3], serial: found[4] })
    }
}

/// What all presses have pressed, in memory and in a file.
struct Tally {
    path: PathBuf,
    counts: BTreeMap<Die, Count>,
}

impl Tally {
    fn open(path: &Path) -> Result<Tally, Trouble> {
        let mut tally = Tally { path: path.to_path_buf(), counts: BTreeMap::new() };
        match fs::read_to_string(path) {
            Ok(text) => {
                for line in text.lines() {
                    let found = numbers(line, &["press", "die", "pressed", "jams", "reports"])?;
                    let die = Die { press: found[0] as u32, die: found[1] as u32 };
                    tally.counts.insert(die, Count { pressed: found[2], jams: found[3], reports: found[4] });
                }
            }
            Err(ref error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
        Ok(tally)
    }

    fn apply(&mut self, report: &Report) {
        let count = self.counts.entry(report.die).or_default();
        count.pressed = count.pressed.max(report.pressed);
        count.jams = count.jams.max(report.jams);
        count.reports += 1;
    }

    /// Replaces the file as a whole, so that it is never seen half written.
    fn save(&self) -> io::Result<()> {
        let fresh = self.path.with_extension("new");
        let mut out = BufWriter::new(File::create(&fresh)?);
        for (die, count) in &self.counts {
            writeln!(
                out,
                "press={} die={} pressed={} jams={} reports={}",
                die.press, die.die, count.pressed, count.jams, count.reports
            )?;
        }
        out.flush()?;
        out.get_ref().sync_all()?;
        fs::rename(&fresh, &self.path)
    }

    fn busiest(&self) -> Option<(u32, u64)> {
        let mut presses: BTreeMap<u32, u64> = BTreeMap::new();
        for (die, count) in &self.counts {
            *presses.entry(die.press).or_default() += count.pressed;
        }
        presses.into_iter().max_by_key(|&(_, pressed)| pressed)
    }
}

struct Collector {
    socket: UdpSocket,
    tally: Tally,
    taken: u64,
    refused: u64,
    spent: Duration,
    taken_since_save: u64,
    saved: Instant,
}

impl Collector {
    fn handle(&mut self, told: &[u8], from: SocketAddr) -> Result<(), Trouble> {
        let report = Report::parse(told)?;
        self.tally.apply(&report);
        self.socket.send_to(format!("receipt {}", report.serial).as_bytes(), from)?;
        Ok(())
    }

    /// Saves what has come since the last time, if it is time for it.
    fn keep(&mut self) -> io::Result<()> {
        if self.taken_since_save > 0 && self.saved.elapsed() > SAVE_EACH {
            self.tally.save()?;
            self.taken_since_save = 0;
            self.saved = Instant::now();
        }
        Ok(())
    }

    fn tell(&mut self) {
        let each = self.spent.as_secs_f64() * 1e3 / self.taken.max(1) as f64;
        let busiest = self.tally.busiest().unwrap_or((0, 0));
        eprintln!("{} taken, {:.2} ms each, {} refused, busiest {:?}", self.taken, each, self.refused, busiest);
        self.taken = 0;
        self.spent = Duration::from_secs(0);
    }

    fn run(&mut self) -> Result<(), Trouble> {
        self.socket.set_read_timeout(Some(Duration::from_secs(1)))?;
        let mut told = [0u8; 512];
        let begun = Instant::now();
        let mut reported = Instant::now();
        let mut ready = false;
        loop {
            match self.socket.recv_from(&mut told) {
                Ok((size, from)) => {
                    let began = Instant::now();
                    if let Err(trouble) = self.handle(&told[..size], from) {
                        eprintln!("{}: {}", from, trouble);
                        self.refused += 1;
                    }
                    self.taken += 1;
                    self.taken_since_save += 1;
                    self.spent += began.elapsed();
                }
                Err(ref error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(ref error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
            self.keep()?;
            if !ready && begun.elapsed() > Duration::from_secs(2) {
                println!("ready {}", process::id());
                ready = true;
            }
            if reported.elapsed() > Duration::from_secs(10) {
                self.tell();
                reported = Instant::now();
            }
        }
    }
}

/// The presses, in a process of their own: they report at a steady pace, and do not wait for receipts.
fn presses(port: u16) -> io::Result<()> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.connect(("127.0.0.1", port))?;
    socket.set_nonblocking(true)?;
    let began = Instant::now();
    let mut pressed = vec![0u64; (PRESSES * DIES) as usize];
    let mut receipt = [0u8; 64];
    for serial in 0u64.. {
        let due = Duration::from_secs_f64(serial as f64 / PER_SECOND);
        thread::sleep(due.checked_sub(began.elapsed()).unwrap_or_default());
        let at = (serial * 37 % (PRESSES * DIES) as u64) as usize;
        pressed[at] += 1 + serial % 5;
        let (press, die) = (at as u32 / DIES, at as u32 % DIES);
        let text = format!("press={} die={} pressed={} jams={} serial={}", press, die, pressed[at], serial / 900, serial);
        if let Err(error) = socket.send(text.as_bytes()) {
            if error.kind() != io::ErrorKind::WouldBlock {
                process::exit(1);
            }
        }
        while socket.recv(&mut receipt).is_ok() {}
    }
    Ok(())
}

fn start_presses(port: u16) -> io::Result<()> {
    let own = env::current_exe()?;
    let command = format!("'{}' presses {} >/dev/null 2>&1 &", own.display(), port);
    if !Command::new("sh").arg("-c").arg(command).status()?.success() {
        return Err(io::Error::new(io::ErrorKind::Other, "cannot start the presses"));
    }
    Ok(())
}

fn collect() -> Result<(), Trouble> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    let tally = Tally::open(Path::new("tally.txt"))?;
    start_presses(socket.local_addr()?.port())?;
    let zero = Duration::from_secs(0);
    let saved = Instant::now();
    Collector { socket, tally, taken: 0, refused: 0, spent: zero, taken_since_save: 0, saved }.run()
}

fn main() {
    let words: Vec<String> = env::args().collect();
    if words.len() == 3 && words[1] == "presses" {
        let _ = presses(words[2].parse().unwrap_or(0));
        process::exit(1);
    }
    if let Err(trouble) = collect() {
        eprintln!("{}", trouble);
        process::exit(1);
    }
}
