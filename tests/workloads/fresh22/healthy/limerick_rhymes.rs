// bench: healthy
// Helps poets at limerick evenings: tables ask for a rhyme on a word with so many syllables; three waiters take the
// questions, look the ending up in an index, rank the short list they find, and keep the answers that were asked
// for last. Between the evenings' rounds of poems nobody asks for a while.
//
// Measured: 450 questions a second; CPU 1 % of a core.
use std::collections::{HashMap, VecDeque};
use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{self, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const TABLES: u64 = 3;
const KEPT: usize = 256;

const ONSETS: [&str; 16] = ["b", "br", "cl", "d", "dr", "f", "gl", "h", "l", "m", "n", "p", "r", "s", "t", "w"];
const MIDDLES: [&str; 5] = ["a", "e", "i", "o", "u"];
const ENDINGS: [&str; 24] = [
    "alley", "antic", "arrow", "ation", "eather", "edge", "elling", "ender", "erry", "icket", "iddle", "iggle", "immer",
    "ingle", "itter", "ocket", "oddle", "ollow", "onder", "oodle", "ubble", "uckle", "umble", "utter",
];

struct Word {
    text: String,
    syllables: u8,
    common: u32,
}

fn vowels(text: &str) -> usize {
    let (mut number, mut within) = (0, false);
    for letter in text.bytes() {
        let vowel = matches!(letter, b'a' | b'e' | b'i' | b'o' | b'u' | b'y');
        if vowel && !within {
            number += 1;
        }
        within = vowel;
    }
    number
}

/// From where the last stressed vowel is: what has to be the same for a rhyme.
fn ending(word: &str) -> &str {
    let known = ENDINGS.iter().filter(|ending| word.ends_with(*ending)).max_by_key(|ending| ending.len());
    known.map_or_else(|| &word[word.len().saturating_sub(3)..], |ending| &word[word.len() - ending.len()..])
}

struct Dictionary {
    by_ending: HashMap<String, Vec<Word>>,
}

impl Dictionary {
    fn compose() -> Dictionary {
        let mut by_ending: HashMap<String, Vec<Word>> = HashMap::new();
        let mut common = 1u32;
        for ending in ENDINGS {
            let words = by_ending.entry(ending.to_string()).or_default();
            for first in ONSETS {
                let mut add = |text: String| {
                    common = common.wrapping_mul(48271) % 65521;
                    words.push(Word { syllables: vowels(&text) as u8, text, common });
                };
                add(format!("{}{}", first, ending));
                for middle in MIDDLES {
                    add(format!("{}{}{}{}", first, middle, ONSETS[first.len() * 5 % 16], ending));
                }
            }
        }
        Dictionary { by_ending }
    }

    fn rhymes(&self, word: &str, syllables: u8, number: usize) -> Vec<&Word> {
        let Some(words) = self.by_ending.get(ending(word)) else {
            return Vec::new();
        };
        let fits = |one: &&Word| one.syllables == syllables && one.text != word;
        let mut fitting: Vec<&Word> = words.iter().filter(fits).collect();
        fitting.sort_unstable_by_key(|one| std::cmp::Reverse(one.common));
        fitting.truncate(number);
        fitting
    }
}

/// The answers that were asked for last; the oldest is given up for a new one.
struct Kept {
    answers: HashMap<(String, u8), Arc<str>>,
    order: VecDeque<(String, u8)>,
}

impl Kept {
    fn new() -> Kept {
        Kept { answers: HashMap::with_capacity(KEPT), order: VecDeque::with_capacity(KEPT) }
    }

    fn insert(&mut self, key: (String, u8), answer: Arc<str>) {
        if self.answers.insert(key.clone(), answer).is_some() {
            return;
        }
        if self.order.len() == KEPT {
            if let Some(oldest) = self.order.pop_front() {
                self.answers.remove(&oldest);
            }
        }
        self.order.push_back(key);
    }
}

struct Evening {
    dictionary: Dictionary,
    kept: Mutex<Kept>,
    asked: AtomicU64,
    hits: AtomicU64,
}

impl Evening {
    fn answer(&self, word: &str, syllables: u8) -> Arc<str> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let key = (word.to_string(), syllables);
        let kept = self.kept.lock().unwrap().answers.get(&key).cloned();
        if let Some(answer) = kept {
            self.hits.fetch_add(1, Ordering::Relaxed);
            return answer;
        }
        let rhymes = self.dictionary.rhymes(word, syllables, 8);
        let mut text = rhymes.iter().map(|one| one.text.as_str()).collect::<Vec<_>>().join(" ");
        if text.is_empty() {
            text.push_str("(nothing rhymes)");
        }
        text.push('\n');
        let answer: Arc<str> = text.into();
        self.kept.lock().unwrap().insert(key, Arc::clone(&answer));
        answer
    }

    fn wait_on(&self, table: TcpStream) -> io::Result<()> {
        table.set_nodelay(true)?;
        let mut answers = table.try_clone()?;
        let mut questions = BufReader::new(table);
        let mut line = String::new();
        loop {
            line.clear();
            if questions.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let answer = match line.trim_end().split_once(' ') {
                Some((word, number)) if word.is_ascii() && !word.is_empty() => match number.parse() {
                    Ok(syllables) => self.answer(word, syllables),
                    Err(_) => "how many syllables?\n".into(),
                },
                _ => "a question is: word syllables\n".into(),
            };
            answers.write_all(answer.as_bytes())?;
        }
    }
}

/// A table of poets, in a process that is not ours: for 0.6 s they ask, for 0.4 s they drink.
fn poets(port: u16, table: u64) -> io::Result<()> {
    let stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_nodelay(true)?;
    let mut line = stream.try_clone()?;
    let mut answers = BufReader::new(stream);
    let mut answer = String::new();
    let began = Instant::now();
    let mut dice = table * 7 + 1;
    for number in 0u64.. {
        let due = began + Duration::from_millis(number / 150 * 1000 + number % 150 * 4);
        thread::sleep(due.saturating_duration_since(Instant::now()));
        dice = dice.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let pick = |shift: u32, of: u64| (dice >> shift) % of;
        let first = ONSETS[pick(33, 16) as usize];
        let last = ENDINGS[pick(40, if number % 3 == 0 { 24 } else { 5 }) as usize];
        line.write_all(format!("{}{} {}\n", first, last, 2 + pick(50, 3)).as_bytes())?;
        answer.clear();
        if answers.read_line(&mut answer)? == 0 {
            break;
        }
    }
    Ok(())
}

fn start_poets(port: u16) -> io::Result<()> {
    let own = env::current_exe()?;
    let command = format!("'{}' poets {} </dev/null >/dev/null 2>&1 &", own.display(), port);
    Command::new("sh").arg("-c").arg(command).stdin(Stdio::null()).status().map(|_| ())
}

fn main() -> io::Result<()> {
    let words: Vec<String> = env::args().collect();
    if words.len() == 3 && words[1] == "poets" {
        let port: u16 = words[2].parse().expect("a port");
        for table in 0..TABLES {
            thread::spawn(move || process::exit(poets(port, table).is_err() as i32));
        }
        loop {
            thread::park();
        }
    }
    let evening = Arc::new(Evening {
        dictionary: Dictionary::compose(),
        kept: Mutex::new(Kept::new()),
        asked: AtomicU64::new(0),
        hits: AtomicU64::new(0),
    });
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    let listener = Arc::new(listener);
    for _ in 0..TABLES {
        let (evening, listener) = (Arc::clone(&evening), Arc::clone(&listener));
        thread::spawn(move || -> io::Result<()> {
            loop {
                let (table, _) = listener.accept()?;
                if let Err(error) = evening.wait_on(table) {
                    eprintln!("a table left: {}", error);
                }
            }
        });
    }
    start_poets(port)?;
    thread::sleep(Duration::from_millis(1500));
    println!("ready {}", process::id());
    io::stdout().flush()?;
    loop {
        thread::sleep(Duration::from_secs(5));
        let (asked, hits) = (evening.asked.load(Ordering::Relaxed), evening.hits.load(Ordering::Relaxed));
        eprintln!("{} asked, {} of them kept", asked, hits);
    }
}
