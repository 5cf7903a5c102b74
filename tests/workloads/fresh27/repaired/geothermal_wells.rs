// expect: healthy bench
// Cleans the samples of pressure gauges in geothermal wells: takes each sample against the median of the last hour of
// its gauge, marks spikes, and keeps a summary of the field for the control room.
//
// Measured: at 2000 samples a second 0.38 to 0.60 cores (4000 were more than a core could do); mended 0.01 cores.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::sync::mpsc::{sync_channel, Receiver, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

const WELLS: u32 = 60;
const WINDOW: usize = 2400;
const RATE: u64 = 2000;
const TICK: Duration = Duration::from_millis(10);
const SPIKE_PASCAL: i32 = 9_000;

#[derive(Clone, Copy)]
struct Sample {
    well: u32,
    second: u64,
    pascal: i32,
}

/// The gauges: a slow drift for each well, noise, and a spike now and then.
struct Field {
    state: u64,
    level: Vec<i32>,
}

impl Field {
    fn new() -> Field {
        Field {
            state: 0x9E37_79B9_7F4A_7C15,
            level: (0..WELLS).map(|well| 2_400_000 + well as i32 * 31_000).collect(),
        }
    }

    fn random(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }

    fn sample(&mut self, well: u32, second: u64) -> Sample {
        let noise = (self.random() % 4001) as i32 - 2000;
        let drift = (self.random() % 21) as i32 - 10;
        self.level[well as usize] += drift;
        let spike = if self.random() % 300 == 0 { 25_000 } else { 0 };
        Sample { well, second, pascal: self.level[well as usize] + noise + spike }
    }
}

struct Gauge {
    samples: Vec<i32>,
    sorted: Vec<i32>,
    next: usize,
    spikes: u64,
    last_median: i32,
}

impl Gauge {
    fn new() -> Gauge {
        Gauge { samples: Vec::with_capacity(WINDOW), sorted: Vec::with_capacity(WINDOW), next: 0, spikes: 0, last_median: 0 }
    }

    fn push(&mut self, pascal: i32) {
        if self.samples.len() < WINDOW {
            self.samples.push(pascal);
        } else {
            let oldest = std::mem::replace(&mut self.samples[self.next], pascal);
            self.next = (self.next + 1) % WINDOW;
            let at = self.sorted.partition_point(|one| *one < oldest);
            self.sorted.remove(at);
        }
        let at = self.sorted.partition_point(|one| *one < pascal);
        self.sorted.insert(at, pascal);
    }

    fn median(&self) -> i32 {
        self.sorted[self.sorted.len() / 2]
    }

    fn take(&mut self, pascal: i32) -> bool {
        self.push(pascal);
        self.last_median = self.median();
        let spike = (pascal - self.last_median).abs() > SPIKE_PASCAL;
        if spike {
            self.spikes += 1;
        }
        spike
    }
}

struct Cleaner {
    gauges: HashMap<u32, Gauge>,
    rejected: Vec<Sample>,
    taken: u64,
}

impl Cleaner {
    fn new() -> Cleaner {
        Cleaner { gauges: HashMap::new(), rejected: Vec::new(), taken: 0 }
    }

    /// What was stored before the start.
    fn restore(&mut self, field: &mut Field) {
        for well in 0..WELLS {
            let gauge = self.gauges.entry(well).or_insert_with(Gauge::new);
            for second in 0..WINDOW as u64 {
                gauge.push(field.sample(well, second).pascal);
            }
        }
    }

    fn take(&mut self, sample: Sample) {
        let gauge = self.gauges.entry(sample.well).or_insert_with(Gauge::new);
        if gauge.take(sample.pascal) {
            self.rejected.push(sample);
        }
        self.taken += 1;
    }

    fn report(&mut self) -> std::io::Result<()> {
        let mut out = BufWriter::new(File::create("field.txt")?);
        let mut wells: Vec<_> = self.gauges.iter().collect();
        wells.sort_by_key(|(well, _)| **well);
        for (well, gauge) in wells {
            writeln!(out, "well {} median {} spikes {}", well, gauge.last_median, gauge.spikes)?;
        }
        for sample in self.rejected.drain(..) {
            writeln!(out, "rejected {} {} {}", sample.well, sample.second, sample.pascal)?;
        }
        writeln!(out, "taken {}", self.taken)?;
        out.flush()
    }
}

fn gauges(mut field: Field, line: SyncSender<Vec<Sample>>) {
    let per_tick = RATE * TICK.as_millis() as u64 / 1000;
    let mut due = Instant::now();
    let mut number = 0u64;
    loop {
        let mut bundle = Vec::with_capacity(per_tick as usize);
        for _ in 0..per_tick {
            bundle.push(field.sample((number % WELLS as u64) as u32, number / WELLS as u64));
            number += 1;
        }
        if line.send(bundle).is_err() {
            return;
        }
        due += TICK;
        let now = Instant::now();
        if due > now {
            thread::sleep(due - now);
        }
    }
}

fn clean(mut cleaner: Cleaner, line: Receiver<Vec<Sample>>) -> std::io::Result<()> {
    let mut reported = Instant::now();
    for bundle in line {
        for sample in bundle {
            cleaner.take(sample);
        }
        if reported.elapsed() > Duration::from_secs(5) {
            cleaner.report()?;
            reported = Instant::now();
        }
    }
    Ok(())
}

fn main() -> std::io::Result<()> {
    let mut field = Field::new();
    let mut cleaner = Cleaner::new();
    cleaner.restore(&mut field);
    let (sender, receiver) = sync_channel(64);
    thread::spawn(move || gauges(field, sender));
    println!("ready {}", std::process::id());
    std::io::stdout().flush()?;
    clean(cleaner, receiver)
}
