use std::ops::Range;

#[derive(Clone, Copy)]
pub struct WindowFrame {
    pub preceding: usize,
    pub following: usize,
}

impl WindowFrame {
    fn range(&self, row: usize, num_rows: usize) -> Range<usize> {
        row.saturating_sub(self.preceding)..(row + self.following + 1).min(num_rows)
    }
}

pub trait Accumulator {
    fn update_batch(&mut self, values: &[f64]);
    fn evaluate(&self) -> f64;
}

#[derive(Default)]
pub struct SumAccumulator {
    sum: f64,
}

impl Accumulator for SumAccumulator {
    fn update_batch(&mut self, values: &[f64]) {
        self.sum += values.iter().sum::<f64>(); // <- cost hot 58
    }

    fn evaluate(&self) -> f64 {
        self.sum
    }
}

#[derive(Default)]
pub struct AvgAccumulator {
    sum: f64,
    count: u64,
}

impl Accumulator for AvgAccumulator {
    fn update_batch(&mut self, values: &[f64]) {
        self.sum += values.iter().sum::<f64>(); // <- cost hot 37
        self.count += values.len() as u64;
    }

    fn evaluate(&self) -> f64 {
        self.sum / self.count as f64
    }
}

pub struct WindowAggExpr<F> {
    create: F,
    frame: WindowFrame,
}

impl<F, A> WindowAggExpr<F>
where
    F: Fn() -> A,
    A: Accumulator,
{
    pub fn new(create: F, frame: WindowFrame) -> Self {
        WindowAggExpr { create, frame }
    }

    pub fn evaluate(&self, column: &[f64]) -> Vec<f64> {
        let mut results = Vec::with_capacity(column.len());
        for row in 0..column.len() {
            let mut accumulator = (self.create)();
            accumulator.update_batch(&column[self.frame.range(row, column.len())]); // <- cost
            results.push(accumulator.evaluate());
        }
        results
    }
}
