// expect: healthy bench

// Nettle cloth: the looms' controllers send their pick counts as lines of text in blocks; this job parses them as they
// come, sums them up by loom and pattern, and writes the table out once a second.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::sync::mpsc::{sync_channel, Receiver, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

const BLOCK_BYTES: usize = 256 << 10;
const BLOCK_EVERY: Duration = Duration::from_millis(25);
const LOOMS: u32 = 96;
const PATTERNS: [&str; 8] = ["bird", "dice", "ell", "goose", "herring", "lozenge", "plain", "twill"];

/// The controllers' gateway: fills a block with lines `loom pattern picks broken` and hands it over; blocks come back.
fn gateway(full: SyncSender<Vec<u8>>, empty: Receiver<Vec<u8>>) {
    let mut samples = Vec::with_capacity(BLOCK_BYTES);
    let mut state: u64 = 0x2545_f491_4f6c_dd1d;
    while samples.len() < BLOCK_BYTES - 40 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let pattern = PATTERNS[(state >> 20) as usize % PATTERNS.len()];
        let line = format!(
            "{} {} {} {}\n",
            (state >> 40) as u32 % LOOMS,
            pattern,
            (state >> 30) % 2000,
            (state >> 50) % 3
        );
        samples.extend_from_slice(line.as_bytes());
    }
    let mut due = Instant::now();
    for mut block in empty {
        block.clear();
        block.extend_from_slice(&samples);
        if full.send(block).is_err() {
            return;
        }
        due += BLOCK_EVERY;
        let now = Instant::now();
        if due > now {
            thread::sleep(due - now);
        } else if now - due > Duration::from_secs(1) {
            due = now;
        }
    }
}

#[derive(Default, Clone, Copy)]
struct Sum {
    lines: u64,
    picks: u64,
    broken: u64,
}

struct Table {
    patterns: HashMap<Vec<u8>, usize>,
    names: Vec<String>,
    sums: Vec<Vec<Sum>>,
    malformed: u64,
}

impl Table {
    fn new() -> Self {
        Table { patterns: HashMap::new(), names: Vec::new(), sums: Vec::new(), malformed: 0 }
    }

    fn pattern(&mut self, name: &[u8]) -> usize {
        if let Some(&known) = self.patterns.get(name) {
            return known;
        }
        let index = self.names.len();
        self.patterns.insert(name.to_vec(), index);
        self.names.push(String::from_utf8_lossy(name).into_owned());
        self.sums.push(vec![Sum::default(); LOOMS as usize]);
        index
    }

    fn line(&mut self, line: &[u8]) -> Option<()> {
        let mut fields = line.split(|&byte| byte == b' ');
        let loom = number(fields.next()?)? as usize;
        let pattern = fields.next()?;
        let picks = number(fields.next()?)?;
        let broken = number(fields.next()?)?;
        if loom >= LOOMS as usize || fields.next().is_some() {
            return None;
        }
        let index = self.pattern(pattern);
        let sum = &mut self.sums[index][loom];
        sum.lines += 1;
        sum.picks += picks;
        sum.broken += broken;
        Some(())
    }

    fn block(&mut self, block: &[u8]) {
        for line in block.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
            if self.line(line).is_none() {
                self.malformed += 1;
            }
        }
    }

    fn write(&self, path: &str) -> io::Result<()> {
        let temporary = format!("{}.new", path);
        let mut out = BufWriter::new(File::create(&temporary)?);
        writeln!(out, "pattern,loom,lines,picks,broken")?;
        for (name, looms) in self.names.iter().zip(&self.sums) {
            for (loom, sum) in looms.iter().enumerate().filter(|(_, sum)| sum.lines > 0) {
                writeln!(out, "{},{},{},{},{}", name, loom, sum.lines, sum.picks, sum.broken)?;
            }
        }
        writeln!(out, "malformed,,{},,", self.malformed)?;
        out.flush()?;
        fs::rename(temporary, path)
    }
}

fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 12 {
        return None;
    }
    let mut value = 0u64;
    for &byte in text {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value * 10 + u64::from(byte - b'0');
    }
    Some(value)
}

fn main() -> io::Result<()> {
    let (full, blocks) = sync_channel(4);
    let (back, empty) = sync_channel(4);
    for _ in 0..3 {
        back.send(Vec::with_capacity(BLOCK_BYTES)).expect("the channel is open");
    }
    thread::spawn(move || gateway(full, empty));
    let mut table = Table::new();
    let mut written = Instant::now();
    let mut announced = false;
    for block in blocks {
        table.block(&block);
        if back.send(block).is_err() {
            break;
        }
        if written.elapsed() >= Duration::from_secs(1) {
            table.write("looms.csv")?;
            written = Instant::now();
            if !announced {
                announced = true;
                println!("ready {}", std::process::id());
            }
        }
    }
    Ok(())
}
