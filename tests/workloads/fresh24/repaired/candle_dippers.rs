// expect: healthy bench
// A candle dipping works: four carousels dip 240 wicks each into the tallow, and load cells weigh each wick some forty
// times a second. The carousels send the weighings over TCP; this program finds the wicks that take too much or too
// little tallow, tells the vats to cool or warm up, and keeps a journal of all weighings for the guild's inspector.
//
// Measured: 30 % of a core for 40000 weighings a second, in the twin 5 %.
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

const CAROUSELS: u32 = 4;
const WICKS: u32 = 240;
const DIPS: u32 = 24;
const RECORD: usize = 20;
const RECORDS_A_TICK: u32 = 400;
const TICK: Duration = Duration::from_millis(10);
const LARGEST_JOURNAL: u64 = 32 << 20;

#[derive(Clone, Copy)]
struct Dip {
    carousel: u32,
    wick: u32,
    dip: u32,
    milligrams: u32,
    celsius: f32,
}

impl Dip {
    fn decode(bytes: &[u8; RECORD]) -> Option<Dip> {
        let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let dip = Dip {
            carousel: word(0),
            wick: word(4),
            dip: word(8),
            milligrams: word(12),
            celsius: f32::from_bits(word(16)),
        };
        let sane = dip.carousel < CAROUSELS && dip.wick < WICKS && dip.dip < DIPS && dip.celsius.is_finite();
        sane.then_some(dip)
    }

    fn encode(&self, out: &mut Vec<u8>) {
        for word in [self.carousel, self.wick, self.dip, self.milligrams, self.celsius.to_bits()] {
            out.extend_from_slice(&word.to_le_bytes());
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Verdict {
    Good,
    Thin,
    Thick,
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Verdict::Good => "good",
            Verdict::Thin => "thin",
            Verdict::Thick => "thick",
        }
    }
}

/// What has been learnt about a vat.
#[derive(Default)]
struct Vat {
    gain: f32,
    celsius: f32,
    thin: u64,
    thick: u64,
}

impl Vat {
    fn judge(&mut self, gain: f32, celsius: f32) -> Verdict {
        self.gain += (gain - self.gain) * 0.01;
        self.celsius += (celsius - self.celsius) * 0.01;
        if gain < self.gain * 0.7 {
            self.thin += 1;
            Verdict::Thin
        } else if gain > self.gain * 1.3 {
            self.thick += 1;
            Verdict::Thick
        } else {
            Verdict::Good
        }
    }

    fn advice(&self) -> f32 {
        let (thin, thick) = (self.thin as f32, self.thick as f32);
        (thick - thin) / (thin + thick + 100.0) * 2.0
    }
}

/// The weighings, one a line; a journal that is full becomes the old one.
struct Journal {
    file: BufWriter<File>,
    written: u64,
}

impl Journal {
    fn create() -> io::Result<Journal> {
        Ok(Journal { file: BufWriter::with_capacity(1 << 16, File::create("dips.csv")?), written: 0 })
    }

    fn note(&mut self, dip: &Dip, grams: f32, verdict: Verdict) -> io::Result<()> {
        if self.written > LARGEST_JOURNAL {
            self.file.flush()?;
            fs::rename("dips.csv", "dips.old.csv")?;
            *self = Journal::create()?;
        }
        let Dip { carousel, wick, dip: turn, celsius, .. } = dip;
        writeln!(self.file, "{},{},{},{:.3},{:.1},{}", carousel, wick, turn, grams, celsius, verdict.word())?;
        self.written += 34;
        Ok(())
    }
}

struct Works {
    vats: Vec<Vat>,
    last: HashMap<(u32, u32), f32>,
    journal: Journal,
    taken: Arc<AtomicU64>,
}

impl Works {
    fn new(taken: Arc<AtomicU64>) -> io::Result<Works> {
        let vats = (0..CAROUSELS).map(|_| Vat::default()).collect();
        Ok(Works { vats, last: HashMap::new(), journal: Journal::create()?, taken })
    }

    fn take(&mut self, dip: Dip) -> io::Result<()> {
        let grams = dip.milligrams as f32 / 1000.0;
        let before = self.last.insert((dip.carousel, dip.wick), grams);
        let gain = match before {
            Some(before) if dip.dip > 0 => grams - before,
            _ => grams,
        };
        let verdict = self.vats[dip.carousel as usize].judge(gain, dip.celsius);
        self.journal.note(&dip, grams, verdict)?;
        self.taken.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn follow(&mut self, line: TcpStream) -> io::Result<()> {
        let mut back = line.try_clone()?;
        let mut line = BufReader::with_capacity(1 << 14, line);
        let mut record = [0u8; RECORD];
        let mut told = Instant::now();
        loop {
            line.read_exact(&mut record)?;
            match Dip::decode(&record) {
                Some(dip) => self.take(dip)?,
                None => eprintln!("a record that makes no sense: {:?}", record),
            }
            if told.elapsed() > Duration::from_secs(1) {
                told = Instant::now();
                let advice: Vec<u8> = self.vats.iter().flat_map(|vat| vat.advice().to_le_bytes()).collect();
                back.write_all(&advice)?;
                self.journal.file.flush()?;
            }
        }
    }
}

/// The part of the carousels: they weigh what they dip, and follow the advice.
fn carousels(port: &str) -> io::Result<()> {
    let mut line = TcpStream::connect(format!("127.0.0.1:{port}"))?;
    let mut advice = line.try_clone()?;
    thread::spawn(move || {
        let mut told = [0u8; 4 * CAROUSELS as usize];
        while advice.read_exact(&mut told).is_ok() {}
    });
    let (mut turn, mut dice) = (0u32, 12345u32);
    let mut due = Instant::now();
    loop {
        let mut packet = Vec::with_capacity(RECORDS_A_TICK as usize * RECORD);
        for _ in 0..RECORDS_A_TICK {
            dice = dice.wrapping_mul(1664525).wrapping_add(1013904223);
            let (carousel, place) = (turn % CAROUSELS, turn / CAROUSELS);
            let (wick, dip) = (place % WICKS, place / WICKS % DIPS);
            let milligrams = (dip + 1) * 1900 + (dice >> 21);
            let celsius = 68.0 + (dice >> 28) as f32 / 4.0;
            Dip { carousel, wick, dip, milligrams, celsius }.encode(&mut packet);
            turn = turn.wrapping_add(1);
        }
        line.write_all(&packet)?;
        due += TICK;
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
}

fn main() -> io::Result<()> {
    let words: Vec<String> = std::env::args().collect();
    if words.len() > 2 && words[1] == "carousels" {
        return carousels(&words[2]);
    }
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port().to_string();
    let script = r#""$0" carousels "$1" >/dev/null 2>&1 &"#;
    Command::new("sh").args(["-c", script, &words[0], &port]).status()?;
    let (line, _) = listener.accept()?;
    let taken = Arc::new(AtomicU64::new(0));
    let mut works = Works::new(taken.clone())?;
    thread::Builder::new().name("weighings".into()).spawn(move || {
        if let Err(error) = works.follow(line) {
            eprintln!("the carousels are gone: {error}");
            std::process::exit(1);
        }
    })?;
    while taken.load(Ordering::Relaxed) < 40_000 {
        thread::sleep(Duration::from_millis(50));
    }
    println!("ready {}", std::process::id());
    loop {
        let before = taken.load(Ordering::Relaxed);
        thread::sleep(Duration::from_secs(5));
        eprintln!("{} dips a second", (taken.load(Ordering::Relaxed) - before) / 5);
    }
}
