//! Marks connected water on an elevation raster.
use std::collections::HashSet;

pub type Cell = (usize, usize);

pub struct Raster {
    pub width: usize,
    pub height: usize,
    pub metres: Vec<f32>,
}

impl Raster {
    fn at(&self, (x, y): Cell) -> f32 {
        self.metres[y * self.width + x]
    }

    fn neighbours(&self, (x, y): Cell) -> impl Iterator<Item = Cell> + '_ {
        const STEPS: [(isize, isize); 4] = [(1, 0), (-1, 0), (0, 1), (0, -1)];
        STEPS.iter().filter_map(move |(dx, dy)| {
            let nx = x.checked_add_signed(*dx)?;
            let ny = y.checked_add_signed(*dy)?;
            (nx < self.width && ny < self.height).then_some((nx, ny))
        })
    }
}

pub fn lake(raster: &Raster, seed: Cell, level: f32) -> Vec<Cell> {
    let mut wet = Vec::new();
    let mut stack = vec![seed];
    let mut seen = HashSet::new();
    seen.insert(seed);
    while let Some(cell) = stack.pop() {
        wet.push(cell);
        for n in raster.neighbours(cell) { // <- hot 18
            if raster.at(n) <= level && seen.insert(n) { // <- hot 67
                stack.push(n);
            }
        }
    }
    wet
}

pub fn volume(raster: &Raster, cells: &[Cell], level: f32, cell_area: f32) -> f32 {
    cells
        .iter()
        .map(|&c| (level - raster.at(c)).max(0.0) * cell_area)
        .sum()
}
