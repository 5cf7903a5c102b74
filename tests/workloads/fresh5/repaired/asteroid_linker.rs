// expect: healthy bench
// Looks for asteroids: links what a telescope detects in a night to the tracks of the nights before, and forgets tracks
// that are not seen for some nights.
// Measured in the twin: 6,990 nights for each second of a core, 44,500 here.
use std::fs::File;
use std::io::{self, Write};
use std::time::{Duration, Instant};

const ASTEROIDS: usize = 70;
const NOISE: usize = 14;
const WIDTH: f64 = 60.0; // degrees
const NEAR: f64 = 0.02;

struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[derive(Clone, Copy)]
struct Place {
    x: f64,
    y: f64,
}

impl Place {
    fn moved(self, by: Place) -> Place {
        Place { x: (self.x + by.x).rem_euclid(WIDTH), y: (self.y + by.y).rem_euclid(WIDTH) }
    }

    fn distance2(self, other: Place) -> f64 {
        (self.x - other.x).powi(2) + (self.y - other.y).powi(2)
    }
}

/// The sky as it is: what moves there, and what only seems to.
struct Sky {
    random: Random,
    bodies: Vec<(Place, Place)>,
}

impl Sky {
    fn new(seed: u64) -> Sky {
        let mut random = Random(seed);
        let mut bodies = Vec::new();
        for _ in 0..ASTEROIDS {
            let place = Place { x: random.next() * WIDTH, y: random.next() * WIDTH };
            bodies.push((place, Place { x: random.next() * 0.01, y: random.next() * 0.01 - 0.005 }));
        }
        Sky { random, bodies }
    }

    fn night(&mut self, seen: &mut Vec<Place>) {
        seen.clear();
        for (place, speed) in &mut self.bodies {
            *place = place.moved(*speed);
            if self.random.next() < 0.9 {
                seen.push(*place);
            }
        }
        for _ in 0..NOISE {
            seen.push(Place { x: self.random.next() * WIDTH, y: self.random.next() * WIDTH });
        }
    }
}

struct Track {
    last: Place,
    sightings: u32,
    missed: u32,
}

const CELL: f64 = 0.25;
const CELLS: usize = (WIDTH / CELL) as usize;

/// The numbers of tracks by the part of the sky where they end.
struct Grid {
    cells: Vec<Vec<usize>>,
}

impl Grid {
    fn new() -> Grid {
        Grid { cells: vec![Vec::new(); CELLS * CELLS] }
    }

    fn column(at: f64) -> usize {
        ((at / CELL) as usize).min(CELLS - 1)
    }

    fn add(&mut self, place: Place, number: usize) {
        self.cells[Grid::column(place.y) * CELLS + Grid::column(place.x)].push(number);
    }

    fn remove(&mut self, place: Place, number: usize) {
        self.cells[Grid::column(place.y) * CELLS + Grid::column(place.x)].retain(|&one| one != number);
    }
}

struct Linker {
    tracks: Vec<Track>,
    grid: Grid,
    linked: u64,
}

impl Linker {
    /// The track that ends nearest to a place, if one is near enough.
    fn nearest(&self, place: Place) -> Option<usize> {
        let mut best = None;
        let mut least = NEAR * NEAR;
        for row in Grid::column((place.y - NEAR).max(0.0))..=Grid::column(place.y + NEAR) {
            for column in Grid::column((place.x - NEAR).max(0.0))..=Grid::column(place.x + NEAR) {
                for &number in &self.grid.cells[row * CELLS + column] {
                    let distance = self.tracks[number].last.distance2(place);
                    if distance < least {
                        least = distance;
                        best = Some(number);
                    }
                }
            }
        }
        best
    }

    fn take(&mut self, seen: &[Place]) {
        for track in &mut self.tracks {
            track.missed += 1;
        }
        for &place in seen {
            match self.nearest(place) {
                Some(number) => {
                    let track = &mut self.tracks[number];
                    self.grid.remove(track.last, number);
                    self.grid.add(place, number);
                    track.last = place;
                    track.sightings += 1;
                    track.missed = 0;
                    self.linked += 1;
                }
                None => {
                    self.grid.add(place, self.tracks.len());
                    self.tracks.push(Track { last: place, sightings: 1, missed: 0 });
                }
            }
        }
        self.forget();
    }

    /// The last track takes the number of one that is not seen any more.
    fn forget(&mut self) {
        for number in (0..self.tracks.len()).rev() {
            if self.tracks[number].missed < 3 + self.tracks[number].sightings.min(4) {
                continue;
            }
            let last = self.tracks.len() - 1;
            self.grid.remove(self.tracks[number].last, number);
            if number != last {
                self.grid.remove(self.tracks[last].last, last);
                self.grid.add(self.tracks[last].last, number);
            }
            self.tracks.swap_remove(number);
        }
    }

    fn sure(&self) -> usize {
        self.tracks.iter().filter(|track| track.sightings >= 5).count()
    }
}

fn main() -> io::Result<()> {
    let mut log = File::create("linker.log")?;
    let mut sky = Sky::new(2463534242);
    let mut linker = Linker { tracks: Vec::new(), grid: Grid::new(), linked: 0 };
    let mut seen = Vec::new();
    println!("ready {}", std::process::id());
    let began = Instant::now();
    let mut told = began;
    for nights in 1u64.. {
        sky.night(&mut seen);
        linker.take(&seen);
        if told.elapsed() > Duration::from_secs(1) {
            told = Instant::now();
            let rate = nights as f64 / began.elapsed().as_secs_f64();
            writeln!(log, "{rate:.1} nights a second, {} asteroids, {} links", linker.sure(), linker.linked)?;
        }
    }
    Ok(())
}
