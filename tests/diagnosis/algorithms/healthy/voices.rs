/// A small polyphonic synthesizer with a fixed number of voices.
const VOICES: usize = 8;
const TABLE: usize = 2048;

#[derive(Clone, Copy, Default)]
struct Voice {
    note: u8,
    phase: f32,
    step: f32,
    level: f32,
    held: bool,
    age: u32,
}

pub struct Synth {
    voices: [Voice; VOICES],
    wave: Vec<f32>,
    rate: f32,
    clock: u32,
}

impl Synth {
    pub fn new(rate: f32) -> Self {
        let wave = (0..=TABLE)
            .map(|i| (i as f32 / TABLE as f32 * std::f32::consts::TAU).sin())
            .collect();
        Synth { voices: [Voice::default(); VOICES], wave, rate, clock: 0 }
    }

    pub fn note_on(&mut self, note: u8, velocity: u8) {
        self.clock += 1;
        let slot = self.voices.iter().position(|v| !v.held).unwrap_or_else(|| {
            (0..VOICES).min_by_key(|&i| self.voices[i].age).unwrap_or(0)
        });
        let hz = 440.0 * 2f32.powf((f32::from(note) - 69.0) / 12.0);
        self.voices[slot] = Voice {
            note,
            phase: 0.0,
            step: hz / self.rate * TABLE as f32,
            level: f32::from(velocity) / 127.0,
            held: true,
            age: self.clock,
        };
    }

    pub fn note_off(&mut self, note: u8) {
        if let Some(v) = self.voices.iter_mut().find(|v| v.held && v.note == note) {
            v.held = false;
        }
    }

    pub fn render(&mut self, out: &mut [f32]) {
        for sample in out.iter_mut() {
            let mut mix = 0.0;
            for v in self.voices.iter_mut() { // <- hot 11
                if v.level < 1e-4 {
                    continue;
                }
                let i = v.phase as usize;
                let frac = v.phase - i as f32;
                let (a, b) = (self.wave[i], self.wave[i + 1]); // <- hot 30
                mix += (a + (b - a) * frac) * v.level; // <- hot 26
                v.phase = (v.phase + v.step) % TABLE as f32; // <- hot 21
                v.level *= if v.held { 0.999_99 } else { 0.999 };
            }
            *sample = mix / VOICES as f32;
        }
    }
}
