// bench: repaired twin of contest_adjudicator.rs
// Adjudicates an amateur radio contest: the logs of six clubs are played back over TCP as lines, their contacts are checked
// for having been made before in the same band and mode, scored, and summed up when a station's log is full.
// Measured: 5 to 8 us of CPU a contact (145 to 175 before), 0.017 of a core.
use std::collections::{BTreeMap, HashSet};
use std::env;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const STATIONS: usize = 6;
const FULL_LOG: usize = 16000;
const BURST: usize = 60;
const BURST_EVERY: Duration = Duration::from_millis(20);
const BANDS: [u16; 6] = [160, 80, 40, 20, 15, 10];

struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 11) % limit
    }

    fn call(&mut self) -> String {
        let prefixes = ["DL", "OH", "SM", "JA", "VK", "ZL", "PY", "EA", "LZ", "UR", "9A", "OK"];
        let mut call = String::from(prefixes[self.below(12) as usize]);
        call.push((b'0' + self.below(10) as u8) as char);
        for _ in 0..2 + self.below(2) {
            call.push((b'A' + self.below(26) as u8) as char);
        }
        call
    }
}

#[derive(Clone)]
struct Contact {
    call: String,
    band: u16,
    mode: u8,
    serial: u32,
    points: u32,
}

#[derive(Default)]
struct StationLog {
    contacts: Vec<Contact>,
    worked: HashSet<(String, u16, u8)>,
    prefixes: BTreeMap<String, u32>,
    repeats: u32,
    points: u64,
    sheets: u32,
}

enum Verdict {
    Counted(u32),
    Repeat,
}

fn prefix_of(call: &str) -> &str {
    let end = call.find(|c: char| c.is_ascii_digit() && c != '9').unwrap_or(2);
    &call[..=end.min(call.len() - 1)]
}

impl StationLog {
    fn worth(&self, band: u16, mode: u8, prefix: &str) -> u32 {
        let base = if band >= 80 { 4 } else { 2 };
        let fresh = if self.prefixes.contains_key(prefix) { 0 } else { 3 };
        base + fresh + if mode == b'C' { 1 } else { 0 }
    }

    fn enter(&mut self, call: &str, band: u16, mode: u8, serial: u32) -> Verdict {
        if !self.worked.insert((call.to_string(), band, mode)) {
            self.repeats += 1;
            return Verdict::Repeat;
        }
        let prefix = prefix_of(call);
        let points = self.worth(band, mode, prefix);
        *self.prefixes.entry(prefix.to_string()).or_insert(0) += 1;
        self.contacts.push(Contact { call: call.to_string(), band, mode, serial, points });
        self.points += points as u64;
        Verdict::Counted(points)
    }

    fn close_sheet(&mut self, station: usize, out: &mut impl Write) -> std::io::Result<()> {
        let best = self.contacts.iter().max_by_key(|c| c.points).map(|c| (c.call.clone(), c.band, c.mode as char, c.serial));
        writeln!(
            out,
            "station {} sheet {}: {} contacts, {} repeats, {} points x {} prefixes, best {:?}",
            station, self.sheets, self.contacts.len(), self.repeats, self.points, self.prefixes.len(), best
        )?;
        let sheets = self.sheets + 1;
        *self = StationLog { sheets, ..StationLog::default() };
        out.flush()
    }
}

fn adjudicate(stream: TcpStream, logs: &mut Vec<StationLog>) -> std::io::Result<()> {
    let mut report = BufWriter::new(File::create("sheets.txt")?);
    let mut input = BufReader::with_capacity(32 * 1024, stream);
    let mut line = String::new();
    let mut counted = 0u64;
    loop {
        line.clear();
        if input.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let mut fields = line.split_ascii_whitespace();
        let (station, call, band, mode, serial) =
            match (fields.next(), fields.next(), fields.next(), fields.next(), fields.next()) {
                (Some(s), Some(c), Some(b), Some(m), Some(n)) => (s, c, b, m, n),
                _ => continue,
            };
        let station: usize = station.parse().unwrap_or(0);
        let band: u16 = band.parse().unwrap_or(20);
        let log = &mut logs[station % STATIONS];
        if let Verdict::Counted(points) = log.enter(call, band, mode.as_bytes()[0], serial.parse().unwrap_or(0)) {
            counted += points as u64;
        }
        if log.contacts.len() >= FULL_LOG {
            log.close_sheet(station, &mut report)?;
            writeln!(report, "all stations so far: {}", counted)?;
        }
    }
}

/// The stations' transmitting rooms, in a process of their own.
fn transmit(port: u16) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    let mut dice = Dice(0x2545F4914F6CDD1D);
    let mut due = Instant::now();
    let mut serial = 0u32;
    loop {
        let mut burst = String::new();
        for _ in 0..BURST {
            serial += 1;
            let mode = if dice.below(2) == 0 { 'C' } else { 'P' };
            let (station, band) = (dice.below(STATIONS as u64), BANDS[dice.below(6) as usize]);
            burst += &format!("{} {} {} {} {}\n", station, dice.call(), band, mode, serial);
        }
        stream.write_all(burst.as_bytes())?;
        due += BURST_EVERY;
        let now = Instant::now();
        if due > now {
            thread::sleep(due - now);
        } else {
            due = now;
        }
    }
}

/// The first hours of the contest, from before this program was started.
fn first_hours(logs: &mut Vec<StationLog>) {
    let mut dice = Dice(88172645463325252);
    for (station, log) in logs.iter_mut().enumerate() {
        for serial in 0..6000 + 1600 * station as u32 {
            let band = BANDS[dice.below(6) as usize];
            let (call, mode) = (dice.call(), if dice.below(2) == 0 { b'C' } else { b'P' });
            log.worked.insert((call.clone(), band, mode));
            log.contacts.push(Contact { call, band, mode, serial, points: 2 });
        }
    }
}

fn main() -> std::io::Result<()> {
    let words: Vec<String> = env::args().collect();
    if words.len() > 2 && words[1] == "transmit" {
        return transmit(words[2].parse().expect("a port"));
    }
    let mut logs: Vec<StationLog> = (0..STATIONS).map(|_| StationLog::default()).collect();
    first_hours(&mut logs);
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let port = listener.local_addr()?.port().to_string();
    Command::new("/bin/sh")
        .args(["-c", "\"$0\" transmit \"$1\" >/dev/null 2>&1 </dev/null &"])
        .arg(env::current_exe()?)
        .arg(port)
        .stdin(Stdio::null())
        .status()?;
    let (stream, _) = listener.accept()?;
    println!("ready");
    std::io::stdout().flush()?;
    adjudicate(stream, &mut logs)
}
