use std::collections::VecDeque;

/// Look-ahead limiter for an audio stream: the gain at each sample depends
/// on the loudest sample within the look-ahead.
pub struct Limiter {
    ceiling: f32,
    lookahead: usize,
    window: VecDeque<f32>,
    peaks: VecDeque<(u64, f32)>,
    clock: u64,
    gain: f32,
    release: f32,
}

impl Limiter {
    pub fn new(ceiling: f32, lookahead: usize, release: f32) -> Self {
        Limiter {
            ceiling,
            lookahead,
            window: VecDeque::with_capacity(lookahead + 1),
            peaks: VecDeque::new(),
            clock: 0,
            gain: 1.0,
            release,
        }
    }

    fn peak(&mut self, sample: f32) -> f32 {
        let level = sample.abs();
        while self.peaks.back().map_or(false, |&(_, p)| p <= level) { // <- hot 35
            self.peaks.pop_back();
        }
        self.peaks.push_back((self.clock, level)); // <- hot 20
        if self.peaks[0].0 + self.lookahead as u64 <= self.clock {
            self.peaks.pop_front();
        }
        self.clock += 1;
        self.peaks[0].1
    }

    fn push(&mut self, sample: f32) -> Option<f32> {
        self.window.push_back(sample);
        let peak = self.peak(sample);
        let wanted = if peak > self.ceiling { self.ceiling / peak } else { 1.0 };
        self.gain = if wanted < self.gain {
            wanted
        } else {
            self.gain + (wanted - self.gain) * self.release // <- hot 16
        };
        if self.window.len() < self.lookahead {
            return None;
        }
        self.window.pop_front().map(|s| s * self.gain)
    }

    pub fn process(&mut self, block: &[f32], out: &mut Vec<f32>) {
        for &sample in block {
            if let Some(s) = self.push(sample) { // <- hot 11
                out.push(s);
            }
        }
    }
}
