/// Global alignment of two protein sequences with affine gaps (Gotoh).
pub struct Scoring {
    pub matrix: [[i32; 26]; 26],
    pub open: i32,
    pub extend: i32,
}

impl Scoring {
    fn pair(&self, a: u8, b: u8) -> i32 {
        self.matrix[(a - b'A') as usize][(b - b'A') as usize] // <- hot 14
    }
}

const LOW: i32 = i32::MIN / 2;

pub fn score(a: &[u8], b: &[u8], s: &Scoring) -> i32 {
    let width = b.len() + 1;
    let mut best = vec![LOW; width];
    let mut down = vec![LOW; width];
    best[0] = 0;
    for (j, slot) in best.iter_mut().enumerate().skip(1) {
        *slot = -s.open - s.extend * j as i32;
    }
    for (i, &x) in a.iter().enumerate() {
        let mut diagonal = best[0];
        best[0] = -s.open - s.extend * (i as i32 + 1);
        let mut across = LOW;
        for j in 1..width {
            across = (across - s.extend).max(best[j - 1] - s.open - s.extend); // <- hot 25
            down[j] = (down[j] - s.extend).max(best[j] - s.open - s.extend); // <- hot 26
            let matched = diagonal + s.pair(x, b[j - 1]);
            diagonal = best[j];
            best[j] = matched.max(across).max(down[j]); // <- hot 24
        }
    }
    best[width - 1]
}

pub fn closest<'a>(query: &[u8], library: &'a [Vec<u8>], s: &Scoring) -> Option<&'a Vec<u8>> {
    library.iter().max_by_key(|entry| score(query, entry, s))
}
