// expect: healthy bench
//
// Commit log of the stone surveys of a menhir alignment: four instruments hand in readings, one committer collects what
// has come, writes it as one group, syncs it once, and answers those who wait for it. Streaming, mostly idle: a hundred
// readings a second, ten groups a second.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::sync::mpsc::{sync_channel, Receiver, SyncSender};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const LINGER: Duration = Duration::from_millis(100);
const GROUP_MAX: usize = 512;
const SEGMENT_BYTES: u64 = 8 << 20;
const INSTRUMENTS: u32 = 4;
const WINDOW: usize = 50;

struct Reading {
    instrument: u32,
    number: u64,
    tilt: f64,
    stone: u32,
    done: SyncSender<u64>,
}

#[derive(Default)]
struct Inbox {
    waiting: Mutex<VecDeque<Reading>>,
    arrived: Condvar,
}

impl Inbox {
    fn put(&self, reading: Reading) {
        let mut waiting = self.waiting.lock().unwrap();
        waiting.push_back(reading);
        if waiting.len() == 1 {
            self.arrived.notify_one();
        }
    }

    /// Sleeps until something is there.
    fn wait(&self) {
        let waiting = self.waiting.lock().unwrap();
        drop(self.arrived.wait_while(waiting, |w| w.is_empty()).unwrap());
    }

    fn take(&self, group: &mut Vec<Reading>) {
        let mut waiting = self.waiting.lock().unwrap();
        let number = waiting.len().min(GROUP_MAX);
        group.extend(waiting.drain(..number));
    }
}

struct Log {
    file: File,
    segment: u64,
    size: u64,
    lsn: u64,
    block: Vec<u8>,
}

fn path(segment: u64) -> String {
    format!("log/{:06}.seg", segment)
}

impl Log {
    fn open() -> io::Result<Log> {
        fs::create_dir_all("log")?;
        Ok(Log { file: Log::create(1)?, segment: 1, size: 0, lsn: 0, block: Vec::with_capacity(1 << 16) })
    }

    fn create(segment: u64) -> io::Result<File> {
        OpenOptions::new().create(true).append(true).open(path(segment))
    }

    fn commit(&mut self, group: &[Reading]) -> io::Result<()> {
        self.block.clear();
        self.block.extend_from_slice(&(group.len() as u32).to_le_bytes());
        for reading in group {
            self.lsn += 1;
            self.block.extend_from_slice(&self.lsn.to_le_bytes());
            self.block.extend_from_slice(&reading.instrument.to_le_bytes());
            self.block.extend_from_slice(&reading.number.to_le_bytes());
            self.block.extend_from_slice(&reading.stone.to_le_bytes());
            self.block.extend_from_slice(&reading.tilt.to_le_bytes());
        }
        self.file.write_all(&self.block)?;
        self.file.sync_data()?;
        self.size += self.block.len() as u64;
        if self.size > SEGMENT_BYTES {
            self.segment += 1;
            self.size = 0;
            self.file = Log::create(self.segment)?;
            if self.segment > 4 {
                fs::remove_file(path(self.segment - 4))?;
            }
        }
        Ok(())
    }
}

fn committer(inbox: Arc<Inbox>, mut log: Log) -> io::Result<()> {
    let mut group = Vec::with_capacity(GROUP_MAX);
    loop {
        inbox.wait();
        thread::sleep(LINGER);
        inbox.take(&mut group);
        log.commit(&group)?;
        for reading in group.drain(..) {
            let _ = reading.done.send(reading.number);
        }
    }
}

fn instrument(number: u32, inbox: Arc<Inbox>) {
    let (done, answers): (SyncSender<u64>, Receiver<u64>) = sync_channel(2 * WINDOW);
    let mut due = Instant::now();
    let mut open = 0;
    let mut seed = 0xD1B5_4A32_D192_ED03u64.wrapping_mul(number as u64 + 1);
    for reading in 0.. {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        inbox.put(Reading {
            instrument: number,
            number: reading,
            tilt: (seed % 36_000) as f64 / 100.0,
            stone: (seed >> 32) as u32 % 1099,
            done: done.clone(),
        });
        open += 1;
        while answers.try_recv().is_ok() {
            open -= 1;
        }
        while open >= WINDOW {
            if answers.recv().is_ok() {
                open -= 1;
            }
        }
        due = (due + Duration::from_millis(40)).max(Instant::now());
        thread::sleep(due - Instant::now());
    }
}

fn main() -> io::Result<()> {
    let inbox = Arc::new(Inbox::default());
    for number in 0..INSTRUMENTS {
        let inbox = Arc::clone(&inbox);
        thread::Builder::new().name(format!("instrument-{}", number)).spawn(move || instrument(number, inbox))?;
    }
    println!("ready {}", std::process::id());
    io::stdout().flush()?;
    committer(inbox, Log::open()?)
}
