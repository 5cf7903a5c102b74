/// Decoder of canonical prefix codes of up to 12 bits with one look-up table.
const MAX_BITS: u32 = 12;

#[derive(Clone, Copy, Default)]
struct Slot {
    symbol: u16,
    bits: u8,
}

pub struct Decoder {
    table: Vec<Slot>,
}

impl Decoder {
    pub fn new(lengths: &[u8]) -> Self {
        let mut table = vec![Slot::default(); 1 << MAX_BITS];
        let mut code = 0usize;
        for bits in 1..=MAX_BITS as u8 {
            for (symbol, _) in lengths.iter().enumerate().filter(|(_, l)| **l == bits) {
                let span = 1usize << (MAX_BITS - bits as u32);
                for slot in &mut table[code..code + span] {
                    *slot = Slot { symbol: symbol as u16, bits };
                }
                code += span;
            }
        }
        Decoder { table }
    }

    pub fn decode(&self, input: &[u8], count: usize) -> Option<Vec<u16>> {
        let mut out = Vec::with_capacity(count);
        let (mut acc, mut have, mut pos) = (0u64, 0u32, 0usize);
        for _ in 0..count {
            while have < MAX_BITS {
                acc = acc << 8 | *input.get(pos).unwrap_or(&0) as u64; // <- hot 26
                pos += 1;
                have += 8;
            }
            let slot = self.table[(acc >> (have - MAX_BITS)) as usize & ((1 << MAX_BITS) - 1)]; // <- hot 39
            if slot.bits == 0 {
                return None;
            }
            have -= slot.bits as u32;
            out.push(slot.symbol); // <- hot 21
        }
        Some(out)
    }
}
