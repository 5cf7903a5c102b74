// expect: pattern=allocation-churn bench
// Judges the work of robot mowers on the lawns of a cemetery: at the end of each leg a robot reports the swaths that it
// drove, and is told which share of them was mown before, how worn the turf at their ends is, and where to go on.
//
// Measured: 120 legs a second take 38 % of a core, with 190000 page faults a second; in the twin 1.5 %, and no faults.
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

const UNSEEN: u8 = b'.';
const MOWN: u8 = b'm';
const TURNED: u8 = b't';
const CELL_MM: usize = 50;
const CUT: usize = 9;

/// A lawn, in cells of five by five centimetres.
#[derive(Clone, Copy)]
struct Lawn {
    width: usize,
    height: usize,
}

const LAWN: Lawn = Lawn { width: 1700, height: 1300 };

impl Lawn {
    fn cells(&self) -> usize {
        self.width * self.height
    }
}

/// A straight drive: the row of its middle, and from where to where along the row.
#[derive(Clone, Copy)]
struct Swath {
    row: usize,
    from: usize,
    to: usize,
}

enum Refused {
    Syntax,
    Outside(usize),
}

impl std::fmt::Display for Refused {
    fn fmt(&self, out: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            Refused::Syntax => write!(out, "that is no report"),
            Refused::Outside(row) => write!(out, "the swath at row {row} leaves the lawn"),
        }
    }
}

impl Swath {
    fn parse(text: &str, lawn: &Lawn) -> Result<Swath, Refused> {
        let mut numbers = text.split(',').map(|word| word.parse::<usize>().map_err(|_| Refused::Syntax));
        let mut next = || numbers.next().unwrap_or(Err(Refused::Syntax));
        let swath = Swath { row: next()?, from: next()?, to: next()? };
        if swath.to > lawn.width || swath.from >= swath.to || swath.row + CUT > lawn.height {
            return Err(Refused::Outside(swath.row));
        }
        Ok(swath)
    }
}

/// What a leg did to the lawn: what was mown, where the robot turned, and what its edge blade trimmed.
struct Masks {
    mown: Vec<u8>,
    turns: Vec<u8>,
    trimmed: Vec<u8>,
}

impl Masks {
    fn blank(lawn: &Lawn) -> Masks {
        Masks {
            mown: vec![UNSEEN; lawn.cells()],    // <- cost
            turns: vec![UNSEEN; lawn.cells()],   // <- cost
            trimmed: vec![UNSEEN; lawn.cells()], // <- cost
        }
    }

    /// Draw a swath; how many of its probed cells were mown already.
    fn draw(&mut self, lawn: &Lawn, swath: &Swath) -> (usize, usize) {
        let (mut probed, mut again) = (0, 0);
        for row in swath.row..swath.row + CUT {
            let start = row * lawn.width;
            let mut at = start + swath.from;
            while at < start + swath.to {
                probed += 1;
                again += (self.mown[at] == MOWN) as usize;
                at += 40;
            }
            self.mown[start + swath.from..start + swath.to].fill(MOWN);
            let end = (swath.to + CUT).min(lawn.width);
            self.turns[start + swath.to..start + end].fill(TURNED);
        }
        let edge = (swath.row + CUT - 1) * lawn.width;
        self.trimmed[edge + swath.from..edge + swath.to].fill(MOWN);
        (probed, again)
    }

    /// The share of cells at the end of a swath upon which the robot turned in this leg.
    fn wear(&self, lawn: &Lawn, swath: &Swath) -> f64 {
        let at = (swath.row + CUT / 2) * lawn.width + swath.to;
        let end = (at + CUT).min(lawn.cells());
        let turned = self.turns[at.min(end)..end].iter().filter(|cell| **cell == TURNED).count();
        turned as f64 / CUT as f64
    }

    /// The first row below a swath that was neither mown nor trimmed there.
    fn first_missed(&self, lawn: &Lawn, swath: &Swath) -> Option<usize> {
        let column = (swath.from + swath.to) / 2;
        (swath.row + CUT..lawn.height).step_by(CUT).find(|row| {
            let at = row * lawn.width + column;
            self.mown[at] == UNSEEN && self.trimmed[at] == UNSEEN
        })
    }
}

struct Verdict {
    square_metres: f64,
    again: f64,
    wear: f64,
    next_row: Option<usize>,
}

/// The desk of one yard, to which its robots report.
struct Yard {
    lawn: Lawn,
    judged: Arc<AtomicU64>,
}

impl Yard {
    fn new(lawn: Lawn, judged: Arc<AtomicU64>) -> Yard {
        Yard { lawn, judged }
    }

    fn judge(&mut self, swaths: &[Swath]) -> Verdict {
        let lawn = self.lawn;
        let mut masks = Masks::blank(&lawn); // <- cost
        let (mut probed, mut again, mut cells) = (0, 0, 0);
        for swath in swaths {
            let (seen, twice) = masks.draw(&lawn, swath);
            probed += seen;
            again += twice;
            cells += (swath.to - swath.from) * CUT;
        }
        let wear = swaths.iter().map(|swath| masks.wear(&lawn, swath)).fold(0.0, f64::max);
        let next_row = swaths.last().and_then(|swath| masks.first_missed(&lawn, swath));
        self.judged.fetch_add(1, Ordering::Relaxed);
        let side = CELL_MM as f64 / 1000.0;
        let again = again as f64 / probed.max(1) as f64;
        Verdict { square_metres: cells as f64 * side * side, again, wear, next_row }
    }

    /// Answer one report: "ROBOT row,from,to row,from,to …".
    fn answer(&mut self, line: &str) -> Result<String, Refused> {
        let mut words = line.split_whitespace();
        let robot = words.next().ok_or(Refused::Syntax)?;
        let swaths = words.map(|word| Swath::parse(word, &self.lawn)).collect::<Result<Vec<_>, _>>()?;
        let verdict = self.judge(&swaths);
        let next = verdict.next_row.map_or("dock".to_string(), |row| format!("row {row}"));
        let Verdict { square_metres, again, wear, .. } = verdict;
        Ok(format!("{robot} {square_metres:.1} m2, {again:.3} again, wear {wear:.2}, {next}\n"))
    }

    fn serve(&mut self, robots: TcpStream) -> std::io::Result<()> {
        robots.set_nodelay(true)?;
        let mut out = robots.try_clone()?;
        let mut reports = BufReader::new(robots);
        let mut line = String::new();
        while reports.read_line(&mut line)? > 0 {
            let answer = self.answer(&line).unwrap_or_else(|refused| format!("refused: {refused}\n"));
            out.write_all(answer.as_bytes())?;
            line.clear();
        }
        Ok(())
    }
}

/// The robots of a yard, in a process of their own: so many reports a second, each of some swaths.
fn robots(port: u16, rate: f64, seed: u64) -> std::io::Result<()> {
    let line = TcpStream::connect(("127.0.0.1", port))?;
    line.set_nodelay(true)?;
    let mut answers = BufReader::new(line.try_clone()?);
    let mut out = line;
    let mut dice = seed;
    let mut roll = |below: usize| {
        dice = dice.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (dice >> 33) as usize % below
    };
    let mut due = Instant::now();
    let mut answer = String::new();
    loop {
        let mut report = format!("robot-{}", roll(40));
        let first = roll(LAWN.height - 120);
        for number in 0..10 {
            let from = roll(600);
            report += &format!(" {},{},{}", first + number * (CUT - 1), from, from + 400 + roll(600));
        }
        report.push('\n');
        out.write_all(report.as_bytes())?;
        answer.clear();
        if answers.read_line(&mut answer)? == 0 {
            return Ok(());
        }
        due += Duration::from_secs_f64(1.0 / rate);
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
}

fn main() -> std::io::Result<()> {
    let words: Vec<String> = std::env::args().collect();
    if words.len() == 4 && words[1] == "robots" {
        return robots(words[2].parse().unwrap(), 60.0, words[3].parse().unwrap());
    }
    let door = TcpListener::bind("127.0.0.1:0")?;
    let port = door.local_addr()?.port();
    let program = std::env::current_exe()?;
    let command = format!(
        "for seed in 5 6; do '{}' robots {port} $seed </dev/null >/dev/null 2>&1 & done",
        program.display()
    );
    Command::new("sh").arg("-c").arg(command).status()?;
    let judged = Arc::new(AtomicU64::new(0));
    for _ in 0..2 {
        let (line, _) = door.accept()?;
        let mut yard = Yard::new(LAWN, judged.clone());
        thread::spawn(move || yard.serve(line));
    }
    thread::sleep(Duration::from_secs(2));
    println!("ready {}", std::process::id());
    loop {
        thread::sleep(Duration::from_secs(60));
        eprintln!("{} legs judged", judged.load(Ordering::Relaxed));
    }
}
