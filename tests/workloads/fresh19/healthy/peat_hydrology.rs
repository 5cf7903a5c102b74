// bench: healthy
// Water tables of a peat bog: six loggers keep a connection each and send blocks of raw pressure; a thread for each
// connection filters its blocks and hands a summary to one thread that keeps the last ones and their mean.
// Measured: about 13 % of a core in the filter, memory stays, threads sleep in read and recv between the blocks.
use std::collections::VecDeque;
use std::env;
use std::io::{self, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::mpsc::{sync_channel, Receiver, SyncSender};
use std::sync::{Arc, RwLock};
use std::thread;
use std::time::{Duration, Instant};

const BLOCK: usize = 3000;
const LOGGERS: usize = 6;
const TAPS: usize = 48;

#[derive(Clone, Debug)]
struct Summary {
    logger: u32,
    number: u32,
    mean: f32,
    lowest: f32,
    highest: f32,
}

struct Filter {
    weights: [f32; TAPS],
    tail: Vec<f32>,
    raw: Vec<u8>,
    smooth: Vec<f32>,
}

impl Filter {
    fn new() -> Filter {
        let mut weights = [0.0; TAPS];
        let mut sum = 0.0;
        for (n, weight) in weights.iter_mut().enumerate() {
            let at = (n as f32 + 0.5) / TAPS as f32 * std::f32::consts::PI;
            *weight = at.sin();
            sum += *weight;
        }
        for weight in weights.iter_mut() {
            *weight /= sum;
        }
        Filter { weights, tail: vec![1000.0; TAPS], raw: vec![0; BLOCK * 2], smooth: Vec::with_capacity(BLOCK) }
    }

    fn decode(&mut self) {
        self.tail.truncate(TAPS);
        for pair in self.raw.chunks_exact(2) {
            let counts = u16::from_le_bytes([pair[0], pair[1]]);
            self.tail.push(counts as f32 * 0.05);
        }
    }

    fn run(&mut self) {
        self.smooth.clear();
        for window in self.tail[1..].windows(TAPS) {
            let mut value = 0.0;
            for n in 0..TAPS {
                value += window[n] * self.weights[n];
            }
            self.smooth.push(value);
        }
        let kept = self.tail.len() - TAPS;
        self.tail.copy_within(kept.., 0);
    }

    fn summary(&self, logger: u32, number: u32) -> Summary {
        let mut lowest = f32::MAX;
        let mut highest = f32::MIN;
        let mut sum = 0.0;
        for &value in &self.smooth {
            lowest = lowest.min(value);
            highest = highest.max(value);
            sum += value;
        }
        Summary { logger, number, mean: sum / self.smooth.len() as f32, lowest, highest }
    }
}

fn serve(stream: TcpStream, done: SyncSender<Summary>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut answers = stream.try_clone()?;
    let mut blocks = BufReader::with_capacity(64 << 10, stream);
    let mut filter = Filter::new();
    let mut head = [0u8; 8];
    loop {
        blocks.read_exact(&mut head)?;
        let logger = u32::from_le_bytes([head[0], head[1], head[2], head[3]]);
        let number = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
        blocks.read_exact(&mut filter.raw)?;
        filter.decode();
        filter.run();
        if done.send(filter.summary(logger, number)).is_err() {
            return Ok(());
        }
        answers.write_all(&number.to_le_bytes())?;
    }
}

struct Bog {
    latest: VecDeque<Summary>,
    mean: f32,
    range: f32,
}

fn gather(from: Receiver<Summary>, bog: Arc<RwLock<Bog>>) {
    for summary in from {
        let mut bog = bog.write().unwrap();
        bog.mean += (summary.mean - bog.mean) * 0.02;
        bog.range = bog.range.max(summary.highest - summary.lowest);
        if bog.latest.len() == 240 {
            bog.latest.pop_front();
        }
        bog.latest.push_back(summary);
    }
}

fn logger(port: &str, logger: u32) -> io::Result<()> {
    let mut stream = TcpStream::connect(format!("127.0.0.1:{}", port))?;
    stream.set_nodelay(true)?;
    let mut message = vec![0u8; 8 + BLOCK * 2];
    message[..4].copy_from_slice(&logger.to_le_bytes());
    let mut state: u32 = 77 + logger;
    let mut counts: i32 = 20000;
    let mut due = Instant::now() + Duration::from_millis(15 * logger as u64);
    for number in 0u32.. {
        message[4..8].copy_from_slice(&number.to_le_bytes());
        for n in 0..BLOCK {
            state = state.wrapping_mul(1664525).wrapping_add(1013904223);
            counts = (counts + (state >> 28) as i32 - 7).clamp(15000, 25000);
            message[8 + 2 * n..10 + 2 * n].copy_from_slice(&(counts as u16).to_le_bytes());
        }
        stream.write_all(&message)?;
        let mut answer = [0u8; 4];
        stream.read_exact(&mut answer)?;
        due += Duration::from_millis(80);
        if let Some(pause) = due.checked_duration_since(Instant::now()) {
            thread::sleep(pause);
        }
    }
    Ok(())
}

fn main() -> io::Result<()> {
    let words: Vec<String> = env::args().collect();
    if words.len() > 2 && words[1] == "loggers" {
        let port = words[2].clone();
        let all: Vec<_> = (0..LOGGERS as u32)
            .map(|number| {
                let port = port.clone();
                thread::spawn(move || logger(&port, number))
            })
            .collect();
        for one in all {
            let _ = one.join();
        }
        return Ok(());
    }
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port().to_string();
    let bog = Arc::new(RwLock::new(Bog { latest: VecDeque::with_capacity(240), mean: 1000.0, range: 0.0 }));
    let (send, receive) = sync_channel(64);
    let kept = bog.clone();
    thread::spawn(move || gather(receive, kept));
    let show = bog.clone();
    thread::spawn(move || loop {
        thread::sleep(Duration::from_secs(2));
        let bog = show.read().unwrap();
        let lowest = bog.latest.iter().map(|summary| summary.lowest).fold(f32::MAX, f32::min);
        let newest = bog.latest.back().map(|summary| (summary.logger, summary.number));
        let _ = format!("{:.2} {:.2} {:.2} {:?}", bog.mean, bog.range, lowest, newest);
    });
    let own = env::current_exe()?;
    Command::new("sh")
        .args(["-c", "\"$0\" loggers \"$1\" >/dev/null 2>&1 &"])
        .arg(own)
        .arg(&port)
        .status()?;
    for number in 0..LOGGERS {
        let (stream, _) = listener.accept()?;
        let done = send.clone();
        thread::Builder::new().name(format!("logger-{}", number)).spawn(move || serve(stream, done))?;
    }
    println!("ready");
    io::stdout().flush()?;
    loop {
        let (stream, _) = listener.accept()?;
        let done = send.clone();
        thread::spawn(move || serve(stream, done));
    }
}
