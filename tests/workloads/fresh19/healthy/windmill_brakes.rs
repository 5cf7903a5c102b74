// bench: healthy
// Recorder of the brakes of a wind farm: mills send a state line over TCP forty times a second each, threads (one for
// a connection, started once) parse them, and one recorder writes them and syncs the file twice a second, all that came
// meanwhile at once. It keeps the last 20000 states (a full ring from the start) and a file that begins anew at 8 MiB.
use std::collections::{HashMap, VecDeque};
use std::env;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::mpsc::{sync_channel, Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

const MILLS: usize = 12;
const RING: usize = 20_000;
const SEGMENT: u64 = 8 << 20;
const COMMIT: Duration = Duration::from_millis(500);

#[derive(Clone, Copy, Default)]
struct State {
    mill: u16,
    rpm: f32,
    pressure: f32,
    disc_celsius: f32,
    braking: bool,
}

impl State {
    fn parse(line: &str) -> Option<State> {
        let mut fields = line.trim_end().split(';');
        Some(State {
            mill: fields.next()?.parse().ok()?,
            rpm: fields.next()?.parse().ok()?,
            pressure: fields.next()?.parse().ok()?,
            disc_celsius: fields.next()?.parse().ok()?,
            braking: fields.next()? == "B",
        })
    }
}

#[derive(Default)]
struct Wear {
    brakings: u32,
    hottest: f32,
    joules: f64,
    was_braking: bool,
    last_rpm: f32,
}

struct Recorder {
    file: File,
    written: u64,
    batch: Vec<u8>,
    ring: VecDeque<State>,
    wear: HashMap<u16, Wear>,
}

impl Recorder {
    fn open(path: &str) -> io::Result<Recorder> {
        let file = OpenOptions::new().create(true).write(true).truncate(true).open(path)?;
        let ring = VecDeque::from(vec![State::default(); RING]);
        Ok(Recorder { file, written: 0, batch: Vec::with_capacity(1 << 17), ring, wear: HashMap::new() })
    }

    fn take(&mut self, state: State) {
        self.ring.pop_front();
        self.ring.push_back(state);
        let wear = self.wear.entry(state.mill).or_default();
        if state.braking {
            if !wear.was_braking {
                wear.brakings += 1;
            }
            let slowed = (wear.last_rpm * wear.last_rpm - state.rpm * state.rpm) as f64;
            wear.joules += slowed.max(0.0) * 412.0;
        }
        wear.hottest = wear.hottest.max(state.disc_celsius);
        wear.was_braking = state.braking;
        wear.last_rpm = state.rpm;
        let flag = if state.braking { 'B' } else { '-' };
        let _ = writeln!(self.batch, "{} {:.2} {:.3} {:.1} {}", state.mill, state.rpm, state.pressure, state.disc_celsius, flag);
    }

    fn commit(&mut self) -> io::Result<()> {
        if self.batch.is_empty() {
            return Ok(());
        }
        if self.written > SEGMENT {
            self.file.set_len(0)?;
            self.file.seek(SeekFrom::Start(0))?;
            self.written = 0;
        }
        self.file.write_all(&self.batch)?;
        self.file.sync_data()?;
        self.written += self.batch.len() as u64;
        self.batch.clear();
        Ok(())
    }

    fn run(&mut self, states: &Receiver<State>) -> io::Result<()> {
        let mut due = Instant::now() + COMMIT;
        let mut taken = 0u64;
        loop {
            match states.recv_timeout(due.saturating_duration_since(Instant::now())) {
                Ok(state) => {
                    self.take(state);
                    taken += 1;
                    if taken == 500 {
                        println!("ready");
                        io::stdout().flush()?;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return self.commit(),
            }
            if Instant::now() >= due {
                self.commit()?;
                due = Instant::now() + COMMIT;
            }
        }
    }
}

fn listen(stream: TcpStream, states: SyncSender<State>) {
    let mut lines = BufReader::with_capacity(1 << 14, stream);
    let mut line = String::with_capacity(80);
    while matches!(lines.read_line(&mut line), Ok(n) if n > 0) {
        if let Some(state) = State::parse(&line) {
            if states.send(state).is_err() {
                return;
            }
        }
        line.clear();
    }
}

fn record() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    Command::new("/bin/sh")
        .args(["-c", "\"$0\" mills \"$1\" </dev/null >/dev/null 2>&1 &"])
        .arg(env::current_exe()?)
        .arg(listener.local_addr()?.port().to_string())
        .stdin(Stdio::null())
        .status()?;
    let (sender, states) = sync_channel(4096);
    for stream in listener.incoming().take(MILLS) {
        let (stream, sender) = (stream?, sender.clone());
        thread::spawn(move || listen(stream, sender));
    }
    drop(sender);
    Recorder::open("brakes.log")?.run(&states)
}

fn mill(port: u16, number: usize) -> io::Result<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_nodelay(true)?;
    let mut rpm = 12.0f32;
    for tick in number * 97.. {
        let braking = tick % 400 < 60;
        rpm = if braking { rpm * 0.97 } else { (rpm + 0.05).min(14.0) };
        let heat = if braking { 80.0 + (tick % 60) as f32 } else { 40.0 };
        let flag = if braking { "B" } else { "-" };
        stream.write_all(format!("{number};{rpm:.3};{:.3};{heat:.1};{flag}\n", rpm * 0.21).as_bytes())?;
        thread::sleep(Duration::from_millis(25));
    }
    Ok(())
}

fn main() -> io::Result<()> {
    let words: Vec<String> = env::args().collect();
    if words.len() < 3 {
        return record();
    }
    let port = words[2].parse().expect("port");
    let mills: Vec<_> = (0..MILLS).map(|number| thread::spawn(move || mill(port, number))).collect();
    for mill in mills {
        let _ = mill.join();
    }
    Ok(())
}
