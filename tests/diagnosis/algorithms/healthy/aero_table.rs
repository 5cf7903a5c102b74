//! Lift and drag look-up of the flight model; breakpoints are sorted at load.

#[derive(Debug, Clone)]
pub struct Curve {
    xs: Vec<f64>,
    ys: Vec<f64>,
}

impl Curve {
    pub fn new(mut points: Vec<(f64, f64)>) -> Option<Self> {
        if points.len() < 2 {
            return None;
        }
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (xs, ys) = points.into_iter().unzip();
        Some(Curve { xs, ys })
    }

    pub fn eval(&self, x: f64) -> f64 {
        let last = self.xs.len() - 1;
        let hi = self.xs.partition_point(|&v| v <= x).clamp(1, last); // <- hot 57
        let (x0, x1) = (self.xs[hi - 1], self.xs[hi]);
        let t = ((x - x0) / (x1 - x0)).clamp(0.0, 1.0); // <- hot 14
        self.ys[hi - 1] + t * (self.ys[hi] - self.ys[hi - 1])
    }
}

pub struct Wing {
    pub lift: Curve,
    pub drag: Curve,
    pub area: f64,
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Flight {
    pub speed: f64,
    pub climb: f64,
    pub alpha: f64,
    pub mass: f64,
}

pub fn step(w: &Wing, f: &mut Flight, thrust: f64, rho: f64, dt: f64) {
    let q = 0.5 * rho * f.speed * f.speed * w.area;
    let lift = q * w.lift.eval(f.alpha);
    let drag = q * w.drag.eval(f.alpha);
    f.speed += (thrust - drag) / f.mass * dt; // <- hot 8
    f.climb += (lift / f.mass - 9.81) * dt; // <- hot 7
}

pub fn fly(w: &Wing, mut f: Flight, alphas: &[f64], dt: f64) -> Flight {
    for &a in alphas {
        f.alpha = a;
        step(w, &mut f, 12_000.0, 1.1, dt);
    }
    f
}
