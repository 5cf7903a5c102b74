#[derive(Clone, Debug)]
pub struct Crate {
    pub id: u32,
    pub kilos: usize,
    pub value: u64,
}

pub struct Plan {
    pub value: u64,
    pub chosen: Vec<u32>,
}

pub fn load(crates: &[Crate], capacity: usize) -> Plan {
    let width = capacity + 1;
    let mut best = vec![0u64; width];
    let mut taken = vec![false; crates.len() * width];
    for (i, c) in crates.iter().enumerate() {
        let row = &mut taken[i * width..(i + 1) * width];
        for room in (c.kilos..width).rev() { // <- hot 18
            let with = best[room - c.kilos] + c.value; // <- hot 31
            if with > best[room] { // <- hot 27
                best[room] = with;
                row[room] = true; // <- hot 14
            }
        }
    }
    let mut room = capacity;
    let mut chosen = Vec::new();
    for (i, c) in crates.iter().enumerate().rev() {
        if taken[i * width + room] {
            chosen.push(c.id);
            room -= c.kilos;
        }
    }
    chosen.reverse();
    Plan { value: best[capacity], chosen }
}
