// expect: pattern=hot-loop bench
// Transcribes lute tablature from a facsimile archive: six lines of text (one a course, drawn with dashes and bars of more
// than one byte) are read column by column into chords, which are then put into bars and checked against the tuning.
// Measured: a piece takes 33 ms and more to transcribe, of the twin 0.2 to 0.3 ms; 43 % of a core in place of 2 %
// (on a machine with others, and it falls behind the keying).
use std::collections::BTreeMap;
use std::sync::mpsc::{sync_channel, Receiver, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

const COURSES: usize = 6;
const TUNING: [u8; COURSES] = [67, 62, 57, 53, 48, 43]; // G4 D4 A3 F3 C3 G2

struct Piece {
    folio: u32,
    lines: Vec<String>,
}

/// One course of the staff as it was keyed in.
struct Course {
    text: String,
    open: u8,
}

impl Course {
    fn new(text: &str, open: u8) -> Self {
        Course { text: text.trim_end().to_string(), open }
    }

    fn columns(&self) -> usize {
        self.text.chars().count()
    }

    fn mark(&self, column: usize) -> Option<char> {
        self.text.chars().nth(column) // <- cost
    }

    fn fret(&self, column: usize) -> Option<u8> {
        match self.mark(column)? { // <- cost
            letter @ 'a'..='n' => Some(letter as u8 - b'a'),
            _ => None,
        }
    }
}

#[derive(Debug, PartialEq)]
enum Problem {
    CourseMissing(usize),
    Uneven { course: usize, columns: usize },
}

#[derive(Default)]
struct Chord {
    pitches: Vec<u8>,
    ornaments: u8,
}

struct Staff {
    courses: Vec<Course>,
    columns: usize,
}

impl Staff {
    fn read(piece: &Piece) -> Result<Staff, Problem> {
        if piece.lines.len() < COURSES {
            return Err(Problem::CourseMissing(piece.lines.len()));
        }
        let courses: Vec<Course> = piece.lines.iter().zip(TUNING).map(|(line, open)| Course::new(line, open)).collect();
        let columns = courses[0].columns();
        for (number, course) in courses.iter().enumerate() {
            if course.columns() != columns {
                return Err(Problem::Uneven { course: number, columns: course.columns() });
            }
        }
        Ok(Staff { courses, columns })
    }

    fn is_bar(&self, column: usize) -> bool {
        self.courses[0].mark(column) == Some('│')
    }

    fn chord(&self, column: usize) -> Chord {
        let mut chord = Chord::default();
        for course in &self.courses {
            if let Some(fret) = course.fret(column) {
                chord.pitches.push(course.open + fret);
                if course.mark(column + 1) == Some('×') {
                    chord.ornaments += 1;
                }
            }
        }
        chord
    }
}

#[derive(Default)]
struct Ledger {
    pieces: u64,
    rejected: u64,
    bars: u64,
    ornaments: u64,
    pitches: BTreeMap<u8, u64>,
}

fn transcribe(staff: &Staff) -> Vec<Vec<Chord>> {
    let mut bars = vec![Vec::new()];
    for column in 0..staff.columns {
        if staff.is_bar(column) {
            bars.push(Vec::new());
            continue;
        }
        let chord = staff.chord(column);
        if !chord.pitches.is_empty() {
            bars.last_mut().expect("there is always an open bar").push(chord);
        }
    }
    bars
}

fn enter(ledger: &mut Ledger, bars: &[Vec<Chord>]) {
    ledger.pieces += 1;
    ledger.bars += bars.len() as u64;
    for chord in bars.iter().flatten() {
        ledger.ornaments += u64::from(chord.ornaments);
        for pitch in &chord.pitches {
            *ledger.pitches.entry(*pitch).or_default() += 1;
        }
    }
}

fn transcriber(pieces: Receiver<Piece>) {
    let mut ledger = Ledger::default();
    for piece in pieces {
        match Staff::read(&piece) {
            Ok(staff) => enter(&mut ledger, &transcribe(&staff)),
            Err(problem) => {
                ledger.rejected += 1;
                eprintln!("folio {}: {:?}", piece.folio, problem);
            }
        }
    }
}

fn engrave(folio: u32, columns: usize) -> Piece {
    let mut seed = u64::from(folio) * 2_654_435_761 + 1;
    let mut lines = vec![String::new(); COURSES];
    for column in 0..columns {
        for line in lines.iter_mut() {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let die = (seed >> 40) % 100;
            line.push(match (column % 24, die) {
                (23, _) => '│',
                (_, 0..=17) => char::from(b'a' + (die % 9) as u8),
                (_, 18..=21) => '×',
                _ => '─',
            });
        }
    }
    Piece { folio, lines }
}

/// The scans come back from keying at an even pace.
fn keying(pieces: SyncSender<Piece>) {
    let mut due = Instant::now();
    for folio in 0.. {
        let piece = engrave(folio % 240, 1800 + (folio as usize % 5) * 300);
        if pieces.send(piece).is_err() {
            return;
        }
        due = (due + Duration::from_millis(16)).max(Instant::now());
        thread::sleep(due - Instant::now().min(due));
    }
}

fn main() {
    let (send, receive) = sync_channel(8);
    let bench = thread::Builder::new().name("transcriber".into()).spawn(move || transcriber(receive));
    let bench = bench.expect("a thread for the transcriber");
    println!("ready {}", std::process::id());
    keying(send);
    bench.join().expect("the transcriber ends when keying does");
}
