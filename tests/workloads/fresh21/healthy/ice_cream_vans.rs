// bench: healthy
// Sends ice cream vans to where children are: ten times a second a burst of sales comes from the vans; a thread reads
// them, another keeps a window of the last minutes for each square of the town, and once a second the dispatcher ranks
// the squares, and gives the vans that are idle the best one that is near.
//
// Measured: CPU 2.1 % of a core for 30,000 sales a second; 3.3 MiB.
use std::collections::{BTreeMap, VecDeque};
use std::env;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{self, Command};
use std::str::FromStr;
use std::sync::mpsc::{sync_channel, Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, RwLock};
use std::thread;
use std::time::{Duration, Instant};

const VANS: usize = 60;
const SIDE: u32 = 48; // squares of the town, in a row
const FLAVOURS: [&str; 6] = ["vanilla", "pistachio", "lemon", "hazelnut", "plum", "malaga"];
const SLOTS: usize = 60; // of the window, one a second
const BURST: u32 = 3000;
const BEAT: Duration = Duration::from_millis(100);

/// `VAN X Y FLAVOUR SCOOPS`
#[derive(Clone, Copy)]
struct Sale {
    van: usize,
    square: u32,
    flavour: usize,
    scoops: u32,
}

fn number(word: Option<&str>, below: u32) -> Result<u32, String> {
    let word = word.ok_or("a number is missing")?;
    match word.parse() {
        Ok(value) if value < below => Ok(value),
        Ok(value) => Err(format!("{} is too large", value)),
        Err(error) => Err(format!("{}: {}", word, error)),
    }
}

impl FromStr for Sale {
    type Err = String;

    fn from_str(line: &str) -> Result<Sale, String> {
        let mut words = line.split_ascii_whitespace();
        let van = number(words.next(), VANS as u32)? as usize;
        let square = number(words.next(), SIDE)? + SIDE * number(words.next(), SIDE)?;
        let name = words.next().unwrap_or("");
        let flavour = FLAVOURS.iter().position(|flavour| *flavour == name).ok_or_else(|| format!("flavour {}", name))?;
        Ok(Sale { van, square, flavour, scoops: number(words.next(), 10)? })
    }
}

/// The scoops of the last minute in a square: a sum that is kept while slots come and go.
#[derive(Clone)]
struct Window {
    slots: VecDeque<u32>,
    sum: u32,
}

impl Window {
    fn new() -> Window {
        Window { slots: VecDeque::from(vec![0; SLOTS]), sum: 0 }
    }

    fn add(&mut self, scoops: u32) {
        if let Some(slot) = self.slots.back_mut() {
            *slot += scoops;
            self.sum += scoops;
        }
    }

    fn turn(&mut self) {
        self.sum -= self.slots.pop_front().unwrap_or(0);
        self.slots.push_back(0);
    }
}

#[derive(Clone, Default)]
struct Van {
    square: u32,
    sold: u64,
    stock: [u32; 6],
    quiet: u32, // seconds without a sale
}

struct Town {
    squares: Vec<Window>,
    vans: Vec<Van>,
    refills: u32,
    garbled: u32,
}

impl Town {
    fn sell(&mut self, sale: &Sale) {
        self.squares[sale.square as usize].add(sale.scoops);
        let van = &mut self.vans[sale.van];
        van.square = sale.square;
        van.sold += u64::from(sale.scoops);
        van.quiet = 0;
        let stock = &mut van.stock[sale.flavour];
        if *stock < sale.scoops {
            *stock = 500;
            self.refills += 1;
        }
        *stock -= sale.scoops;
    }

    fn turn(&mut self) {
        self.squares.iter_mut().for_each(Window::turn);
        self.vans.iter_mut().for_each(|van| van.quiet += 1);
    }

    /// The orders to idle vans: each gets the best of the busiest squares, counted down by how far it is.
    fn dispatch(&self) -> BTreeMap<usize, u32> {
        let mut busy: Vec<(u32, u32)> = (0..).zip(&self.squares).map(|(at, square)| (square.sum, at)).collect();
        let (top, _, _) = busy.select_nth_unstable_by(40, |one, other| other.cmp(one));
        top.sort_unstable_by(|one, other| other.cmp(one));
        let mut orders = BTreeMap::new();
        for (number, van) in self.vans.iter().enumerate().filter(|(_, van)| van.quiet > 1) {
            let worth = |(sum, at): &(u32, u32)| *sum / (1 + distance(*at, van.square) / 4);
            if let Some((_, at)) = top.iter().max_by_key(|square| worth(square)) {
                orders.insert(number, *at);
            }
        }
        orders
    }
}

fn distance(one: u32, other: u32) -> u32 {
    (one % SIDE).abs_diff(other % SIDE) + (one / SIDE).abs_diff(other / SIDE)
}

type Batch = Vec<Result<Sale, String>>;

fn receive(line: TcpStream, batches: SyncSender<Batch>) -> io::Result<()> {
    let mut reader = BufReader::with_capacity(1 << 15, line);
    let mut text = String::new();
    let mut batch = Batch::with_capacity(1024);
    while reader.read_line(&mut text)? > 0 {
        batch.push(text.parse());
        text.clear();
        if reader.buffer().is_empty() || batch.len() == 1024 {
            let full = std::mem::replace(&mut batch, Batch::with_capacity(1024));
            if batches.send(full).is_err() {
                break;
            }
        }
    }
    Ok(())
}

fn account(batches: Receiver<Batch>, town: &RwLock<Town>) {
    let mut next = Instant::now() + Duration::from_secs(1);
    loop {
        match batches.recv_timeout(next.saturating_duration_since(Instant::now())) {
            Ok(batch) => {
                let mut town = town.write().unwrap();
                for sale in batch {
                    match sale {
                        Ok(sale) => town.sell(&sale),
                        Err(_) => town.garbled += 1,
                    }
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        if Instant::now() >= next {
            next += Duration::from_secs(1);
            town.write().unwrap().turn();
        }
    }
}

fn report(town: &Town, orders: &BTreeMap<usize, u32>) -> io::Result<()> {
    let mut out = BufWriter::new(File::create("orders.tmp")?);
    for (van, square) in orders {
        writeln!(out, "van {} to {}/{}", van, square % SIDE, square / SIDE)?;
    }
    let sold: u64 = town.vans.iter().map(|van| van.sold).sum();
    writeln!(out, "{} scoops, {} refills, {} garbled", sold, town.refills, town.garbled)?;
    out.flush()?;
    fs::rename("orders.tmp", "orders.txt")
}

/// The vans, and the children that come to them.
fn sell(port: &str) -> io::Result<()> {
    let mut out = TcpStream::connect(format!("127.0.0.1:{}", port))?;
    let mut dice: u64 = 99;
    let mut roll = |sides: u32| -> u32 {
        dice = dice.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((dice >> 33) % u64::from(sides)) as u32
    };
    let mut due = Instant::now();
    for beat in 0u32.. {
        let mut text = String::with_capacity(1 << 17);
        for _ in 0..BURST {
            let van = (roll(40) + beat / 50 % 3 * 10) % VANS as u32;
            let (x, y) = ((van * 7 + beat / 40 + roll(3)) % SIDE, (van * 11 + roll(3)) % SIDE);
            let flavour = FLAVOURS[roll(6) as usize];
            text += &format!("{} {} {} {} {}\n", van, x, y, flavour, 1 + roll(3));
        }
        out.write_all(text.as_bytes())?;
        due += BEAT;
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    Ok(())
}

fn main() -> io::Result<()> {
    if let Some(port) = env::args().nth(1) {
        return sell(&port);
    }
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let load = format!("'{}' {} >/dev/null 2>&1 &", env::current_exe()?.display(), listener.local_addr()?.port());
    Command::new("sh").args(["-c", &load]).status()?;
    let (line, _) = listener.accept()?;
    let town = Arc::new(RwLock::new(Town {
        squares: vec![Window::new(); (SIDE * SIDE) as usize],
        vans: vec![Van::default(); VANS],
        refills: 0,
        garbled: 0,
    }));
    let (sender, batches) = sync_channel(8);
    thread::spawn(move || receive(line, sender));
    let accounts = Arc::clone(&town);
    thread::spawn(move || account(batches, &accounts));
    thread::sleep(Duration::from_secs(2));
    println!("ready {}", process::id());
    loop {
        thread::sleep(Duration::from_secs(1));
        let town = town.read().unwrap();
        report(&town, &town.dispatch())?;
    }
}
