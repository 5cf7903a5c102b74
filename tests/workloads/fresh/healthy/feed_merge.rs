// expect: healthy bench
// Merges sorted feeds of events into one stream, drops what comes twice, and writes blocks of it.
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::time::{Duration, Instant};

const FEEDS: usize = 24;

struct Feed {
    state: u64,
    at: u64,
}

impl Feed {
    fn next(&mut self) -> (u64, u32) {
        self.state = self.state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        self.at += 1 + (self.state >> 40) % 50;
        (self.at, (self.state >> 33) as u32 % 4000)
    }
}

struct Merge {
    feeds: Vec<Feed>,
    heads: BinaryHeap<Reverse<(u64, u32, usize)>>,
}

impl Merge {
    fn new() -> Merge {
        let mut feeds: Vec<Feed> = (0..FEEDS as u64).map(|n| Feed { state: n * 77 + 5, at: 0 }).collect();
        let mut heads = BinaryHeap::with_capacity(FEEDS);
        for (number, feed) in feeds.iter_mut().enumerate() {
            let (at, key) = feed.next();
            heads.push(Reverse((at, key, number)));
        }
        Merge { feeds, heads }
    }

    #[inline(never)]
    fn next(&mut self) -> (u64, u32) {
        let mut top = self.heads.peek_mut().unwrap();
        let Reverse((at, key, number)) = *top;
        let (following, other) = self.feeds[number].next();
        *top = Reverse((following, other, number));
        (at, key)
    }
}

#[inline(never)]
fn put(out: &mut impl Write, at: u64, key: u32, count: u32) {
    let mut row = [0u8; 16];
    row[..8].copy_from_slice(&at.to_le_bytes());
    row[8..12].copy_from_slice(&key.to_le_bytes());
    row[12..].copy_from_slice(&count.to_le_bytes());
    out.write_all(&row).unwrap();
}

fn main() {
    let mut merge = Merge::new();
    let mut latest: HashMap<u32, (u64, u32)> = HashMap::with_capacity(8192);
    let mut log = File::create("merge.log").unwrap();
    let (began, mut told) = (Instant::now(), Instant::now());
    let mut events = 0u64;
    println!("ready {}", std::process::id());
    loop {
        let mut out = BufWriter::with_capacity(1 << 18, File::create("merged.bin").unwrap());
        for _ in 0..2_000_000 {
            let (at, key) = merge.next();
            events += 1;
            let seen = latest.entry(key).or_insert((0, 0));
            if seen.0 == at {
                continue;
            }
            *seen = (at, seen.1 + 1);
            put(&mut out, at, key, seen.1);
        }
        out.flush().unwrap();
        if told.elapsed() > Duration::from_secs(1) {
            told = Instant::now();
            writeln!(log, "{} {events} events merged", began.elapsed().as_millis()).unwrap();
        }
    }
}
