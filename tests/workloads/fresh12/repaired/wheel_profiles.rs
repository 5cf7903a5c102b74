// expect: healthy bench
// The wheel measuring track of a tram depot: each car that comes in is scanned by lasers, wheel by wheel. Flange height,
// flange thickness and the slope (qR) are worked out of each profile, smoothed over its sections, and the car's report is
// written for the lathe.
// Measured: a car takes 2.8 ms of CPU time; 25 ms in the problem.
use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{sync_channel, Receiver, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

const WHEELS: usize = 12;
const SECTIONS: usize = 180; // around a wheel
const POINTS: usize = 40; // of a profile, from the flange's back to the tread's end
const CAR_EVERY: Duration = Duration::from_millis(50);
const KEPT: usize = 24; // reports in the folder

/// Heights over the width of the wheel, in hundredths of a millimetre.
type Profile = [i32; POINTS];

struct Scan {
    car: u32,
    wheels: Vec<Vec<Profile>>,
}

struct Laser(u64);

impl Laser {
    fn noise(&mut self) -> i32 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 33) % 13) as i32 - 6
    }

    fn profile(&mut self, worn: i32) -> Profile {
        let mut heights = [0; POINTS];
        for (at, height) in heights.iter_mut().enumerate() {
            let x = at as i32;
            let flange = if x < 9 { 2600 - (x - 4) * (x - 4) * 90 - worn * 3 } else { 0 };
            let tread = if x >= 9 { (POINTS as i32 - x) * 4 - worn } else { 0 };
            *height = flange + tread + self.noise();
        }
        heights
    }

    fn scan(&mut self, car: u32) -> Scan {
        let wheel = |laser: &mut Laser, wheel: usize| {
            let worn = (car as i32 * 37 + wheel as i32 * 11) % 120;
            (0..SECTIONS).map(|_| laser.profile(worn)).collect()
        };
        Scan { car, wheels: (0..WHEELS).map(|number| wheel(self, number)).collect() }
    }
}

#[derive(Clone, Copy)]
struct Figures {
    height: f32,
    thickness: f32,
    slope: f32,
}

impl Figures {
    fn of(profile: &Profile) -> Self {
        let tread = profile[20..28].iter().sum::<i32>() as f32 / 8.0;
        let top = *profile[..9].iter().max().unwrap() as f32;
        let over = |share: f32| {
            let level = tread + (top - tread) * share;
            profile[..9].iter().filter(|&&height| height as f32 > level).count() as f32
        };
        Figures { height: (top - tread) / 100.0, thickness: 18.0 + over(0.4), slope: 4.0 + over(0.2) - over(0.8) }
    }

    fn worn_out(&self) -> bool {
        self.height > 26.5 || self.thickness < 21.0 || self.slope < 4.5
    }
}

/// The mean over five sections in a row, since dirt on one of them says nothing.
fn smoothed(sections: &[Profile]) -> Vec<Figures> {
    let raw: Vec<Figures> = sections.iter().map(Figures::of).collect();
    let count = raw.len();
    let mean = |at: usize, value: fn(&Figures) -> f32| {
        (0..5).map(|step| value(&raw[(at + count + step - 2) % count])).sum::<f32>() / 5.0
    };
    (0..count)
        .map(|at| Figures {
            height: mean(at, |figures| figures.height),
            thickness: mean(at, |figures| figures.thickness),
            slope: mean(at, |figures| figures.slope),
        })
        .collect()
}

/// Reports in the lathe's folder, of which the oldest are taken away.
struct Lathe {
    folder: PathBuf,
    reports: VecDeque<PathBuf>,
    written: usize,
}

impl Lathe {
    fn new(folder: &Path) -> Self {
        Lathe { folder: folder.to_path_buf(), reports: VecDeque::new(), written: 0 }
    }

    fn report(&mut self, scan: &Scan) -> io::Result<()> {
        let path = self.folder.join(format!("{:06}-car{}.csv", self.written, scan.car));
        let mut file = BufWriter::with_capacity(1 << 16, File::create(&path)?);
        writeln!(file, "car;{};wheels;{}", scan.car, scan.wheels.len())?;
        for (number, sections) in scan.wheels.iter().enumerate() {
            let figures = smoothed(sections);
            for (section, each) in figures.iter().enumerate() {
                let mark = if each.worn_out() { "turn" } else { "" };
                writeln!(
                    file,
                    "{};{};{:.2};{:.2};{:.2};{}",
                    number, section, each.height, each.thickness, each.slope, mark
                )?;
            }
        }
        file.flush()?;
        self.written += 1;
        self.reports.push_back(path);
        if self.reports.len() > KEPT {
            fs::remove_file(self.reports.pop_front().unwrap())?;
        }
        Ok(())
    }
}

/// The lasers, and the cars that roll over them.
fn track(cars: SyncSender<Scan>) {
    let mut laser = Laser(99);
    let mut due = Instant::now();
    for number in 0.. {
        let scan = laser.scan(2001 + number % 64);
        if cars.send(scan).is_err() {
            return;
        }
        due = (due + CAR_EVERY).max(Instant::now());
        thread::sleep(due - Instant::now());
    }
}

fn reports(cars: Receiver<Scan>, folder: &Path) -> io::Result<()> {
    let mut lathe = Lathe::new(folder);
    let mut spent = Duration::ZERO;
    for scan in cars {
        let began = Instant::now();
        lathe.report(&scan)?;
        spent += began.elapsed();
        if lathe.written % 40 == 0 {
            let mean = spent.as_secs_f64() * 1e3 / lathe.written as f64;
            fs::write(folder.join("lathe.txt"), format!("{} cars, {:.2} ms each\n", lathe.written, mean))?;
        }
    }
    Ok(())
}

fn main() -> io::Result<()> {
    let folder = std::env::temp_dir().join(format!("wheels-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let (sender, receiver) = sync_channel(4);
    thread::spawn(move || track(sender));
    println!("ready {}", std::process::id());
    reports(receiver, &folder)
}
