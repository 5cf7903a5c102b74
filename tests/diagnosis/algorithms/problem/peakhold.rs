use std::collections::VecDeque;

/// Look-ahead limiter for an audio stream: the gain at each sample depends
/// on the loudest sample within the look-ahead.
pub struct Limiter {
    ceiling: f32,
    lookahead: usize,
    window: VecDeque<f32>,
    gain: f32,
    release: f32,
}

impl Limiter {
    pub fn new(ceiling: f32, lookahead: usize, release: f32) -> Self {
        Limiter {
            ceiling,
            lookahead,
            window: VecDeque::with_capacity(lookahead + 1),
            gain: 1.0,
            release,
        }
    }

    fn peak(&self) -> f32 {
        self.window.iter().fold(0.0f32, |m, s| m.max(s.abs())) // <- cost hot 93
    }

    fn push(&mut self, sample: f32) -> Option<f32> {
        self.window.push_back(sample);
        let peak = self.peak();
        let wanted = if peak > self.ceiling { self.ceiling / peak } else { 1.0 };
        self.gain = if wanted < self.gain {
            wanted
        } else {
            self.gain + (wanted - self.gain) * self.release
        };
        if self.window.len() < self.lookahead {
            return None;
        }
        self.window.pop_front().map(|s| s * self.gain)
    }

    pub fn process(&mut self, block: &[f32], out: &mut Vec<f32>) {
        for &sample in block {
            if let Some(s) = self.push(sample) {
                out.push(s);
            }
        }
    }
}
