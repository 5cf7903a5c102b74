/// Explicit heat conduction on a plate with fixed edges.
pub struct Plate {
    w: usize,
    h: usize,
    now: Vec<f32>,
    next: Vec<f32>,
}

impl Plate {
    pub fn new(w: usize, h: usize, start: f32) -> Self {
        Plate { w, h, now: vec![start; w * h], next: vec![start; w * h] }
    }

    pub fn heat_edge(&mut self, degrees: f32) {
        for x in 0..self.w {
            self.now[x] = degrees;
            self.next[x] = degrees;
        }
    }

    fn step(&mut self, k: f32) -> f32 {
        let w = self.w;
        let mut change = 0f32;
        for y in 1..self.h - 1 {
            for x in 1..w - 1 {
                let i = y * w + x;
                let c = self.now[i];
                let around = self.now[i - 1] + self.now[i + 1] + self.now[i - w] + self.now[i + w]; // <- hot 46
                let v = c + k * (around - 4.0 * c); // <- hot 17
                change = change.max((v - c).abs()); // <- hot 16
                self.next[i] = v; // <- hot 14
            }
        }
        std::mem::swap(&mut self.now, &mut self.next);
        change
    }

    pub fn settle(&mut self, k: f32, tolerance: f32, max_steps: usize) -> usize {
        (0..max_steps).find(|_| self.step(k) < tolerance).unwrap_or(max_steps)
    }
}
