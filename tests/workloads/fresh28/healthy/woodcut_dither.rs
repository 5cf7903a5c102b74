// expect: healthy bench
// Prepares scans of woodcuts for newsprint: halves each scan, evens out its tones and dithers it to black and white
// with spread error (Floyd and Steinberg), packed to bits as the plate setter wants it. Scans come at a fixed pace.
//
// Measured: 0.32 cores at 30 scans a second, 7 MB.
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::sync::mpsc::{sync_channel, Receiver, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

const WIDTH: usize = 800;
const HEIGHT: usize = 600;
const PER_SECOND: u32 = 30;
const PLATES_A_FILE: usize = 60;

struct Setter {
    half: Vec<u8>,
    errors: Vec<i32>,
    below: Vec<i32>,
    bits: Vec<u8>,
}

impl Setter {
    fn new() -> Setter {
        let (width, height) = (WIDTH / 2, HEIGHT / 2);
        Setter {
            half: vec![0; width * height],
            errors: vec![0; width + 2],
            below: vec![0; width + 2],
            bits: vec![0; width / 8 * height],
        }
    }

    fn halve(&mut self, scan: &[u8]) {
        let pairs = scan.chunks_exact(WIDTH * 2);
        for (rows, out) in pairs.zip(self.half.chunks_exact_mut(WIDTH / 2)) {
            let (upper, lower) = rows.split_at(WIDTH);
            for ((a, b), tone) in upper.chunks_exact(2).zip(lower.chunks_exact(2)).zip(out) {
                let sum = a[0] as u32 + a[1] as u32 + b[0] as u32 + b[1] as u32;
                *tone = ((sum + 2) / 4) as u8;
            }
        }
    }

    fn even_out(&mut self) {
        let mut counts = [0u32; 256];
        for &tone in &self.half {
            counts[tone as usize] += 1;
        }
        let mut table = [0u8; 256];
        let total = self.half.len() as u64;
        let mut so_far = 0u64;
        for (count, entry) in counts.iter().zip(table.iter_mut()) {
            so_far += *count as u64;
            *entry = (so_far * 255 / total) as u8;
        }
        for tone in &mut self.half {
            *tone = table[*tone as usize];
        }
    }

    fn dither(&mut self) {
        self.errors.fill(0);
        let width = WIDTH / 2;
        for (row, out) in self.half.chunks_exact(width).zip(self.bits.chunks_exact_mut(width / 8)) {
            self.below.fill(0);
            let mut right = 0;
            let mut byte = 0u8;
            for (x, &tone) in row.iter().enumerate() {
                let wanted = tone as i32 + (self.errors[x + 1] + right) / 16;
                let white = wanted > 127;
                let error = wanted - if white { 255 } else { 0 };
                right = error * 7;
                self.below[x] += error * 3;
                self.below[x + 1] += error * 5;
                self.below[x + 2] += error;
                byte = byte << 1 | white as u8;
                if x % 8 == 7 {
                    out[x / 8] = byte;
                    byte = 0;
                }
            }
            std::mem::swap(&mut self.errors, &mut self.below);
        }
    }

    fn set(&mut self, scan: &[u8]) -> &[u8] {
        self.halve(scan);
        self.even_out();
        self.dither();
        &self.bits
    }
}

fn set_plates(scans: Receiver<Vec<u8>>, back: SyncSender<Vec<u8>>) -> io::Result<()> {
    let mut setter = Setter::new();
    let mut number = 0;
    let mut file = BufWriter::new(File::create("plates-0.pbm")?);
    for scan in scans {
        if number > 0 && number % PLATES_A_FILE == 0 {
            file.flush()?;
            file = BufWriter::new(File::create(format!("plates-{}.pbm", number / PLATES_A_FILE % 8))?);
        }
        write!(file, "P4\n{} {}\n", WIDTH / 2, HEIGHT / 2)?;
        file.write_all(setter.set(&scan))?;
        number += 1;
        if back.send(scan).is_err() {
            break;
        }
    }
    file.flush()
}

/// A scan as the scanner delivers it: shifting stripes and grain.
fn make_scan(number: usize) -> Vec<u8> {
    let mut scan = vec![0; WIDTH * HEIGHT];
    for (y, row) in scan.chunks_exact_mut(WIDTH).enumerate() {
        let shade = (y + number * 13) % 509;
        for (x, tone) in row.iter_mut().enumerate() {
            *tone = ((x * 3 + shade * 5) & 0xff) as u8 ^ (x as u8 & 0x1f);
        }
    }
    scan
}

fn main() {
    let sheets: Vec<Vec<u8>> = (0..8).map(make_scan).collect();
    let (send, scans) = sync_channel::<Vec<u8>>(2);
    let (back, empty) = sync_channel::<Vec<u8>>(4);
    for _ in 0..3 {
        back.send(vec![0; WIDTH * HEIGHT]).unwrap();
    }
    let worker = thread::spawn(move || set_plates(scans, back));
    println!("ready {}", std::process::id());
    let mut due = Instant::now();
    for sheet in sheets.iter().cycle() {
        let mut scan = match empty.recv() {
            Ok(scan) => scan,
            Err(_) => break,
        };
        scan.copy_from_slice(sheet);
        if send.send(scan).is_err() {
            break;
        }
        due += Duration::from_secs(1) / PER_SECOND;
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    if let Err(error) = worker.join().unwrap() {
        eprintln!("{}", error);
    }
}
