// expect: pattern=hot-loop bench
// Log enrichment for the pagoda hosting group: each log line carries the name of the host it comes from; the pipeline adds
// the team, tier and data centre from the inventory, and counts lines by team and severity for the billing of log volume.
//
// Measured: for 30,000 lines a second 0.51 to 0.75 cores, repaired 0.04 (with -O: 0.16 and 0.02).
use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{sync_channel, Receiver, SyncSender};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

const HOSTS: usize = 4000;
const LINES_PER_SECOND: usize = 30_000;
const BATCH: usize = 300;
const SEVERITIES: [&str; 4] = ["debug", "info", "warn", "error"];

struct Random(u64);

impl Random {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below as u64) as usize
    }
}

#[derive(Clone)]
struct Host {
    name: String,
    team: u16,
    tier: u8,
    site: u8,
}

struct Inventory {
    hosts: Vec<Host>,
}

impl Inventory {
    fn load(path: &str) -> Inventory {
        let text = fs::read_to_string(path).expect("inventory");
        let mut hosts = Vec::new();
        for line in text.lines() {
            let mut parts = line.split(',');
            let name = parts.next().unwrap_or("").to_string();
            let mut number = || parts.next().and_then(|p| p.parse::<u16>().ok()).unwrap_or(0);
            let (team, tier, site) = (number(), number() as u8, number() as u8);
            hosts.push(Host { name, team, tier, site });
        }
        Inventory { hosts }
    }

    fn lookup(&self, name: &str) -> Option<&Host> {
        self.hosts.iter().find(|host| host.name == name) // <- cost
    }
}

struct Record<'a> {
    host: &'a str,
    severity: usize,
    message: &'a str,
}

fn parse(line: &str) -> Option<Record<'_>> {
    let mut parts = line.splitn(4, ' ');
    let _time = parts.next()?;
    let host = parts.next()?;
    let word = parts.next()?;
    let severity = SEVERITIES.iter().position(|s| *s == word)?;
    Some(Record { host, severity, message: parts.next()? })
}

#[derive(Default, Clone, Copy)]
struct Volume {
    lines: u64,
    bytes: u64,
    first_tier: u64,
    remote: u64,
}

struct Totals {
    by_team: Vec<[Volume; 4]>,
    unknown: u64,
    broken: u64,
}

impl Totals {
    fn new() -> Totals {
        Totals { by_team: vec![[Volume::default(); 4]; 64], unknown: 0, broken: 0 }
    }

    fn take(&mut self, inventory: &Inventory, lines: &[String]) {
        for line in lines { // <- cost
            let record = match parse(line) {
                Some(record) => record,
                None => {
                    self.broken += 1;
                    continue;
                }
            };
            match inventory.lookup(record.host) { // <- cost
                Some(host) => {
                    let volume = &mut self.by_team[host.team as usize % 64][record.severity];
                    volume.lines += 1;
                    volume.bytes += record.message.len() as u64;
                    volume.first_tier += (host.tier == 1) as u64;
                    volume.remote += (host.site != 0) as u64;
                }
                None => self.unknown += 1,
            }
        }
    }

    fn report(&self) -> String {
        let mut rows = BTreeMap::new();
        for (team, kinds) in self.by_team.iter().enumerate() {
            let bytes: u64 = kinds.iter().map(|v| v.bytes).sum();
            let lines: u64 = kinds.iter().map(|v| v.lines).sum();
            let urgent: u64 = kinds.iter().map(|v| v.first_tier).sum();
            let remote: u64 = kinds.iter().map(|v| v.remote).sum();
            if lines > 0 {
                rows.insert(team, format!("{lines} {bytes} {urgent} {remote}"));
            }
        }
        let mut text = format!("unknown {} broken {}\n", self.unknown, self.broken);
        for (team, row) in rows {
            text.push_str(&format!("team-{team} {row}\n"));
        }
        text
    }
}

fn write_inventory(path: &str, random: &mut Random) -> Vec<String> {
    let mut names = Vec::new();
    let mut text = String::new();
    for n in 0..HOSTS {
        let name = format!("node-{:05}.pagoda.internal", n * 7919 % 99991);
        text.push_str(&format!("{},{},{},{}\n", name, random.next(40), 1 + random.next(3), random.next(3)));
        names.push(name);
    }
    fs::write(path, text).expect("inventory");
    names
}

fn make_batches(names: &[String], random: &mut Random) -> Vec<Arc<Vec<String>>> {
    (0..100)
        .map(|at| {
            let lines = (0..BATCH).map(|n| {
                let host = &names[random.next(names.len())];
                let severity = SEVERITIES[random.next(4)];
                format!("{}.{n:03} {host} {severity} request {} took {} ms", 1_700_000_000 + at, random.next(1 << 30), random.next(900))
            });
            Arc::new(lines.collect())
        })
        .collect()
}

fn receive(batches: Vec<Arc<Vec<String>>>, out: SyncSender<Arc<Vec<String>>>) {
    let pause = Duration::from_secs_f64(BATCH as f64 / LINES_PER_SECOND as f64);
    let mut due = Instant::now();
    for at in 0.. {
        if out.send(batches[at % batches.len()].clone()).is_err() {
            return;
        }
        due += pause;
        let now = Instant::now();
        if due > now {
            thread::sleep(due - now);
        } else {
            due = now;
        }
    }
}

fn enrich(inventory: Inventory, input: Receiver<Arc<Vec<String>>>, done: Arc<AtomicU64>) {
    let mut totals = Totals::new();
    let mut written = Instant::now();
    for lines in input {
        totals.take(&inventory, &lines);
        done.fetch_add(lines.len() as u64, Ordering::Relaxed);
        if written.elapsed() > Duration::from_secs(2) {
            fs::write("volume.txt", totals.report()).expect("report");
            written = Instant::now();
        }
    }
}

fn main() {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let names = write_inventory("inventory.csv", &mut random);
    let batches = make_batches(&names, &mut random);
    let inventory = Inventory::load("inventory.csv");
    let done = Arc::new(AtomicU64::new(0));
    let (sender, receiver) = sync_channel(50);
    let count = done.clone();
    let worker = thread::spawn(move || enrich(inventory, receiver, count));
    thread::spawn(move || receive(batches, sender));
    while done.load(Ordering::Relaxed) < 10_000 {
        thread::sleep(Duration::from_millis(50));
    }
    println!("ready {}", std::process::id());
    worker.join().unwrap();
}
