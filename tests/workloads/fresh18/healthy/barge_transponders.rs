// bench: healthy
// Traffic picture of a canal: transponder reports come by UDP, 24 in a datagram; one thread unpacks them, one keeps the
// tracks of the last two seconds and looks for barges that come too near, one writes a summary each second.
// Measured: 19 000 reports a second, 3 % of a core; resident memory stays at 4 MiB.
use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::net::UdpSocket;
use std::process::Command;
use std::sync::mpsc::{sync_channel, Receiver, SyncSender};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const REPORT: usize = 20;
const PER_DATAGRAM: usize = 24;
const WINDOW: Duration = Duration::from_secs(2);
const CELL: f32 = 150.0;

#[derive(Clone, Copy)]
struct Fix {
    barge: u32,
    x: f32,
    y: f32,
    speed: f32,
    at: Instant,
}

#[derive(Default)]
struct Summary {
    number: u64,
    fixes: u64,
    barges: usize,
    near: usize,
    fastest: f32,
}

#[derive(Default)]
struct Board {
    latest: Mutex<Summary>,
    changed: Condvar,
}

fn unpack(datagram: &[u8], at: Instant) -> Vec<Fix> {
    let mut fixes = Vec::with_capacity(PER_DATAGRAM);
    for report in datagram.chunks_exact(REPORT) {
        let word = |i: usize| u32::from_le_bytes([report[i], report[i + 1], report[i + 2], report[i + 3]]);
        let sum = word(0) ^ word(4) ^ word(8) ^ word(12);
        if sum == word(16) {
            fixes.push(Fix {
                barge: word(0),
                x: f32::from_bits(word(4)),
                y: f32::from_bits(word(8)),
                speed: f32::from_bits(word(12)),
                at,
            });
        }
    }
    fixes
}

struct Picture {
    tracks: HashMap<u32, VecDeque<Fix>>,
    fixes: u64,
    number: u64,
}

impl Picture {
    fn take(&mut self, fixes: Vec<Fix>) {
        self.fixes += fixes.len() as u64;
        for fix in fixes {
            let track = self.tracks.entry(fix.barge).or_insert_with(|| VecDeque::with_capacity(64));
            while track.front().map_or(false, |old| fix.at - old.at > WINDOW) {
                track.pop_front();
            }
            track.push_back(fix);
        }
    }

    fn forget(&mut self, now: Instant) {
        self.tracks.retain(|_, track| track.back().map_or(false, |last| now - last.at < WINDOW));
    }

    fn near(&self) -> usize {
        let mut cells: HashMap<(i32, i32), Vec<&Fix>> = HashMap::with_capacity(self.tracks.len());
        for track in self.tracks.values() {
            if let Some(fix) = track.back() {
                cells.entry(((fix.x / CELL) as i32, (fix.y / CELL) as i32)).or_default().push(fix);
            }
        }
        let mut pairs = 0;
        for cell in cells.values() {
            for (i, one) in cell.iter().enumerate() {
                for other in &cell[i + 1..] {
                    let (dx, dy) = (one.x - other.x, one.y - other.y);
                    if dx * dx + dy * dy < 25.0 * 25.0 {
                        pairs += 1;
                    }
                }
            }
        }
        pairs
    }

    fn summary(&mut self) -> Summary {
        self.number += 1;
        let fastest = self.tracks.values().flat_map(|track| track.iter()).map(|fix| fix.speed).fold(0.0, f32::max);
        Summary { number: self.number, fixes: self.fixes, barges: self.tracks.len(), near: self.near(), fastest }
    }
}

fn follow(inbox: Receiver<Vec<Fix>>, board: Arc<Board>) {
    let mut picture = Picture { tracks: HashMap::new(), fixes: 0, number: 0 };
    let mut due = Instant::now();
    while let Ok(fixes) = inbox.recv() {
        picture.take(fixes);
        let now = Instant::now();
        if now >= due {
            due = now + Duration::from_millis(250);
            picture.forget(now);
            let summary = picture.summary();
            *board.latest.lock().unwrap() = summary;
            board.changed.notify_one();
        }
    }
}

fn write_down(board: Arc<Board>, mut file: BufWriter<File>) {
    let mut written = 0;
    loop {
        let line = {
            let held = board.latest.lock().unwrap();
            let held = board.changed.wait_while(held, |latest| latest.number < written + 4).unwrap();
            written = held.number;
            format!("{} fixes, {} barges, {} near, {:.1} m/s\n", held.fixes, held.barges, held.near, held.fastest)
        };
        if std::env::var_os("BARGE_REPORT").is_some() {
            eprint!("{line}");
        }
        if written % 400 == 0 {
            file.seek(SeekFrom::Start(0)).unwrap();
        }
        file.write_all(line.as_bytes()).unwrap();
        file.flush().unwrap();
    }
}

fn receive(socket: UdpSocket, outbox: SyncSender<Vec<Fix>>) {
    let mut datagram = [0u8; REPORT * PER_DATAGRAM];
    loop {
        match socket.recv(&mut datagram) {
            Ok(length) if length > 0 => {
                if outbox.send(unpack(&datagram[..length], Instant::now())).is_err() {
                    return;
                }
            }
            _ => continue,
        }
    }
}

// The barges, in a process of their own: 800 datagrams a second from 1200 of them.
fn barges(port: &str) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(format!("127.0.0.1:{port}")).unwrap();
    let mut state = 99u32;
    let mut next = 0u32;
    loop {
        for _ in 0..8 {
            let mut datagram = Vec::with_capacity(REPORT * PER_DATAGRAM);
            for _ in 0..PER_DATAGRAM {
                state = state.wrapping_mul(1664525).wrapping_add(1013904223);
                next = (next + 1) % 1200;
                let x = (next * 17 % 9000) as f32 + (state >> 24) as f32 / 32.0;
                let words = [next, x.to_bits(), ((next % 40) as f32 * 3.0).to_bits(), ((state >> 20) as f32 / 900.0).to_bits()];
                for word in words.iter().chain([words[0] ^ words[1] ^ words[2] ^ words[3]].iter()) {
                    datagram.extend_from_slice(&word.to_le_bytes());
                }
            }
            if socket.send(&datagram).is_err() {
                return;
            }
        }
        thread::sleep(Duration::from_millis(10));
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.len() > 2 && arguments[1] == "barges" {
        return barges(&arguments[2]);
    }
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port().to_string();
    let (outbox, inbox) = sync_channel(256);
    let board = Arc::new(Board::default());
    let file = BufWriter::new(File::create("summary.txt").unwrap());
    let (one, two) = (board.clone(), board.clone());
    thread::spawn(move || receive(socket, outbox));
    thread::spawn(move || follow(inbox, one));
    thread::spawn(move || write_down(two, file));
    let script = r#""$0" barges "$1" >/dev/null 2>&1 &"#;
    Command::new("sh").args(["-c", script, &arguments[0], &port]).status().unwrap();
    while board.latest.lock().unwrap().barges < 1000 {
        thread::sleep(Duration::from_millis(100));
    }
    println!("ready");
    loop {
        thread::park();
    }
}
