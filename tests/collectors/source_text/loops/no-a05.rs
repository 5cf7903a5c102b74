pub struct Table {
    slots: Vec<Option<(u64, u32)>>,
    mask: usize,
}

impl Table {
    pub fn get(&self, key: u64) -> Option<u32> {
        let mut i = (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize & self.mask;
        loop {
            match self.slots[i] {
                Some((k, v)) if k == key => return Some(v), // <- 0
                Some(_) => i = (i + 1) & self.mask,
                None => return None,
            }
        }
    }
}

pub fn join(left: &[(u64, i64)], right: &Table) -> Vec<(i64, u32)> {
    let mut out = Vec::with_capacity(left.len());
    for &(k, amount) in left {
        if let Some(v) = right.get(k) { // <- 1
            out.push((amount, v));
        }
    }
    out
}
