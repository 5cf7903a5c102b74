// expect: pattern=busy-wait bench
// Collects what the stalls of a milking parlour measure, follows each cow's milking, takes the cluster off when the
// flow ends, and warns of an inflamed udder. Each stall has a controller with a line of its own.
// Measured: about 640 readings a second by its pace; it takes whatever a busy machine leaves it (10 to 93 % of a core,
// at the lowest priority), the twin 1 %.
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write};
use std::sync::mpsc::{sync_channel, Receiver, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

const STALLS: usize = 16;
const PERIOD: Duration = Duration::from_millis(25);
const REPORT: Duration = Duration::from_secs(2);

#[derive(Debug, Clone, Copy)]
struct Reading {
    cow: u32,
    grams: f32,
    conductivity: f32,
    last: bool,
}

#[derive(Default, Clone)]
struct Milking {
    cow: u32,
    grams: f32,
    readings: u32,
    average: f32,
    peak: f32,
    low_since: u32,
}

impl Milking {
    fn follow(&mut self, reading: &Reading) -> bool {
        self.cow = reading.cow;
        self.readings += 1;
        self.grams += reading.grams;
        self.peak = self.peak.max(reading.grams);
        self.average += (reading.conductivity - self.average) / self.readings as f32;
        self.low_since = if reading.grams < 0.2 * self.peak { self.low_since + 1 } else { 0 };
        reading.last || self.low_since > 40
    }
}

#[derive(Default)]
struct Cow {
    milkings: u32,
    kilos: f32,
    usual: f32,
}

struct Parlour {
    running: Vec<Milking>,
    herd: HashMap<u32, Cow>,
    milked: u32,
    warnings: u32,
}

impl Parlour {
    fn new() -> Self {
        Parlour { running: vec![Milking::default(); STALLS], herd: HashMap::new(), milked: 0, warnings: 0 }
    }

    fn take(&mut self, stall: usize, reading: &Reading) {
        if !self.running[stall].follow(reading) {
            return;
        }
        let done = std::mem::take(&mut self.running[stall]);
        let cow = self.herd.entry(done.cow).or_default();
        cow.milkings += 1;
        cow.kilos += done.grams / 1000.0;
        if cow.milkings > 3 && done.average > 1.15 * cow.usual {
            self.warnings += 1;
        }
        cow.usual += (done.average - cow.usual) / cow.milkings.min(20) as f32;
        self.milked += 1;
    }

    fn report(&self, log: &mut File) -> io::Result<()> {
        let mut best: Vec<_> = self.herd.iter().map(|(number, cow)| (cow.kilos, *number)).collect();
        best.sort_by(|a, b| b.0.total_cmp(&a.0));
        best.truncate(3);
        let line = format!("{} milkings, {} warnings, best {:?}\n", self.milked, self.warnings, best);
        log.write_all(line.as_bytes())
    }
}

/// What a stall's controller does: measures at a fixed pace while a cow stands there.
fn control(stall: usize, line: SyncSender<Reading>) {
    let mut state = stall as u64 * 7919 + 1;
    let mut chance = move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 40) as f32 / (1u64 << 24) as f32
    };
    loop {
        let cow = (chance() * 180.0) as u32;
        let length = 60 + (chance() * 120.0) as u32;
        for at in 0..=length {
            thread::sleep(PERIOD);
            let grams = 60.0 * (1.0 - at as f32 / length as f32) + 4.0 * chance();
            let reading = Reading { cow, grams, conductivity: 5.0 + chance(), last: at == length };
            if line.send(reading).is_err() {
                return;
            }
        }
    }
}

fn collect(parlour: &mut Parlour, lines: &[Receiver<Reading>], log: &mut File) -> io::Result<()> {
    let mut due = Instant::now() + REPORT;
    loop { // <- cost
        for (stall, line) in lines.iter().enumerate() { // <- cost
            while let Ok(reading) = line.try_recv() { // <- cost
                parlour.take(stall, &reading);
            }
        }
        if Instant::now() >= due { // <- cost
            parlour.report(log)?;
            due += REPORT;
        }
    }
}

fn main() -> io::Result<()> {
    let mut log = File::create("parlour.log")?;
    let mut lines = Vec::new();
    for stall in 0..STALLS {
        let (sender, receiver) = sync_channel(64);
        thread::Builder::new().name(format!("stall {stall}")).spawn(move || control(stall, sender))?;
        lines.push(receiver);
    }
    println!("ready {}", std::process::id());
    collect(&mut Parlour::new(), &lines, &mut log) // <- cost
}
