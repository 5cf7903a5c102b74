// expect: pattern=hot-loop bench
// Marks the spelling of pupils' essays: essays come in from the classrooms all the time, each is split into words, the
// unknown words are listed with their places and, where there is one, a suggestion; a report per essay goes to a file.
// Measured: 0.76 cores with the problem, 0.01 repaired, for the same 15 essays a second.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::sync::mpsc::{sync_channel, Receiver};
use std::thread;
use std::time::{Duration, Instant};

const ESSAYS_PER_SECOND: u64 = 15;
const WORDS_PER_ESSAY: usize = 320;
const LEXICON_SIZE: usize = 24_000;

struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}

struct Essay {
    pupil: u32,
    text: String,
}

struct Mistake<'a> {
    line: usize,
    word: &'a str,
    suggestion: Option<String>,
}

struct Lexicon {
    words: Vec<String>,
}

impl Lexicon {
    fn new(words: Vec<String>) -> Lexicon {
        Lexicon { words }
    }

    fn knows(&self, word: &str) -> bool {
        self.words.iter().any(|known| known == word) // <- cost
    }

    /// The first known word that is two swapped letters or one doubled letter away.
    fn suggest(&self, word: &str) -> Option<String> {
        let mut letters: Vec<u8> = word.bytes().collect();
        for at in 1..letters.len() { // <- cost
            letters.swap(at - 1, at);
            let tried = std::str::from_utf8(&letters).unwrap_or("");
            if self.knows(tried) { // <- cost
                return Some(tried.to_string());
            }
            letters.swap(at - 1, at);
        }
        for at in 1..letters.len() { // <- cost
            if letters[at - 1] == letters[at] {
                let mut shorter = letters.clone();
                shorter.remove(at);
                let tried = std::str::from_utf8(&shorter).unwrap_or("");
                if self.knows(tried) { // <- cost
                    return Some(tried.to_string());
                }
            }
        }
        None
    }
}

fn made_up_words(number: usize, chance: &mut Chance) -> Vec<String> {
    const STARTS: [&str; 16] = [
        "b", "br", "d", "f", "fl", "g", "gr", "k", "l", "m", "n", "p", "pr", "s", "st", "tr",
    ];
    const MIDDLES: [&str; 12] = ["a", "e", "i", "o", "u", "ai", "ea", "ee", "oo", "ou", "ie", "y"];
    const ENDS: [&str; 10] = ["", "n", "r", "s", "t", "l", "nd", "ng", "st", "ck"];
    let mut seen: HashSet<String> = HashSet::with_capacity(number);
    let mut words = Vec::with_capacity(number);
    while words.len() < number {
        let mut word = String::new();
        for _ in 0..2 + chance.below(2) {
            word.push_str(STARTS[chance.below(STARTS.len())]);
            word.push_str(MIDDLES[chance.below(MIDDLES.len())]);
            word.push_str(ENDS[chance.below(ENDS.len())]);
        }
        if seen.insert(word.clone()) {
            words.push(word);
        }
    }
    words
}

fn write_essay(pupil: u32, words: &[String], chance: &mut Chance) -> Essay {
    let mut text = String::with_capacity(WORDS_PER_ESSAY * 9);
    for number in 0..WORDS_PER_ESSAY {
        let word = &words[chance.below(words.len())];
        if chance.below(60) == 0 {
            let at = 1 + chance.below(word.len() - 1);
            text.push_str(&word[..at]);
            text.push_str(&word[at - 1..]);
        } else if number % 14 == 0 {
            text.push_str(&word[..1].to_uppercase());
            text.push_str(&word[1..]);
        } else {
            text.push_str(word);
        }
        text.push_str(match number % 14 {
            13 => ".\n",
            6 => ", ",
            _ => " ",
        });
    }
    Essay { pupil, text }
}

fn check<'a>(essay: &'a Essay, lexicon: &Lexicon) -> (usize, Vec<Mistake<'a>>) {
    let mut mistakes = Vec::new();
    let mut count = 0;
    let mut lower = String::new();
    for (line, text) in essay.text.lines().enumerate() {
        for word in text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()) { // <- cost
            count += 1;
            lower.clear();
            lower.extend(word.chars().flat_map(char::to_lowercase));
            if !lexicon.knows(&lower) { // <- cost
                let suggestion = lexicon.suggest(&lower); // <- cost
                mistakes.push(Mistake { line: line + 1, word, suggestion });
            }
        }
    }
    (count, mistakes)
}

fn report(out: &mut impl Write, essay: &Essay, count: usize, mistakes: &[Mistake]) -> std::io::Result<()> {
    writeln!(out, "pupil {}: {} words, {} mistakes", essay.pupil, count, mistakes.len())?;
    for mistake in mistakes {
        write!(out, "  line {}: {}", mistake.line, mistake.word)?;
        match &mistake.suggestion {
            Some(better) => writeln!(out, " (perhaps {})", better)?,
            None => writeln!(out)?,
        }
    }
    out.flush()
}

fn classrooms(words: Vec<String>) -> Receiver<Essay> {
    let (send, receive) = sync_channel(64);
    thread::spawn(move || {
        let mut chance = Chance(88172645463325252);
        let pause = Duration::from_micros(1_000_000 / ESSAYS_PER_SECOND);
        let mut due = Instant::now();
        for number in 0u32.. {
            if send.send(write_essay(number % 700, &words, &mut chance)).is_err() {
                return;
            }
            due += pause;
            thread::sleep(due.saturating_duration_since(Instant::now()));
        }
    });
    receive
}

fn main() -> std::io::Result<()> {
    let words = made_up_words(LEXICON_SIZE, &mut Chance(521288629));
    let lexicon = Lexicon::new(words.clone());
    let essays = classrooms(words);
    let mut out = BufWriter::new(File::create("reports.txt")?);
    let mut marked = 0u64;
    for essay in essays {
        let (count, mistakes) = check(&essay, &lexicon);
        report(&mut out, &essay, count, &mistakes)?;
        marked += 1;
        if marked == 10 {
            println!("ready {}", std::process::id());
        }
        if marked % 4000 == 0 {
            out = BufWriter::new(File::create("reports.txt")?);
        }
    }
    Ok(())
}
