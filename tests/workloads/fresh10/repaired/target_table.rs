// expect: healthy bench
// The table of targets of a vessel traffic service: reports of ships' transponders update it, those that come near the
// guarded channel are watched more closely, and ships that have been silent for long are taken out. It replays the
// records of a busy strait at many times their pace.
// Measured: a report takes 0.5 us of CPU; in the problem 3 us.
use std::collections::{HashMap, VecDeque};
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::process;
use std::thread;
use std::time::{Duration, Instant};

const SHIPS: u32 = 7000;
const A_ROUND: usize = 3000;
const ROUND: Duration = Duration::from_millis(50);
const SILENT: f64 = 900.0; // seconds of the record
const TRAIL: usize = 8;
const GUARD: f64 = 2.0; // nautical miles
const HORIZON: f64 = 0.5; // hours

/// What a transponder tells.
#[derive(Clone, Copy)]
struct Report {
    mmsi: u32,
    at: f64,
    east: f64,
    north: f64,
    course: f64,
    speed: f64,
}

/// A ship, as the service knows it.
struct Target {
    mmsi: u32,
    heard: f64,
    east: f64,
    north: f64,
    velocity: (f64, f64),
    trail: VecDeque<(f32, f32)>,
    nearest: f64,
    watched: bool,
}

impl Target {
    fn new(report: &Report) -> Self {
        let mut target = Target {
            mmsi: report.mmsi,
            heard: report.at,
            east: report.east,
            north: report.north,
            velocity: (0.0, 0.0),
            trail: VecDeque::with_capacity(TRAIL),
            nearest: f64::INFINITY,
            watched: false,
        };
        target.take(report);
        target
    }

    fn take(&mut self, report: &Report) {
        let (sine, cosine) = report.course.to_radians().sin_cos();
        self.velocity = (report.speed * sine, report.speed * cosine);
        self.heard = report.at;
        self.east = report.east;
        self.north = report.north;
        if self.trail.len() == TRAIL {
            self.trail.pop_front();
        }
        self.trail.push_back((report.east as f32, report.north as f32));
    }

    /// How near it comes to a point within the next half hour, and after how many hours.
    fn closest_approach(&self, point: (f64, f64)) -> (f64, f64) {
        let (east, north) = (self.east - point.0, self.north - point.1);
        let (ve, vn) = self.velocity;
        let square = ve * ve + vn * vn;
        let when = if square > 1e-9 { (-(east * ve + north * vn) / square).clamp(0.0, HORIZON) } else { 0.0 };
        ((east + ve * when).hypot(north + vn * when), when)
    }

    /// Watch the ship if it comes near a buoy of the channel; tells whether it begins to.
    fn guard(&mut self, buoys: &[(f64, f64)]) -> bool {
        self.nearest = f64::INFINITY;
        for &buoy in buoys {
            let (distance, _) = self.closest_approach(buoy);
            self.nearest = self.nearest.min(distance);
        }
        let near = self.nearest < GUARD;
        let begins = near && !self.watched;
        self.watched = near;
        begins
    }
}

/// All ships that have been heard lately.
struct TargetTable {
    targets: HashMap<u32, Target>,
    buoys: [(f64, f64); 6],
    alarms: u64,
}

impl TargetTable {
    fn new() -> Self {
        let buoys = [(-9.0, -2.0), (-5.0, -1.0), (-1.0, 0.5), (3.0, 1.0), (7.0, 2.5), (11.0, 3.0)];
        TargetTable { targets: HashMap::new(), buoys, alarms: 0 }
    }

    fn update(&mut self, report: &Report) {
        let known = self.targets.entry(report.mmsi).and_modify(|target| target.take(report));
        let target = known.or_insert_with(|| Target::new(report));
        if target.guard(&self.buoys) {
            self.alarms += 1;
        }
    }

    /// Take out who has been silent.
    fn sweep(&mut self, now: f64) -> usize {
        let before = self.targets.len();
        self.targets.retain(|_, target| now - target.heard < SILENT);
        before - self.targets.len()
    }

    fn show(&self, path: &str) -> io::Result<()> {
        let mut text = String::new();
        for target in self.targets.values().filter(|target| target.watched) {
            let since = target.trail.front().map_or(0.0, |first| (target.east as f32 - first.0).abs());
            let _ = writeln!(text, "{} {:7.2} {:7.2} nearest {:.2} moved {:.2}", target.mmsi, target.east, target.north, target.nearest, since);
        }
        fs::write(path, text)
    }
}

/// The record: ships that cross the strait, one report after the other.
struct Record {
    state: u64,
    now: f64,
    tracks: Vec<Report>,
}

impl Record {
    fn new() -> Self {
        let mut record = Record { state: 0x9e37_79b9_7f4a_7c15, now: 0.0, tracks: Vec::new() };
        for number in 0..SHIPS {
            let track = record.arrival(number);
            record.tracks.push(track);
        }
        record
    }

    fn chance(&mut self) -> f64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 11) as f64 / (1u64 << 53) as f64
    }

    fn arrival(&mut self, number: u32) -> Report {
        let mmsi = 201_000_000 + (number.wrapping_mul(2_654_435_761) >> 3) % 570_000_000;
        let (east, north) = (self.chance() * 60.0 - 30.0, self.chance() * 40.0 - 20.0);
        let (course, speed) = (self.chance() * 360.0, 4.0 + self.chance() * 16.0);
        Report { mmsi, at: self.now, east, north, course, speed }
    }

    fn next(&mut self) -> Report {
        self.now += 0.01;
        let which = (self.chance() * SHIPS as f64) as usize;
        let turn = self.chance() * 6.0 - 3.0;
        let now = self.now;
        let track = &mut self.tracks[which];
        let hours = (now - track.at) / 3600.0;
        let (sine, cosine) = track.course.to_radians().sin_cos();
        track.east += track.speed * sine * hours;
        track.north += track.speed * cosine * hours;
        track.course += turn;
        track.at = now;
        *track
    }
}

fn main() -> io::Result<()> {
    let mut record = Record::new();
    let mut table = TargetTable::new();
    for report in &record.tracks {
        table.update(report);
    }
    println!("ready {}", process::id());
    io::stdout().flush()?;
    let (mut rounds, mut silent, mut busy) = (0u32, 0, Duration::ZERO);
    let mut due = Instant::now();
    loop {
        let began = Instant::now();
        for _ in 0..A_ROUND {
            let report = record.next();
            table.update(&report);
        }
        silent += table.sweep(record.now);
        busy += began.elapsed();
        rounds += 1;
        if rounds % 40 == 0 {
            table.show("watched.txt")?;
            let each = busy.as_secs_f64() * 1e6 / (rounds as f64 * A_ROUND as f64);
            eprintln!("{:.2} us a report, {} targets, {} silent, {} alarms", each, table.targets.len(), silent, table.alarms);
        }
        due = (due + ROUND).max(began);
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
}
