// expect: healthy bench
// Keeps the log of scares in a ghost train: the controllers of six halls tell each ghost, bat and hatch that went off,
// with its voltage; every scare is written to its hall's log, judged, and answered. Answers say which scares are
// durable; a controller repeats those that are not after a breakdown.
//
// Measured: 150 scares a second; 0.5 to 5 ms each (as the disk is), in the twin 0.03 ms; CPU 2 % and 1 %.
use std::collections::{BTreeMap, VecDeque};
use std::env;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{self, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

const HALLS: usize = 6;
const PER_SECOND: u64 = 25; // scares of a hall
const LARGEST: u64 = 4 << 20;

#[derive(Debug)]
enum Problem {
    Malformed(String),
    Io(io::Error),
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        Problem::Io(error)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Problem::Malformed(text) => write!(out, "cannot read {:?}", text),
            Problem::Io(error) => write!(out, "{}", error),
        }
    }
}

struct Scare {
    number: u64,
    device: String,
    millivolts: u32,
    riders: u8,
}

impl Scare {
    fn parse(line: &str) -> Result<Scare, Problem> {
        let malformed = || Problem::Malformed(line.to_string());
        let mut words = line.split_whitespace();
        let mut word = || words.next().ok_or_else(malformed);
        Ok(Scare {
            number: word()?.parse().map_err(|_| malformed())?,
            device: word()?.to_string(),
            millivolts: word()?.parse().map_err(|_| malformed())?,
            riders: word()?.parse().map_err(|_| malformed())?,
        })
    }
}

/// The log of a hall: a line for each scare, and a file anew when it has become large.
struct Log {
    path: PathBuf,
    file: File,
    size: u64,
    written: Arc<AtomicU64>,
    durable: Arc<AtomicU64>,
}

impl Log {
    fn open(hall: usize) -> io::Result<Log> {
        let path = PathBuf::from(format!("halls/{}.log", hall));
        let file = OpenOptions::new().create(true).append(true).open(&path)?;
        let size = file.metadata()?.len();
        Ok(Log { path, file, size, written: Arc::default(), durable: Arc::default() })
    }

    /// Make what was written durable every two seconds, beside the scares.
    fn keep_durable(&self) {
        let (path, written, durable) = (self.path.clone(), Arc::clone(&self.written), Arc::clone(&self.durable));
        thread::spawn(move || loop {
            thread::sleep(Duration::from_secs(2));
            let last = written.load(Ordering::Acquire);
            match File::open(&path).and_then(|file| file.sync_data()) {
                Ok(()) => durable.store(last, Ordering::Release),
                Err(error) => eprintln!("{}: {}", path.display(), error),
            }
        });
    }

    fn append(&mut self, scare: &Scare, mood: &str) -> io::Result<()> {
        let line = format!(
            "{:>10} {:<12} {:>6} mV {:>2} riders, {}\n",
            scare.number, scare.device, scare.millivolts, scare.riders, mood
        );
        if self.size + line.len() as u64 > LARGEST {
            self.rotate()?;
        }
        self.file.write_all(line.as_bytes())?;
        self.size += line.len() as u64;
        self.written.store(scare.number, Ordering::Release);
        Ok(())
    }

    fn rotate(&mut self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.path, self.path.with_extension("old"))?;
        self.file = OpenOptions::new().create(true).append(true).open(&self.path)?;
        self.size = 0;
        Ok(())
    }

    fn durable(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }
}

/// What the last scares of each device in a hall were like: a weak one may have a worn spring.
#[derive(Default)]
struct Devices {
    recent: BTreeMap<String, VecDeque<u32>>,
}

impl Devices {
    fn judge(&mut self, scare: &Scare) -> &'static str {
        let recent = self.recent.entry(scare.device.clone()).or_default();
        if recent.len() == 64 {
            recent.pop_front();
        }
        recent.push_back(scare.millivolts);
        let mean = recent.iter().map(|&value| f64::from(value)).sum::<f64>() / recent.len() as f64;
        let last = f64::from(scare.millivolts);
        match last {
            _ if last < mean * 0.7 => "weak",
            _ if last > mean * 1.3 => "wild",
            _ => "as usual",
        }
    }
}

#[derive(Default)]
struct Figures {
    answered: AtomicU64,
    refused: AtomicU64,
    microseconds: AtomicU64,
}

fn take(line: &str, log: &mut Log, devices: &mut Devices) -> Result<String, Problem> {
    let scare = Scare::parse(line)?;
    let mood = devices.judge(&scare);
    log.append(&scare, mood)?;
    Ok(format!("ok {} {} durable {}\n", scare.number, mood, log.durable()))
}

fn serve(stream: TcpStream, mut log: Log, figures: &Figures) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut answers = stream.try_clone()?;
    let mut devices = Devices::default();
    for line in BufReader::new(stream).lines() {
        let line = line?;
        let began = Instant::now();
        let answer = match take(&line, &mut log, &mut devices) {
            Ok(answer) => answer,
            Err(problem) => {
                figures.refused.fetch_add(1, Ordering::Relaxed);
                format!("refused: {}\n", problem)
            }
        };
        answers.write_all(answer.as_bytes())?;
        figures.answered.fetch_add(1, Ordering::Relaxed);
        figures.microseconds.fetch_add(began.elapsed().as_micros() as u64, Ordering::Relaxed);
    }
    Ok(())
}

/// The controller of a hall, in a process that is not ours.
fn control(port: u16, hall: u64) -> io::Result<()> {
    let stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_nodelay(true)?;
    let mut line = stream.try_clone()?;
    let mut answers = BufReader::new(stream);
    let mut answer = String::new();
    let devices = ["bat", "skeleton", "hatch", "cobweb", "cackle"];
    let mut due = Instant::now() + Duration::from_millis(hall * 6);
    for number in 1u64.. {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        due += Duration::from_micros(1_000_000 / PER_SECOND);
        let device = devices[(number * 7 % 5) as usize];
        let millivolts = 4000 + number * 7919 % 2500;
        line.write_all(format!("{} {} {} {}\n", number, device, millivolts, number % 5).as_bytes())?;
        answer.clear();
        if answers.read_line(&mut answer)? == 0 {
            break;
        }
    }
    Ok(())
}

fn start_controllers(port: u16) -> io::Result<()> {
    let own = env::current_exe()?;
    let command = format!("'{}' controllers {} </dev/null >/dev/null 2>&1 &", own.display(), port);
    Command::new("sh").arg("-c").arg(command).stdin(Stdio::null()).status().map(|_| ())
}

fn main() -> io::Result<()> {
    let words: Vec<String> = env::args().collect();
    if words.len() == 3 && words[1] == "controllers" {
        let port: u16 = words[2].parse().expect("a port");
        for hall in 0..HALLS as u64 {
            thread::spawn(move || process::exit(control(port, hall).is_err() as i32));
        }
        loop {
            thread::park();
        }
    }
    fs::create_dir_all("halls")?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    start_controllers(listener.local_addr()?.port())?;
    let figures = Arc::new(Figures::default());
    for hall in 0..HALLS {
        let (stream, _) = listener.accept()?;
        let log = Log::open(hall)?;
        log.keep_durable();
        let figures = Arc::clone(&figures);
        thread::spawn(move || {
            if let Err(error) = serve(stream, log, &figures) {
                eprintln!("hall {}: {}", hall, error);
            }
        });
    }
    thread::sleep(Duration::from_millis(1200));
    println!("ready {}", process::id());
    io::stdout().flush()?;
    loop {
        thread::sleep(Duration::from_secs(5));
        let answered = figures.answered.swap(0, Ordering::Relaxed);
        let spent = figures.microseconds.swap(0, Ordering::Relaxed);
        let refused = figures.refused.load(Ordering::Relaxed);
        eprintln!("{} scares, {} us each, {} refused", answered, spent / answered.max(1), refused);
    }
}
