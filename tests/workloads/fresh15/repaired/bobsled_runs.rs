// expect: healthy bench
// Race control of a hall of bobsled simulators: each sled sends blocks of samples (speed, steering, runner loads)
// while it runs down the track; race control gathers the trace of each run, times it at the finish, and answers the
// judges' protests from the traces.
//
// Measured: both time 609 runs in 60 s; memory 59 MB after 40 s and 100 MB after 58 s (2.3 MB a second), in the twin
// 23 MB at both times; CPU 1.3 s of 65 s, in the twin 1.2 s.
use std::collections::{HashMap, VecDeque};
use std::sync::mpsc::{sync_channel, Receiver, SyncSender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const SLEDS: u32 = 32;
const BLOCK: usize = 75;
const BLOCK_PAUSE: Duration = Duration::from_millis(50);
const BLOCKS_OF_A_RUN: u32 = 60;
const PROTEST_WINDOW: usize = 64;

#[derive(Clone, Copy)]
struct Sample {
    metres: f32,
    speed: f32,
    steering: f32,
    pressure: f32,
    runners: [f32; 4],
    acceleration: [f32; 3],
    ice: f32,
}

enum Event {
    Gate { sled: u32, run: u64 },
    Block { run: u64, samples: Vec<Sample> },
    Finish { run: u64 },
    Protest { run: u64, from: f32, to: f32 },
}

struct Run {
    sled: u32,
    started: Instant,
    samples: Vec<Sample>,
    finished: Option<Duration>,
}

impl Run {
    fn new(sled: u32) -> Run {
        let samples = Vec::with_capacity(BLOCK * BLOCKS_OF_A_RUN as usize);
        Run { sled, started: Instant::now(), samples, finished: None }
    }

    fn top_speed(&self) -> f32 {
        let in_still_air = |sample: &Sample| sample.speed * sample.pressure / 940.0 * (1.0 + 0.002 * sample.ice);
        self.samples.iter().map(in_still_air).fold(0.0, f32::max)
    }

    /// The heaviest that the runners were pressed on a stretch of the track.
    fn load_between(&self, from: f32, to: f32) -> f32 {
        let start = self.samples.partition_point(|sample| sample.metres < from);
        self.samples[start..]
            .iter()
            .take_while(|sample| sample.metres < to)
            .filter(|sample| sample.steering.abs() > 0.02)
            .map(|sample| sample.runners.iter().sum::<f32>() + 6.0 * sample.acceleration[1].abs())
            .fold(0.0, f32::max)
    }
}

struct Result {
    sled: u32,
    time: Duration,
    top_speed: f32,
}

/// The best runs of the day.
struct Standings {
    best: Vec<Result>,
}

impl Standings {
    const KEPT: usize = 20;

    fn enter(&mut self, result: Result) {
        let at = self.best.partition_point(|other| other.time <= result.time);
        if at < Self::KEPT {
            self.best.insert(at, result);
            self.best.truncate(Self::KEPT);
        }
    }
}

/// The traces by run, for the clock and the judges.
struct Traces {
    runs: HashMap<u64, Run>,
    protestable: VecDeque<u64>,
}

impl Traces {
    fn open(&mut self, id: u64, sled: u32) {
        self.runs.insert(id, Run::new(sled));
    }

    fn append(&mut self, id: u64, samples: &[Sample]) {
        if let Some(run) = self.runs.get_mut(&id) {
            run.samples.extend_from_slice(samples);
        }
    }

    fn close(&mut self, id: u64) -> Option<Result> {
        let run = self.runs.get_mut(&id)?;
        let time = run.started.elapsed();
        run.finished = Some(time);
        let result = Result { sled: run.sled, time, top_speed: run.top_speed() };
        self.protestable.push_back(id);
        if self.protestable.len() > PROTEST_WINDOW {
            self.protestable.pop_front().and_then(|oldest| self.runs.remove(&oldest));
        }
        Some(result)
    }

    fn finished(&self, id: u64) -> Option<&Run> {
        self.runs.get(&id).filter(|run| run.finished.is_some())
    }
}

#[derive(Default)]
struct Tally {
    runs: u64,
    protests: u64,
    upheld: u64,
    samples: u64,
}

struct RaceControl {
    events: Receiver<Event>,
    traces: Traces,
    standings: Standings,
    tally: Arc<Mutex<Tally>>,
}

impl RaceControl {
    fn new(events: Receiver<Event>, tally: Arc<Mutex<Tally>>) -> RaceControl {
        let traces = Traces { runs: HashMap::new(), protestable: VecDeque::new() };
        RaceControl { events, traces, standings: Standings { best: Vec::new() }, tally }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Gate { sled, run } => self.traces.open(run, sled),
            Event::Block { run, samples } => {
                self.traces.append(run, &samples);
                self.tally.lock().unwrap().samples += samples.len() as u64;
            }
            Event::Finish { run } => {
                if let Some(result) = self.traces.close(run) {
                    self.standings.enter(result);
                    self.tally.lock().unwrap().runs += 1;
                }
            }
            Event::Protest { run, from, to } => {
                let heaviest = self.traces.finished(run).map(|run| run.load_between(from, to));
                let mut tally = self.tally.lock().unwrap();
                tally.protests += 1;
                tally.upheld += heaviest.map_or(0, |load| (load > 5110.0) as u64);
            }
        }
    }

    fn work(mut self) {
        while let Ok(event) = self.events.recv() {
            self.handle(event);
        }
        if let Some(best) = self.standings.best.first() {
            eprintln!("sled {} won in {:?}, {:.1} m/s", best.sled, best.time, best.top_speed);
        }
    }
}

/// One simulator: run after run, with a protest by the other crew now and then, right after the finish.
fn sled(number: u32, control: SyncSender<Event>) {
    let mut next = Instant::now() + Duration::from_millis(number as u64 * 1500 / SLEDS as u64);
    for turn in 0u64.. {
        let run = turn * SLEDS as u64 + number as u64;
        control.send(Event::Gate { sled: number, run }).unwrap();
        let mut metres = 0.0f32;
        for block in 0..BLOCKS_OF_A_RUN {
            let mut samples = Vec::with_capacity(BLOCK);
            for step in 0..BLOCK {
                let at = (block as usize * BLOCK + step) as f32;
                let speed = 8.0 + 0.0062 * at + 0.4 * (at * 0.01 + number as f32).sin();
                metres += speed / 150.0;
                let lean = (metres * 0.02 + number as f32 * 0.3).sin();
                samples.push(Sample {
                    metres,
                    speed,
                    steering: lean * 0.3,
                    pressure: 940.0 + lean,
                    runners: [1200.0 + 90.0 * lean, 1200.0 - 90.0 * lean, 1310.0 + 80.0 * lean, 1310.0],
                    acceleration: [0.1 * speed, lean * speed * speed / 60.0, 9.8],
                    ice: -4.5,
                });
            }
            control.send(Event::Block { run, samples }).unwrap();
            next += BLOCK_PAUSE;
            thread::sleep(next.saturating_duration_since(Instant::now()));
        }
        control.send(Event::Finish { run }).unwrap();
        if (turn + number as u64) % 4 == 0 {
            control.send(Event::Protest { run, from: 120.0, to: 260.0 }).unwrap();
        }
    }
}

fn main() {
    let (sender, events) = sync_channel(256);
    let tally = Arc::new(Mutex::new(Tally::default()));
    let control = RaceControl::new(events, Arc::clone(&tally));
    thread::Builder::new().name("control".into()).spawn(move || control.work()).unwrap();
    for number in 0..SLEDS {
        let sender = sender.clone();
        thread::Builder::new().name(format!("sled-{number}")).spawn(move || sled(number, sender)).unwrap();
    }
    println!("ready {}", std::process::id());
    loop {
        thread::sleep(Duration::from_secs(10));
        let tally = tally.lock().unwrap();
        let Tally { runs, protests, upheld, samples } = *tally;
        eprintln!("{runs} runs, {samples} samples, {protests} protests, {upheld} upheld");
    }
}
