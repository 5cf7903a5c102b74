// expect: healthy bench
// Metrics aggregator of the plinth statue archive's services: takes statsd lines (`name:value|c`, `|g`, `|ms`) over TCP from
// the forwarders, keeps counters, gauges and histograms of times, and writes a snapshot every two seconds.
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

const LINES_PER_SECOND: usize = 1_500_000;
const ROUNDS_PER_SECOND: usize = 50;
const NAMES: usize = 600;
const BUCKETS: usize = 32;

#[derive(Clone)]
struct Times {
    count: u64,
    sum: f64,
    buckets: [u64; BUCKETS],
}

impl Times {
    fn new() -> Times {
        Times { count: 0, sum: 0.0, buckets: [0; BUCKETS] }
    }

    fn add(&mut self, value: f64) {
        let at = (64 - (value as u64).leading_zeros()) as usize;
        self.buckets[at.min(BUCKETS - 1)] += 1;
        self.count += 1;
        self.sum += value;
    }

    fn quantile(&self, part: f64) -> u64 {
        let wanted = (self.count as f64 * part).ceil() as u64;
        let mut seen = 0;
        for (at, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return 1 << at;
            }
        }
        1 << BUCKETS
    }
}

enum Metric {
    Counter(f64),
    Gauge(f64),
    Times(Box<Times>),
}

impl Metric {
    fn of(kind: &[u8], value: f64) -> Option<Metric> {
        match kind {
            b"c" => Some(Metric::Counter(value)),
            b"g" => Some(Metric::Gauge(value)),
            b"ms" => {
                let mut times = Box::new(Times::new());
                times.add(value);
                Some(Metric::Times(times))
            }
            _ => None,
        }
    }

    fn merge(&mut self, value: f64) {
        match self {
            Metric::Counter(sum) => *sum += value,
            Metric::Gauge(last) => *last = value,
            Metric::Times(times) => times.add(value),
        }
    }
}

#[derive(Default)]
struct Registry {
    metrics: HashMap<Vec<u8>, Metric>,
    broken: u64,
}

fn number(text: &[u8]) -> Option<f64> {
    let mut value = 0u64;
    if text.is_empty() || text.len() > 15 {
        return None;
    }
    for byte in text {
        match byte {
            b'0'..=b'9' => value = value * 10 + u64::from(byte - b'0'),
            _ => return std::str::from_utf8(text).ok()?.parse().ok(),
        }
    }
    Some(value as f64)
}

fn split(line: &[u8]) -> Option<(&[u8], f64, &[u8])> {
    let colon = line.iter().position(|b| *b == b':')?;
    let bar = colon + line[colon..].iter().position(|b| *b == b'|')?;
    Some((&line[..colon], number(&line[colon + 1..bar])?, &line[bar + 1..]))
}

impl Registry {
    fn line(&mut self, line: &[u8]) {
        let (name, value, kind) = match split(line) {
            Some(parts) => parts,
            None => {
                self.broken += 1;
                return;
            }
        };
        if let Some(metric) = self.metrics.get_mut(name) {
            metric.merge(value);
        } else if let Some(metric) = Metric::of(kind, value) {
            self.metrics.insert(name.to_vec(), metric);
        } else {
            self.broken += 1;
        }
    }

    fn snapshot(&self, path: &str) -> std::io::Result<()> {
        let mut out = BufWriter::new(File::create(path)?);
        for (name, metric) in &self.metrics {
            out.write_all(name)?;
            match metric {
                Metric::Counter(sum) => writeln!(out, " {sum}")?,
                Metric::Gauge(last) => writeln!(out, " {last}")?,
                Metric::Times(times) => {
                    let mean = times.sum / times.count as f64;
                    writeln!(out, " {} {mean:.2} {} {}", times.count, times.quantile(0.5), times.quantile(0.99))?
                }
            }
        }
        writeln!(out, "broken {}", self.broken)?;
        out.flush()
    }
}

fn aggregate(mut stream: TcpStream, taken: Arc<AtomicU64>) -> std::io::Result<()> {
    let mut registry = Registry::default();
    let mut buffer = vec![0u8; 256 * 1024];
    let mut filled = 0;
    let mut written = Instant::now();
    loop {
        let got = stream.read(&mut buffer[filled..])?;
        if got == 0 {
            return Ok(());
        }
        filled += got;
        let mut lines = 0;
        let mut start = 0;
        while let Some(length) = buffer[start..filled].iter().position(|b| *b == b'\n') {
            registry.line(&buffer[start..start + length]);
            start += length + 1;
            lines += 1;
        }
        if start == 0 && filled == buffer.len() {
            registry.broken += 1;
            filled = 0;
        } else {
            buffer.copy_within(start..filled, 0);
            filled -= start;
        }
        taken.fetch_add(lines, Ordering::Relaxed);
        if written.elapsed() >= Duration::from_secs(2) {
            registry.snapshot("tally.txt")?;
            written = Instant::now();
        }
    }
}

fn forwarder(mut stream: TcpStream) -> std::io::Result<()> {
    let mut state = 0x2545_F491_4F6C_DD1Du64;
    let mut random = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let rounds: Vec<Vec<u8>> = (0..40)
        .map(|_| {
            let mut text = Vec::new();
            for _ in 0..LINES_PER_SECOND / ROUNDS_PER_SECOND {
                let at = random(NAMES as u64);
                let kind = ["c", "g", "ms"][at as usize % 3];
                writeln!(text, "plinth.gallery{}.{}:{}|{}", at / 3, ["visits", "humidity", "render"][at as usize % 3], random(3000), kind).unwrap();
            }
            text
        })
        .collect();
    let mut due = Instant::now();
    for at in 0.. {
        stream.write_all(&rounds[at % rounds.len()])?;
        due += Duration::from_millis(1000 / ROUNDS_PER_SECOND as u64);
        let now = Instant::now();
        if due > now {
            thread::sleep(due - now);
        } else {
            due = now;
        }
    }
    Ok(())
}

fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let to = listener.local_addr()?;
    thread::spawn(move || TcpStream::connect(to).and_then(forwarder));
    let (stream, _) = listener.accept()?;
    let taken = Arc::new(AtomicU64::new(0));
    let count = taken.clone();
    let worker = thread::spawn(move || aggregate(stream, count));
    while taken.load(Ordering::Relaxed) < 1_000_000 {
        thread::sleep(Duration::from_millis(50));
    }
    println!("ready {}", std::process::id());
    worker.join().unwrap()
}
