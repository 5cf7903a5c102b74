// expect: healthy bench
// The season's book of an eider colony, whose wardens gather down out of the nests: the wardens' radios send what they
// saw at each nest (line by line, in bursts), the book brings each nest up to date, and once in two seconds writes how
// much down each bay gave, and which nests lie open and need to be covered.
//
// Measured: 6400 sights a second of 14,000 nests; CPU 38 % of a core, in the twin 1.0 %.
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{self, Command};
use std::time::{Duration, Instant};

const BAYS: [&str; 6] = ["vik", "hofn", "flatey", "skoruvik", "aedey", "mellon"];
const NESTS: u32 = 14_000;
const BURSTS: u32 = 20; // a second
const SEEN: u32 = 320; // in a burst

#[derive(Debug)]
enum Refused {
    Field(&'static str),
    Bay(String),
}

impl fmt::Display for Refused {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Refused::Field(name) => write!(out, "no {name}"),
            Refused::Bay(name) => write!(out, "no bay {name}"),
        }
    }
}

/// What a warden saw at a nest.
struct Sight<'a> {
    bay: usize,
    tag: &'a str,
    grams: u32,
    eggs: u8,
    open: bool,
}

fn parse(line: &str) -> Result<Sight<'_>, Refused> {
    let mut fields = line.split(';');
    let told = fields.next().unwrap_or_default();
    let bay = BAYS.iter().position(|bay| *bay == told).ok_or_else(|| Refused::Bay(told.to_string()))?;
    let tag = fields.next().filter(|tag| tag.len() > 3).ok_or(Refused::Field("tag"))?;
    let mut number = |name| fields.next().and_then(|text| text.parse::<u32>().ok()).ok_or(Refused::Field(name));
    let grams = number("grams")?;
    let eggs = number("eggs")?.min(12) as u8;
    let open = number("cover")? == 0;
    Ok(Sight { bay, tag, grams, eggs, open })
}

/// What the book knows of a nest.
struct Nest {
    tag: String,
    bay: usize,
    visits: u32,
    grams: u32,
    eggs: u8,
    open: bool,
}

#[derive(Default)]
struct Book {
    nests: Vec<Nest>,
    pages: HashMap<String, usize>,
    entries: u64,
    refused: u64,
}

impl Book {
    /// The place of the nest with this tag; a nest that was not met before gets a page of its own.
    fn page(&mut self, tag: &str, bay: usize) -> usize {
        let known = self.pages.get(tag).copied();
        known.unwrap_or_else(|| {
            self.pages.insert(tag.to_string(), self.nests.len());
            self.nests.push(Nest { tag: tag.to_string(), bay, visits: 0, grams: 0, eggs: 0, open: false });
            self.nests.len() - 1
        })
    }

    fn enter(&mut self, sight: &Sight) {
        let page = self.page(sight.tag, sight.bay);
        let nest = &mut self.nests[page];
        nest.visits += 1;
        nest.grams += sight.grams;
        nest.eggs = sight.eggs.max(nest.eggs / 2);
        nest.open = sight.open;
        self.entries += 1;
    }

    fn take(&mut self, line: &str) {
        match parse(line) {
            Ok(sight) => self.enter(&sight),
            Err(reason) => {
                self.refused += 1;
                if self.refused % 1000 == 1 {
                    eprintln!("refused: {reason}");
                }
            }
        }
    }

    /// Grams and nests of each bay.
    fn yields(&self) -> BTreeMap<&'static str, (u64, u32)> {
        let mut yields = BTreeMap::new();
        for nest in &self.nests {
            let sum: &mut (u64, u32) = yields.entry(BAYS[nest.bay]).or_default();
            sum.0 += u64::from(nest.grams);
            sum.1 += 1;
        }
        yields
    }

    /// The open nests with most eggs come first.
    fn to_cover(&self, number: usize) -> Vec<&Nest> {
        let mut open: Vec<&Nest> = self.nests.iter().filter(|nest| nest.open && nest.eggs > 0).collect();
        open.sort_by(|a, b| b.eggs.cmp(&a.eggs).then(a.visits.cmp(&b.visits)));
        open.truncate(number);
        open
    }

    fn write(&self, path: &str) -> io::Result<()> {
        let mut out = BufWriter::new(File::create(path)?);
        for (bay, (grams, nests)) in self.yields() {
            writeln!(out, "{bay:10} {:8.1} kg of {nests} nests", grams as f64 / 1000.0)?;
        }
        for nest in self.to_cover(20) {
            writeln!(out, "cover {} in {} ({} eggs)", nest.tag, BAYS[nest.bay], nest.eggs)?;
        }
        writeln!(out, "{} entries, {} refused", self.entries, self.refused)?;
        out.flush()
    }
}

/// The program as the wardens' radios: a burst of sights at each of its times.
fn send(address: &str) -> io::Result<()> {
    let mut line = TcpStream::connect(address)?;
    let began = Instant::now();
    let mut turn = 0u32;
    for burst in 1.. {
        let mut text = String::new();
        for _ in 0..SEEN {
            let nest = turn.wrapping_mul(1_597) % NESTS;
            let bay = if turn % 211 == 0 { "nowhere" } else { BAYS[nest as usize % BAYS.len()] };
            let (grams, eggs, cover) = (turn % 17, turn / 7 % 6, turn % 5);
            text += &format!("{bay};eider-{:05};{grams};{eggs};{cover}\n", nest * 31 % 99_991);
            turn = turn.wrapping_add(1);
        }
        line.write_all(text.as_bytes())?;
        let due = Duration::from_secs(1) / BURSTS * burst;
        std::thread::sleep(due.saturating_sub(began.elapsed()));
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    if let Some(address) = std::env::args().nth(1) {
        return Ok(send(&address)?);
    }
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let program = std::env::current_exe()?;
    let radios = format!("'{}' {} >/dev/null 2>&1 &", program.display(), listener.local_addr()?);
    Command::new("sh").arg("-c").arg(radios).status()?;
    let (stream, _) = listener.accept()?;
    let mut lines = BufReader::with_capacity(1 << 16, stream);
    let mut book = Book::default();
    let mut line = String::with_capacity(80);
    let (mut written, mut told) = (Instant::now(), false);
    while lines.read_line(&mut line)? > 0 {
        book.take(line.trim_end());
        line.clear();
        if !told && book.entries == u64::from(NESTS) {
            println!("ready {}", process::id());
            told = true;
        }
        if written.elapsed() > Duration::from_secs(2) {
            book.write("book.txt")?;
            written = Instant::now();
        }
    }
    Ok(())
}
