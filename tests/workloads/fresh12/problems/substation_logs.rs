// expect: pattern=open-close-churn bench
// The control centre of a district heating network keeps a log for each substation: valve, temperatures and pressures as
// they come in by radio, with what the controller should do next. Service staff look into the logs of the day.
// Measured: a telegram costs 4.9 µs; 1.4 µs in the twin.
use std::collections::{HashMap, VecDeque};
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{sync_channel, Receiver, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

const SUBSTATIONS: u32 = 48;
const ROUND: Duration = Duration::from_millis(50);
const A_ROUND: u32 = 16; // telegrams of a substation in a round
const DAY: u64 = 4_000; // telegrams of a substation in a (short) day

struct Telegram {
    substation: u32,
    second: u64,
    valve: u16,           // per mille
    supply: i16,          // tenths of a degree, as the others
    back: i16,
    outside: i16,
    pressures: [u16; 12], // hundredths of a bar
}

/// What the controller of a substation is told.
#[derive(Clone, Copy)]
enum Order {
    Keep,
    Open(f32),
    Close(f32),
    Alarm(&'static str),
}

/// The heating curve of a house, and its controller's memory.
struct Controller {
    slope: f32,
    recent: VecDeque<f32>,
}

impl Controller {
    fn new(number: u32) -> Self {
        Controller { slope: 1.1 + (number % 7) as f32 / 10.0, recent: VecDeque::with_capacity(16) }
    }

    fn wanted(&self, outside: f32) -> f32 {
        (35.0 + self.slope * (20.0 - outside)).clamp(35.0, 78.0)
    }

    fn order(&mut self, telegram: &Telegram) -> Order {
        if telegram.pressures[0] > telegram.pressures[11] + 250 {
            return Order::Alarm("strainer");
        }
        if self.recent.len() == 16 {
            self.recent.pop_front();
        }
        self.recent.push_back(self.wanted(f32::from(telegram.outside) / 10.0) - f32::from(telegram.supply) / 10.0);
        let mean = self.recent.iter().sum::<f32>() / self.recent.len() as f32;
        match mean {
            m if m > 1.5 => Order::Open((m / 40.0).min(0.2)),
            m if m < -1.5 => Order::Close((-m / 40.0).min(0.2)),
            _ => Order::Keep,
        }
    }
}

/// The logs of the day, one for each substation.
struct Logs {
    folder: PathBuf,
    written: HashMap<u32, u64>,
}

impl Logs {
    fn new(folder: &Path) -> Self {
        Logs { folder: folder.to_path_buf(), written: HashMap::new() }
    }

    fn path(&self, substation: u32) -> PathBuf {
        self.folder.join(format!("substation-{substation:03}.log"))
    }

    fn append(&mut self, substation: u32, entry: &str) -> io::Result<()> {
        let count = self.written.entry(substation).or_insert(0);
        *count += 1;
        let new_day = *count % DAY == 1;
        let path = self.path(substation);
        let mut file = if new_day {
            File::create(path)?
        } else {
            OpenOptions::new().append(true).open(path)? // <- cost
        };
        file.write_all(entry.as_bytes()) // <- cost
    } // <- cost
}

struct Centre {
    controllers: Vec<Controller>,
    logs: Logs,
    entry: String,
    telegrams: u64,
    alarms: u64,
}

impl Centre {
    fn new(folder: &Path) -> Self {
        Centre {
            controllers: (0..SUBSTATIONS).map(Controller::new).collect(),
            logs: Logs::new(folder),
            entry: String::with_capacity(256),
            telegrams: 0,
            alarms: 0,
        }
    }

    fn take(&mut self, telegram: &Telegram) -> io::Result<()> {
        let order = self.controllers[telegram.substation as usize].order(telegram);
        if let Order::Alarm(_) = order {
            self.alarms += 1;
        }
        self.entry.clear();
        let entry = &mut self.entry;
        let _ = write!(
            entry,
            "{} valve {} supply {} return {} outside {} pressures ",
            telegram.second, telegram.valve, telegram.supply, telegram.back, telegram.outside
        );
        for pressure in telegram.pressures {
            let _ = write!(entry, "{pressure} ");
        }
        let _ = match order {
            Order::Keep => writeln!(entry, "keep"),
            Order::Open(part) => writeln!(entry, "open by {} per mille", (part * 1000.0) as u32),
            Order::Close(part) => writeln!(entry, "close by {} per mille", (part * 1000.0) as u32),
            Order::Alarm(what) => writeln!(entry, "ALARM {what}"),
        };
        self.telegrams += 1;
        self.logs.append(telegram.substation, &self.entry) // <- cost
    }

    fn round(&mut self, telegrams: &[Telegram]) -> io::Result<()> {
        for telegram in telegrams {
            self.take(telegram)?; // <- cost
        }
        Ok(())
    }
}

/// The radio: all substations report in turn.
fn radio(out: SyncSender<Vec<Telegram>>) {
    let mut state = 0x2545_f491u32;
    let mut chance = move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 8) as f32 / (1 << 24) as f32
    };
    let began = Instant::now();
    for round in 0u32.. {
        let mut heard = Vec::with_capacity((SUBSTATIONS * A_ROUND) as usize);
        for number in 0..SUBSTATIONS * A_ROUND {
            let outside = (-40.0 + 60.0 * chance()) as i16;
            let mut pressures = [0; 12];
            for (at, pressure) in pressures.iter_mut().enumerate() {
                *pressure = 620 - 20 * at as u16 + (40.0 * chance()) as u16;
            }
            heard.push(Telegram {
                substation: number % SUBSTATIONS,
                second: u64::from(round) * 60 + u64::from(number / SUBSTATIONS) * 6,
                valve: (1000.0 * chance()) as u16,
                supply: 550 + (200.0 * chance()) as i16,
                back: 380 + (80.0 * chance()) as i16,
                outside,
                pressures,
            });
        }
        if out.send(heard).is_err() {
            return;
        }
        let due = ROUND * (round + 1);
        thread::sleep(due.saturating_sub(began.elapsed()));
    }
}

fn centre(rounds: Receiver<Vec<Telegram>>, folder: &Path) -> io::Result<()> {
    let mut centre = Centre::new(folder);
    let mut spent = Duration::ZERO;
    for (number, telegrams) in rounds.iter().enumerate() {
        let began = Instant::now();
        centre.round(&telegrams)?; // <- cost
        spent += began.elapsed();
        if number == 30 {
            println!("ready {}", std::process::id());
        }
        if number % 40 == 39 {
            let each = spent.as_nanos() as u64 / centre.telegrams;
            let state = format!("{} telegrams, {each} ns each, {} alarms\n", centre.telegrams, centre.alarms);
            fs::write(folder.join("state.txt"), state)?;
        }
    }
    Ok(())
}

fn main() -> io::Result<()> {
    let folder = std::env::temp_dir().join(format!("substations-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let (out, rounds) = sync_channel(4);
    thread::spawn(move || radio(out));
    centre(rounds, &folder)
}
