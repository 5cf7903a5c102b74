// expect: healthy bench
// Draws the tiles of a map: heights, shadows, and lines of equal height, each tile packed.
use std::fs::File;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

const SIDE: usize = 384;

struct Order {
    number: u64,
    x: f32,
    y: f32,
}

/// The tiles of the map, one after the other; when it is done, it is drawn anew.
#[derive(Default)]
struct Orders {
    next: AtomicU64,
}

impl Orders {
    fn take(&self) -> Order {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        Order { number, x: (number % 211) as f32 * 9.6, y: (number / 211 % 97) as f32 * 9.6 }
    }
}

/// What a thread needs to draw: it is used again for each tile.
struct Canvas {
    heights: Vec<f32>,
    points: Vec<u8>,
    packed: Vec<u8>,
}

impl Canvas {
    fn new() -> Self {
        Canvas { heights: vec![0.0; SIDE * SIDE], points: vec![0; SIDE * SIDE], packed: Vec::with_capacity(SIDE * SIDE) }
    }

    fn heights(&mut self, order: &Order) {
        for row in 0..SIDE {
            for column in 0..SIDE {
                let (x, y) = (order.x + column as f32 / 40.0, order.y + row as f32 / 40.0);
                let mut height = 0.0;
                let mut scale = 1.0;
                for _ in 0..4 {
                    height += ((x * scale).sin() + (y * scale * 1.3).cos()) / scale;
                    scale *= 2.1;
                }
                self.heights[row * SIDE + column] = height;
            }
        }
    }

    fn shade(&mut self) {
        for row in 1..SIDE {
            for column in 1..SIDE {
                let at = row * SIDE + column;
                let here = self.heights[at];
                let slope = here - self.heights[at - SIDE - 1];
                let line = (here * 4.0).floor() != (self.heights[at - 1] * 4.0).floor();
                let grey = (128.0 + slope * 200.0).clamp(1.0, 255.0) as u8;
                self.points[at] = if line { 0 } else { grey & 0xf8 };
            }
        }
    }

    /// Runs of equal points, each as its length and its grey.
    fn pack(&mut self) -> u64 {
        self.packed.clear();
        for run in self.points.chunk_by(|a, b| a == b) {
            for part in run.chunks(255) {
                self.packed.extend([part.len() as u8, part[0]]);
            }
        }
        self.packed.iter().fold(7, |sum, byte| (sum * 31 + u64::from(*byte)) % 1_000_003)
    }
}

#[derive(Default)]
struct Drawn {
    tiles: AtomicU64,
    spent: AtomicU64,
    check: AtomicU64,
}

fn work(orders: &Orders, drawn: &Drawn) {
    let mut canvas = Canvas::new();
    loop {
        let order = orders.take();
        let began = Instant::now();
        canvas.heights(&order);
        canvas.shade();
        let sum = canvas.pack();
        drawn.check.fetch_add(sum ^ order.number, Ordering::Relaxed);
        drawn.spent.fetch_add(began.elapsed().as_micros() as u64, Ordering::Relaxed);
        drawn.tiles.fetch_add(1, Ordering::Relaxed);
    }
}

fn main() {
    let drawn = Arc::new(Drawn::default());
    let orders = Arc::new(Orders::default());
    let cores = thread::available_parallelism().map_or(2, |number| number.get());
    for _ in 0..cores {
        let (orders, drawn) = (orders.clone(), drawn.clone());
        thread::spawn(move || work(&orders, &drawn));
    }
    println!("ready {}", std::process::id());
    let mut log = File::create("tiles.log").unwrap();
    let began = Instant::now();
    loop {
        thread::sleep(Duration::from_secs(1));
        let tiles = drawn.tiles.load(Ordering::Relaxed);
        let each = drawn.spent.load(Ordering::Relaxed) / tiles.max(1);
        writeln!(log, "{} {} tiles, {} us each", began.elapsed().as_millis(), tiles, each).unwrap();
    }
}
