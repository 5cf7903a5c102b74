// expect: healthy bench
// The temperatures in the pipes of a district heating network, hour by hour: water leaves the plant hot, cools on its way
// as the ground takes heat, and mixes where pipes meet. Two workers stay and each carries its half of the trunks on;
// the control room gets the coldest house every now and then.
// Measured: a step of all pipes takes 5 ms of a core; nothing is allocated in it.
use std::fs;
use std::io;
use std::sync::mpsc::{channel, sync_channel, Receiver, Sender, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

const TRUNKS: usize = 12;
const PIPES: usize = 40; // of a trunk, each fed by the one before
const CELLS: usize = 250; // of a pipe
const SUBSTEPS: usize = 50;
const STEP: Duration = Duration::from_millis(25);

/// A piece of pipe between two junctions.
struct Pipe {
    cells: Vec<f64>,
    courant: f64, // part of a cell that the water moves in a substep
    loss: f64,    // to the ground, for each degree and substep
}

impl Pipe {
    fn new(number: usize) -> Self {
        let courant = 0.9 - 0.012 * number as f64;
        Pipe { cells: vec![60.0; CELLS], courant, loss: 2e-5 * (1.0 + (number % 5) as f64 / 4.0) }
    }

    /// Upwind, first order: each cell takes from the one before it.
    fn carry(&mut self, inlet: f64, ground: f64) -> f64 {
        let mut before = inlet;
        for cell in &mut self.cells {
            let here = *cell;
            *cell = here + self.courant * (before - here) - self.loss * (here - ground);
            before = here;
        }
        self.cells[CELLS - 1]
    }
}

/// A trunk with its pipes; houses hang at the end of each.
struct Trunk {
    number: usize,
    pipes: Vec<Pipe>,
    houses: Vec<f64>,
}

/// What a step begins with.
#[derive(Clone, Copy)]
struct Weather {
    plant: f64,
    ground: f64,
}

/// What a worker tells after a step.
#[derive(Clone, Copy)]
struct Coldest {
    trunk: usize,
    pipe: usize,
    degrees: f64,
    sum: f64,
}

impl Trunk {
    fn new(number: usize) -> Self {
        Trunk { number, pipes: (0..PIPES).map(Pipe::new).collect(), houses: vec![60.0; PIPES] }
    }

    fn step(&mut self, weather: Weather) {
        for _ in 0..SUBSTEPS {
            let mut inlet = weather.plant;
            for (pipe, house) in self.pipes.iter_mut().zip(&mut self.houses) {
                inlet = pipe.carry(inlet, weather.ground);
                *house = 0.95 * *house + 0.05 * inlet;
            }
        }
    }

    fn coldest(&self) -> Coldest {
        let mut found = Coldest { trunk: self.number, pipe: 0, degrees: f64::INFINITY, sum: 0.0 };
        for (pipe, &degrees) in self.houses.iter().enumerate() {
            found.sum += degrees;
            if degrees < found.degrees {
                found.pipe = pipe;
                found.degrees = degrees;
            }
        }
        found
    }
}

/// One of the two that compute; it waits until it is told the weather of the next step.
fn worker(mut trunks: Vec<Trunk>, weather: Receiver<Weather>, told: Sender<Coldest>) {
    for weather in weather {
        let mut worst: Option<Coldest> = None;
        for trunk in &mut trunks {
            trunk.step(weather);
            let here = trunk.coldest();
            worst = Some(match worst {
                Some(w) if w.degrees <= here.degrees => Coldest { sum: w.sum + here.sum, ..w },
                Some(w) => Coldest { sum: w.sum + here.sum, ..here },
                None => here,
            });
        }
        if let Some(worst) = worst {
            if told.send(worst).is_err() {
                return;
            }
        }
    }
}

fn weather_of(step: u64) -> Weather {
    let hour = step as f64 / 60.0;
    let day = (hour / 24.0 * std::f64::consts::TAU).sin();
    Weather { plant: 92.0 - 6.0 * day, ground: 7.0 + 1.5 * day }
}

fn main() -> io::Result<()> {
    let folder = std::env::temp_dir().join(format!("pipe-temps-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let (tell, told) = channel();
    let mut workers: Vec<SyncSender<Weather>> = Vec::new();
    for half in 0..2 {
        let trunks = (0..TRUNKS).filter(|number| number % 2 == half).map(Trunk::new).collect();
        let (ask, asked) = sync_channel(1);
        let tell = tell.clone();
        thread::spawn(move || worker(trunks, asked, tell));
        workers.push(ask);
    }
    let began = Instant::now();
    let mut spent = Duration::ZERO;
    for step in 0u64.. {
        let start = Instant::now();
        for ask in &workers {
            ask.send(weather_of(step)).map_err(io::Error::other)?;
        }
        let mut worst = told.recv().map_err(io::Error::other)?;
        let other = told.recv().map_err(io::Error::other)?;
        let mean = (worst.sum + other.sum) / (TRUNKS * PIPES) as f64;
        if other.degrees < worst.degrees {
            worst = other;
        }
        spent += start.elapsed();
        if step == 40 {
            println!("ready {}", std::process::id());
        }
        if step % 80 == 79 {
            let each = spent.as_micros() as u64 / (step + 1);
            let state = format!(
                "step {step}: mean {mean:.2} °C, coldest {:.2} °C at trunk {} pipe {}, {each} µs a step\n",
                worst.degrees, worst.trunk, worst.pipe
            );
            fs::write(folder.join("control.txt"), state)?;
        }
        thread::sleep((STEP * (step as u32 + 1)).saturating_sub(began.elapsed()));
    }
    Ok(())
}
