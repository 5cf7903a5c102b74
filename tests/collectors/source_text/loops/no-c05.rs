pub struct IntMap {
    keys: Vec<u64>,
    vals: Vec<u32>,
    mask: usize,
    len: usize,
}

const EMPTY: u64 = u64::MAX;

impl IntMap {
    fn slot(&self, key: u64) -> usize {
        let mut i = (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize & self.mask;
        while self.keys[i] != key && self.keys[i] != EMPTY { // <- 0
            i = (i + 1) & self.mask;
        }
        i
    }

    pub fn count_all(&mut self, words: &[u64]) {
        for &w in words {
            if self.len * 2 > self.mask {
                self.grow();
            }
            let i = self.slot(w); // <- 1
            if self.keys[i] == EMPTY {
                self.keys[i] = w;
                self.len += 1;
            }
            self.vals[i] += 1;
        }
    }
}
