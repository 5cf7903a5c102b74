// expect: healthy bench
// Proves compositions for change ringing: touches of Kent Treble Bob on eight bells come in over a queue, some each 200 ms,
// a prover checks that no row is rung twice, and writes the courses of each into a report, which an archivist keeps.
// Measured: 31 ms of CPU time for a burst each 200 ms (10 bursts).
use std::collections::{HashSet, VecDeque};
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const BELLS: usize = 8;
const LEADS: usize = 120;
const KEPT: usize = 50;

type Row = [u8; BELLS];

#[derive(Clone, Copy)]
enum Call {
    Plain,
    Bob,
    Single,
}

struct Touch {
    number: u32,
    calls: Vec<Call>,
}

struct Verdict {
    number: u32,
    rows: usize,
    falls: usize,
    report: String,
}

/// Verdicts on their way to the archivist, who sleeps until there is one.
#[derive(Default)]
struct Tray {
    ready: Mutex<VecDeque<Verdict>>,
    filled: Condvar,
}

impl Tray {
    fn put(&self, verdict: Verdict) {
        self.ready.lock().unwrap().push_back(verdict);
        self.filled.notify_one();
    }

    fn take(&self) -> Verdict {
        let mut ready = self.filled.wait_while(self.ready.lock().unwrap(), |ready| ready.is_empty()).unwrap();
        ready.pop_front().expect("filled")
    }
}

/// Swap neighbours, except at the places that are made.
fn change(row: &mut Row, places: &[usize]) {
    let mut at = 0;
    while at + 1 < BELLS {
        if places.contains(&at) {
            at += 1;
        } else {
            row.swap(at, at + 1);
            at += 2;
        }
    }
}

fn key(row: &Row) -> u32 {
    row.iter().fold(0, |sum, bell| sum << 4 | u32::from(*bell))
}

/// One lead: 31 changes of the method, and the lead end with its call.
fn ring_lead(row: &mut Row, call: Call, mut rung: impl FnMut(&Row)) {
    for blow in 0..31 {
        match blow % 4 {
            0 | 2 => change(row, &[]),
            1 => change(row, if blow % 8 < 4 { &[0, 7] } else { &[2, 3] }),
            _ => change(row, if blow % 16 < 8 { &[0, 1] } else { &[4, 5] }),
        }
        rung(row);
    }
    match call {
        Call::Plain => change(row, &[0, 7]),
        Call::Bob => change(row, &[0, 3]),
        Call::Single => change(row, &[0, 3, 4, 5]),
    }
    rung(row);
}

struct Prover {
    seen: HashSet<u32>,
}

impl Prover {
    fn prove(&mut self, touch: &Touch) -> Verdict {
        self.seen.clear();
        let mut row: Row = std::array::from_fn(|bell| bell as u8 + 1);
        let mut report = String::with_capacity(touch.calls.len() * (BELLS + 4));
        let (mut rows, mut falls) = (0, 0);
        for call in &touch.calls {
            let seen = &mut self.seen;
            ring_lead(&mut row, *call, |row| {
                rows += 1;
                if !seen.insert(key(row)) {
                    falls += 1;
                }
            });
            report.extend(row.iter().map(|bell| char::from(b'0' + bell)));
            report.push_str(match call {
                Call::Plain => "\n",
                Call::Bob => " -\n",
                Call::Single => " s\n",
            });
        }
        let _ = writeln!(report, "touch {}: {} rows, {} false", touch.number, rows, falls);
        Verdict { number: touch.number, rows, falls, report }
    }
}

fn compose(number: u32) -> Touch {
    let mut seed = number.wrapping_mul(2654435761) | 1;
    let calls = (0..LEADS)
        .map(|_| {
            seed = seed.wrapping_mul(1664525).wrapping_add(1013904223);
            match seed >> 29 {
                0 | 1 => Call::Bob,
                2 => Call::Single,
                _ => Call::Plain,
            }
        })
        .collect();
    Touch { number, calls }
}

/// Keeps the best and the newest verdicts.
fn archive(tray: &Tray) {
    let mut kept: VecDeque<Verdict> = VecDeque::with_capacity(KEPT + 1);
    let mut best = usize::MAX;
    loop {
        let verdict = tray.take();
        if verdict.falls < best {
            best = verdict.falls;
            eprintln!("touch {}: {} of {} rows false", verdict.number, verdict.falls, verdict.rows);
        }
        kept.push_back(verdict);
        if kept.len() > KEPT {
            kept.pop_front();
        }
        debug_assert!(kept.iter().all(|verdict| !verdict.report.is_empty()));
    }
}

fn main() -> io::Result<()> {
    let tray = Arc::new(Tray::default());
    let shared = Arc::clone(&tray);
    thread::Builder::new().name("archivist".into()).spawn(move || archive(&shared))?;
    println!("ready {}", std::process::id());
    io::stdout().flush()?;
    let mut prover = Prover { seen: HashSet::with_capacity(LEADS * 32) };
    let mut due = Instant::now();
    let mut number = 0;
    loop {
        for _ in 0..300 {
            number += 1;
            tray.put(prover.prove(&compose(number)));
        }
        due = (due + Duration::from_millis(200)).max(Instant::now());
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
}
