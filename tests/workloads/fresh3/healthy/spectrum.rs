// expect: healthy bench
// Looks for tones in the sound of machines: windows of a stream, each through a fast Fourier transform with tables made
// once, on as many threads as there are cores.
use std::f32::consts::PI;
use std::fs::File;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

const SIZE: usize = 4096;
const STEP: usize = 1024;
const MACHINES: usize = 12;

struct Transform {
    turns: Vec<(f32, f32)>,
    places: Vec<usize>,
    window: Vec<f32>,
}

impl Transform {
    fn new() -> Self {
        let bits = SIZE.trailing_zeros();
        Transform {
            turns: (0..SIZE / 2).map(|n| (-2.0 * PI * n as f32 / SIZE as f32).sin_cos()).map(|(s, c)| (c, s)).collect(),
            places: (0..SIZE).map(|n| n.reverse_bits() >> (usize::BITS - bits)).collect(),
            window: (0..SIZE).map(|n| 0.5 - 0.5 * (2.0 * PI * n as f32 / SIZE as f32).cos()).collect(),
        }
    }

    fn run(&self, sound: &[f32], real: &mut [f32], imaginary: &mut [f32]) {
        for (n, place) in self.places.iter().enumerate() {
            real[*place] = sound[n] * self.window[n];
        }
        imaginary.fill(0.0);
        let mut half = 1;
        while half < SIZE {
            let stride = SIZE / 2 / half;
            for start in (0..SIZE).step_by(2 * half) {
                for k in 0..half {
                    let (c, s) = self.turns[k * stride];
                    let (a, b) = (start + k, start + k + half);
                    let re = real[b] * c - imaginary[b] * s;
                    let im = real[b] * s + imaginary[b] * c;
                    (real[b], imaginary[b]) = (real[a] - re, imaginary[a] - im);
                    (real[a], imaginary[a]) = (real[a] + re, imaginary[a] + im);
                }
            }
            half *= 2;
        }
    }
}

/// The sound of a machine: two tones, and some noise.
struct Machine {
    number: usize,
    heard: usize,
    noise: u32,
}

impl Machine {
    fn hear(&mut self, sound: &mut [f32]) {
        let (low, high) = (0.01 + self.number as f32 * 0.003, 0.31 + self.number as f32 * 0.011);
        sound.copy_within(STEP.., 0);
        for place in &mut sound[SIZE - STEP..] {
            self.noise = self.noise.wrapping_mul(1664525).wrapping_add(1013904223);
            let at = (self.heard % 100_000) as f32;
            *place = (at * low).sin() + 0.4 * (at * high).sin() + (self.noise >> 16) as f32 / 131072.0;
            self.heard += 1;
        }
    }
}

fn loudest(real: &[f32], imaginary: &[f32]) -> usize {
    let power = |n: usize| real[n] * real[n] + imaginary[n] * imaginary[n];
    (1..SIZE / 2).max_by(|a, b| power(*a).total_cmp(&power(*b))).unwrap_or(0)
}

fn listen(first: usize, threads: usize, transform: &Transform, windows: &AtomicU64, tones: &AtomicU64) {
    let mut machines: Vec<(Machine, Vec<f32>)> = (first..MACHINES)
        .step_by(threads)
        .map(|number| (Machine { number, heard: 0, noise: number as u32 }, vec![0.0; SIZE]))
        .collect();
    let (mut real, mut imaginary) = (vec![0.0; SIZE], vec![0.0; SIZE]);
    loop {
        for (machine, sound) in &mut machines {
            machine.hear(sound);
            transform.run(sound, &mut real, &mut imaginary);
            tones.fetch_add(loudest(&real, &imaginary) as u64, Ordering::Relaxed);
            windows.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn main() {
    let (windows, tones) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let transform = Arc::new(Transform::new());
    let threads = thread::available_parallelism().map_or(1, |number| number.get()).min(MACHINES);
    for first in 0..threads {
        let (transform, windows, tones) = (transform.clone(), windows.clone(), tones.clone());
        thread::spawn(move || listen(first, threads, &transform, &windows, &tones));
    }
    println!("ready {}", std::process::id());
    let mut log = File::create("tones.log").unwrap();
    let began = Instant::now();
    loop {
        thread::sleep(Duration::from_secs(1));
        let count = windows.load(Ordering::Relaxed);
        let mean = tones.load(Ordering::Relaxed) / count.max(1);
        writeln!(log, "{} {} windows, tone {}", began.elapsed().as_millis(), count, mean).unwrap();
    }
}
