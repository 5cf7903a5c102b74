// expect: healthy bench
// Records the scales below the hives of a beekeepers' association: four radio gateways hand in weights and temperatures,
// the recorder smooths them, finds swarms, and appends every reading to a journal that is rotated. The gateways keep the
// last ten minutes themselves and send them again after a restart.
// Measured: two syncs a second, 0.05 s in 4 s by strace -w; with the problem 590 to 1640 a second, 2.3 s in 4 s.
use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{sync_channel, Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

const GATEWAYS: u32 = 4;
const HIVES_EACH: u32 = 60;
const SEGMENT_BYTES: u64 = 4 << 20;
const COMMIT_EVERY: Duration = Duration::from_millis(500);

struct Reading {
    hive: u32,
    second: u64,
    grams: i32,
    tenths: i16,
}

/// One file of the journal.
struct Segment {
    file: File,
    bytes: u64,
}

impl Segment {
    fn create(path: &Path) -> io::Result<Segment> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Segment { file, bytes: 0 })
    }
}

impl Write for Segment {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        let written = self.file.write(part)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }
}

/// Segments in a folder, of which the last two are kept.
struct Journal {
    folder: PathBuf,
    number: u32,
    out: io::BufWriter<Segment>,
}

impl Journal {
    fn open(folder: PathBuf) -> io::Result<Journal> {
        fs::create_dir_all(&folder)?;
        let out = io::BufWriter::with_capacity(64 << 10, Segment::create(&folder.join("hives-0.log"))?);
        Ok(Journal { folder, number: 0, out })
    }

    fn append(&mut self, reading: &Reading, smooth: f64) -> io::Result<()> {
        writeln!(
            self.out,
            "{} {} {} {:.1} {:.2}",
            reading.second,
            reading.hive,
            reading.grams,
            f64::from(reading.tenths) / 10.0,
            smooth
        )
    }

    fn commit(&mut self) -> io::Result<()> {
        self.out.flush()?;
        if self.out.get_ref().bytes > SEGMENT_BYTES {
            self.rotate()?;
        }
        Ok(())
    }

    fn rotate(&mut self) -> io::Result<()> {
        self.number += 1;
        let next = Segment::create(&self.folder.join(format!("hives-{}.log", self.number)))?;
        self.out = io::BufWriter::with_capacity(64 << 10, next);
        if self.number >= 2 {
            fs::remove_file(self.folder.join(format!("hives-{}.log", self.number - 2)))?;
        }
        Ok(())
    }
}

/// What is known of a hive: its smoothed weight, and the spectrum of its last hour.
#[derive(Default)]
struct Hive {
    smooth: f64,
    recent: Vec<f64>,
    swarms: u32,
}

impl Hive {
    fn take(&mut self, reading: &Reading) -> f64 {
        let kilos = f64::from(reading.grams) / 1000.0;
        self.smooth = if self.recent.is_empty() { kilos } else { 0.95 * self.smooth + 0.05 * kilos };
        if self.recent.len() == 64 {
            self.recent.rotate_left(1);
            self.recent.pop();
        }
        self.recent.push(kilos);
        if self.smooth - kilos > 1.5 && self.unrest() > 0.5 {
            self.swarms += 1;
        }
        self.smooth
    }

    fn unrest(&self) -> f64 {
        let mean = self.recent.iter().sum::<f64>() / self.recent.len() as f64;
        self.recent.iter().map(|kilos| (kilos - mean).powi(2)).sum::<f64>().sqrt()
    }
}

/// A gateway hands in the readings of its hives, some a time.
fn gateway(number: u32, out: SyncSender<Reading>) {
    let mut seed = 2654435761u32.wrapping_mul(number + 1);
    let begun = Instant::now();
    for round in 0u64.. {
        for place in 0..8 {
            seed = seed.wrapping_mul(1664525).wrapping_add(1013904223);
            let hive = number * HIVES_EACH + (round as u32 * 8 + place) % HIVES_EACH;
            let grams = 38_000 + (seed >> 20) as i32 - if seed % 997 == 0 { 2500 } else { 0 };
            let reading = Reading { hive, second: begun.elapsed().as_secs(), grams, tenths: 340 + (seed >> 28) as i16 };
            if out.send(reading).is_err() {
                return;
            }
        }
        thread::sleep(Duration::from_millis(20));
    }
}

fn record(inbox: Receiver<Reading>, mut journal: Journal) -> io::Result<()> {
    let mut hives: HashMap<u32, Hive> = HashMap::new();
    let mut due = Instant::now() + COMMIT_EVERY;
    loop {
        match inbox.recv_timeout(due.saturating_duration_since(Instant::now())) {
            Ok(reading) => {
                let smooth = hives.entry(reading.hive).or_default().take(&reading);
                journal.append(&reading, smooth)?;
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return journal.commit(),
        }
        if Instant::now() >= due {
            journal.commit()?;
            due = Instant::now() + COMMIT_EVERY;
        }
    }
}

fn main() -> io::Result<()> {
    let stamp = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_nanos());
    let folder = std::env::temp_dir().join(format!("hive-scales-{}-{}", std::process::id(), stamp));
    let journal = Journal::open(folder)?;
    let (out, inbox) = sync_channel(1024);
    for number in 0..GATEWAYS {
        let out = out.clone();
        thread::Builder::new().name(format!("gateway-{number}")).spawn(move || gateway(number, out))?;
    }
    drop(out);
    println!("ready {}", std::process::id());
    io::stdout().flush()?;
    record(inbox, journal)
}
