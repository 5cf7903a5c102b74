// expect: pattern=hot-loop bench
// Watches mycelium grow: a camera above the dishes takes pictures of the mats, and the counter tells for each
// picture how many colonies there are, how large they are and where they lie (hyphae that touch belong to one
// colony).
//
// Measured: 61 pictures in 5 s with either; 1.86 s of CPU in 6 s, the twin 0.17 s.
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{sync_channel, Receiver, SyncSender};
use std::sync::Arc;
use std::time::{Duration, Instant};

const WIDTH: usize = 576;
const HEIGHT: usize = 576;
const PICTURES_A_SECOND: u64 = 12;

struct Picture {
    dish: u32,
    density: Vec<u8>,
}

#[derive(Clone, Default)]
struct Colony {
    area: u32,
    mass: u64,
    centre: (f64, f64),
}

struct Census {
    dish: u32,
    colonies: Vec<Colony>,
}

/// Which provisional labels turned out to name the same colony.
struct Kinship {
    of: Vec<u32>,
}

impl Kinship {
    fn new() -> Self {
        Kinship { of: Vec::with_capacity(32768) }
    }

    fn found(&mut self) -> u32 {
        let label = self.of.len() as u32;
        self.of.push(label);
        label
    }

    fn fuse(&mut self, one: u32, other: u32) {
        let (gone, stays) = (self.name(one), self.name(other));
        if gone != stays {
            self.rename(gone, stays); // <- cost
        }
    }

    fn rename(&mut self, gone: u32, stays: u32) {
        for name in self.of.iter_mut().filter(|name| **name == gone) { // <- cost
            *name = stays;
        }
    }

    fn name(&mut self, label: u32) -> u32 {
        self.of[label as usize]
    }
}

struct Labeller {
    threshold: u8,
    labels: Vec<u32>,
}

const NONE: u32 = u32::MAX;

impl Labeller {
    fn new(threshold: u8) -> Self {
        Labeller { threshold, labels: vec![NONE; WIDTH * HEIGHT] }
    }

    /// Labels each pixel by what lies above and left of it, and tells which of these labels are one colony.
    fn label(&mut self, picture: &Picture) -> Kinship {
        let mut kinship = Kinship::new();
        for y in 0..HEIGHT {
            for x in 0..WIDTH {
                let at = y * WIDTH + x;
                if picture.density[at] < self.threshold {
                    self.labels[at] = NONE;
                    continue;
                }
                let left = if x > 0 { self.labels[at - 1] } else { NONE };
                let above = if y > 0 { self.labels[at - WIDTH] } else { NONE };
                self.labels[at] = match (left, above) {
                    (NONE, NONE) => kinship.found(),
                    (NONE, label) | (label, NONE) => label,
                    (left, above) => {
                        if left != above {
                            kinship.fuse(left, above);
                        }
                        above
                    }
                };
            }
        }
        kinship
    }

    fn census(&mut self, picture: &Picture) -> Census {
        let mut kinship = self.label(picture);
        let names: Vec<u32> = (0..kinship.of.len() as u32).map(|label| kinship.name(label)).collect();
        let mut all = vec![Colony::default(); names.len()];
        for (at, &label) in self.labels.iter().enumerate() {
            if label == NONE {
                continue;
            }
            let colony = &mut all[names[label as usize] as usize];
            colony.area += 1;
            colony.mass += picture.density[at] as u64;
            colony.centre.0 += (at % WIDTH) as f64;
            colony.centre.1 += (at / WIDTH) as f64;
        }
        all.retain(|colony| colony.area > 2);
        for colony in &mut all {
            colony.centre.0 /= colony.area as f64;
            colony.centre.1 /= colony.area as f64;
        }
        Census { dish: picture.dish, colonies: all }
    }
}

struct Camera {
    seed: u64,
}

impl Camera {
    fn dice(&mut self) -> u64 {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        self.seed
    }

    /// Hyphae as random walks that leave a trail, in a dish with some dust.
    fn take(&mut self, dish: u32) -> Picture {
        let mut density = vec![0u8; WIDTH * HEIGHT];
        for _ in 0..8400 {
            let (mut x, mut y) = (self.dice() as usize % WIDTH, self.dice() as usize % HEIGHT);
            let mut turn = self.dice();
            for _ in 0..10 {
                density[y * WIDTH + x] = 90 + (turn & 127) as u8;
                turn = turn.rotate_right(5);
                match turn & 3 {
                    0 => x = (x + 1) % WIDTH,
                    1 => y = (y + 1) % HEIGHT,
                    2 => x = (x + WIDTH - 1) % WIDTH,
                    _ => y = (y + HEIGHT - 1) % HEIGHT,
                }
            }
        }
        for _ in 0..29000 {
            let at = self.dice() as usize % density.len();
            density[at] = density[at].max(110);
        }
        Picture { dish, density }
    }
}

/// The cameras' pictures, taken in a steady rhythm from a set of plates.
fn photograph(out: SyncSender<Arc<Picture>>) {
    let mut camera = Camera { seed: 0x9E37_79B9_7F4A_7C15 };
    let plates: Vec<Arc<Picture>> = (0..16).map(|dish| Arc::new(camera.take(dish))).collect();
    let start = Instant::now();
    for shot in 0u64.. {
        if out.send(plates[shot as usize % plates.len()].clone()).is_err() {
            return;
        }
        let next = start + Duration::from_millis((shot + 1) * 1000 / PICTURES_A_SECOND);
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
}

/// Keeps the newest census of each dish and writes the growth table now and then.
fn tabulate(censuses: Receiver<Census>, counted: Arc<AtomicU64>) {
    let mut newest: HashMap<u32, (usize, u32, u64)> = HashMap::new();
    let mut written = Instant::now();
    for census in censuses {
        counted.fetch_add(1, Ordering::Relaxed);
        let largest = census.colonies.iter().map(|colony| colony.area).max().unwrap_or(0);
        let mass = census.colonies.iter().map(|colony| colony.mass).sum();
        newest.insert(census.dish, (census.colonies.len(), largest, mass));
        if written.elapsed() > Duration::from_secs(5) {
            written = Instant::now();
            let mut rows: Vec<_> = newest.iter().collect();
            rows.sort();
            let mut table = format!("pictures {}\n", counted.load(Ordering::Relaxed));
            for (dish, (colonies, largest, mass)) in rows {
                table.push_str(&format!("{dish:>4} {colonies:>6} {largest:>7} {mass:>10}\n"));
            }
            let _ = std::fs::write("growth.txt", table);
        }
    }
}

fn main() {
    let (shots, pictures) = sync_channel::<Arc<Picture>>(4);
    let (told, censuses) = sync_channel::<Census>(4);
    let counted = Arc::new(AtomicU64::new(0));
    std::thread::Builder::new().name("camera".into()).spawn(move || photograph(shots)).unwrap();
    let table = std::thread::Builder::new().name("table".into()).spawn(move || tabulate(censuses, counted)).unwrap();
    println!("ready {}", std::process::id());
    let mut labeller = Labeller::new(80);
    for picture in pictures {
        if told.send(labeller.census(&picture)).is_err() {
            break;
        }
    }
    drop(told);
    let _ = table.join();
}
