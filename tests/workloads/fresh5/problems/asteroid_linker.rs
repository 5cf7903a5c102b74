// expect: pattern=hot-loop bench
// Looks for asteroids: links what a telescope detects in a night to the tracks of the nights before, and forgets tracks
// that are not seen for some nights.
// Measured: 6,990 nights for each second of a core, 44,500 in the twin.
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

#[derive(Default)]
struct Linker {
    tracks: Vec<Track>,
    linked: u64,
}

impl Linker {
    /// The track that ends nearest to a place, if one is near enough.
    fn nearest(&self, place: Place) -> Option<usize> {
        let mut best = None;
        let mut least = NEAR * NEAR;
        for (number, track) in self.tracks.iter().enumerate() { // <- cost
            let distance = track.last.distance2(place); // <- cost
            if distance < least { // <- cost
                least = distance;
                best = Some(number);
            }
        }
        best
    }

    fn take(&mut self, seen: &[Place]) {
        for track in &mut self.tracks {
            track.missed += 1;
        }
        for &place in seen {
            match self.nearest(place) { // <- cost
                Some(number) => {
                    let track = &mut self.tracks[number];
                    track.last = place;
                    track.sightings += 1;
                    track.missed = 0;
                    self.linked += 1;
                }
                None => self.tracks.push(Track { last: place, sightings: 1, missed: 0 }),
            }
        }
        self.tracks.retain(|track| track.missed < 3 + track.sightings.min(4));
    }

    fn sure(&self) -> usize {
        self.tracks.iter().filter(|track| track.sightings >= 5).count()
    }
}

fn main() -> io::Result<()> {
    let mut log = File::create("linker.log")?;
    let mut sky = Sky::new(2463534242);
    let mut linker = Linker::default();
    let mut seen = Vec::new();
    println!("ready {}", std::process::id());
    let began = Instant::now();
    let mut told = began;
    for nights in 1u64.. {
        sky.night(&mut seen);
        linker.take(&seen); // <- cost
        if told.elapsed() > Duration::from_secs(1) {
            told = Instant::now();
            let rate = nights as f64 / began.elapsed().as_secs_f64();
            writeln!(log, "{rate:.1} nights a second, {} asteroids, {} links", linker.sure(), linker.linked)?;
        }
    }
    Ok(())
}
