// expect: pattern=small-io bench
// The recorder of a ski resort's ropeways: takes the values of all towers (rope tension, load of the sheaves, wind) out
// of the controllers' memory, filters them, and writes them down for the inspector, a file
// for each ropeway and quarter.
// Measured: 19200 rows a second take 16 % of a core, 8 us a row; 1.4 % in the twin.
use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{sync_channel, Receiver, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

const ROPEWAYS: [(&str, usize); 4] = [("gondola", 22), ("north", 14), ("glacier", 18), ("saddle", 10)];
const READINGS: usize = 60; // of each tower in one block
const BLOCK: Duration = Duration::from_millis(200);
const BLOCKS_A_FILE: u32 = 15;
const FILES_KEPT: usize = 3;

#[derive(Clone, Copy)]
struct Reading {
    tower: u16,
    millis: u64,
    tension: f64, // kN
    sheave: f64,  // kN
    wind: f64,    // m/s
}

struct Block {
    ropeway: usize,
    readings: Vec<Reading>,
}

/// A small generator of disturbances.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64 - 0.5
    }
}

/// One ropeway, as its controller tells of it.
struct Ropeway {
    number: usize,
    towers: usize,
    noise: Noise,
    smooth: Vec<f64>,
    millis: u64,
}

impl Ropeway {
    fn new(number: usize, towers: usize) -> Self {
        Ropeway { number, towers, noise: Noise(977 + number as u64 * 7919), smooth: vec![310.0; towers], millis: 0 }
    }

    fn block(&mut self) -> Block {
        let mut readings = Vec::with_capacity(self.towers * READINGS);
        let step = BLOCK.as_millis() as u64 / READINGS as u64;
        for at in 0..READINGS {
            for tower in 0..self.towers {
                let swing = (self.millis as f64 / 900.0 + tower as f64).sin();
                let raw = 310.0 + 14.0 * swing + 6.0 * self.noise.next();
                self.smooth[tower] += 0.2 * (raw - self.smooth[tower]);
                readings.push(Reading {
                    tower: tower as u16,
                    millis: self.millis + at as u64 * step,
                    tension: self.smooth[tower],
                    sheave: self.smooth[tower] * 0.071 + 0.4 * self.noise.next(),
                    wind: 7.0 + 9.0 * self.noise.next() + 2.0 * swing,
                });
            }
        }
        self.millis += BLOCK.as_millis() as u64;
        Block { ropeway: self.number, readings }
    }
}

/// The file of one ropeway, and those before it.
struct Journal {
    folder: PathBuf,
    name: &'static str,
    file: Option<File>,
    blocks: u32,
    quarter: u32,
    kept: VecDeque<PathBuf>,
}

impl Journal {
    fn new(folder: &Path, name: &'static str) -> Self {
        Journal { folder: folder.into(), name, file: None, blocks: 0, quarter: 0, kept: VecDeque::new() }
    }

    fn turn(&mut self) -> io::Result<()> {
        let path = self.folder.join(format!("{}-{:05}.csv", self.name, self.quarter));
        let mut file = File::create(&path)?;
        file.write_all(b"ms;tower;tension;sheave;wind;state\n")?;
        self.file = Some(file);
        self.kept.push_back(path);
        self.quarter += 1;
        if self.kept.len() > FILES_KEPT {
            if let Some(oldest) = self.kept.pop_front() {
                fs::remove_file(oldest)?;
            }
        }
        Ok(())
    }

    fn put(&mut self, block: &Block) -> io::Result<()> {
        if self.blocks % BLOCKS_A_FILE == 0 {
            self.turn()?;
        }
        self.blocks += 1;
        if let Some(file) = self.file.as_mut() {
            for reading in &block.readings {
                row(file, reading)?; // <- cost
            }
        }
        Ok(())
    }
}

fn state(reading: &Reading) -> &'static str {
    match reading.wind {
        wind if wind > 13.5 => "storm",
        wind if wind > 11.0 => "slow",
        _ => "run",
    }
}

fn row(out: &mut impl Write, reading: &Reading) -> io::Result<()> {
    write!(out, "{};T{:02};", reading.millis, reading.tower)?; // <- cost
    write!(out, "{:.2};{:.3};{:.1};", reading.tension, reading.sheave, reading.wind)?; // <- cost
    writeln!(out, "{}", state(reading)) // <- cost
}

fn record(blocks: Receiver<Block>, folder: &Path) -> io::Result<()> {
    let mut journals: Vec<Journal> = ROPEWAYS.iter().map(|(name, _)| Journal::new(folder, name)).collect();
    let (mut rows, mut spent, mut told) = (0u64, Duration::ZERO, Instant::now());
    for block in blocks {
        let began = Instant::now();
        journals[block.ropeway].put(&block)?; // <- cost
        spent += began.elapsed();
        rows += block.readings.len() as u64;
        if told.elapsed() > Duration::from_secs(2) {
            told = Instant::now();
            let each = spent.as_secs_f64() * 1e6 / rows as f64;
            fs::write(folder.join("recorder.txt"), format!("{rows} rows, {each:.3} us each\n"))?;
        }
    }
    Ok(())
}

fn watch(blocks: SyncSender<Block>) {
    let mut ropeways: Vec<Ropeway> =
        ROPEWAYS.iter().enumerate().map(|(number, (_, towers))| Ropeway::new(number, *towers)).collect();
    let mut due = Instant::now();
    loop {
        for ropeway in &mut ropeways {
            if blocks.send(ropeway.block()).is_err() {
                return;
            }
        }
        due += BLOCK;
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
}

fn main() -> io::Result<()> {
    let folder = std::env::temp_dir().join(format!("ropeways-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let (sender, receiver) = sync_channel(16);
    thread::Builder::new().name("watch".into()).spawn(move || watch(sender))?;
    println!("ready {}", std::process::id());
    record(receiver, &folder) // <- cost
}
