// bench: repaired twin of tote_coupons
// Totalisator of a race course: betting shops send coupons of 40 tickets over TCP, which are entered in the day's
// journal before the shop may print them; the pools of the races (from which the odds come) are brought up to date.
// Measured: one write with O_DSYNC for a coupon, which takes 0.5 to 5 ms (30 to 190 ms with one for each ticket).
use std::collections::HashMap;
use std::env;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{channel, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const O_DSYNC: i32 = 0o10000;
const SHOPS: usize = 10;
const TICKETS: usize = 40;

struct Ticket {
    shop: u16,
    race: u8,
    runner: u8,
    stake_cents: u32,
    sold_at: u64,
}

impl Ticket {
    fn parse(shop: u16, line: &str) -> Option<Ticket> {
        let mut words = line.split_ascii_whitespace();
        let ticket = Ticket {
            shop,
            race: words.next()?.parse().ok()?,
            runner: words.next()?.parse().ok()?,
            stake_cents: words.next()?.parse().ok()?,
            sold_at: SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_micros() as u64,
        };
        if ticket.race > 12 || ticket.runner > 20 || ticket.stake_cents == 0 {
            return None;
        }
        Some(ticket)
    }

    fn encode(&self, number: u64, into: &mut Vec<u8>) {
        let start = into.len();
        into.extend_from_slice(&number.to_le_bytes());
        into.extend_from_slice(&self.sold_at.to_le_bytes());
        into.extend_from_slice(&self.shop.to_le_bytes());
        into.extend_from_slice(&[self.race, self.runner]);
        into.extend_from_slice(&self.stake_cents.to_le_bytes());
        let sum = into[start..].iter().fold(0x811c9dc5u32, |h, b| (h ^ *b as u32).wrapping_mul(0x01000193));
        into.extend_from_slice(&sum.to_le_bytes());
    }
}

struct Coupon {
    tickets: Vec<Ticket>,
    done: Sender<u64>,
}

struct Journal {
    file: File,
    next: u64,
    bytes: Vec<u8>,
}

impl Journal {
    fn open(path: &str) -> io::Result<Journal> {
        let file = OpenOptions::new().create(true).append(true).custom_flags(O_DSYNC).open(path)?;
        Ok(Journal { file, next: 1, bytes: Vec::with_capacity(4096) })
    }

    fn keep(&mut self, coupons: &Receiver<Coupon>) -> io::Result<()> {
        while let Ok(coupon) = coupons.recv() {
            let first = self.next;
            self.bytes.clear();
            for ticket in &coupon.tickets {
                ticket.encode(self.next, &mut self.bytes);
                self.next += 1;
            }
            self.file.write_all(&self.bytes)?;
            let _ = coupon.done.send(first);
        }
        Ok(())
    }
}

#[derive(Default)]
struct Pools {
    totals: HashMap<(u8, u8), u64>,
    races: HashMap<u8, u64>,
}

impl Pools {
    fn add(&mut self, ticket: &Ticket) {
        *self.totals.entry((ticket.race, ticket.runner)).or_insert(0) += ticket.stake_cents as u64;
        *self.races.entry(ticket.race).or_insert(0) += ticket.stake_cents as u64;
    }

    fn odds(&self, race: u8, runner: u8) -> f64 {
        let pool = self.races.get(&race).copied().unwrap_or(0) as f64 * 0.84;
        let on = self.totals.get(&(race, runner)).copied().unwrap_or(1) as f64;
        (pool / on).max(1.0)
    }
}

fn read_coupon(lines: &mut impl BufRead, line: &mut String) -> io::Result<Option<Vec<Ticket>>> {
    line.clear();
    if lines.read_line(line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_ascii_whitespace().skip(1).map(|word| word.parse::<u16>().unwrap_or(0));
    let (shop, count) = (words.next().unwrap_or(0), words.next().unwrap_or(0));
    let mut tickets = Vec::with_capacity(count as usize);
    for _ in 0..count {
        line.clear();
        lines.read_line(line)?;
        tickets.extend(Ticket::parse(shop, line));
    }
    Ok(Some(tickets))
}

fn serve_shop(stream: TcpStream, coupons: Sender<Coupon>, pools: Arc<Mutex<Pools>>, sold: Arc<AtomicU64>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut answers = stream.try_clone()?;
    let (done, acknowledged) = channel();
    let mut lines = BufReader::new(stream);
    let mut line = String::new();
    let mut answer = String::new();
    while let Some(tickets) = read_coupon(&mut lines, &mut line)? {
        answer.clear();
        {
            let mut pools = pools.lock().unwrap();
            for ticket in &tickets {
                pools.add(ticket);
                answer.push_str(&format!(" {:.1}", pools.odds(ticket.race, ticket.runner)));
            }
        }
        let count = tickets.len() as u64;
        if coupons.send(Coupon { tickets, done: done.clone() }).is_err() {
            break;
        }
        let Ok(first) = acknowledged.recv() else { break };
        answers.write_all(format!("printed {first} {count}{answer}\n").as_bytes())?;
        sold.fetch_add(count, Ordering::Relaxed);
    }
    Ok(())
}

fn serve() -> io::Result<()> {
    let mut journal = Journal::open("journal.tote")?;
    let (sender, coupons) = channel();
    let keeper = thread::Builder::new().name("journal".into()).spawn(move || journal.keep(&coupons))?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    Command::new("/bin/sh")
        .args(["-c", "\"$0\" shops \"$1\" </dev/null >/dev/null 2>&1 &"])
        .arg(env::current_exe()?)
        .arg(port.to_string())
        .stdin(Stdio::null())
        .status()?;
    let pools = Arc::new(Mutex::new(Pools::default()));
    let sold = Arc::new(AtomicU64::new(0));
    for stream in listener.incoming().take(SHOPS) {
        let (stream, coupons, pools, sold) = (stream?, sender.clone(), pools.clone(), sold.clone());
        thread::spawn(move || serve_shop(stream, coupons, pools, sold));
    }
    while sold.load(Ordering::Relaxed) < 1000 {
        thread::sleep(Duration::from_millis(50));
    }
    println!("ready");
    io::stdout().flush()?;
    keeper.join().expect("journal")
}

fn shop(port: u16, number: u64) -> io::Result<()> {
    let stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_nodelay(true)?;
    let mut out = stream.try_clone()?;
    let mut answers = BufReader::new(stream);
    let (mut coupon, mut answer) = (String::new(), String::new());
    let mut state = 0x9e3779b97f4a7c15u64.wrapping_mul(number + 1);
    loop {
        coupon.clear();
        coupon.push_str(&format!("coupon {number} {TICKETS}\n"));
        for _ in 0..TICKETS {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            coupon.push_str(&format!("{} {} {}\n", state % 3 + 1, state / 3 % 14 + 1, (state / 64 % 20 + 1) * 50));
        }
        out.write_all(coupon.as_bytes())?;
        answer.clear();
        if answers.read_line(&mut answer)? == 0 {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(60 + state / 4096 % 30));
    }
}

fn main() -> io::Result<()> {
    let words: Vec<String> = env::args().collect();
    if words.len() < 3 {
        return serve();
    }
    let port = words[2].parse().expect("port");
    let shops: Vec<_> = (0..SHOPS as u64).map(|number| thread::spawn(move || shop(port, number))).collect();
    for shop in shops {
        let _ = shop.join();
    }
    Ok(())
}
