// expect: healthy bench
// Inspection of cloth in a textile mill: a camera above the running web takes line after line; the weave's own pattern is
// taken off, what remains is smoothed, and where it stays too dark or too bright a fault is put on the roll's map.
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::thread;
use std::time::{Duration, Instant};

const WIDTH: usize = 4096;
const FRAME: usize = 64; // lines
const FRAMES: u64 = 26; // that the camera takes within a period
const REPEAT: usize = 16; // of the weave, in threads each way
const PERIOD: Duration = Duration::from_millis(40);
const ROLL: u64 = 180; // periods that a roll takes to pass
const REACH: usize = 6;

struct Dice(u64);

impl Dice {
    fn next(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }
}

/// What the camera sees: a twill, its noise, and now and then a slub or a missing end.
struct Camera {
    dice: Dice,
    noise: Vec<u8>,
    line: usize,
}

impl Camera {
    fn new() -> Self {
        let mut dice = Dice(0x5eed_c107);
        let noise = (0..WIDTH * 4 + 1).map(|_| dice.next(24) as u8).collect();
        Camera { dice, noise, line: 0 }
    }

    fn take(&mut self, frame: &mut [u8]) {
        for row in frame.chunks_exact_mut(WIDTH) {
            let start = self.dice.next(3 * WIDTH as u64) as usize;
            let grain = &self.noise[start..start + WIDTH];
            for (x, (pixel, noise)) in row.iter_mut().zip(grain).enumerate() {
                let over = (x + self.line) % REPEAT < 5;
                *pixel = noise + if over { 150 } else { 96 };
            }
            self.line += 1;
        }
        if self.dice.next(4) == 0 {
            let x = self.dice.next((WIDTH - 40) as u64) as usize;
            let dark = self.dice.next(2) == 0;
            for row in frame.chunks_exact_mut(WIDTH).skip(20).take(24) {
                for pixel in &mut row[x..x + 30] {
                    *pixel = if dark { *pixel / 3 } else { pixel.saturating_add(80) };
                }
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Fault {
    line: u64,
    left: usize,
    width: usize,
    depth: i32,
}

/// Buffers that every frame uses anew.
struct Inspector {
    mean: Vec<i32>,
    rest: Vec<i32>,
    smooth: Vec<i32>,
    columns: Vec<i32>,
}

impl Inspector {
    fn new() -> Self {
        Inspector {
            mean: vec![0; REPEAT * REPEAT],
            rest: vec![0; WIDTH * FRAME],
            smooth: vec![0; WIDTH * FRAME],
            columns: vec![0; WIDTH],
        }
    }

    /// The mean of each thread crossing of the repeat, taken off the frame.
    fn take_pattern_off(&mut self, frame: &[u8]) {
        self.mean.fill(0);
        for (y, row) in frame.chunks_exact(WIDTH).enumerate() {
            let sums = &mut self.mean[y % REPEAT * REPEAT..][..REPEAT];
            for repeat in row.chunks_exact(REPEAT) {
                for (sum, pixel) in sums.iter_mut().zip(repeat) {
                    *sum += i32::from(*pixel);
                }
            }
        }
        let count = (WIDTH / REPEAT * FRAME / REPEAT) as i32;
        for sum in &mut self.mean {
            *sum /= count;
        }
        for (y, (row, out)) in frame.chunks_exact(WIDTH).zip(self.rest.chunks_exact_mut(WIDTH)).enumerate() {
            let means = &self.mean[y % REPEAT * REPEAT..][..REPEAT];
            for (repeat, left) in row.chunks_exact(REPEAT).zip(out.chunks_exact_mut(REPEAT)) {
                for ((left, pixel), mean) in left.iter_mut().zip(repeat).zip(means) {
                    *left = i32::from(*pixel) - mean;
                }
            }
        }
    }

    /// A running sum along each line: each pixel enters once and leaves once.
    fn smooth_lines(&mut self) {
        for (row, out) in self.rest.chunks_exact(WIDTH).zip(self.smooth.chunks_exact_mut(WIDTH)) {
            let mut sum: i32 = row[..2 * REACH].iter().sum();
            for x in REACH..WIDTH - REACH {
                sum += row[x + REACH];
                out[x] = sum;
                sum -= row[x - REACH];
            }
        }
    }

    fn find(&mut self, line: u64, faults: &mut Vec<Fault>) {
        self.columns.fill(0);
        for row in self.smooth.chunks_exact(WIDTH) {
            for (column, value) in self.columns.iter_mut().zip(row) {
                *column += value / (2 * REACH as i32 + 1);
            }
        }
        let limit = 9 * FRAME as i32;
        let mut x = 0;
        while x < WIDTH {
            let left = x;
            let mut depth = 0;
            while x < WIDTH && self.columns[x].abs() > limit {
                depth = if self.columns[x].abs() > i32::abs(depth) { self.columns[x] } else { depth };
                x += 1;
            }
            if x - left > 4 {
                faults.push(Fault { line, left, width: x - left, depth: depth / FRAME as i32 });
            }
            x += 1;
        }
    }

    fn inspect(&mut self, frame: &[u8], line: u64, faults: &mut Vec<Fault>) {
        self.take_pattern_off(frame);
        self.smooth_lines();
        self.find(line, faults);
    }
}

fn write_map(roll: u64, faults: &[Fault]) -> io::Result<()> {
    let mut map = BufWriter::new(File::create("roll.map")?);
    writeln!(map, "roll {roll}: {} faults", faults.len())?;
    for fault in faults {
        writeln!(map, "{:>8} {:>5} {:>4} {:>4}", fault.line, fault.left, fault.width, fault.depth)?;
    }
    map.flush()
}

fn main() -> io::Result<()> {
    let mut camera = Camera::new();
    let mut inspector = Inspector::new();
    let mut frame = vec![0u8; WIDTH * FRAME];
    let mut faults = Vec::with_capacity(2048);
    println!("ready {}", std::process::id());
    io::stdout().flush()?;
    let mut due = Instant::now();
    for number in 0u64.. {
        for part in 0..FRAMES {
            camera.take(&mut frame);
            inspector.inspect(&frame, (number * FRAMES + part) * FRAME as u64, &mut faults);
        }
        if number % 60 == 59 {
            write_map(number / ROLL, &faults)?;
        }
        if number % ROLL == ROLL - 1 {
            faults.clear();
        }
        due += PERIOD;
        match due.checked_duration_since(Instant::now()) {
            Some(rest) => thread::sleep(rest),
            None => due = Instant::now(),
        }
    }
    Ok(())
}
