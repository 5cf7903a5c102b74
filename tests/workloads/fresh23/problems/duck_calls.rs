// expect: pattern=thread-churn bench
// The judges' desk of a duck-calling championship: a caller's routine (hail call, feeding chatter, lonesome hen, ...) is
// recorded and cut into phrases; judges' tablets ask over TCP, a line a question, what a routine is worth. Each phrase
// is marked by its pitch contour for breaks, cadence and pitch; the two extremes do not count.
//
// Measured: CPU 46 % of a core, in the twin 1.2 %; a routine takes 3.6 ms, in the twin 0.17 ms; 100 a second.
use std::env;
use std::fmt;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{self, Command};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

const CALLERS: usize = 36;
const PHRASES: usize = 64;
const POINTS: usize = 28;
const TABLETS: usize = 5;
const PER_SECOND: f64 = 100.0;

struct Phrase {
    kind: usize,
    /// Hertz, every ten milliseconds; 0 where nothing was heard.
    contour: Vec<f32>,
}

struct Routine {
    caller: usize,
    phrases: Vec<Phrase>,
}

#[derive(Clone, Copy, Default)]
struct Mark {
    points: f32,
    breaks: u32,
    kind: usize,
}

struct Verdict {
    caller: usize,
    points: f32,
    breaks: u32,
    best: usize,
}

#[derive(Debug)]
enum Refusal {
    NoSuchCaller(String),
    Unreadable(String),
    Lost,
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Refusal::NoSuchCaller(who) => write!(out, "no caller {}", who),
            Refusal::Unreadable(line) => write!(out, "cannot read {:?}", line),
            Refusal::Lost => write!(out, "a mark was lost"),
        }
    }
}

/// Numbers that look like chance, the same in each run.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 40) as f32 / (1u64 << 24) as f32
    }
}

/// Where the phrases of each kind should lie, in Hertz.
const IDEAL: [f32; 4] = [620.0, 410.0, 505.0, 350.0];

impl Phrase {
    fn mark(&self) -> Mark {
        let ideal = IDEAL[self.kind];
        let (mut off, mut heard, mut breaks, mut last) = (0.0f32, 0u32, 0u32, 0.0f32);
        for &pitch in &self.contour {
            if pitch > 0.0 {
                off += (1200.0 * (pitch / ideal).log2()).abs();
                heard += 1;
                if last > 0.0 && (pitch / last - 1.0).abs() > 0.12 {
                    breaks += 1;
                }
            }
            last = pitch;
        }
        let pitch = (40.0 - off / heard.max(1) as f32 / 10.0).max(0.0);
        let cadence = 30.0 * heard as f32 / self.contour.len().max(1) as f32;
        let turns = 30.0 - 6.0 * (breaks as f32 - 4.0).abs().min(5.0);
        Mark { points: pitch + cadence + turns, breaks, kind: self.kind }
    }
}

fn recorded(caller: usize) -> Routine {
    let mut chance = Chance(caller as u64 * 977 + 5);
    let phrases = (0..PHRASES)
        .map(|at| {
            let kind = (at / 3 + caller) % IDEAL.len();
            let mut pitch = IDEAL[kind] * (0.9 + 0.2 * chance.next());
            let contour = (0..POINTS)
                .map(|_| {
                    pitch *= if chance.next() < 0.15 { 0.82 + 0.36 * chance.next() } else { 0.99 + 0.02 * chance.next() };
                    if chance.next() < 0.1 { 0.0 } else { pitch }
                })
                .collect();
            Phrase { kind, contour }
        })
        .collect();
    Routine { caller, phrases }
}

fn sum_up(caller: usize, mut marks: Vec<Mark>) -> Verdict {
    let breaks = marks.iter().map(|mark| mark.breaks).sum();
    marks.sort_by(|a, b| a.points.partial_cmp(&b.points).unwrap_or(std::cmp::Ordering::Equal));
    let best = marks.last().map_or(0, |mark| mark.kind);
    let counted = if marks.len() > 2 { &marks[1..marks.len() - 1] } else { &marks[..] };
    let points = counted.iter().map(|mark| mark.points).sum::<f32>() / counted.len().max(1) as f32;
    Verdict { caller, points, breaks, best }
}

struct Desk {
    routines: Vec<Arc<Routine>>,
    judged: AtomicU64,
    refused: AtomicU64,
    micros: AtomicU64,
}

impl Desk {
    fn new() -> Desk {
        Desk {
            routines: (0..CALLERS).map(|caller| Arc::new(recorded(caller))).collect(),
            judged: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            micros: AtomicU64::new(0),
        }
    }

    /// The marks of all phrases, worked out side by side.
    fn marks(&self, routine: &Arc<Routine>) -> Result<Vec<Mark>, Refusal> {
        let mut marking = Vec::with_capacity(routine.phrases.len());
        for at in 0..routine.phrases.len() {
            let routine = Arc::clone(routine);
            marking.push(thread::spawn(move || routine.phrases[at].mark())); // <- cost
        }
        let mut marks = Vec::with_capacity(marking.len());
        for handle in marking {
            marks.push(handle.join().map_err(|_| Refusal::Lost)?);
        }
        Ok(marks)
    }

    fn judge(&self, who: &str) -> Result<Verdict, Refusal> {
        let caller: usize = who.parse().map_err(|_| Refusal::NoSuchCaller(who.to_string()))?;
        let routine = self.routines.get(caller).ok_or_else(|| Refusal::NoSuchCaller(who.to_string()))?;
        Ok(sum_up(routine.caller, self.marks(routine)?))
    }

    fn answer(&self, line: &str) -> Result<String, Refusal> {
        let mut words = line.split_whitespace();
        match (words.next(), words.next()) {
            (Some("judge"), Some(who)) => {
                let verdict = self.judge(who)?;
                Ok(format!(
                    "caller {} points {:.2} breaks {} best {}\n",
                    verdict.caller, verdict.points, verdict.breaks, verdict.best
                ))
            }
            (Some("callers"), None) => Ok(format!("callers {}\n", self.routines.len())),
            _ => Err(Refusal::Unreadable(line.to_string())),
        }
    }

    /// One tablet, for as long as it stays connected.
    fn serve(&self, line: TcpStream) -> io::Result<()> {
        line.set_nodelay(true)?;
        let mut out = line.try_clone()?;
        for question in BufReader::new(line).lines() {
            let question = question?;
            let began = Instant::now();
            let text = self.answer(&question).unwrap_or_else(|refusal| {
                self.refused.fetch_add(1, Ordering::Relaxed);
                format!("refused: {}\n", refusal)
            });
            out.write_all(text.as_bytes())?;
            self.judged.fetch_add(1, Ordering::Relaxed);
            self.micros.fetch_add(began.elapsed().as_micros() as u64, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// The tablets, in a process of their own: each asks at a steady pace.
fn tablets(port: u16) -> io::Result<()> {
    let mut all = Vec::new();
    for tablet in 0..TABLETS {
        all.push(thread::spawn(move || -> io::Result<()> {
            let line = TcpStream::connect(("127.0.0.1", port))?;
            line.set_nodelay(true)?;
            let mut out = line.try_clone()?;
            let mut answers = BufReader::new(line);
            let began = Instant::now();
            let mut text = String::new();
            for turn in 0u64.. {
                let due = Duration::from_secs_f64((turn as f64 * TABLETS as f64 + tablet as f64) / PER_SECOND);
                thread::sleep(due.checked_sub(began.elapsed()).unwrap_or_default());
                out.write_all(format!("judge {}\n", (turn as usize * 7 + tablet * 5) % CALLERS).as_bytes())?;
                text.clear();
                if answers.read_line(&mut text)? == 0 {
                    break;
                }
            }
            Ok(())
        }));
    }
    for tablet in all {
        let _ = tablet.join();
    }
    process::exit(1)
}

fn start_tablets(port: u16) -> io::Result<()> {
    let own = env::current_exe()?;
    let command = format!("'{}' tablets {} >/dev/null 2>&1 &", own.display(), port);
    if !Command::new("sh").arg("-c").arg(command).status()?.success() {
        return Err(io::Error::new(io::ErrorKind::Other, "cannot start the tablets"));
    }
    Ok(())
}

fn main() -> io::Result<()> {
    let words: Vec<String> = env::args().collect();
    if words.len() == 3 && words[1] == "tablets" {
        return tablets(words[2].parse().unwrap_or(0));
    }
    let desk = Arc::new(Desk::new());
    let door = TcpListener::bind("127.0.0.1:0")?;
    start_tablets(door.local_addr()?.port())?;
    for _ in 0..TABLETS {
        let (line, _) = door.accept()?;
        let desk = Arc::clone(&desk);
        thread::spawn(move || {
            if let Err(error) = desk.serve(line) {
                eprintln!("tablet: {}", error);
            }
        });
    }
    thread::sleep(Duration::from_millis(1500));
    println!("ready {}", process::id());
    loop {
        thread::sleep(Duration::from_secs(10));
        let judged = desk.judged.swap(0, Ordering::Relaxed);
        let micros = desk.micros.swap(0, Ordering::Relaxed);
        let refused = desk.refused.load(Ordering::Relaxed);
        eprintln!("{} judged, {} us each, {} refused", judged, micros / judged.max(1), refused);
    }
}
