// expect: healthy bench
// Tunes gongs in a foundry: microphones over the anvils hand over the sound of each stroke, the tuner transforms it,
// finds the strongest partials, and tells the smith which of them are off; the last strokes of each gong are kept to
// compare.
//
// The transform is the work, on sounds that all differ; its factors are prepared once, and its buffers are used again.
// The microphones are paced by the strokes; the strokes kept are bounded, and full after a few seconds; the smith's
// page is written into one string.
// Measured: 1503 strokes in 60 s; CPU 1.8 s of 65 s; memory 11 MB.
use std::collections::VecDeque;
use std::f32::consts::PI;
use std::fmt::Write;
use std::sync::mpsc::{sync_channel, Receiver, SyncSender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const SIZE: usize = 32768;
const RATE: f32 = 44100.0;
const ANVILS: u32 = 3;
const STROKE_PAUSE: Duration = Duration::from_millis(120);
const REMEMBERED: usize = 60;

struct Stroke {
    anvil: u32,
    gong: u32,
    sound: Vec<f32>,
}

#[derive(Clone, Copy)]
struct Partial {
    hertz: f32,
    power: f32,
}

/// A transform of one size: what it needs of sines and orders is made once.
struct Transform {
    factors: Vec<(f32, f32)>,
    order: Vec<u32>,
    window: Vec<f32>,
    real: Vec<f32>,
    imaginary: Vec<f32>,
}

impl Transform {
    fn new() -> Transform {
        let bits = SIZE.trailing_zeros();
        let angle = |k: usize| -2.0 * PI * k as f32 / SIZE as f32;
        Transform {
            factors: (0..SIZE / 2).map(|k| (angle(k).cos(), angle(k).sin())).collect(),
            order: (0..SIZE as u32).map(|at| at.reverse_bits() >> (32 - bits)).collect(),
            window: (0..SIZE).map(|at| 0.5 - 0.5 * (2.0 * PI * at as f32 / SIZE as f32).cos()).collect(),
            real: vec![0.0; SIZE],
            imaginary: vec![0.0; SIZE],
        }
    }

    fn powers(&mut self, sound: &[f32], powers: &mut [f32]) {
        for (at, from) in self.order.iter().enumerate() {
            self.real[at] = sound[*from as usize] * self.window[*from as usize];
        }
        self.imaginary.fill(0.0);
        let mut half = 1;
        while half < SIZE {
            let stride = SIZE / (2 * half);
            for start in (0..SIZE).step_by(2 * half) {
                for k in 0..half {
                    let (cosine, sine) = self.factors[k * stride];
                    let (low, high) = (start + k, start + k + half);
                    let real = self.real[high] * cosine - self.imaginary[high] * sine;
                    let imaginary = self.real[high] * sine + self.imaginary[high] * cosine;
                    self.real[high] = self.real[low] - real;
                    self.imaginary[high] = self.imaginary[low] - imaginary;
                    self.real[low] += real;
                    self.imaginary[low] += imaginary;
                }
            }
            half *= 2;
        }
        for (k, power) in powers.iter_mut().enumerate() {
            *power = self.real[k] * self.real[k] + self.imaginary[k] * self.imaginary[k];
        }
    }
}

fn strongest(powers: &[f32], count: usize) -> Vec<Partial> {
    let peak = |k: &usize| powers[*k] > powers[k - 1] && powers[*k] >= powers[k + 1];
    let floor = powers.iter().copied().fold(0.0, f32::max) * 1e-4;
    let mut found: Vec<Partial> = (2..powers.len() - 1)
        .filter(|k| powers[*k] > floor)
        .filter(peak)
        .map(|k| Partial { hertz: k as f32 * RATE / SIZE as f32, power: powers[k] })
        .collect();
    found.sort_by(|a, b| b.power.total_cmp(&a.power));
    found.truncate(count);
    found
}

/// What is known of the last strokes, and the page for the smith.
#[derive(Default)]
struct Bench {
    strokes: VecDeque<(u32, u32, Vec<Partial>, Vec<f32>)>,
    page: String,
    heard: u64,
}

impl Bench {
    fn enter(&mut self, stroke: Stroke, partials: Vec<Partial>) {
        if self.strokes.len() == REMEMBERED {
            self.strokes.pop_front();
        }
        self.strokes.push_back((stroke.anvil, stroke.gong, partials, stroke.sound));
        self.heard += 1;
    }

    fn write_page(&mut self) {
        self.page.clear();
        for (anvil, gong, partials, sound) in self.strokes.iter().rev().take(12) {
            let loudest = sound.iter().step_by(64).fold(0.0f32, |top, value| top.max(value.abs()));
            let _ = write!(self.page, "anvil {anvil} gong {gong} ({loudest:.2}):");
            for partial in partials {
                let _ = write!(self.page, " {:.1}", partial.hertz);
            }
            self.page.push('\n');
        }
    }
}

fn tune(strokes: Receiver<Stroke>, bench: Arc<Mutex<Bench>>) {
    let mut transform = Transform::new();
    let mut powers = vec![0.0; SIZE / 2];
    for stroke in strokes {
        transform.powers(&stroke.sound, &mut powers);
        let partials = strongest(&powers, 8);
        bench.lock().unwrap().enter(stroke, partials);
    }
}

/// A microphone over an anvil. The sound of a stroke: partials that swing and fade, each by a turning pointer.
fn microphone(anvil: u32, tuner: SyncSender<Stroke>) {
    let mut next = Instant::now() + STROKE_PAUSE * anvil / ANVILS;
    for turn in 0u32.. {
        let gong = (turn / 8 + anvil * 5) % 40;
        let mut sound = vec![0.0f32; SIZE];
        for (number, ratio) in [1.0f32, 1.47, 2.09, 2.56, 3.4].iter().enumerate() {
            let step = 2.0 * PI * (92.0 + gong as f32 * 3.0) * ratio / RATE;
            let (cosine, sine) = (step.cos() * 0.99997, step.sin() * 0.99997);
            let (mut x, mut y) = (0.0f32, 1.0 / (1 + number as u32 + turn % 3) as f32);
            for value in sound.iter_mut() {
                *value += x;
                (x, y) = (x * cosine + y * sine, y * cosine - x * sine);
            }
        }
        tuner.send(Stroke { anvil, gong, sound }).unwrap();
        next += STROKE_PAUSE;
        thread::sleep(next.saturating_duration_since(Instant::now()));
    }
}

fn main() {
    let (sender, strokes) = sync_channel(8);
    let bench: Arc<Mutex<Bench>> = Arc::default();
    let entered = Arc::clone(&bench);
    thread::Builder::new().name("tuner".into()).spawn(move || tune(strokes, entered)).unwrap();
    for anvil in 0..ANVILS {
        let sender = sender.clone();
        thread::Builder::new().name(format!("anvil-{anvil}")).spawn(move || microphone(anvil, sender)).unwrap();
    }
    println!("ready {}", std::process::id());
    for turn in 1u32.. {
        thread::sleep(Duration::from_millis(500));
        let mut bench = bench.lock().unwrap();
        bench.write_page();
        if turn % 20 == 0 {
            let first = bench.page.lines().next().unwrap_or("").to_string();
            eprintln!("{} strokes, {} kept, {}", bench.heard, bench.strokes.len(), first);
        }
    }
}
