use std::collections::HashMap;

pub struct Grid {
    cell: f32,
    cells: HashMap<(i32, i32), Vec<usize>>,
}

impl Grid {
    fn near(&self, pts: &[[f32; 2]], p: [f32; 2], out: &mut Vec<usize>) {
        let (cx, cy) = ((p[0] / self.cell).floor() as i32, (p[1] / self.cell).floor() as i32);
        for key in (cx - 1..=cx + 1).flat_map(|x| (cy - 1..=cy + 1).map(move |y| (x, y))) {
            if let Some(bucket) = self.cells.get(&key) {
                for &i in bucket {
                    let (dx, dy) = (pts[i][0] - p[0], pts[i][1] - p[1]);
                    if dx * dx + dy * dy < self.cell * self.cell { // <- 0
                        out.push(i);
                    }
                }
            }
        }
    }
}

pub fn densities(grid: &Grid, pts: &[[f32; 2]]) -> Vec<usize> {
    let mut buf = Vec::new();
    pts.iter()
        .map(|&p| {
            buf.clear();
            grid.near(pts, p, &mut buf); // <- 1
            buf.len()
        })
        .collect()
}
