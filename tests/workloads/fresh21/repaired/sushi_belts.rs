// expect: healthy bench
// Follows the plates on the belts of sushi bars: readers at the seats tell which plate passes, and for how many
// milliseconds it rode from the reader before. The kitchen sees what goes round for too long, and the gauges of the
// belts (how long plates ride between seats) are asked for by the monitoring twice a second.
//
// Measured: grows by 3.1 MiB/s, the twin stays at 2.3 MiB; both observe 8000 passes a second; CPU 2.3 % and 1.2 %.
use std::collections::{HashMap, VecDeque};
use std::env;
use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{self, Command};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const BELTS: u32 = 6;
const SEATS: u32 = 30;
const DISHES: [&str; 8] = ["salmon", "tuna", "eel", "egg", "squid", "mackerel", "scallop", "cucumber"];
const BUCKETS: usize = 160;
const BUCKET_MS: u32 = 25;
const KITCHENS: u32 = 2;
const BEAT: Duration = Duration::from_millis(20);
const PASSES: u32 = 80; // of each kitchen, at a beat

/// How often something took how long.
struct Histogram {
    buckets: Vec<u32>,
    count: u32,
    sum: u64,
}

impl Histogram {
    fn new() -> Histogram {
        Histogram { buckets: vec![0; BUCKETS], count: 0, sum: 0 }
    }

    fn add(&mut self, value: u32) {
        let bucket = (value / BUCKET_MS) as usize;
        self.buckets[bucket.min(BUCKETS - 1)] += 1;
        self.count += 1;
        self.sum += u64::from(value);
    }
}

/// The gauges of this process: a histogram for each set of labels.
#[derive(Default)]
struct Gauges {
    rides: HashMap<String, Histogram>,
    total: u64,
}

impl Gauges {
    fn observe(&mut self, pass: &Pass) {
        let labels = format!("belt={},dish={}", pass.belt, pass.dish);
        self.rides.entry(labels).or_insert_with(Histogram::new).add(pass.millis);
        self.total += 1;
    }
}

/// `BELT SEAT PLATE DISH MILLISECONDS`, as a reader tells it.
struct Pass<'a> {
    belt: u32,
    seat: u32,
    plate: u32,
    dish: &'a str,
    millis: u32,
}

fn parse(line: &str) -> Option<Pass<'_>> {
    let mut words = line.split_ascii_whitespace();
    let belt = words.next()?.parse().ok().filter(|belt| *belt < BELTS)?;
    let seat = words.next()?.parse().ok().filter(|seat| *seat < SEATS)?;
    let plate = words.next()?.parse().ok()?;
    let dish = words.next()?;
    let millis = words.next()?.parse().ok()?;
    Some(Pass { belt, seat, plate, dish, millis })
}

#[derive(Clone, Default)]
struct Seat {
    passed: u64,
    slow: u64,
    last: u32,
}

/// One belt: its seats, and the plates that were too slow last.
#[derive(Clone)]
struct Belt {
    seats: Vec<Seat>,
    slow: VecDeque<(u32, u32)>,
    typical: f64,
}

impl Belt {
    const KEPT: usize = 50;

    fn new() -> Belt {
        Belt { seats: vec![Seat::default(); SEATS as usize], slow: VecDeque::with_capacity(Self::KEPT), typical: 0.0 }
    }

    fn pass(&mut self, pass: &Pass) {
        let seat = &mut self.seats[pass.seat as usize];
        seat.passed += 1;
        seat.last = pass.plate;
        let millis = f64::from(pass.millis);
        if self.typical > 0.0 && millis > self.typical * 1.8 {
            seat.slow += 1;
            if self.slow.len() == Self::KEPT {
                self.slow.pop_front();
            }
            self.slow.push_back((pass.plate, pass.millis));
        }
        self.typical += (millis - self.typical) / 200.0;
    }
}

struct Bar {
    belts: Vec<Belt>,
    gauges: Gauges,
    garbled: u64,
}

impl Bar {
    fn take(&mut self, lines: &[String]) {
        for line in lines {
            match parse(line) {
                Some(pass) => {
                    self.belts[pass.belt as usize].pass(&pass);
                    self.gauges.observe(&pass);
                }
                None => self.garbled += 1,
            }
        }
    }

    /// What the kitchen's screen shows.
    fn screen(&self) -> String {
        let mut text = String::new();
        for (number, belt) in self.belts.iter().enumerate() {
            let passed: u64 = belt.seats.iter().map(|seat| seat.passed).sum();
            let worst = belt.seats.iter().enumerate().max_by_key(|(_, seat)| seat.slow).map_or(0, |(at, _)| at);
            let _ = write!(text, "belt {} passed {} typically {:.0} ms", number, passed, belt.typical);
            let _ = writeln!(text, ", worst at seat {}, slow {:?}", worst, belt.slow.back());
        }
        let _ = writeln!(text, "{} observed, {} garbled", self.gauges.total, self.garbled);
        text
    }
}

fn serve(kitchen: TcpStream, bar: &Mutex<Bar>) -> io::Result<()> {
    let mut reader = BufReader::with_capacity(1 << 14, kitchen);
    let mut batch: Vec<String> = Vec::with_capacity(128);
    loop {
        let mut line = String::with_capacity(40);
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        batch.push(line);
        if reader.buffer().is_empty() || batch.len() == 128 {
            bar.lock().unwrap().take(&batch);
            batch.clear();
        }
    }
}

/// The readers of some belts: each plate is put on, passes two seats, and is eaten; new ones come all the time.
fn ride(port: &str, kitchen: u32) -> io::Result<()> {
    let mut out = TcpStream::connect(format!("127.0.0.1:{}", port))?;
    let mut due = Instant::now();
    let mut passes = kitchen.wrapping_mul(1_000_000_000);
    loop {
        let mut text = String::new();
        for _ in 0..PASSES {
            let plate = passes / 2;
            let belt = plate % (BELTS / KITCHENS) * KITCHENS + kitchen;
            let mixed = passes.wrapping_mul(2654435761) >> 16;
            let dish = DISHES[(plate / 5 % 8) as usize];
            let millis = 300 + mixed % 500 + if mixed % 61 == 0 { 900 } else { 0 };
            let _ = writeln!(text, "{} {} {} {} {}", belt, passes % SEATS, plate, dish, millis);
            passes = passes.wrapping_add(1);
        }
        out.write_all(text.as_bytes())?;
        due += BEAT;
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
}

fn main() -> io::Result<()> {
    if let Some(port) = env::args().nth(1) {
        let kitchens: Vec<_> = (0..KITCHENS)
            .map(|kitchen| (port.clone(), kitchen))
            .map(|(port, kitchen)| thread::spawn(move || ride(&port, kitchen)))
            .collect();
        kitchens.into_iter().for_each(|kitchen| drop(kitchen.join()));
        return Ok(());
    }
    let belts = vec![Belt::new(); BELTS as usize];
    let bar = Arc::new(Mutex::new(Bar { belts, gauges: Gauges::default(), garbled: 0 }));
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let load = format!("'{}' {} >/dev/null 2>&1 &", env::current_exe()?.display(), listener.local_addr()?.port());
    Command::new("sh").args(["-c", &load]).status()?;
    for _ in 0..KITCHENS {
        let (kitchen, _) = listener.accept()?;
        let bar = Arc::clone(&bar);
        thread::spawn(move || serve(kitchen, &bar));
    }
    thread::sleep(Duration::from_secs(1));
    println!("ready {}", process::id());
    loop {
        thread::sleep(Duration::from_millis(500));
        let screen = bar.lock().unwrap().screen();
        std::fs::write("screen.txt", screen)?;
    }
}
