pub fn convolve(signal: &[f32], kernel: &[f32]) -> Vec<f32> {
    if signal.is_empty() || kernel.is_empty() {
        return Vec::new();
    }
    let mut out = vec![0.0; signal.len() + kernel.len() - 1];
    for (i, s) in signal.iter().enumerate() {
        for (j, k) in kernel.iter().enumerate() {
            out[i + j] += s * k; // <- 0
        }
    }
    out
}

pub struct Mixer {
    pub tracks: Vec<Vec<f32>>,
    pub room: Vec<f32>,
}

impl Mixer {
    pub fn reverb(&self) -> Vec<Vec<f32>> {
        self.tracks.iter().map(|t| convolve(t, &self.room)).collect() // <- 1
    }
}
