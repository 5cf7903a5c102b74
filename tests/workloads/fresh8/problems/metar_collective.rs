// expect: pattern=string-building bench
// Collects the weather reports of aerodromes and sends them on: every round the reports of a region become one
// collective bulletin, with a heading and a check sum, which is left where the line to the next centre fetches it.
// Measured: the body of a bulletin of 38 kB takes 1.45 ms, four fifths of what the round takes; in the twin 0.43 ms.
use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

const REGIONS: [&str; 6] = ["EU", "NA", "SA", "AF", "AS", "OC"];
const STATIONS: usize = 700;
const PACE: Duration = Duration::from_millis(15);

struct Dice(u64);

impl Dice {
    fn next(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) % most
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Cover {
    Clear,
    Few,
    Scattered,
    Broken,
    Overcast,
}

impl fmt::Display for Cover {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(match self {
            Cover::Clear => "SKC",
            Cover::Few => "FEW",
            Cover::Scattered => "SCT",
            Cover::Broken => "BKN",
            Cover::Overcast => "OVC",
        })
    }
}

/// What an aerodrome has observed last.
struct Report {
    station: String,
    minute: u64,
    direction: u64,
    knots: u64,
    visibility: u64,
    cover: Cover,
    base: u64,
    temperature: i64,
    pressure: u64,
}

fn degrees(value: i64) -> String {
    format!("{}{:02}", if value < 0 { "M" } else { "" }, value.abs())
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(out, "{} 17{:02}{:02}Z ", self.station, self.minute / 60 % 24, self.minute % 60)?;
        write!(out, "{:03}{:02}KT {:04} ", self.direction, self.knots, self.visibility)?;
        if self.cover == Cover::Clear {
            write!(out, "{} ", self.cover)?;
        } else {
            write!(out, "{}{:03} ", self.cover, self.base)?;
        }
        let dew = self.temperature - 3 - (self.direction % 4) as i64;
        write!(out, "{}/{} Q{:04} NOSIG=", degrees(self.temperature), degrees(dew), self.pressure)
    }
}

struct Region {
    name: &'static str,
    reports: BTreeMap<String, Report>,
    number: u64,
}

impl Region {
    fn new(name: &'static str, dice: &mut Dice) -> Region {
        let mut reports = BTreeMap::new();
        while reports.len() < STATIONS {
            let letters = (0..3).map(|_| (b'A' + dice.next(26) as u8) as char);
            let station: String = name.chars().take(1).chain(letters).collect();
            reports.insert(station.clone(), Region::observe(station, 0, dice));
        }
        Region { name, reports, number: 0 }
    }

    fn observe(station: String, minute: u64, dice: &mut Dice) -> Report {
        let covers = [Cover::Clear, Cover::Few, Cover::Scattered, Cover::Broken, Cover::Overcast];
        Report {
            station,
            minute,
            direction: dice.next(36) * 10,
            knots: dice.next(40),
            visibility: 800 + dice.next(92) * 100,
            cover: covers[dice.next(5) as usize],
            base: 5 + dice.next(120),
            temperature: dice.next(45) as i64 - 12,
            pressure: 980 + dice.next(55),
        }
    }

    /// New observations have come from some of the stations.
    fn update(&mut self, minute: u64, dice: &mut Dice) {
        for (station, report) in self.reports.iter_mut() {
            if dice.next(3) == 0 {
                *report = Region::observe(station.clone(), minute, dice);
            }
        }
    }

    /// The lines of the bulletin's body, in the order of the stations.
    fn body(&self) -> String {
        self.reports
            .values()
            .fold(String::new(), |body, report| format!("{body}{report}\r\r\n")) // <- cost
    }

    fn bulletin(&mut self, minute: u64) -> String {
        self.number = self.number % 999 + 1;
        let body = self.body(); // <- cost
        let sum = body.bytes().fold(0u32, |sum, byte| sum.rotate_left(5) ^ u32::from(byte));
        let heading = format!("SA{}31 EGRR 17{:02}{:02}", self.name, minute / 60 % 24, minute % 60);
        format!("\x01\r\r\n{:03}\r\r\n{heading}\r\r\nMETAR\r\r\n{body}{sum:08X}\x03", self.number)
    }
}

fn main() -> std::io::Result<()> {
    let mut dice = Dice(1854);
    let mut regions: Vec<Region> = REGIONS.iter().map(|name| Region::new(name, &mut dice)).collect();
    println!("ready {}", std::process::id());
    let (mut made, mut spent) = (0u32, Duration::ZERO);
    let mut due = Instant::now();
    for minute in 0u64.. {
        for region in regions.iter_mut() {
            region.update(minute, &mut dice);
            let began = Instant::now();
            let bulletin = region.bulletin(minute); // <- cost
            spent += began.elapsed();
            made += 1;
            fs::write(format!("SA{}31.txt", region.name), bulletin)?;
            due = (due + PACE).max(Instant::now());
            thread::sleep(due - Instant::now());
        }
        if minute % 10 == 9 {
            fs::write("state.txt", format!("{made} bulletins, {:?} each\n", spent / made))?;
        }
    }
    Ok(())
}
