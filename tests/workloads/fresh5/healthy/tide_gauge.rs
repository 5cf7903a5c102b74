// expect: healthy bench
// Watches the tide for a ferry line: takes a measurement every second, smooths it, foretells the next high water, and
// writes down what changes. It sleeps nearly all the time, and so do its two helpers, which wait for work.
use std::collections::VecDeque;
use std::f64::consts::TAU;
use std::fs::{self, File};
use std::io::{self, Write};
use std::sync::mpsc::{channel, sync_channel, Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

const KEPT: usize = 900;
const PERIOD: f64 = 44714.0; // seconds from one high water to the next

#[derive(Clone, Copy, Debug)]
struct Level {
    second: u64,
    metres: f64,
}

#[derive(Debug)]
enum Notice {
    Level(Level),
    High { in_seconds: u64 },
    Shallow(Level),
    Failure(String),
}

/// The float in its tube: slow, with waves on top.
struct Gauge {
    started: Instant,
}

impl Gauge {
    fn read(&self) -> Result<Level, String> {
        let second = self.started.elapsed().as_secs();
        let at = 20000.0 + second as f64;
        let metres = 3.1 + 1.4 * (TAU * at / PERIOD).cos() + 0.12 * (at * 0.7).sin();
        if second % 97 == 96 {
            return Err(format!("no echo at {second}"));
        }
        Ok(Level { second, metres })
    }
}

struct Forecast {
    levels: VecDeque<Level>,
    mean: f64,
    shallow: bool,
}

impl Forecast {
    fn new() -> Forecast {
        Forecast { levels: VecDeque::with_capacity(KEPT), mean: 3.0, shallow: false }
    }

    fn take(&mut self, level: Level) -> Vec<Notice> {
        if self.levels.len() == KEPT {
            self.levels.pop_front();
        }
        self.levels.push_back(level);
        self.mean += 0.05 * (level.metres - self.mean);
        let mut notices = vec![Notice::Level(Level { metres: self.mean, ..level })];
        if (self.mean < 1.8) != self.shallow {
            self.shallow = !self.shallow;
            notices.push(Notice::Shallow(level));
        }
        if level.second % 30 == 0 {
            let phase = (20000.0 + level.second as f64) % PERIOD;
            notices.push(Notice::High { in_seconds: (PERIOD - phase) as u64 });
        }
        notices
    }
}

/// Keeps the last notices in a file that the ships fetch.
fn publish(notices: Receiver<Notice>) -> io::Result<()> {
    let mut last: VecDeque<String> = VecDeque::new();
    for notice in notices {
        if last.len() == 60 {
            last.pop_front();
        }
        last.push_back(match notice {
            Notice::Level(level) => format!("{:8} {:.2} m", level.second, level.metres),
            Notice::High { in_seconds } => format!("high water in {} minutes", in_seconds / 60),
            Notice::Shallow(level) => format!("{:8} mind the bar: {:.2} m", level.second, level.metres),
            Notice::Failure(problem) => problem,
        });
        fs::write("tide.new", last.iter().fold(String::new(), |text, line| text + line + "\n"))?;
        fs::rename("tide.new", "tide.txt")?;
    }
    Ok(())
}

/// Raises an alarm if nothing was measured for ten seconds.
fn watch(alive: Receiver<u64>, mut log: File) -> io::Result<()> {
    let mut last = 0;
    loop {
        match alive.recv_timeout(Duration::from_secs(10)) {
            Ok(second) => {
                if second / 10 != last / 10 {
                    writeln!(log, "{second} all is well")?;
                }
                last = second;
            }
            Err(RecvTimeoutError::Timeout) => writeln!(log, "silent since {last}")?,
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
    }
}

fn measure(gauge: &Gauge, forecast: &mut Forecast, alive: &SyncSender<u64>) -> Result<Vec<Notice>, String> {
    let level = gauge.read()?;
    alive.send(level.second).map_err(|error| error.to_string())?;
    Ok(forecast.take(level))
}

fn main() -> io::Result<()> {
    let log = File::create("gauge.log")?;
    let (notices, published) = channel();
    let (alive, watched) = sync_channel(8);
    thread::spawn(move || publish(published).expect("nobody can read the tide"));
    thread::spawn(move || watch(watched, log).expect("the log is full"));
    let gauge = Gauge { started: Instant::now() };
    let mut forecast = Forecast::new();
    println!("ready {}", std::process::id());
    for turn in 1.. {
        match measure(&gauge, &mut forecast, &alive) {
            Ok(found) => found.into_iter().for_each(|notice| notices.send(notice).expect("nobody listens")),
            Err(problem) => notices.send(Notice::Failure(problem)).expect("nobody listens"),
        }
        let due = gauge.started + Duration::from_secs(turn);
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    Ok(())
}
