// expect: healthy bench
// Rates the openings of the game of four in a row: positions that players have reached come in groups, each is searched
// some moves deep, and the moves are ranked. What has been searched before is found in a table of a fixed size.
// Measured: 0.6 to 0.75 of a core, all in the search; the table takes 24 MB at most.
use std::fs;
use std::io::{self, BufWriter, Write};
use std::thread;
use std::time::{Duration, Instant};

const WIDTH: u32 = 7;
const HEIGHT: u32 = 6;
const ENTRIES: usize = 1 << 20;
const DEPTH: u32 = 11;
const WON: i32 = 1000;
const ORDER: [u32; 7] = [3, 2, 4, 1, 5, 0, 6];

/// The stones of the side to move, and of both; seven bits for each column, the highest of them always empty.
#[derive(Clone, Copy)]
struct Board {
    own: u64,
    all: u64,
    stones: u32,
}

impl Board {
    fn empty() -> Board {
        Board { own: 0, all: 0, stones: 0 }
    }

    fn open(self, column: u32) -> bool {
        self.all & 1 << (column * 7 + HEIGHT - 1) == 0
    }

    fn lay(self, column: u32) -> Board {
        let all = self.all | (self.all + (1 << (column * 7)));
        Board { own: self.own ^ self.all, all, stones: self.stones + 1 }
    }

    /// Whether the side that moved last has four in a row.
    fn lost(self) -> bool {
        let last = self.own ^ self.all;
        [1, 6, 7, 8].iter().any(|step| {
            let pairs = last & last >> step;
            pairs & pairs >> (2 * step) != 0
        })
    }

    fn full(self) -> bool {
        self.stones == WIDTH * HEIGHT
    }

    fn key(self) -> u64 {
        self.own + self.all
    }

    /// Stones in the middle are worth more, for they belong to more rows.
    fn judge(self) -> i32 {
        let middle = 0x7f << 21;
        let near = 0x7f << 14 | 0x7f << 28;
        let other = self.own ^ self.all;
        let weigh = |stones: u64| 3 * (stones & middle).count_ones() + (stones & near).count_ones();
        weigh(self.own) as i32 - weigh(other) as i32
    }
}

/// Lower and upper bounds of positions by their depth; a new one takes the place of what was there.
struct Table {
    keys: Vec<u64>,
    values: Vec<(i16, i16)>,
}

impl Table {
    fn new() -> Table {
        Table { keys: vec![0; ENTRIES], values: vec![(0, 0); ENTRIES] }
    }

    fn slot(tag: u64) -> usize {
        (tag.wrapping_mul(0x9e3779b97f4a7c15) >> 44) as usize % ENTRIES
    }

    fn get(&self, tag: u64) -> Option<(i32, i32)> {
        let slot = Table::slot(tag);
        let (low, high) = self.values[slot];
        (self.keys[slot] == tag).then_some((low.into(), high.into()))
    }

    fn put(&mut self, tag: u64, low: i32, high: i32) {
        let slot = Table::slot(tag);
        self.keys[slot] = tag;
        self.values[slot] = (low as i16, high as i16);
    }
}

struct Search {
    table: Table,
    seen: u64,
}

impl Search {
    fn value(&mut self, board: Board, depth: u32, mut low: i32, mut high: i32) -> i32 {
        self.seen += 1;
        if board.lost() {
            return board.stones as i32 - WON;
        }
        if board.full() {
            return 0;
        }
        if depth == 0 {
            return board.judge();
        }
        let tag = board.key() << 5 | u64::from(depth);
        if let Some((least, most)) = self.table.get(tag) {
            low = low.max(least);
            high = high.min(most);
            if low >= high {
                return if least >= high { least } else { most };
            }
        }
        let (mut best, began) = (-WON, low);
        for &column in &ORDER {
            if !board.open(column) {
                continue;
            }
            best = best.max(-self.value(board.lay(column), depth - 1, -high, -low));
            low = low.max(best);
            if low >= high {
                break;
            }
        }
        match best {
            _ if best >= high => self.table.put(tag, best, WON),
            _ if best <= began => self.table.put(tag, -WON, best),
            _ => self.table.put(tag, best, best),
        }
        best
    }

    fn ranking(&mut self, board: Board) -> Vec<(i32, u32)> {
        let open = ORDER.iter().copied().filter(|&column| board.open(column));
        let mut ranked: Vec<_> =
            open.map(|column| (-self.value(board.lay(column), DEPTH, -WON, WON), column + 1)).collect();
        ranked.sort_unstable_by(|a, b| b.cmp(a));
        ranked
    }
}

/// A position after some moves that nobody has won yet.
fn opening(dice: &mut u64) -> (Board, String) {
    loop {
        let (mut board, mut moves) = (Board::empty(), String::with_capacity(8));
        while board.stones < 8 && !board.lost() {
            *dice = dice.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let column = (*dice >> 33) as u32 % WIDTH;
            if board.open(column) {
                board = board.lay(column);
                moves.push(char::from(b'1' + column as u8));
            }
        }
        if !board.lost() {
            return (board, moves);
        }
    }
}

fn main() -> io::Result<()> {
    let mut search = Search { table: Table::new(), seen: 0 };
    let mut dice = 1974;
    println!("ready {}", std::process::id());
    loop {
        let began = Instant::now();
        let mut out = BufWriter::new(fs::File::create("openings.txt")?);
        let mut positions = 0;
        while began.elapsed() < Duration::from_millis(700) {
            let (board, moves) = opening(&mut dice);
            writeln!(out, "{moves} {:?}", search.ranking(board))?;
            positions += 1;
        }
        writeln!(out, "{positions} positions, {} seen so far", search.seen)?;
        out.flush()?;
        thread::sleep(Duration::from_millis(250));
    }
}
