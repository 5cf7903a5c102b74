/// Heights of the tide between the points of a table, by cubic interpolation.
#[derive(Clone, Copy)]
pub struct Point {
    pub minute: f64,
    pub metres: f64,
}

pub struct TideTable {
    points: Vec<Point>,
}

impl TideTable {
    pub fn new(mut points: Vec<Point>) -> Self {
        points.sort_by(|a, b| a.minute.total_cmp(&b.minute));
        TideTable { points }
    }

    fn slope(&self, i: usize) -> f64 {
        let a = self.points[i.saturating_sub(1)];
        let b = self.points[(i + 1).min(self.points.len() - 1)];
        (b.metres - a.metres) / (b.minute - a.minute) // <- hot 13
    }

    pub fn height(&self, minute: f64) -> f64 {
        let i = self.points.partition_point(|p| p.minute <= minute); // <- hot 52
        if i == 0 || i == self.points.len() {
            return self.points[i.min(self.points.len() - 1)].metres;
        }
        let (a, b) = (self.points[i - 1], self.points[i]);
        let h = b.minute - a.minute;
        let t = (minute - a.minute) / h; // <- hot 9
        let (t2, t3) = (t * t, t * t * t);
        (2.0 * t3 - 3.0 * t2 + 1.0) * a.metres
            + (t3 - 2.0 * t2 + t) * h * self.slope(i - 1)
            + (3.0 * t2 - 2.0 * t3) * b.metres
            + (t3 - t2) * h * self.slope(i) // <- hot 14
    }

    pub fn clear_passages(&self, departures: &[f64], draught: f64) -> usize {
        departures.iter().filter(|m| self.height(**m) > draught).count()
    }
}
