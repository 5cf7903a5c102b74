// expect: healthy bench
// Keeps the log books of geocaches: who finds a box tells its code word, which is checked, and gets into the journal of
// the day and onto the page of the box. The page has the last finders, and how many gave up in between.
//
// Measured: 15 lines (10 visits) are answered in 3.5 ms, in the twin in 0.17 ms; 120 such a second, 9 % and 1.6 % CPU.
use std::collections::{HashMap, VecDeque};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const BOXES: u32 = 1000;
const SHOWN: usize = 5;

/// The code word that lies in a box: what is left of a hash of its number.
fn word_of(number: u32) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    for byte in number.to_le_bytes().iter().chain(b"under the third stone") {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
    }
    format!("{:06x}", hash >> 40)
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Outcome {
    Found,
    GaveUp,
}

struct Visit<'a> {
    number: u32,
    finder: &'a str,
    outcome: Outcome,
    note: &'a str,
    at: u64,
}

enum Refused {
    Syntax,
    NoSuchBox(u32),
    WrongWord,
    Disk(io::Error),
}

impl Refused {
    fn text(&self) -> String {
        match self {
            Refused::Syntax => "what is that?".to_string(),
            Refused::NoSuchBox(number) => format!("there is no box {number}"),
            Refused::WrongWord => "that word is not in the box".to_string(),
            Refused::Disk(error) => format!("cannot be written down now: {error}"),
        }
    }
}

/// What every visit is written to, line by line, before it counts; a power cut takes the last second.
struct Journal {
    file: File,
    lines: u64,
}

impl Journal {
    fn open(path: &Path) -> io::Result<Journal> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let synced = file.try_clone()?;
        thread::spawn(move || loop {
            thread::sleep(Duration::from_secs(1));
            if let Err(error) = synced.sync_data() {
                eprintln!("the journal is not on the disk: {error}");
            }
        });
        Ok(Journal { file, lines: 0 })
    }

    fn append(&mut self, visit: &Visit) -> io::Result<()> {
        let sign = if visit.outcome == Outcome::Found { '+' } else { '-' };
        let line = format!("{} {} {sign} {} {}\n", visit.at, visit.number, visit.finder, visit.note);
        self.file.write_all(line.as_bytes())?;
        self.lines += 1;
        Ok(())
    }
}

/// The page of a box.
#[derive(Default)]
struct Page {
    found: u32,
    gave_up: u32,
    last: VecDeque<(String, u64)>,
}

impl Page {
    fn note(&mut self, visit: &Visit) {
        match visit.outcome {
            Outcome::Found => {
                self.found += 1;
                if self.last.len() == SHOWN {
                    self.last.pop_front();
                }
                self.last.push_back((visit.finder.to_string(), visit.at));
            }
            Outcome::GaveUp => self.gave_up += 1,
        }
    }

    /// From one star (everybody finds it) to five.
    fn stars(&self) -> f64 {
        let tried = f64::from(self.found + self.gave_up).max(1.0);
        1.0 + 4.0 * f64::from(self.gave_up) / tried
    }

    fn show(&self, number: u32) -> String {
        let mut text = format!("box {number}: {} finds, {:.1} stars;", self.found, self.stars());
        for (finder, at) in self.last.iter().rev() {
            text.push_str(&format!(" {finder}@{at}"));
        }
        text
    }
}

struct Register {
    words: Vec<String>,
    pages: HashMap<u32, Page>,
    journal: Journal,
}

impl Register {
    fn new(journal: Journal) -> Register {
        Register { words: (0..BOXES).map(word_of).collect(), pages: HashMap::new(), journal }
    }

    fn visit(&mut self, number: u32, finder: &str, word: &str, note: &str) -> Result<String, Refused> {
        let outcome = match (word, self.words.get(number as usize)) {
            (_, None) => return Err(Refused::NoSuchBox(number)),
            ("-", _) => Outcome::GaveUp,
            (told, Some(known)) if told == known => Outcome::Found,
            _ => return Err(Refused::WrongWord),
        };
        let at = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let visit = Visit { number, finder, outcome, note, at };
        self.journal.append(&visit).map_err(Refused::Disk)?;
        let page = self.pages.entry(number).or_default();
        page.note(&visit);
        Ok(format!("{outcome:?} as number {}", page.found))
    }

    /// Answer "visit BOX FINDER WORD NOTE…" or "page BOX".
    fn answer(&mut self, line: &str) -> Result<String, Refused> {
        let mut words = line.trim_end().splitn(5, ' ');
        let verb = words.next().unwrap_or("");
        let number = words.next().and_then(|word| word.parse().ok()).ok_or(Refused::Syntax)?;
        match (verb, words.next(), words.next()) {
            ("visit", Some(finder), Some(word)) => self.visit(number, finder, word, words.next().unwrap_or("")),
            ("page", None, None) => match self.pages.get(&number) {
                Some(page) => Ok(page.show(number)),
                None => Err(Refused::NoSuchBox(number)),
            },
            _ => Err(Refused::Syntax),
        }
    }
}

fn serve(line: TcpStream, register: &mut Register) -> io::Result<()> {
    line.set_nodelay(true)?;
    let mut out = line.try_clone()?;
    let mut questions = BufReader::new(line);
    let mut question = String::new();
    while questions.read_line(&mut question)? > 0 {
        let mut answer = register.answer(&question).unwrap_or_else(|refused| format!("sorry, {}", refused.text()));
        answer.push('\n');
        out.write_all(answer.as_bytes())?;
        question.clear();
    }
    Ok(())
}

/// What the finder number `turn` says.
fn question(turn: u32) -> String {
    let notes = ["thanks for the view", "wet log, took nothing", "well hidden", "left a marble, took a button"];
    let number = turn.wrapping_mul(2_654_435_761) % BOXES;
    if turn % 3 == 2 {
        return format!("page {number}\n");
    }
    let word = if turn % 10 == 1 { "-".to_string() } else { word_of(number) };
    format!("visit {number} finder{} {word} {}\n", turn % 7919, notes[turn as usize % notes.len()])
}

/// The finders, by way of a gateway, in a process of its own: so many lines a second, two of three are visits. What
/// comes within some milliseconds is sent together.
fn gateway(port: u16, rate: u32) -> io::Result<()> {
    let mut line = TcpStream::connect(("127.0.0.1", port))?;
    line.set_nodelay(true)?;
    let mut answers = BufReader::new(line.try_clone()?);
    let mut answer = String::new();
    let mut due = Instant::now();
    let together = 15;
    for first in (0u32..).step_by(together as usize) {
        let questions: String = (first..first + together).map(question).collect();
        line.write_all(questions.as_bytes())?;
        for _ in 0..together {
            answer.clear();
            if answers.read_line(&mut answer)? == 0 {
                return Ok(());
            }
        }
        due += Duration::from_secs(1) * together / rate;
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    Ok(())
}

fn main() -> io::Result<()> {
    let words: Vec<String> = std::env::args().collect();
    if words.len() == 3 && words[1] == "gateway" {
        return gateway(words[2].parse().unwrap(), 1800);
    }
    let journal = Journal::open(Path::new("visits.journal"))?;
    let mut register = Register::new(journal);
    let door = TcpListener::bind("127.0.0.1:0")?;
    let program = std::env::current_exe()?;
    let port = door.local_addr()?.port();
    let command = format!("'{}' gateway {port} </dev/null >/dev/null 2>&1 &", program.display());
    Command::new("sh").arg("-c").arg(command).status()?;
    thread::spawn(|| {
        thread::sleep(Duration::from_secs(6));
        println!("ready {}", std::process::id());
    });
    for line in door.incoming() {
        if let Err(error) = serve(line?, &mut register) {
            eprintln!("a gateway was lost after {} lines: {error}", register.journal.lines);
        }
    }
    Ok(())
}
