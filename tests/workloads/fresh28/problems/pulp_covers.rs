// expect: pattern=hot-loop bench
// Recommends pulp magazines: for each reader who was active, the magazines like those on the reader's shelf are
// scored, and the best that the reader does not have yet are put on the reader's next-reads list.
//
// Measured: at 12 readers/s, both served: 0.48 to 0.55 cores and 42 ms a reader as it was; 0.03 cores and 2.6 ms in the repaired one.
use std::collections::HashSet;
use std::sync::mpsc::{sync_channel, Receiver};
use std::thread;
use std::time::{Duration, Instant};

const MAGAZINES: u32 = 24_000;
const READERS: usize = 3_000;
const PER_SECOND: u64 = 12;
const SHOWN: usize = 24;

struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: u32) -> u32 {
        ((self.next() >> 11) % limit as u64) as u32
    }
}

#[derive(Clone, Copy)]
struct Similar {
    magazine: u32,
    weight: f32,
}

struct Shop {
    similar: Vec<Vec<Similar>>,
    shelves: Vec<HashSet<u32>>,
    quality: Vec<f32>,
}

impl Shop {
    fn open() -> Shop {
        let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
        let similar = (0..MAGAZINES)
            .map(|magazine| {
                (0..24)
                    .map(|_| Similar {
                        magazine: (magazine + 1 + chance.below(900)) % MAGAZINES,
                        weight: 0.1 + chance.below(900) as f32 / 1000.0,
                    })
                    .collect()
            })
            .collect();
        let shelves = (0..READERS)
            .map(|_| {
                let size = 150 + chance.below(100);
                (0..size).map(|_| chance.below(MAGAZINES)).collect()
            })
            .collect();
        let quality = (0..MAGAZINES).map(|_| 0.5 + chance.below(1000) as f32 / 2000.0).collect();
        Shop { similar, shelves, quality }
    }
}

fn score_candidates(shop: &Shop, shelf: &HashSet<u32>) -> Vec<(u32, f32)> {
    let mut scores: Vec<(u32, f32)> = Vec::new();
    for &owned in shelf {
        for similar in &shop.similar[owned as usize] { // <- cost
            if shelf.contains(&similar.magazine) {
                continue;
            }
            let gain = similar.weight * shop.quality[similar.magazine as usize];
            match scores.iter_mut().find(|(magazine, _)| *magazine == similar.magazine) { // <- cost
                Some((_, score)) => *score += gain,
                None => scores.push((similar.magazine, gain)),
            }
        }
    }
    scores
}

fn next_reads(shop: &Shop, reader: usize) -> Vec<u32> {
    let mut best = score_candidates(shop, &shop.shelves[reader]);
    if best.len() > SHOWN {
        best.select_nth_unstable_by(SHOWN, |a, b| b.1.total_cmp(&a.1));
        best.truncate(SHOWN);
    }
    best.sort_unstable_by(|a, b| b.1.total_cmp(&a.1));
    best.iter().map(|&(magazine, _)| magazine).collect()
}

fn recommend(shop: Shop, active: Receiver<usize>) {
    let mut lists: Vec<Vec<u32>> = vec![Vec::new(); READERS];
    for reader in active {
        lists[reader] = next_reads(&shop, reader);
    }
    println!("{}", lists.iter().map(Vec::len).sum::<usize>());
}

fn main() {
    let shop = Shop::open();
    let (tell, active) = sync_channel(64);
    let worker = thread::spawn(move || recommend(shop, active));
    println!("ready {}", std::process::id());
    let mut chance = Chance(77);
    let mut due = Instant::now();
    loop {
        if tell.send(chance.below(READERS as u32) as usize).is_err() {
            break;
        }
        due += Duration::from_micros(1_000_000 / PER_SECOND);
        let now = Instant::now();
        if due > now {
            thread::sleep(due - now);
        } else {
            due = now;
        }
    }
    worker.join().unwrap();
}
