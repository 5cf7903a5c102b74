use std::collections::{HashMap, VecDeque};

pub struct PageCache {
    pages: HashMap<u64, Vec<u8>>,
    order: VecDeque<u64>,
    capacity: usize,
}

impl PageCache {
    fn touch(&mut self, id: u64) {
        if let Some(at) = self.order.iter().position(|&p| p == id) { // <- 0
            self.order.remove(at);
        }
        self.order.push_back(id);
        if self.order.len() > self.capacity {
            let old = self.order.pop_front().unwrap();
            self.pages.remove(&old);
        }
    }

    pub fn get(&mut self, id: u64, disk: &mut Disk) -> &[u8] {
        if !self.pages.contains_key(&id) {
            self.pages.insert(id, disk.read_page(id));
        }
        self.touch(id); // <- 1
        &self.pages[&id]
    }

    pub fn scan(&mut self, ids: &[u64], disk: &mut Disk) -> u64 {
        let mut sum = 0u64;
        for &id in ids { // <- outer
            sum += self.get(id, disk)[0] as u64; // <- 2
        }
        sum
    }
}
