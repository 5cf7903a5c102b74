// expect: healthy bench
// A reading-room server for a corpus of skaldic verse: a client sends a line of words and gets the stanzas in which all
// of them occur, the best first, and an empty line. Four reading rooms keep their connections and ask all the time.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::{env, path::Path, thread, time::Duration};

const STANZAS: usize = 30_000;
const SHOWN: usize = 12;

struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}

#[derive(Clone, Copy)]
struct Posting {
    stanza: u32,
    times: u32,
}

struct Corpus {
    stanzas: Vec<String>,
    postings: HashMap<String, Vec<Posting>>,
}

impl Corpus {
    fn new(stanzas: Vec<String>) -> Corpus {
        let mut postings: HashMap<String, Vec<Posting>> = HashMap::new();
        for (number, stanza) in stanzas.iter().enumerate() {
            for word in stanza.split(' ') {
                if !postings.contains_key(word) {
                    postings.insert(word.to_string(), Vec::new());
                }
                let list = postings.get_mut(word).expect("just made");
                match list.last_mut() {
                    Some(last) if last.stanza == number as u32 => last.times += 1,
                    _ => list.push(Posting { stanza: number as u32, times: 1 }),
                }
            }
        }
        Corpus { stanzas, postings }
    }

    /// Stanzas that have all the words, in `found`; the shortest list leads, the others are searched from where they are.
    fn search(&self, question: &str, found: &mut Vec<Posting>) {
        found.clear();
        let mut lists = Vec::with_capacity(4);
        for word in question.split_ascii_whitespace() {
            match self.postings.get(word) {
                Some(list) => lists.push(list.as_slice()),
                None => return,
            }
        }
        lists.sort_unstable_by_key(|list| list.len());
        let (first, others) = match lists.split_first_mut() {
            Some(parts) => parts,
            None => return,
        };
        'stanzas: for posting in first.iter() {
            let mut times = posting.times;
            for list in others.iter_mut() {
                *list = advance(list, posting.stanza);
                match list.first() {
                    Some(other) if other.stanza == posting.stanza => times += other.times,
                    Some(_) => continue 'stanzas,
                    None => break 'stanzas,
                }
            }
            found.push(Posting { stanza: posting.stanza, times });
        }
        let order = |a: &Posting, b: &Posting| b.times.cmp(&a.times).then(a.stanza.cmp(&b.stanza));
        if found.len() > SHOWN {
            found.select_nth_unstable_by(SHOWN, order);
        }
        let shown = found.len().min(SHOWN);
        found[..shown].sort_unstable_by(order);
    }
}

/// What of `list` is at or behind `stanza`: steps that double, then a binary search in the last one.
fn advance(list: &[Posting], stanza: u32) -> &[Posting] {
    let mut step = 1;
    while step < list.len() && list[step].stanza < stanza {
        step *= 2;
    }
    let from = step / 2;
    let to = list.len().min(step + 1);
    let within = list[from..to].partition_point(|posting| posting.stanza < stanza);
    &list[from + within..]
}

fn vocabulary() -> Vec<String> {
    const FIRST: [&str; 20] = [
        "hval", "sae", "gull", "blod", "ulf", "hrafn", "sverd", "skip", "eld", "hild", "vig", "sar", "hring", "orm",
        "drott", "folk", "geir", "rand", "vind", "brim",
    ];
    const SECOND: [&str; 20] = [
        "vegr", "svan", "brjot", "sveiti", "dreyri", "gjalp", "regn", "hestr", "tre", "leikr", "thing", "bed", "jord",
        "skati", "stjori", "vara", "nadr", "gardr", "hjalm", "ross",
    ];
    FIRST.iter().flat_map(|a| SECOND.iter().map(move |b| format!("{}{}", a, b))).collect()
}

fn stanzas(words: &[String]) -> Vec<String> {
    let mut chance = Chance(0x2545F4914F6CDD1D);
    (0..STANZAS)
        .map(|_| {
            let chosen: Vec<&str> = (0..26)
                .map(|_| {
                    let end = 1 + chance.below(words.len());
                    words[chance.below(end)].as_str()
                })
                .collect();
            chosen.join(" ")
        })
        .collect()
}

fn answer(out: &mut impl Write, corpus: &Corpus, found: &[Posting]) -> io::Result<()> {
    writeln!(out, "{} stanzas", found.len())?;
    for posting in found.iter().take(SHOWN) {
        writeln!(out, "{} {} {}", posting.stanza, posting.times, corpus.stanzas[posting.stanza as usize])?;
    }
    out.write_all(b"\n")?;
    out.flush()
}

fn serve(room: TcpStream, corpus: &Corpus) -> io::Result<()> {
    room.set_nodelay(true)?;
    let mut lines = BufReader::new(room.try_clone()?);
    let mut out = BufWriter::with_capacity(16 << 10, room);
    let mut question = String::new();
    let mut found = Vec::new();
    loop {
        question.clear();
        if lines.read_line(&mut question)? == 0 {
            return Ok(());
        }
        corpus.search(&question, &mut found);
        answer(&mut out, corpus, &found)?;
    }
}

fn reading_rooms(port: u16, words: &[String]) -> io::Result<()> {
    let mut chance = Chance(77);
    let questions: Vec<String> = (0..300)
        .map(|_| {
            let count = 2 + chance.below(2);
            (0..count).map(|_| words[chance.below(words.len() / 3)].as_str()).collect::<Vec<_>>().join(" ")
        })
        .collect();
    let services = env::var("SERVICES").expect("SERVICES");
    let clients = Path::new(&services).with_file_name("clients.py");
    Command::new(env::var("PYTHON").expect("PYTHON"))
        .arg(clients)
        .args(&["lines", &port.to_string(), &questions.join(","), "4", "0.004"])
        .stdout(Stdio::null())
        .status()?;
    Ok(())
}

fn main() -> io::Result<()> {
    let words = vocabulary();
    let corpus = Arc::new(Corpus::new(stanzas(&words)));
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    thread::spawn(move || -> io::Result<()> {
        reading_rooms(port, &words)?;
        thread::sleep(Duration::from_millis(800));
        println!("ready {}", std::process::id());
        Ok(())
    });
    for room in listener.incoming() {
        let room = room?;
        let corpus = Arc::clone(&corpus);
        thread::spawn(move || serve(room, &corpus));
    }
    Ok(())
}
