// bench: healthy
// Tells how to grip chords on ukuleles: players ask for a chord and a tuning, and get the fingerings that lie best in
// the hand. Those are searched for; what was asked of late is kept, in two generations of so many answers each.
//
// Measured: 3500 questions a second take 5.5 % of a core; half of them are searched for; 2.5 MiB.
use std::collections::HashMap;
use std::fmt;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const FRETS: u8 = 9;
const SPAN: u8 = 4;
const SHOWN: usize = 5;
const NOTES: [&str; 12] = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];
const KINDS: [(&str, &[u8]); 10] = [
    ("", &[0, 4, 7]),
    ("m", &[0, 3, 7]),
    ("7", &[0, 4, 7, 10]),
    ("m7", &[0, 3, 7, 10]),
    ("maj7", &[0, 4, 7, 11]),
    ("6", &[0, 4, 7, 9]),
    ("dim", &[0, 3, 6]),
    ("aug", &[0, 4, 8]),
    ("sus2", &[0, 2, 7]),
    ("sus4", &[0, 5, 7]),
];
const TUNINGS: [&str; 4] = ["G C E A", "A D F# B", "D G B E", "G D A E"];

enum Refused {
    NoNote(String),
    NoKind(String),
    Strings(usize),
}

impl fmt::Display for Refused {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Refused::NoNote(text) => write!(out, "there is no note {text}"),
            Refused::NoKind(text) => write!(out, "there is no chord {text}"),
            Refused::Strings(number) => write!(out, "{number} strings, where a ukulele has 4"),
        }
    }
}

fn note(text: &str) -> Result<u8, Refused> {
    let found = NOTES.iter().position(|name| *name == text);
    found.map(|at| at as u8).ok_or_else(|| Refused::NoNote(text.to_string()))
}

/// The notes of a chord, as one bit each.
fn chord(text: &str) -> Result<u16, Refused> {
    let length = if text.as_bytes().get(1) == Some(&b'#') { 2 } else { 1 };
    let root = note(text.get(..length).unwrap_or(text))?;
    let kind = &text[length..];
    let steps = KINDS.iter().find(|(name, _)| *name == kind).ok_or_else(|| Refused::NoKind(text.to_string()))?.1;
    Ok(steps.iter().fold(0, |bits, step| bits | 1 << ((root + step) % 12)))
}

fn tuning(words: &[&str]) -> Result<[u8; 4], Refused> {
    if words.len() != 4 {
        return Err(Refused::Strings(words.len()));
    }
    Ok([note(words[0])?, note(words[1])?, note(words[2])?, note(words[3])?])
}

#[derive(Clone, Copy)]
struct Grip {
    frets: [u8; 4],
    effort: u32,
}

/// How hard a grip is: the span of the hand, how far up the neck, and how many fingers.
fn effort(frets: &[u8; 4]) -> Option<u32> {
    let (mut low, mut high, mut fingers) = (u8::MAX, 0, 0);
    for fret in frets {
        if *fret > 0 {
            low = low.min(*fret);
            high = high.max(*fret);
            fingers += 1;
        }
    }
    if fingers == 0 {
        return Some(0);
    }
    (high - low < SPAN).then(|| u32::from(high - low) * 6 + u32::from(low) * 3 + fingers * 4)
}

/// Search string by string, only for frets that belong to the chord; the best few, in order.
fn search(chord: u16, strings: &[u8; 4]) -> Vec<Grip> {
    let mut fitting: [Vec<u8>; 4] = Default::default();
    for (string, open) in strings.iter().enumerate() {
        for fret in 0..=FRETS {
            if chord >> ((open + fret) % 12) & 1 == 1 {
                fitting[string].push(fret);
            }
        }
    }
    let mut best: Vec<Grip> = Vec::with_capacity(SHOWN + 1);
    for a in &fitting[0] {
        for b in &fitting[1] {
            for c in &fitting[2] {
                for d in &fitting[3] {
                    let frets = [*a, *b, *c, *d];
                    let sounding = (0..4).fold(0u16, |bits, i| bits | 1 << ((strings[i] + frets[i]) % 12));
                    if sounding != chord {
                        continue;
                    }
                    if let Some(effort) = effort(&frets) {
                        let at = best.iter().position(|grip| grip.effort > effort).unwrap_or(best.len());
                        best.insert(at, Grip { frets, effort });
                        best.truncate(SHOWN);
                    }
                }
            }
        }
    }
    best
}

/// Answers of late. When the young generation is full it becomes the old one, and the old one goes.
struct Kept {
    most: usize,
    young: HashMap<String, Arc<str>>,
    old: HashMap<String, Arc<str>>,
}

impl Kept {
    fn new(most: usize) -> Kept {
        Kept { most, young: HashMap::with_capacity(most), old: HashMap::with_capacity(most) }
    }

    fn get(&mut self, question: &str) -> Option<Arc<str>> {
        if let Some(answer) = self.young.get(question) {
            return Some(answer.clone());
        }
        let (question, answer) = self.old.remove_entry(question)?;
        self.put(question, answer.clone());
        Some(answer)
    }

    fn put(&mut self, question: String, answer: Arc<str>) {
        if self.young.len() >= self.most {
            std::mem::swap(&mut self.young, &mut self.old);
            self.young.clear();
        }
        self.young.insert(question, answer);
    }
}

struct Teacher {
    kept: Mutex<Kept>,
    asked: AtomicU64,
    searched: AtomicU64,
}

impl Teacher {
    fn answer(&self, question: &str) -> Result<Arc<str>, Refused> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if let Some(known) = self.kept.lock().unwrap().get(question) {
            return Ok(known);
        }
        let words: Vec<&str> = question.split(' ').collect();
        let grips = search(chord(words[0])?, &tuning(&words[1..])?);
        self.searched.fetch_add(1, Ordering::Relaxed);
        let mut text = format!("{}:", words[0]);
        for grip in &grips {
            let [a, b, c, d] = grip.frets;
            text += &format!(" {a}{b}{c}{d} ({})", grip.effort);
        }
        text.push('\n');
        let answer: Arc<str> = text.into();
        self.kept.lock().unwrap().put(question.to_string(), answer.clone());
        Ok(answer)
    }

    fn teach(&self, player: TcpStream) -> io::Result<()> {
        player.set_nodelay(true)?;
        let mut out = player.try_clone()?;
        let mut questions = BufReader::new(player);
        let mut question = String::new();
        while questions.read_line(&mut question)? > 0 {
            match self.answer(question.trim_end()) {
                Ok(answer) => out.write_all(answer.as_bytes())?,
                Err(refused) => out.write_all(format!("sorry, {refused}\n").as_bytes())?,
            }
            question.clear();
        }
        Ok(())
    }
}

/// The players, in a process of their own: on some lines, so many questions a second in all; the plain chords most.
fn players(port: u16, lines: u32, rate: f64) -> io::Result<()> {
    let ask = move |number: u32| -> io::Result<()> {
        let mut line = TcpStream::connect(("127.0.0.1", port))?;
        line.set_nodelay(true)?;
        let mut answers = BufReader::new(line.try_clone()?);
        let mut answer = String::new();
        let mut dice = u64::from(number) + 99;
        let mut roll = |below: f64| {
            dice = dice.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let even = (dice >> 40) as f64 / (1u64 << 24) as f64;
            (even * even * below) as usize
        };
        let mut due = Instant::now() + Duration::from_secs_f64(f64::from(number) / rate);
        loop {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            due += Duration::from_secs_f64(f64::from(lines) / rate);
            let question = format!("{}{} {}\n", NOTES[roll(12.0)], KINDS[roll(10.0)].0, TUNINGS[roll(4.0)]);
            line.write_all(question.as_bytes())?;
            answer.clear();
            if answers.read_line(&mut answer)? == 0 {
                return Ok(());
            }
        }
    };
    let started: Vec<_> = (0..lines).map(|number| thread::spawn(move || ask(number))).collect();
    for player in started {
        let _ = player.join();
    }
    Ok(())
}

fn main() -> io::Result<()> {
    let words: Vec<String> = std::env::args().collect();
    if words.len() == 3 && words[1] == "players" {
        return players(words[2].parse().unwrap(), 6, 3500.0);
    }
    let door = TcpListener::bind("127.0.0.1:0")?;
    let port = door.local_addr()?.port();
    let program = std::env::current_exe()?;
    let command = format!("'{}' players {port} </dev/null >/dev/null 2>&1 &", program.display());
    Command::new("sh").arg("-c").arg(command).status()?;
    let teacher = Arc::new(Teacher {
        kept: Mutex::new(Kept::new(96)),
        asked: AtomicU64::new(0),
        searched: AtomicU64::new(0),
    });
    let told = teacher.clone();
    thread::spawn(move || {
        thread::sleep(Duration::from_secs(3));
        println!("ready {}", std::process::id());
        loop {
            thread::sleep(Duration::from_secs(30));
            let (asked, searched) = (told.asked.load(Ordering::Relaxed), told.searched.load(Ordering::Relaxed));
            eprintln!("{asked} questions, {searched} searches");
        }
    });
    for player in door.incoming() {
        let (player, teacher) = (player?, teacher.clone());
        thread::spawn(move || {
            if let Err(error) = teacher.teach(player) {
                eprintln!("a player was lost: {error}");
            }
        });
    }
    Ok(())
}
