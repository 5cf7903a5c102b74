// expect: healthy bench
// Keeps the Harris matrix of an excavation, which says which layer lies above which: takes the relations that were
// drawn in the trenches, and leaves out those that follow from others.
// Measured: a matrix takes 6 ms; in the problem 77 ms.
use std::collections::HashMap;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

const LAYERS: usize = 6000;
const COLUMNS: usize = 5; // parts of a trench, between which few relations were seen
const TRENCHES: usize = 4;

/// Numbers without a crate.
struct Dice(u64);

impl Dice {
    fn next(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % most
    }
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Kind {
    Deposit,
    Cut,
    Masonry,
}

struct Layer {
    label: String,
    kind: Kind,
    below: Vec<usize>,
}

/// What searches share: for each layer the number of the search that saw it last, and what is still to be looked at.
struct Search {
    number: u32,
    seen: Vec<u32>,
    open: Vec<usize>,
}

/// The layers of one trench. A layer lies only above those with a higher index.
struct Matrix {
    layers: Vec<Layer>,
    by_label: HashMap<String, usize>,
}

impl Matrix {
    fn new() -> Self {
        Matrix { layers: Vec::new(), by_label: HashMap::new() }
    }

    fn add(&mut self, label: String, kind: Kind) {
        self.by_label.insert(label.clone(), self.layers.len());
        self.layers.push(Layer { label, kind, below: Vec::new() });
    }

    fn relate(&mut self, upper: &str, lower: &str) -> bool {
        match (self.by_label.get(upper), self.by_label.get(lower)) {
            (Some(&a), Some(&b)) if a < b && !self.layers[a].below.contains(&b) => {
                self.layers[a].below.push(b);
                true
            }
            _ => false,
        }
    }

    /// Whether `lower` is reached from `upper` without the relation between the two themselves.
    fn follows(&self, upper: usize, lower: usize, search: &mut Search) -> bool {
        search.number += 1;
        let Search { number, seen, open } = search;
        open.clear();
        open.push(upper);
        while let Some(at) = open.pop() {
            for &next in &self.layers[at].below {
                if at == upper && next == lower {
                    continue;
                }
                if next == lower {
                    return true;
                }
                if next < lower && seen[next] != *number {
                    seen[next] = *number;
                    open.push(next);
                }
            }
        }
        false
    }

    /// Relations that say something that no other says.
    fn essential(&self) -> Vec<(usize, usize)> {
        let mut kept = Vec::new();
        let mut search = Search { number: 0, seen: vec![0; self.layers.len()], open: Vec::new() };
        for (upper, layer) in self.layers.iter().enumerate() {
            for &lower in &layer.below {
                if !self.follows(upper, lower, &mut search) {
                    kept.push((upper, lower));
                }
            }
        }
        kept
    }

    /// How many layers lie on each other at the most, for each.
    fn depths(&self) -> Vec<u32> {
        let mut depths = vec![0; self.layers.len()];
        for (upper, layer) in self.layers.iter().enumerate() {
            for &lower in &layer.below {
                depths[lower] = depths[lower].max(depths[upper] + 1);
            }
        }
        depths
    }
}

fn dig(trench: usize, season: u64) -> Matrix {
    let mut dice = Dice(0x9e37_79b9 + season * 131 + trench as u64);
    let mut matrix = Matrix::new();
    let label = |number: usize| format!("{}{:04}", (b'A' + trench as u8) as char, number);
    for number in 0..LAYERS {
        let kind = [Kind::Deposit, Kind::Deposit, Kind::Cut, Kind::Masonry][dice.next(4)];
        matrix.add(label(number), kind);
    }
    for number in 0..LAYERS {
        for _ in 0..1 + dice.next(2) {
            let lower = number + COLUMNS * (1 + dice.next(8));
            matrix.relate(&label(number), &label(lower));
        }
        if dice.next(4) == 0 {
            matrix.relate(&label(number), &label(number + dice.next(4500)));
        }
    }
    matrix
}

fn describe(matrix: &Matrix, kept: &[(usize, usize)]) -> String {
    let depths = matrix.depths();
    let deepest = (0..depths.len()).max_by_key(|&at| depths[at]).unwrap_or(0);
    let cuts = kept.iter().filter(|(upper, _)| matrix.layers[*upper].kind == Kind::Cut).count();
    let masonry = matrix.layers.iter().filter(|layer| layer.kind == Kind::Masonry).count();
    format!(
        "{} relations, {} of them from cuts, {} walls, deepest {} ({})",
        kept.len(),
        cuts,
        masonry,
        matrix.layers[deepest].label,
        depths[deepest]
    )
}

fn main() {
    println!("ready {}", std::process::id());
    let mut spent = Duration::ZERO;
    let mut done = 0;
    for season in 1.. {
        let mut lines = Vec::new();
        for trench in 0..TRENCHES {
            let matrix = dig(trench, season);
            let began = Instant::now();
            let kept = matrix.essential();
            spent += began.elapsed();
            done += 1;
            lines.push(describe(&matrix, &kept));
            thread::sleep(Duration::from_millis(40));
        }
        lines.push(format!("{} matrices, {:.2} ms each", done, spent.as_secs_f64() * 1e3 / done as f64));
        if fs::write("matrix.txt", lines.join("\n")).is_err() {
            return;
        }
    }
}
