// expect: healthy bench
// The index of beginnings of an orchestra's archive: a user hums or types some intervals, and the archive proposes the
// works whose themes share the most short runs of intervals with them, and are then nearest by their contour.
// (Busy, but each question looks only at the themes that share something with it; the best are kept in a heap; the
// counters are one array that is filled anew.)

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::io::Write;
use std::time::{Duration, Instant};

const THEMES: usize = 30_000;
const NOTES: usize = 24;
const RUN: usize = 4;
const PROPOSED: usize = 8;
const QUESTIONS_A_BATCH: usize = 120;
const BATCH: Duration = Duration::from_millis(50);

/// Numbers that are the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    /// A step of a melody: small ones are the likeliest.
    fn interval(&mut self) -> i8 {
        let width = [1, 2, 2, 3, 4, 5, 7, 12][self.below(8) as usize];
        (self.below(2 * width + 1) as i64 - width as i64) as i8
    }
}

struct Theme {
    work: String,
    intervals: Vec<i8>,
}

/// A run of intervals as one number.
fn key(run: &[i8]) -> u32 {
    run.iter().fold(0, |key, &step| key << 8 | step as u8 as u32)
}

struct Index {
    themes: Vec<Theme>,
    by_run: HashMap<u32, Vec<u32>>,
}

impl Index {
    fn new(themes: Vec<Theme>) -> Index {
        let mut by_run: HashMap<u32, Vec<u32>> = HashMap::new();
        for (number, theme) in themes.iter().enumerate() {
            for run in theme.intervals.windows(RUN) {
                let places = by_run.entry(key(run)).or_default();
                if places.last() != Some(&(number as u32)) {
                    places.push(number as u32);
                }
            }
        }
        Index { themes, by_run }
    }
}

/// Asks the index; its working space is kept from question to question.
struct Searcher<'a> {
    index: &'a Index,
    shared: Vec<u16>,
    touched: Vec<u32>,
    best: BinaryHeap<Reverse<(i32, u32)>>,
}

impl<'a> Searcher<'a> {
    fn new(index: &'a Index) -> Searcher<'a> {
        let shared = vec![0; index.themes.len()];
        Searcher { index, shared, touched: Vec::new(), best: BinaryHeap::new() }
    }

    /// Count for each theme the runs that it shares with the question.
    fn count(&mut self, question: &[i8]) {
        for run in question.windows(RUN) {
            for &theme in self.index.by_run.get(&key(run)).map_or(&[][..], |found| found) {
                if self.shared[theme as usize] == 0 {
                    self.touched.push(theme);
                }
                self.shared[theme as usize] += 1;
            }
        }
    }

    /// How far the contours are apart, sung from the same note.
    fn apart(question: &[i8], theme: &[i8]) -> i32 {
        let (mut asked, mut sung, mut sum) = (0i32, 0i32, 0i32);
        for (&a, &b) in question.iter().zip(theme) {
            asked += a as i32;
            sung += b as i32;
            sum += (asked - sung).abs().min(12);
        }
        sum
    }

    /// The numbers of the themes that are proposed, the best first.
    fn ask(&mut self, question: &[i8]) -> Vec<(i32, u32)> {
        self.count(question);
        for theme in self.touched.drain(..) {
            let shared = std::mem::take(&mut self.shared[theme as usize]) as i32;
            let score = shared * 40 - Self::apart(question, &self.index.themes[theme as usize].intervals);
            self.best.push(Reverse((score, theme)));
            if self.best.len() > PROPOSED {
                self.best.pop();
            }
        }
        let mut found: Vec<_> = self.best.drain().map(|Reverse(each)| each).collect();
        found.sort_unstable_by(|a, b| b.cmp(a));
        found
    }
}

/// What the users ask: themes with a wrong note or two.
struct Users {
    dice: Dice,
}

impl Users {
    fn hum(&mut self, index: &Index) -> (u32, Vec<i8>) {
        let theme = self.dice.below(index.themes.len() as u64) as u32;
        let mut question = index.themes[theme as usize].intervals[..16].to_vec();
        for _ in 0..self.dice.below(3) {
            let at = self.dice.below(16) as usize;
            question[at] += 1;
        }
        (theme, question)
    }
}

fn archive() -> Vec<Theme> {
    let mut dice = Dice(88172645463325252);
    let composers = ["Haydn", "Smyth", "Dvořák", "Ravel", "Farrenc", "Nielsen"];
    (0..THEMES)
        .map(|number| Theme {
            work: format!("{} {}/{}", composers[number % 6], number / 36, number % 6),
            intervals: (0..NOTES).map(|_| dice.interval()).collect(),
        })
        .collect()
}

fn main() {
    let index = Index::new(archive());
    let mut searcher = Searcher::new(&index);
    let mut users = Users { dice: Dice(4101842887655102017) };
    println!("ready {}", std::process::id());
    std::io::stdout().flush().expect("nobody reads");
    let folder = std::env::temp_dir().join(format!("incipits-{}", std::process::id()));
    std::fs::create_dir(&folder).expect("no folder of its own");
    let (mut asked, mut right, mut last) = (0u64, 0u64, String::new());
    let mut due = Instant::now();
    let mut told = due;
    loop {
        for _ in 0..QUESTIONS_A_BATCH {
            let (theme, question) = users.hum(&index);
            let found = searcher.ask(&question);
            asked += 1;
            if let Some(&(_, first)) = found.first() {
                right += (first == theme) as u64;
                if asked % 1000 == 0 {
                    last.clone_from(&index.themes[first as usize].work);
                }
            }
        }
        due += BATCH;
        if due - told > Duration::from_secs(3) {
            told = due;
            let _ = std::fs::write(folder.join("state.txt"), format!("{asked} asked, {right} found, last {last}\n"));
        }
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
}
