// expect: pattern=small-io bench
// Takes the levels that river gauges report, warns of floods, and keeps all in a file for each day of the hydrologists.
// Measured: 129,000 readings for a second of CPU (two system calls a reading hold three quarters of the time), 706,000
// in the twin, 5.4 times as many.
use std::collections::VecDeque;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, Write};
use std::time::{Duration, Instant};

const GAUGES: usize = 64;
const PER_DAY: u64 = 150_000;

struct Reading {
    gauge: usize,
    minute: u64,
    millimetres: i64,
    battery: u8,
}

#[derive(Clone, Copy, PartialEq)]
enum Stage {
    Low,
    Normal,
    Flood,
}

impl fmt::Display for Stage {
    fn fmt(&self, to: &mut fmt::Formatter) -> fmt::Result {
        to.write_str(match self {
            Stage::Low => "low",
            Stage::Normal => "normal",
            Stage::Flood => "flood",
        })
    }
}

/// The last levels of one gauge: a jump that comes alone is a piece of wood.
#[derive(Default)]
struct Gauge {
    last: VecDeque<i64>,
    warned: bool,
}

impl Gauge {
    fn smooth(&mut self, level: i64) -> i64 {
        if self.last.len() == 5 {
            self.last.pop_front();
        }
        self.last.push_back(level);
        let mut sorted: [i64; 5] = [level; 5];
        for (at, value) in self.last.iter().enumerate() {
            sorted[at] = *value;
        }
        sorted.sort_unstable();
        sorted[2]
    }

    fn stage(&self, level: i64) -> Stage {
        match level {
            ..=900 => Stage::Low,
            901..=4200 => Stage::Normal,
            _ => Stage::Flood,
        }
    }
}

/// One file for a day; yesterday's is kept, older ones are not.
struct DayFile {
    file: File, // <- cost
    lines: u64,
    days: u64,
}

impl DayFile {
    fn open() -> io::Result<Self> {
        Ok(DayFile { file: File::create("levels.csv")?, lines: 0, days: 0 }) // <- cost
    }

    fn add(&mut self, reading: &Reading, level: i64, stage: Stage) -> io::Result<()> {
        write!(self.file, "{};{};{};", reading.gauge, reading.minute, reading.millimetres)?; // <- cost
        writeln!(self.file, "{level};{stage};{}", reading.battery)?; // <- cost
        self.lines += 1;
        if self.lines == PER_DAY {
            self.turn()?;
        }
        Ok(())
    }

    fn turn(&mut self) -> io::Result<()> {
        let length = self.file.stream_position()?;
        fs::rename("levels.csv", "yesterday.csv")?;
        *self = DayFile { days: self.days + 1, ..DayFile::open()? };
        note(&format!("day {} closed, {} bytes", self.days, length))
    }
}

fn note(text: &str) -> io::Result<()> {
    let mut log = OpenOptions::new().create(true).append(true).open("gauges.log")?;
    log.write_all(format!("{text}\n").as_bytes())
}

/// What the radio brings: a slow wave for each river, and some noise.
fn receive(number: u64) -> Reading {
    let gauge = (number * 31 % GAUGES as u64) as usize;
    let minute = number / GAUGES as u64;
    let wave = ((minute as f64 / 700.0 + gauge as f64).sin() * 2200.0) as i64 + 2600;
    let noise = (number * 7919 % 113) as i64 - 56;
    let wood = if number % 997 == 0 { 1500 } else { 0 };
    Reading { gauge, minute, millimetres: wave + noise + wood, battery: (100 - minute / 40 % 90) as u8 }
}

fn main() -> io::Result<()> {
    let mut gauges: Vec<Gauge> = (0..GAUGES).map(|_| Gauge::default()).collect();
    let mut day = DayFile::open()?;
    let (mut warnings, began) = (0u64, Instant::now());
    let mut told = began;
    println!("ready {}", std::process::id());
    for number in 0u64.. {
        let reading = receive(number);
        let gauge = &mut gauges[reading.gauge];
        let level = gauge.smooth(reading.millimetres);
        let stage = gauge.stage(level);
        if stage == Stage::Flood && !gauge.warned {
            warnings += 1;
        }
        gauge.warned = stage == Stage::Flood;
        day.add(&reading, level, stage)?; // <- cost
        if number % 256 == 0 && told.elapsed() > Duration::from_secs(1) {
            told = Instant::now();
            let rate = number as f64 / began.elapsed().as_secs_f64();
            note(&format!("{rate:.0} a second, {warnings} warnings"))?;
        }
    }
    Ok(())
}
