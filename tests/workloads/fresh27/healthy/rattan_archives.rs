// expect: healthy bench
//
// Packs the day's papers of a rattan furniture importer for its long-term archive: delivery notes come in bursts, when
// a container is opened; two workers take their words for the search index, frame each paper with its checksum, and
// one writer puts the frames into the archive's volumes.
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::process;
use std::sync::mpsc::{channel, sync_channel, Receiver, Sender, SyncSender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const PAPERS_PER_CONTAINER: usize = 6000;
const BETWEEN_CONTAINERS: Duration = Duration::from_millis(1500);
const WORKERS: usize = 2;
const PAPERS_PER_TASK: usize = 50;
const VOLUME_BYTES: usize = 24 << 20;

struct Paper {
    number: u32,
    text: String,
}

struct Packed {
    frames: Vec<u8>,
    words: HashMap<String, u32>,
    papers: usize,
}

/// The checksum of Zip and PNG, by eight bits at a time.
struct Crc {
    table: [u32; 256],
}

impl Crc {
    fn new() -> Crc {
        let mut table = [0u32; 256];
        for (at, entry) in table.iter_mut().enumerate() {
            let mut value = at as u32;
            for _ in 0..8 {
                value = if value & 1 == 1 { 0xEDB8_8320 ^ (value >> 1) } else { value >> 1 };
            }
            *entry = value;
        }
        Crc { table }
    }

    fn of(&self, bytes: &[u8]) -> u32 {
        let sum = bytes.iter().fold(!0u32, |sum, byte| self.table[((sum ^ *byte as u32) & 255) as usize] ^ (sum >> 8));
        !sum
    }
}

struct Chance(u64);

impl Chance {
    fn next(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 33) as usize) % end
    }
}

const WORDS: [&str; 24] = [
    "armchair", "rocking", "basket", "stool", "cushion", "cane", "peel", "core", "lacquer", "natural", "honey", "walnut",
    "pallet", "damp", "scratched", "counted", "carton", "missing", "Surabaya", "Cirebon", "Hamburg", "Felixstowe",
    "weaver", "checked",
];

/// A container's delivery notes.
fn open_container(first: u32, chance: &mut Chance) -> Vec<Paper> {
    (0..PAPERS_PER_CONTAINER as u32)
        .map(|at| {
            let mut text = String::with_capacity(1500);
            for line in 0..20 + chance.next(12) {
                text.push_str(WORDS[line % WORDS.len()]);
                for _ in 0..5 {
                    text.push(' ');
                    text.push_str(WORDS[chance.next(WORDS.len())]);
                }
                text.push('\n');
            }
            Paper { number: first + at, text }
        })
        .collect()
}

fn count_words(text: &str, words: &mut HashMap<String, u32>) {
    for word in text.split_ascii_whitespace() {
        match words.get_mut(word) {
            Some(count) => *count += 1,
            None => {
                words.insert(word.to_owned(), 1);
            }
        }
    }
}

fn pack(papers: &[Paper], crc: &Crc) -> Packed {
    let bytes: usize = papers.iter().map(|paper| paper.text.len() + 12).sum();
    let mut frames = Vec::with_capacity(bytes);
    let mut words = HashMap::new();
    for paper in papers {
        let body = paper.text.as_bytes();
        frames.extend_from_slice(&paper.number.to_be_bytes());
        frames.extend_from_slice(&(body.len() as u32).to_be_bytes());
        frames.extend_from_slice(&crc.of(body).to_be_bytes());
        frames.extend_from_slice(body);
        count_words(&paper.text, &mut words);
    }
    Packed { frames, words, papers: papers.len() }
}

fn work(tasks: Arc<Mutex<Receiver<Vec<Paper>>>>, packed: SyncSender<Packed>) {
    let crc = Crc::new();
    loop {
        let task = tasks.lock().unwrap().recv();
        match task {
            Ok(papers) => {
                if packed.send(pack(&papers, &crc)).is_err() {
                    return;
                }
            }
            Err(_) => return,
        }
    }
}

fn write_index(words: &HashMap<String, u32>, papers: usize) -> io::Result<()> {
    let mut sorted: Vec<_> = words.iter().collect();
    sorted.sort();
    let mut out = BufWriter::new(File::create("index.txt")?);
    writeln!(out, "{} papers", papers)?;
    for (word, count) in sorted {
        writeln!(out, "{} {}", word, count)?;
    }
    out.flush()
}

/// Writes the frames, and the index after each container; two volumes are kept.
fn write_volumes(packed: Receiver<Packed>) -> io::Result<()> {
    let mut words: HashMap<String, u32> = HashMap::new();
    let (mut papers, mut since_index, mut written, mut volume) = (0, 0, 0, 0);
    let mut out = BufWriter::with_capacity(1 << 17, File::create("volume-0.bin")?);
    for one in packed {
        if written + one.frames.len() > VOLUME_BYTES {
            out.flush()?;
            volume = 1 - volume;
            written = 0;
            out = BufWriter::with_capacity(1 << 17, File::create(format!("volume-{}.bin", volume))?);
        }
        out.write_all(&one.frames)?;
        written += one.frames.len();
        papers += one.papers;
        since_index += one.papers;
        for (word, count) in one.words {
            *words.entry(word).or_insert(0) += count;
        }
        if since_index >= PAPERS_PER_CONTAINER {
            since_index = 0;
            out.flush()?;
            write_index(&words, papers)?;
        }
    }
    out.flush()
}

fn open_containers(tasks: Sender<Vec<Paper>>) {
    let mut chance = Chance(77);
    let mut due = Instant::now();
    let mut first = 0u32;
    for container in 0u64.. {
        let mut papers = open_container(first, &mut chance);
        first = first.wrapping_add(papers.len() as u32);
        while !papers.is_empty() {
            let rest = papers.len().saturating_sub(PAPERS_PER_TASK);
            if tasks.send(papers.split_off(rest)).is_err() {
                return;
            }
        }
        if container == 1 {
            println!("ready {}", process::id());
        }
        due += BETWEEN_CONTAINERS;
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
}

fn main() {
    let (tasks, waiting) = channel();
    let (finished, packed) = sync_channel(64);
    let waiting = Arc::new(Mutex::new(waiting));
    for _ in 0..WORKERS {
        let (waiting, finished) = (Arc::clone(&waiting), finished.clone());
        thread::spawn(move || work(waiting, finished));
    }
    drop(finished);
    thread::spawn(move || {
        if let Err(error) = write_volumes(packed) {
            eprintln!("archive: {}", error);
            process::exit(1);
        }
    });
    open_containers(tasks);
}
