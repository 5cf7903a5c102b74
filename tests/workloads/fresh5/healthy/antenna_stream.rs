// expect: healthy bench
// Decodes the stream of a receiver that listens to satellites: one thread takes frames in and packs them into a pipe,
// another reads them in large blocks, checks their sums, and keeps the newest value of each channel.
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

const CHANNELS: usize = 512;
const BODY: usize = 48;
const HEAD: [u8; 4] = [0x1a, 0xcf, 0xfc, 0x1d];
const FRAMES: usize = 400; // of a burst
const BLOCK: usize = 128 << 10;

enum Trouble {
    Io(io::Error),
    OutOfStep(u64),
}

impl fmt::Debug for Trouble {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Trouble::Io(error) => write!(out, "the stream ends: {error}"),
            Trouble::OutOfStep(frames) => write!(out, "no frame begins after {frames}"),
        }
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Trouble::Io(error)
    }
}

fn sum_of(body: &[u8]) -> u16 {
    body.iter().fold(0xffff, |sum: u16, &byte| sum.rotate_left(5) ^ u16::from(byte))
}

/// What the radio hears: bursts of frames, with an error now and then.
struct Receiver {
    out: BufWriter<UnixStream>,
    state: u64,
}

impl Receiver {
    fn frame(&mut self) -> io::Result<()> {
        let mut body = [0u8; BODY];
        for part in body.chunks_exact_mut(8) {
            self.state = self.state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            part.copy_from_slice(&self.state.to_be_bytes());
        }
        let channel = (self.state >> 33) as usize % CHANNELS;
        body[..2].copy_from_slice(&(channel as u16).to_be_bytes());
        let mut sum = sum_of(&body);
        if self.state >> 54 == 7 {
            sum ^= 1;
        }
        self.out.write_all(&HEAD)?;
        self.out.write_all(&body)?;
        self.out.write_all(&sum.to_be_bytes())
    }

    fn run(mut self) -> io::Result<()> {
        loop {
            for _ in 0..FRAMES {
                self.frame()?;
            }
            self.out.flush()?;
            thread::sleep(Duration::from_millis(5));
        }
    }
}

#[derive(Clone, Copy, Default)]
struct Channel {
    value: u64,
    frames: u64,
}

struct Decoder {
    input: BufReader<UnixStream>,
    channels: Vec<Channel>,
    frames: u64,
    broken: u64,
}

impl Decoder {
    fn new(line: UnixStream) -> Decoder {
        let input = BufReader::with_capacity(BLOCK, line);
        Decoder { input, channels: vec![Channel::default(); CHANNELS], frames: 0, broken: 0 }
    }

    fn next(&mut self) -> Result<bool, Trouble> {
        let mut frame = [0u8; HEAD.len() + BODY + 2];
        if self.input.fill_buf()?.is_empty() {
            return Ok(false);
        }
        self.input.read_exact(&mut frame)?;
        if frame[..4] != HEAD {
            return Err(Trouble::OutOfStep(self.frames));
        }
        let body = &frame[4..4 + BODY];
        let told = u16::from_be_bytes([frame[4 + BODY], frame[5 + BODY]]);
        self.frames += 1;
        if sum_of(body) != told {
            self.broken += 1;
            return Ok(true);
        }
        let channel = &mut self.channels[u16::from_be_bytes([body[0], body[1]]) as usize];
        channel.value = body[8..16].iter().fold(0, |value, &byte| value << 8 | u64::from(byte));
        channel.frames += 1;
        Ok(true)
    }
}

fn main() -> Result<(), Trouble> {
    let (ours, theirs) = UnixStream::pair()?;
    let receiver = Receiver { out: BufWriter::with_capacity(BLOCK, theirs), state: 99 };
    thread::spawn(move || receiver.run());
    let mut log = File::create("antenna.log")?;
    let mut decoder = Decoder::new(ours);
    println!("ready {}", std::process::id());
    let mut told = Instant::now();
    while decoder.next()? {
        if decoder.frames % 512 == 0 && told.elapsed() > Duration::from_secs(1) {
            told = Instant::now();
            let heard = decoder.channels.iter().filter(|one| one.frames > 0).count();
            writeln!(log, "{} frames, {} broken, {heard} channels", decoder.frames, decoder.broken)?;
        }
    }
    Ok(())
}
