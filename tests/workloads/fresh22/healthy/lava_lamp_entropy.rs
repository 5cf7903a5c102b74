// bench: healthy
// Draws random numbers from a wall of lava lamps: a camera streams small frames, each is checked (a stuck camera must
// not pass), stirred into a pool, and every eighth yields a seed, which a writer lays down in files of bounded
// size; the history of the frames' brightness that the checks need is bounded, too.
//
// Measured: 1500 frames a second; CPU 3 % of a core.
use std::collections::VecDeque;
use std::env;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{self, Command, Stdio};
use std::sync::mpsc::{sync_channel, Receiver, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

const WIDTH: usize = 48;
const HEIGHT: usize = 32;
const FRAME: usize = WIDTH * HEIGHT;
const PER_SEED: u32 = 8;
const HISTORY: usize = 64;
const LARGEST: usize = 1 << 20;

#[derive(Debug)]
enum Rejected {
    Dark,
    Stuck,
    Steady(f64),
}

impl fmt::Display for Rejected {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Rejected::Dark => write!(out, "too dark"),
            Rejected::Stuck => write!(out, "the same as the frame before"),
            Rejected::Steady(deviation) => write!(out, "hardly changes ({:.3})", deviation),
        }
    }
}

/// Checks that frames are alive.
struct Watch {
    before: Vec<u8>,
    levels: VecDeque<u64>,
}

impl Watch {
    fn new() -> Watch {
        Watch { before: vec![0; FRAME], levels: VecDeque::with_capacity(HISTORY) }
    }

    fn check(&mut self, frame: &[u8]) -> Result<(), Rejected> {
        let level: u64 = frame.iter().map(|&byte| u64::from(byte)).sum();
        let stuck = self.before == frame;
        self.before.copy_from_slice(frame);
        if self.levels.len() == HISTORY {
            self.levels.pop_front();
        }
        self.levels.push_back(level);
        if level < 4 * FRAME as u64 {
            return Err(Rejected::Dark);
        }
        if stuck {
            return Err(Rejected::Stuck);
        }
        let number = self.levels.len() as f64;
        let mean = self.levels.iter().sum::<u64>() as f64 / number;
        let square = self.levels.iter().map(|&value| (value as f64 - mean).powi(2)).sum::<f64>() / number;
        if self.levels.len() == HISTORY && square.sqrt() < 0.5 {
            return Err(Rejected::Steady(square.sqrt()));
        }
        Ok(())
    }
}

/// Four words that everything is stirred into.
struct Pool {
    words: [u64; 4],
    stirred: u32,
}

impl Pool {
    fn new() -> Pool {
        Pool { words: [0x736f6d6570736575, 0x646f72616e646f6d, 0x6c7967656e657261, 0x7465646279746573], stirred: 0 }
    }

    fn round(&mut self) {
        let w = &mut self.words;
        w[0] = w[0].wrapping_add(w[1]);
        w[1] = w[1].rotate_left(13) ^ w[0];
        w[2] = w[2].wrapping_add(w[3]);
        w[3] = w[3].rotate_left(16) ^ w[2];
        w[0] = w[0].rotate_left(32).wrapping_add(w[3]);
        w[2] = w[2].wrapping_add(w[1]).rotate_left(17);
    }

    fn stir(&mut self, frame: &[u8]) {
        for piece in frame.chunks_exact(8) {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(piece);
            let word = u64::from_le_bytes(bytes);
            self.words[3] ^= word;
            self.round();
            self.words[0] ^= word;
        }
        self.stirred += 1;
    }

    fn seed(&mut self) -> Option<[u64; 4]> {
        if self.stirred < PER_SEED {
            return None;
        }
        self.stirred = 0;
        for _ in 0..6 {
            self.round();
        }
        let seed = self.words;
        self.words[1] = !self.words[1];
        self.round();
        Some(seed)
    }
}

/// Lays seeds down in hexadecimal, in two files by turns.
struct Vault {
    out: BufWriter<File>,
    size: usize,
    turn: u32,
}

impl Vault {
    fn open(turn: u32) -> io::Result<Vault> {
        let file = File::create(format!("seeds/{}.hex", turn % 2))?;
        Ok(Vault { out: BufWriter::with_capacity(1 << 16, file), size: 0, turn })
    }

    fn keep(&mut self, seed: [u64; 4]) -> io::Result<()> {
        if self.size >= LARGEST {
            self.out.flush()?;
            *self = Vault::open(self.turn + 1)?;
        }
        writeln!(self.out, "{:016x}{:016x}{:016x}{:016x}", seed[0], seed[1], seed[2], seed[3])?;
        self.size += 65;
        Ok(())
    }

    fn run(mut self, seeds: Receiver<[u64; 4]>) -> io::Result<u64> {
        let mut number = 0;
        for seed in seeds {
            self.keep(seed)?;
            number += 1;
        }
        self.out.flush()?;
        Ok(number)
    }
}

fn draw(stream: TcpStream, seeds: &SyncSender<[u64; 4]>) -> io::Result<()> {
    let mut frames = BufReader::with_capacity(64 << 10, stream);
    let mut frame = vec![0; FRAME];
    let (mut watch, mut pool) = (Watch::new(), Pool::new());
    let (mut passed, mut rejected, mut told) = (0u64, 0u64, false);
    let mut reported = Instant::now();
    loop {
        match frames.read_exact(&mut frame) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            other => other?,
        }
        match watch.check(&frame) {
            Ok(()) => {
                pool.stir(&frame);
                passed += 1;
            }
            Err(reason) => {
                rejected += 1;
                if rejected % 50 == 1 {
                    eprintln!("frame {}: {}", passed + rejected, reason);
                }
            }
        }
        if let Some(seed) = pool.seed() {
            if seeds.send(seed).is_err() {
                return Err(io::Error::new(io::ErrorKind::BrokenPipe, "the vault is closed"));
            }
        }
        if !told && passed == 1500 {
            println!("ready {}", process::id());
            io::stdout().flush()?;
            told = true;
        }
        if reported.elapsed() > Duration::from_secs(5) {
            eprintln!("{} frames, {} rejected", passed, rejected);
            reported = Instant::now();
        }
    }
}

/// The camera, in a process that is not ours: 1500 frames a second, six at a time, taken from a long strip of noise.
fn film(port: u16) -> io::Result<()> {
    let mut state = 88172645463325252u64;
    let strip: Vec<u8> = (0..FRAME * 40 + 4096)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 24) as u8
        })
        .collect();
    let mut camera = TcpStream::connect(("127.0.0.1", port))?;
    let mut due = Instant::now();
    for turn in 0usize.. {
        let from = turn * 7919 % (FRAME * 34 + 4096);
        camera.write_all(&strip[from..from + FRAME * 6])?;
        due += Duration::from_micros(4_000);
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    Ok(())
}

fn start_camera(port: u16) -> io::Result<()> {
    let own = env::current_exe()?;
    let command = format!("'{}' camera {} </dev/null >/dev/null 2>&1 &", own.display(), port);
    Command::new("sh").arg("-c").arg(command).stdin(Stdio::null()).status().map(|_| ())
}

fn main() -> io::Result<()> {
    let words: Vec<String> = env::args().collect();
    if words.len() == 3 && words[1] == "camera" {
        return film(words[2].parse().expect("a port"));
    }
    fs::create_dir_all("seeds")?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    start_camera(listener.local_addr()?.port())?;
    let (stream, _) = listener.accept()?;
    let (sender, receiver) = sync_channel(64);
    let vault = Vault::open(0)?;
    let writer = thread::spawn(move || vault.run(receiver));
    draw(stream, &sender)?;
    drop(sender);
    match writer.join() {
        Ok(number) => eprintln!("{} seeds", number?),
        Err(_) => eprintln!("the vault broke"),
    }
    Ok(())
}
