// bench: healthy
// Watches the timber of stave churches: probes in the posts send packets of samples (moisture and strain) over one line
// to the office; a reader checks the packets and hands them on, a second thread smooths them and finds what moves in a
// post, a third writes what is out of the ordinary, and once in two seconds brings the summary safely to the disk.
// Packets come in buffers that go around; between the threads there is room for a few.
//
// Measured: 900 packets a second; CPU 3 % of a core, 3 MiB.
use std::collections::{BTreeMap, VecDeque};
use std::convert::TryInto;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, ErrorKind, Read, Seek, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{self, Command};
use std::sync::mpsc::{sync_channel, Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

const POSTS: usize = 64;
const SAMPLES: usize = 256;
const PACKETS: u32 = 900; // a second
const AROUND: usize = 8;
const WINDOW: usize = 32;
const LARGEST: u64 = 1 << 20;
const HEADER: usize = 8;

struct Packet {
    post: usize,
    number: u32,
    samples: Vec<[f32; 2]>,
}

impl Packet {
    fn new() -> Packet {
        Packet { post: 0, number: 0, samples: Vec::with_capacity(SAMPLES) }
    }
}

/// What a post is like over the last packets.
#[derive(Default)]
struct Post {
    window: VecDeque<(f32, f32)>,
    level: [f32; 2],
    last: u32,
    lost: u64,
}

enum Finding {
    Drift { post: usize, number: u32, moisture: f32, strain: f32 },
    Knock { post: usize, number: u32, energy: f32 },
}

fn read_packets(line: TcpStream, free: Receiver<Packet>, read: SyncSender<Packet>) -> io::Result<()> {
    let mut input = BufReader::with_capacity(1 << 16, line);
    let mut bytes = [0u8; HEADER + SAMPLES * 4];
    for mut packet in free {
        input.read_exact(&mut bytes)?;
        let (head, body) = bytes.split_at(HEADER);
        packet.post = u32::from_be_bytes(head[..4].try_into().unwrap()) as usize;
        packet.number = u32::from_be_bytes(head[4..].try_into().unwrap());
        if packet.post >= POSTS {
            return Err(io::Error::new(ErrorKind::InvalidData, format!("post {}", packet.post)));
        }
        packet.samples.clear();
        packet.samples.extend(body.chunks_exact(4).map(|sample| {
            let moisture = i16::from_be_bytes([sample[0], sample[1]]);
            let strain = i16::from_be_bytes([sample[2], sample[3]]);
            [f32::from(moisture) / 256.0, f32::from(strain) / 64.0]
        }));
        if read.send(packet).is_err() {
            break;
        }
    }
    Ok(())
}

impl Post {
    /// Follows the packet's mean slowly, and tells the mean and the energy at the frequencies of knocks.
    fn smooth(&mut self, packet: &Packet) -> ([f32; 2], f32) {
        self.lost += u64::from(packet.number.wrapping_sub(self.last).wrapping_sub(1)).min(1000);
        self.last = packet.number;
        let mut mean = [0f32; 2];
        for sample in &packet.samples {
            mean[0] += sample[0] / SAMPLES as f32;
            mean[1] += sample[1] / SAMPLES as f32;
        }
        for at in 0..2 {
            self.level[at] += 0.05 * (mean[at] - self.level[at]);
        }
        let mut energy = 0f32;
        for tone in 3..11 {
            let turn = 2.0 * (tone as f32 * std::f32::consts::TAU / SAMPLES as f32).cos();
            let (mut one, mut two) = (0f32, 0f32);
            for sample in &packet.samples {
                (one, two) = (sample[1] - mean[1] + turn * one - two, one);
            }
            energy += (one * one + two * two - turn * one * two).max(0.0) / SAMPLES as f32;
        }
        if self.window.len() == WINDOW {
            self.window.pop_front();
        }
        self.window.push_back((mean[0], energy));
        (mean, energy)
    }

    fn usual(&self) -> f32 {
        self.window.iter().map(|(_, energy)| energy).sum::<f32>() / self.window.len().max(1) as f32
    }
}

fn analyse(read: Receiver<Packet>, free: SyncSender<Packet>, found: SyncSender<Finding>) {
    let mut posts: Vec<Post> = (0..POSTS).map(|_| Post::default()).collect();
    for packet in read {
        let post = &mut posts[packet.post];
        let (mean, energy) = post.smooth(&packet);
        let (place, number) = (packet.post, packet.number);
        if energy > 3.0 * post.usual() && found.send(Finding::Knock { post: place, number, energy }).is_err() {
            return;
        }
        if (mean[0] - post.level[0]).abs() > 4.0 {
            let [moisture, strain] = mean;
            if found.send(Finding::Drift { post: place, number, moisture, strain }).is_err() {
                return;
            }
        }
        if free.send(packet).is_err() {
            return;
        }
    }
}

/// Writes the findings as they come, and the summary from time to time.
struct Office {
    log: BufWriter<File>,
    written: u64,
    knocks: BTreeMap<usize, u64>,
    drifts: u64,
}

impl Office {
    fn take(&mut self, finding: &Finding) -> io::Result<()> {
        let line = match finding {
            Finding::Knock { post, number, energy } => {
                *self.knocks.entry(*post).or_default() += 1;
                format!("{number} post {post}: knock of {energy:.1}\n")
            }
            Finding::Drift { post, number, moisture, strain } => {
                self.drifts += 1;
                format!("{number} post {post}: moisture {moisture:.1}, strain {strain:.1}\n")
            }
        };
        self.written += line.len() as u64;
        self.log.write_all(line.as_bytes())
    }

    fn save(&mut self) -> io::Result<()> {
        self.log.flush()?;
        if self.written > LARGEST {
            self.log.rewind()?;
            self.written = 0;
        }
        let mut summary = BufWriter::new(File::create("summary.new")?);
        for (post, knocks) in &self.knocks {
            writeln!(summary, "post {post}: {knocks} knocks")?;
        }
        writeln!(summary, "{} drifts", self.drifts)?;
        summary.into_inner()?.sync_all()?;
        fs::rename("summary.new", "summary.txt")
    }

    fn run(&mut self, found: Receiver<Finding>) -> io::Result<()> {
        let mut due = Instant::now() + Duration::from_secs(2);
        loop {
            match found.recv_timeout(due.saturating_duration_since(Instant::now())) {
                Ok(finding) => self.take(&finding)?,
                Err(RecvTimeoutError::Timeout) => {
                    self.save()?;
                    due += Duration::from_secs(2);
                }
                Err(RecvTimeoutError::Disconnected) => return self.save(),
            }
        }
    }
}

/// The program as the probes.
fn probe(address: &str) -> io::Result<()> {
    let mut line = TcpStream::connect(address)?;
    let began = Instant::now();
    let mut bytes = Vec::with_capacity(HEADER + SAMPLES * 4);
    for turn in 1u32.. {
        let (post, number) = (turn % POSTS as u32, turn / POSTS as u32);
        bytes.clear();
        bytes.extend(post.to_be_bytes());
        bytes.extend(number.to_be_bytes());
        for at in 0..SAMPLES as u32 {
            let noise = (turn.wrapping_mul(2_654_435_761) ^ at.wrapping_mul(40_503)) >> 9 & 63;
            let knock = if turn % 37 == 0 && at % 32 < 16 { 900 } else { 0 };
            bytes.extend((4200 + (number % 80 * 20) as i16 + noise as i16).to_be_bytes());
            bytes.extend((noise as i16 + knock).to_be_bytes());
        }
        line.write_all(&bytes)?;
        thread::sleep((Duration::from_secs(1) / PACKETS * turn).saturating_sub(began.elapsed()));
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    if let Some(address) = std::env::args().nth(1) {
        return Ok(probe(&address)?);
    }
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let program = std::env::current_exe()?;
    let probes = format!("'{}' {} >/dev/null 2>&1 &", program.display(), listener.local_addr()?);
    Command::new("sh").arg("-c").arg(probes).status()?;
    let (line, _) = listener.accept()?;
    let (free_in, free) = sync_channel(AROUND);
    let (read_in, read) = sync_channel(AROUND);
    let (found_in, found) = sync_channel(256);
    for _ in 0..AROUND {
        free_in.send(Packet::new())?;
    }
    thread::spawn(move || read_packets(line, free, read_in));
    thread::spawn(move || analyse(read, free_in, found_in));
    let log = BufWriter::with_capacity(1 << 15, File::create("findings.log")?);
    let mut office = Office { log, written: 0, knocks: BTreeMap::new(), drifts: 0 };
    thread::spawn(|| {
        thread::sleep(Duration::from_secs(2));
        println!("ready {}", process::id());
    });
    Ok(office.run(found)?)
}
