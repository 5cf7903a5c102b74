// expect: healthy bench
// Finds where plants have gone between two passes of a satellite: one thread takes the scenes in, another corrects them,
// works out the vegetation index and what has changed, and writes a map. The buffers go round between the two.
// Measured: about 50 scenes for each second of a core; its two threads want one and a half.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::sync::mpsc::{sync_channel, Receiver, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

const SIDE: usize = 512;
const TILE: usize = 32;
const BANDS: usize = 2;
const MUCH: f32 = 0.15 * (TILE * TILE) as f32;

/// The red and the near infrared of one pass over a place.
struct Scene {
    number: u64,
    bands: [Vec<u16>; BANDS],
}

impl Scene {
    fn empty() -> Self {
        Scene { number: 0, bands: [vec![0; SIDE * SIDE], vec![0; SIDE * SIDE]] }
    }
}

/// The instrument: fields, woods and clouds, different on each pass.
struct Instrument {
    state: u64,
    passes: u64,
}

impl Instrument {
    fn draw(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }

    fn record(&mut self, scene: &mut Scene) {
        self.passes += 1;
        scene.number = self.passes;
        let [red, infrared] = &mut scene.bands;
        for (y, (red, infrared)) in red.chunks_mut(SIDE).zip(infrared.chunks_mut(SIDE)).enumerate() {
            let mut field = self.draw();
            for (x, (r, i)) in red.iter_mut().zip(infrared.iter_mut()).enumerate() {
                if x % 16 == 0 {
                    field = self.draw().rotate_left((y / 16) as u32);
                }
                let noise = (field >> (x % 16)) as u16 & 127;
                let green = (field >> 40) as u16 & 1023;
                *r = 600 + noise + (1023 - green) / 2;
                *i = 900 + noise + green * 2;
            }
        }
    }
}

/// From what the instrument counts to reflectance, by tables made once.
struct Correction {
    tables: [Vec<f32>; BANDS],
}

impl Correction {
    fn new() -> Self {
        let table = |gain: f32, haze: f32| (0..8192).map(|n| ((n as f32 - haze) * gain).clamp(0.0, 1.0)).collect();
        Correction { tables: [table(2.4e-4, 310.0), table(2.1e-4, 120.0)] }
    }

    fn index(&self, scene: &Scene, into: &mut [f32]) {
        let [red, infrared] = &self.tables;
        for ((out, &r), &i) in into.iter_mut().zip(&scene.bands[0]).zip(&scene.bands[1]) {
            let (r, i) = (red[r as usize], infrared[i as usize]);
            *out = (i - r) / (i + r + 1e-6);
        }
    }
}

/// Smooths a row after the other: a running mean of five pixels.
fn smooth(index: &[f32], into: &mut [f32]) {
    for (row, out) in index.chunks(SIDE).zip(into.chunks_mut(SIDE)) {
        let mut sum: f32 = row[..5].iter().sum();
        out[..2].copy_from_slice(&row[..2]);
        for at in 2..SIDE - 3 {
            out[at] = sum / 5.0;
            sum += row[at + 3] - row[at - 2];
        }
        out[SIDE - 3..].copy_from_slice(&row[SIDE - 3..]);
    }
}

/// The mean loss of each tile, and how many have lost much.
fn losses(before: &[f32], now: &[f32], map: &mut [f32]) -> usize {
    map.fill(0.0);
    for (y, (old, new)) in before.chunks(SIDE).zip(now.chunks(SIDE)).enumerate() {
        let tiles = &mut map[y / TILE * (SIDE / TILE)..][..SIDE / TILE];
        for (tile, (old, new)) in tiles.iter_mut().zip(old.chunks(TILE).zip(new.chunks(TILE))) {
            *tile += old.iter().zip(new).map(|(o, n)| (o - n).max(0.0)).sum::<f32>();
        }
    }
    map.iter().filter(|loss| **loss > MUCH).count()
}

fn take_in(empty: Receiver<Scene>, full: SyncSender<Scene>) {
    let mut instrument = Instrument { state: 0x5eed_1234_9876_abcd, passes: 0 };
    while let Ok(mut scene) = empty.recv() {
        instrument.record(&mut scene);
        if full.send(scene).is_err() {
            return;
        }
    }
}

fn write_map(path: &str, map: &[f32]) -> std::io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    for row in map.chunks(SIDE / TILE) {
        let line: Vec<u8> = row.iter().map(|loss| if *loss > MUCH { b'x' } else { b'.' }).collect();
        out.write_all(&line)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

fn main() -> std::io::Result<()> {
    let (give, empty) = sync_channel(3);
    let (full, scenes) = sync_channel(3);
    for _ in 0..3 {
        give.send(Scene::empty()).expect("the channel is open");
    }
    thread::Builder::new().name("intake".into()).spawn(move || take_in(empty, full))?;
    let correction = Correction::new();
    let mut raw = vec![0.0; SIDE * SIDE];
    let (mut before, mut now) = (vec![0.0; SIDE * SIDE], vec![0.0; SIDE * SIDE]);
    let mut map = vec![0.0; (SIDE / TILE) * (SIDE / TILE)];
    let mut log = File::create("change.log")?;
    println!("ready {}", std::process::id());
    let (began, mut told, mut lost) = (Instant::now(), Instant::now(), 0);
    for scene in scenes {
        correction.index(&scene, &mut raw);
        let number = scene.number;
        give.send(scene).expect("the intake runs");
        smooth(&raw, &mut now);
        lost += losses(&before, &now, &mut map);
        std::mem::swap(&mut before, &mut now);
        if told.elapsed() > Duration::from_secs(2) {
            told = Instant::now();
            write_map("losses.txt", &map)?;
            writeln!(log, "{:.1} s: {} scenes, {} tiles lost", began.elapsed().as_secs_f32(), number, lost)?;
        }
    }
    Ok(())
}
