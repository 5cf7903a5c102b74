use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash, Hasher};

#[derive(Clone, Debug, Hash, PartialEq, Eq)]
pub struct GroupKey {
    pub region: u32,
    pub product: u64,
}

#[derive(Clone, Debug, Default)]
pub struct GroupState {
    pub count: u64,
    pub sum: f64,
    pub min: f64,
    pub max: f64,
}

pub struct RecordBatch {
    pub region: Vec<u32>,
    pub product: Vec<u64>,
    pub amount: Vec<f64>,
}

const EMPTY: u32 = u32::MAX;

pub struct GroupedHashAggregate {
    slots: Vec<u32>,
    hashes: Vec<u64>,
    keys: Vec<GroupKey>,
    states: Vec<GroupState>,
    hasher: RandomState,
}

impl GroupedHashAggregate {
    pub fn new() -> Self {
        GroupedHashAggregate {
            slots: vec![EMPTY; 1024], hashes: vec![], keys: vec![], states: vec![], hasher: RandomState::new(),
        }
    }

    fn grow(&mut self) {
        let mask = self.slots.len() * 2 - 1;
        self.slots.clear();
        self.slots.resize(mask + 1, EMPTY);
        for (group, hash) in self.hashes.iter().enumerate() {
            let mut at = *hash as usize & mask;
            while self.slots[at] != EMPTY { // <- hot 8
                at = (at + 1) & mask;
            }
            self.slots[at] = group as u32;
        }
    }

    fn group_of(&mut self, key: GroupKey) -> usize {
        if (self.keys.len() + 1) * 4 > self.slots.len() * 3 {
            self.grow();
        }
        let mut hasher = self.hasher.build_hasher();
        key.hash(&mut hasher); // <- hot 27
        let hash = hasher.finish();
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            match self.slots[at] { // <- hot 31
                EMPTY => break,
                g if self.hashes[g as usize] == hash && self.keys[g as usize] == key => return g as usize,
                _ => at = (at + 1) & mask,
            }
        }
        self.slots[at] = self.keys.len() as u32;
        self.hashes.push(hash);
        self.keys.push(key);
        self.states.push(GroupState { count: 0, sum: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY });
        self.keys.len() - 1
    }

    pub fn update_batch(&mut self, batch: &RecordBatch) {
        for row in 0..batch.amount.len() {
            let group = self.group_of(GroupKey { region: batch.region[row], product: batch.product[row] });
            let (state, v) = (&mut self.states[group], batch.amount[row]);
            state.count += 1; // <- hot 19
            state.sum += v;
            state.min = state.min.min(v);
            state.max = state.max.max(v);
        }
    }
}
