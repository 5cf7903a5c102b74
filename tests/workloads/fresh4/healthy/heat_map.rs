// expect: healthy bench
// Works out how warm the rooms of a block of flats become: one floor after the other, the heat of the radiators spreads
// over a grid, row by row, until the floor has settled.
use std::fs::File;
use std::io::{self, Write};
use std::time::Instant;

const WIDTH: usize = 320;
const HEIGHT: usize = 240;
const ROUNDS: usize = 60;

#[derive(Clone, Copy)]
struct Radiator {
    row: usize,
    column: usize,
    degrees: f32,
}

/// Two grids that take turns: one is read while the other is written.
struct Floor {
    now: Vec<f32>,
    next: Vec<f32>,
    radiators: Vec<Radiator>,
}

struct Numbers {
    random: u64,
}

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random % limit as u64) as usize
    }
}

fn spread(above: &[f32], here: &[f32], below: &[f32], into: &mut [f32]) {
    into[0] = here[0];
    into[WIDTH - 1] = here[WIDTH - 1];
    let inner = into[1..WIDTH - 1].iter_mut();
    let around = here.windows(3).zip(above[1..].iter().zip(&below[1..]));
    for (cell, (line, (north, south))) in inner.zip(around) {
        let mean = (line[0] + line[2] + north + south) * 0.25;
        *cell = line[1] + (mean - line[1]) * 0.9;
    }
}

impl Floor {
    fn new() -> Floor {
        Floor { now: vec![12.0; WIDTH * HEIGHT], next: vec![12.0; WIDTH * HEIGHT], radiators: Vec::new() }
    }

    fn furnish(&mut self, numbers: &mut Numbers) {
        self.now.fill(12.0);
        self.next.fill(12.0);
        self.radiators.clear();
        for _ in 0..40 {
            let (row, column) = (1 + numbers.below(HEIGHT - 2), 1 + numbers.below(WIDTH - 2));
            let degrees = 40.0 + numbers.below(20) as f32;
            self.radiators.push(Radiator { row, column, degrees });
        }
    }

    fn heat(&mut self) {
        for radiator in &self.radiators {
            self.now[radiator.row * WIDTH + radiator.column] = radiator.degrees;
        }
    }

    /// The rows at the edge keep their heat.
    fn step(&mut self) {
        self.heat();
        let last = (HEIGHT - 1) * WIDTH;
        self.next[..WIDTH].copy_from_slice(&self.now[..WIDTH]);
        self.next[last..].copy_from_slice(&self.now[last..]);
        let around = self.now.windows(3 * WIDTH).step_by(WIDTH);
        for (lines, into) in around.zip(self.next[WIDTH..last].chunks_exact_mut(WIDTH)) {
            let (above, rest) = lines.split_at(WIDTH);
            let (here, below) = rest.split_at(WIDTH);
            spread(above, here, below, into);
        }
        std::mem::swap(&mut self.now, &mut self.next);
    }

    fn mean(&self) -> f32 {
        self.now.iter().sum::<f32>() / self.now.len() as f32
    }
}

fn main() -> io::Result<()> {
    let mut log = File::create("heat.log")?;
    let mut numbers = Numbers { random: 88172645463325252 };
    let mut floor = Floor::new();
    println!("ready {}", std::process::id());
    let began = Instant::now();
    let mut told = 0;
    for count in 1u64.. {
        floor.furnish(&mut numbers);
        for _ in 0..ROUNDS {
            floor.step();
        }
        let passed = began.elapsed().as_millis();
        if passed - told > 1000 {
            told = passed;
            writeln!(log, "{passed} {count} floors, the last has {:.2} degrees", floor.mean())?;
        }
    }
    Ok(())
}
