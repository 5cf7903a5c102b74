use std::collections::VecDeque;

/// Finds many banned words in one pass over a chat message.
pub struct Watch {
    next: Vec<[u32; 26]>,
    fail: Vec<u32>,
    hits: Vec<u32>,
}

impl Watch {
    pub fn new(words: &[&str]) -> Self {
        let mut w = Watch { next: vec![[0; 26]], fail: vec![0], hits: vec![0] };
        for word in words {
            let mut at = 0usize;
            for b in word.bytes().filter(u8::is_ascii_lowercase) {
                let k = (b - b'a') as usize;
                if w.next[at][k] == 0 {
                    w.next[at][k] = w.next.len() as u32;
                    w.next.push([0; 26]);
                    w.fail.push(0);
                    w.hits.push(0);
                }
                at = w.next[at][k] as usize;
            }
            w.hits[at] += 1;
        }
        w.link();
        w
    }

    fn link(&mut self) {
        let mut queue: VecDeque<u32> = self.next[0].iter().copied().filter(|n| *n != 0).collect();
        while let Some(at) = queue.pop_front() {
            let f = self.fail[at as usize] as usize;
            self.hits[at as usize] += self.hits[f];
            for k in 0..26 {
                let child = self.next[at as usize][k];
                if child == 0 {
                    self.next[at as usize][k] = self.next[f][k];
                } else {
                    self.fail[child as usize] = self.next[f][k];
                    queue.push_back(child);
                }
            }
        }
    }

    pub fn count(&self, message: &str) -> u32 {
        let mut at = 0usize;
        let mut total = 0;
        for b in message.bytes() { // <- hot 15
            at = match b.to_ascii_lowercase() { // <- hot 16
                c @ b'a'..=b'z' => self.next[at][(c - b'a') as usize] as usize, // <- hot 47
                _ => 0,
            };
            total += self.hits[at]; // <- hot 15
        }
        total
    }
}
