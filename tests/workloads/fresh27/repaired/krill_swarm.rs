// expect: healthy bench
// Krill swarm model for a survey ship's planners: each animal keeps its distance from those near it, swims the way they
// swim, and rises and sinks with the light. Twenty steps a second; the swarm's state goes to a file once a second.
//
// Measured: 0.76-0.84 of a core as it was, 0.06-0.07 mended, at the same 20 steps a second.
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::process;
use std::thread;
use std::time::{Duration, Instant};

const ANIMALS: usize = 3000;
const WIDE: f32 = 120.0;
const DEEP: f32 = 40.0;
const SIGHT: f32 = 4.0;
const PERSONAL: f32 = 2.5;
const STEP: f32 = 0.05;
const STEPS_A_SECOND: u64 = 20;
const TOP_SPEED: f32 = 3.0;

#[derive(Clone, Copy, Default)]
struct Vec3 {
    x: f32,
    y: f32,
    z: f32,
}

impl Vec3 {
    fn plus(self, other: Vec3, times: f32) -> Vec3 {
        Vec3 {
            x: self.x + other.x * times,
            y: self.y + other.y * times,
            z: self.z + other.z * times,
        }
    }

    fn minus(self, other: Vec3) -> Vec3 {
        self.plus(other, -1.0)
    }

    fn square(self) -> f32 {
        self.x * self.x + self.y * self.y + self.z * self.z
    }
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / (1u64 << 24) as f32
    }
}

/// The animals by the cell that they are in, cells as wide as they can see.
struct Grid {
    starts: Vec<u32>,
    animals: Vec<u32>,
}

impl Grid {
    const ACROSS: usize = (WIDE / SIGHT) as usize;
    const DOWN: usize = (DEEP / SIGHT) as usize;

    fn new() -> Grid {
        Grid {
            starts: vec![0; Grid::ACROSS * Grid::ACROSS * Grid::DOWN + 1],
            animals: vec![0; ANIMALS],
        }
    }

    fn along(at: f32, cells: usize) -> usize {
        ((at / SIGHT) as usize).min(cells - 1)
    }

    fn cell(place: Vec3) -> usize {
        let row = Grid::along(place.z, Grid::DOWN) * Grid::ACROSS + Grid::along(place.y, Grid::ACROSS);
        row * Grid::ACROSS + Grid::along(place.x, Grid::ACROSS)
    }

    fn fill(&mut self, places: &[Vec3]) {
        self.starts.fill(0);
        for &place in places {
            self.starts[Grid::cell(place)] += 1;
        }
        let mut sum = 0;
        for start in self.starts.iter_mut() {
            sum += *start;
            *start = sum;
        }
        for (one, &place) in places.iter().enumerate() {
            let start = &mut self.starts[Grid::cell(place)];
            *start -= 1;
            self.animals[*start as usize] = one as u32;
        }
    }

    /// The animals in the cells round a place: cells that lie side by side are one slice.
    fn rows_around(&self, place: Vec3) -> impl Iterator<Item = &[u32]> {
        let (x, y, z) = (
            Grid::along(place.x, Grid::ACROSS),
            Grid::along(place.y, Grid::ACROSS),
            Grid::along(place.z, Grid::DOWN),
        );
        let (left, right) = (x.saturating_sub(1), (x + 1).min(Grid::ACROSS - 1));
        let (back, front) = (y.saturating_sub(1), (y + 1).min(Grid::ACROSS - 1));
        (z.saturating_sub(1)..=(z + 1).min(Grid::DOWN - 1)).flat_map(move |z| {
            (back..=front).map(move |y| {
                let row = (z * Grid::ACROSS + y) * Grid::ACROSS;
                &self.animals[self.starts[row + left] as usize..self.starts[row + right + 1] as usize]
            })
        })
    }
}

struct Swarm {
    places: Vec<Vec3>,
    speeds: Vec<Vec3>,
    urges: Vec<Vec3>,
    grid: Grid,
    random: Random,
    clock: f32,
    crowding: f32,
}

impl Swarm {
    fn new(seed: u64) -> Swarm {
        let mut random = Random(seed);
        let mut places = Vec::with_capacity(ANIMALS);
        let mut speeds = Vec::with_capacity(ANIMALS);
        for _ in 0..ANIMALS {
            places.push(Vec3 {
                x: random.next() * WIDE,
                y: random.next() * WIDE,
                z: random.next() * DEEP,
            });
            speeds.push(Vec3 {
                x: random.next() - 0.5,
                y: random.next() - 0.5,
                z: random.next() - 0.5,
            });
        }
        Swarm {
            places,
            speeds,
            urges: vec![Vec3::default(); ANIMALS],
            grid: Grid::new(),
            random,
            clock: 0.0,
            crowding: 0.0,
        }
    }

    /// What the animals near each one make it do: away from the close ones, along with the rest.
    fn look_round(&mut self) {
        self.grid.fill(&self.places);
        let mut near = 0;
        for one in 0..ANIMALS {
            let here = self.places[one];
            let mut away = Vec3::default();
            let mut along = Vec3::default();
            let mut seen = 0;
            for row in self.grid.rows_around(here) {
                for &other in row {
                    let other = other as usize;
                    let apart = here.minus(self.places[other]);
                    let distance = apart.square();
                    if other == one || distance > SIGHT * SIGHT {
                        continue;
                    }
                    seen += 1;
                    along = along.plus(self.speeds[other], 1.0);
                    if distance < PERSONAL * PERSONAL {
                        away = away.plus(apart, 1.0 / (distance + 0.01));
                    }
                }
            }
            let mut urge = away;
            if seen > 0 {
                let mean = Vec3::default().plus(along, 1.0 / seen as f32);
                urge = urge.plus(mean.minus(self.speeds[one]), 0.4);
            }
            self.urges[one] = urge;
            near += seen;
        }
        self.crowding = near as f32 / ANIMALS as f32;
    }

    /// Swim on, turn at the walls, and follow the light up and down.
    fn swim(&mut self) {
        self.clock += STEP;
        let wanted = DEEP * (0.5 + 0.3 * (self.clock * 0.05).sin());
        for one in 0..ANIMALS {
            let mut speed = self.speeds[one].plus(self.urges[one], STEP);
            speed.x += (self.random.next() - 0.5) * 0.2;
            speed.y += (self.random.next() - 0.5) * 0.2;
            speed.z += (wanted - self.places[one].z) * 0.001;
            let fast = speed.square().sqrt();
            if fast > TOP_SPEED {
                speed = Vec3::default().plus(speed, TOP_SPEED / fast);
            }
            let mut place = self.places[one].plus(speed, STEP);
            bounce(&mut place.x, &mut speed.x, WIDE);
            bounce(&mut place.y, &mut speed.y, WIDE);
            bounce(&mut place.z, &mut speed.z, DEEP);
            self.places[one] = place;
            self.speeds[one] = speed;
        }
    }

    fn step(&mut self) {
        self.look_round();
        self.swim();
    }

    fn report(&self, out: &mut impl Write) -> io::Result<()> {
        let depth: f32 = self.places.iter().map(|place| place.z).sum::<f32>() / ANIMALS as f32;
        let speed: f32 = self.speeds.iter().map(|speed| speed.square().sqrt()).sum::<f32>() / ANIMALS as f32;
        writeln!(out, "{:.2} {:.2} {:.3} {:.2}", self.clock, depth, speed, self.crowding)?;
        out.flush()
    }
}

fn bounce(place: &mut f32, speed: &mut f32, size: f32) {
    if *place < 0.0 {
        *place = 0.0;
        *speed = speed.abs();
    } else if *place >= size {
        *place = size - 0.001;
        *speed = -speed.abs();
    }
}

fn main() -> io::Result<()> {
    let mut out = BufWriter::new(File::create("swarm.txt")?);
    let mut swarm = Swarm::new(0x9E37_79B9_7F4A_7C15);
    swarm.step();
    println!("ready {}", process::id());
    io::stdout().flush()?;
    let pace = Duration::from_millis(1000 / STEPS_A_SECOND);
    let mut due = Instant::now() + pace;
    let mut steps = 0u64;
    loop {
        swarm.step();
        steps += 1;
        if steps % STEPS_A_SECOND == 0 {
            swarm.report(&mut out)?;
        }
        let now = Instant::now();
        if due > now {
            thread::sleep(due - now);
            due += pace;
        } else {
            due = now + pace;
        }
    }
}
