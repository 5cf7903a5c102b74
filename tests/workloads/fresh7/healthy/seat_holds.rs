// expect: healthy bench
// Holds seats for the customers of a cinema: a line asks for so many places side by side in a show, and is told which;
// a hold ends after two seconds by itself. A thread for each connection, of which there are few; a lock for each show.
// Measured: 2100 to 2600 lines a second, 15 to 23 us each, 5 % of a core.
use std::collections::VecDeque;
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const SHOWS: usize = 24;
const ROWS: usize = 20;
const WIDTH: u32 = 32;
const HOLD: Duration = Duration::from_secs(2);

struct Hold {
    until: Instant,
    row: usize,
    mask: u32,
}

/// The places of a show, a bit for each; holds in the order in which they end.
struct Show {
    rows: [u32; ROWS],
    holds: VecDeque<Hold>,
}

impl Show {
    fn new() -> Show {
        Show { rows: [0; ROWS], holds: VecDeque::new() }
    }

    fn expire(&mut self, now: Instant) {
        while let Some(first) = self.holds.front() {
            if first.until > now {
                break;
            }
            self.rows[first.row] &= !first.mask;
            self.holds.pop_front();
        }
    }

    /// The best place for `count` people: nearest to the middle, from the row that sees best.
    fn hold(&mut self, count: u32, now: Instant) -> Option<(usize, u32)> {
        self.expire(now);
        let wanted = (1u32 << count) - 1;
        for step in 0..ROWS {
            let row = (ROWS * 2 / 3 + if step % 2 == 0 { step / 2 } else { ROWS - (step + 1) / 2 }) % ROWS;
            let middle = (WIDTH - count) / 2;
            for aside in 0..=middle {
                for place in [middle - aside, middle + aside] {
                    let mask = wanted << place;
                    if self.rows[row] & mask == 0 {
                        self.rows[row] |= mask;
                        self.holds.push_back(Hold { until: now + HOLD, row, mask });
                        return Some((row, place));
                    }
                }
            }
        }
        None
    }

    fn taken(&self) -> u32 {
        self.rows.iter().map(|row| row.count_ones()).sum()
    }
}

struct House {
    shows: Vec<Mutex<Show>>,
    answered: AtomicU64,
    refused: AtomicU64,
    nanos: AtomicU64,
}

impl House {
    fn new() -> House {
        House {
            shows: (0..SHOWS).map(|_| Mutex::new(Show::new())).collect(),
            answered: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            nanos: AtomicU64::new(0),
        }
    }

    fn answer(&self, line: &str, out: &mut String) {
        out.clear();
        let mut words = line.split_ascii_whitespace();
        let show = words.next().and_then(|word| word.parse::<usize>().ok()).filter(|show| *show < SHOWS);
        let count = words.next().and_then(|word| word.parse::<u32>().ok()).filter(|count| (1..=12).contains(count));
        let (Some(show), Some(count)) = (show, count) else {
            out.push_str("what?\n\n");
            return;
        };
        let held = self.shows[show].lock().unwrap().hold(count, Instant::now());
        match held {
            Some((row, place)) => writeln!(out, "show {show} row {} seats {}-{}\n", row + 1, place + 1, place + count),
            None => {
                self.refused.fetch_add(1, Ordering::Relaxed);
                writeln!(out, "full\n")
            }
        }
        .expect("a text takes everything");
    }

    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut write = stream.try_clone()?;
        let mut read = BufReader::new(stream);
        let (mut line, mut out) = (String::new(), String::new());
        loop {
            line.clear();
            if read.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let began = Instant::now();
            self.answer(&line, &mut out);
            write.write_all(out.as_bytes())?;
            self.answered.fetch_add(1, Ordering::Relaxed);
            self.nanos.fetch_add(began.elapsed().as_nanos() as u64, Ordering::Relaxed);
        }
    }

    fn report(&self) -> String {
        let answered = self.answered.load(Ordering::Relaxed);
        let each = self.nanos.load(Ordering::Relaxed) / answered.max(1) / 1000;
        let taken: u32 = self.shows.iter().map(|show| show.lock().unwrap().taken()).sum();
        let refused = self.refused.load(Ordering::Relaxed);
        format!("{answered} answered, {each} us each, {refused} refused, {taken} places held\n")
    }
}

fn main() -> io::Result<()> {
    let house = Arc::new(House::new());
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port().to_string();
    let clients = Path::new(&env::var("SERVICES").expect("SERVICES")).with_file_name("clients.py");
    let asked: Vec<String> = (0..240).map(|number| format!("{} {}", number % SHOWS, 1 + number * 7 % 6)).collect();
    let mut customers = Command::new(env::var("PYTHON").expect("PYTHON"));
    customers.arg(clients).args(["lines", &port, &asked.join(","), "6", "0.002"]).stdout(Stdio::null()).status()?;
    let watched = Arc::clone(&house);
    thread::spawn(move || loop {
        thread::sleep(Duration::from_secs(1));
        let _ = fs::write("holds.log", watched.report());
    });
    println!("ready {}", std::process::id());
    for stream in listener.incoming() {
        let (house, stream) = (Arc::clone(&house), stream?);
        thread::spawn(move || house.serve(stream));
    }
    Ok(())
}
