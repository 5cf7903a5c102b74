// expect: pattern=hot-loop bench
// The expert desk of a stamp exchange: scanners at the counters send the perforation of each stamp (how far apart the
// holes of its upper edge are), and the desk finds the printing that it comes from, or calls it reperforated.
//
// Measured: CPU 56 % of a core, in the twin 3.5 %; a scan takes 2.9 ms, in the twin 0.13 ms; both judge 300 a second.
use std::collections::BTreeMap;
use std::env;
use std::fmt;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{self, Command};
use std::str::FromStr;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const GAPS: usize = 12;
const PRINTINGS: u32 = 8_000;
const TOLERANCE: u32 = 10; // hundredths of a millimetre, over all gaps
const COUNTERS: u64 = 3;
const STAMPS: u32 = 10; // that a counter lays on its scanner at a time
const PAUSE: Duration = Duration::from_millis(100);

type Edge = [u16; GAPS];

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 33) % u64::from(sides)) as u32
    }
}

struct Printing {
    number: u32,
    year: u16,
    edge: Edge,
}

fn deviation(one: &Edge, other: &Edge) -> u32 {
    one.iter().zip(other).map(|(a, b)| u32::from(a.abs_diff(*b))).sum() // <- cost
}

struct Catalogue {
    printings: Vec<Printing>,
}

impl Catalogue {
    fn load(printings: u32) -> Catalogue {
        let mut dice = Dice(1840);
        let read = |number| {
            let mut edge = [0; GAPS];
            edge.iter_mut().for_each(|gap| *gap = 100 + dice.roll(101) as u16);
            Printing { number, year: 1850 + (number % 150) as u16, edge }
        };
        Catalogue { printings: (0..printings).map(read).collect() }
    }

    /// The printing whose perforation is the nearest, if one is near enough.
    fn closest(&self, edge: &Edge) -> Option<(&Printing, u32)> {
        let mut best: Option<(&Printing, u32)> = None;
        for printing in &self.printings { // <- cost
            let off = deviation(&printing.edge, edge); // <- cost
            if off <= TOLERANCE && best.map_or(true, |(known, least)| (off, printing.number) < (least, known.number)) {
                best = Some((printing, off));
            }
        }
        best
    }
}

#[derive(Debug)]
enum BadScan {
    Incomplete,
    Number(std::num::ParseIntError),
    Gaps(usize),
}

impl fmt::Display for BadScan {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match self {
            BadScan::Incomplete => write!(out, "incomplete"),
            BadScan::Number(error) => write!(out, "{}", error),
            BadScan::Gaps(count) => write!(out, "{} gaps", count),
        }
    }
}

impl From<std::num::ParseIntError> for BadScan {
    fn from(error: std::num::ParseIntError) -> Self {
        BadScan::Number(error)
    }
}

/// `TICKET GAP,GAP,…` as a scanner sends it.
struct Scan {
    ticket: u32,
    edge: Edge,
}

impl FromStr for Scan {
    type Err = BadScan;

    fn from_str(line: &str) -> Result<Scan, BadScan> {
        let (ticket, gaps) = line.trim_end().split_once(' ').ok_or(BadScan::Incomplete)?;
        let mut scan = Scan { ticket: ticket.parse()?, edge: [0; GAPS] };
        let mut count = 0;
        for gap in gaps.split(',') {
            if let Some(place) = scan.edge.get_mut(count) {
                *place = gap.parse()?;
            }
            count += 1;
        }
        if count == GAPS { Ok(scan) } else { Err(BadScan::Gaps(count)) }
    }
}

#[derive(Default)]
struct Tally {
    decades: BTreeMap<u16, u32>,
    unknown: u32,
    refused: u32,
    scans: u32,
    spent: Duration,
}

struct Desk {
    catalogue: Catalogue,
    tally: Mutex<Tally>,
}

impl Desk {
    fn judge(&self, line: &str, out: &mut impl Write) -> io::Result<()> {
        let began = Instant::now();
        let scan = match line.parse::<Scan>() {
            Ok(scan) => scan,
            Err(error) => {
                self.tally.lock().unwrap().refused += 1;
                return writeln!(out, "? {}", error);
            }
        };
        let found = self.catalogue.closest(&scan.edge);
        let mut tally = self.tally.lock().unwrap();
        tally.scans += 1;
        tally.spent += began.elapsed();
        match found {
            Some((printing, _)) => *tally.decades.entry(printing.year / 10 * 10).or_insert(0) += 1,
            None => tally.unknown += 1,
        }
        drop(tally);
        match found {
            Some((printing, off)) => {
                let worth = if off * 2 < TOLERANCE { "fine" } else { "fair" };
                writeln!(out, "{} printing {} of {}, {}", scan.ticket, printing.number, printing.year, worth)
            }
            None => writeln!(out, "{} reperforated", scan.ticket),
        }
    }

    fn serve(&self, counter: TcpStream) -> io::Result<()> {
        counter.set_nodelay(true)?;
        let mut answers = BufWriter::new(counter.try_clone()?);
        let mut scans = BufReader::new(counter);
        let mut line = String::new();
        while scans.read_line(&mut line)? > 0 {
            self.judge(&line, &mut answers)?;
            line.clear();
            if scans.buffer().is_empty() {
                answers.flush()?;
            }
        }
        Ok(())
    }
}

/// A counter lays stamps on its scanner, out of the catalogue or reperforated ones, and waits for the verdicts.
fn scan(port: &str, counter: u64) -> io::Result<()> {
    let catalogue = Catalogue::load(2_000);
    let mut dice = Dice(counter);
    let line = TcpStream::connect(format!("127.0.0.1:{}", port))?;
    let mut out = line.try_clone()?;
    let mut answers = BufReader::new(line).lines();
    let mut due = Instant::now();
    for round in 0.. {
        let mut text = String::new();
        for stamp in 0..STAMPS {
            let mut edge = catalogue.printings[dice.roll(2_000) as usize].edge;
            edge[dice.roll(12) as usize] += dice.roll(TOLERANCE) as u16;
            edge[dice.roll(12) as usize] += if dice.roll(8) == 0 { 40 } else { 0 };
            let gaps: Vec<String> = edge.iter().map(|gap| gap.to_string()).collect();
            text += &format!("{} {}\n", round * STAMPS + stamp, gaps.join(","));
        }
        out.write_all(text.as_bytes())?;
        for answer in answers.by_ref().take(STAMPS as usize) {
            answer?;
        }
        due += PAUSE;
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    Ok(())
}

fn main() -> io::Result<()> {
    if let Some(port) = env::args().nth(1) {
        let counters: Vec<_> = (0..COUNTERS)
            .map(|counter| (port.clone(), counter))
            .map(|(port, counter)| thread::spawn(move || scan(&port, counter)))
            .collect();
        counters.into_iter().for_each(|counter| drop(counter.join()));
        return Ok(());
    }
    let desk = Arc::new(Desk { catalogue: Catalogue::load(PRINTINGS), tally: Mutex::default() });
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let load = format!("'{}' {} >/dev/null 2>&1 &", env::current_exe()?.display(), listener.local_addr()?.port());
    Command::new("sh").args(["-c", &load]).status()?;
    for _ in 0..COUNTERS {
        let (counter, _) = listener.accept()?;
        let desk = Arc::clone(&desk);
        thread::spawn(move || desk.serve(counter));
    }
    thread::sleep(Duration::from_secs(1));
    println!("ready {}", process::id());
    loop {
        thread::sleep(Duration::from_secs(10));
        let tally = desk.tally.lock().unwrap();
        let each = tally.spent.as_secs_f64() * 1e3 / f64::from(tally.scans.max(1));
        eprintln!(
            "{} scans, {:.3} ms each; {} reperforated, {} refused, {:?}",
            tally.scans, each, tally.unknown, tally.refused, tally.decades
        );
    }
}
