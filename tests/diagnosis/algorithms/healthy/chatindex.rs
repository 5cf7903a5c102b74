/// Inverted index over chat messages with sorted postings.
use std::cmp::Ordering;
use std::collections::HashMap;

pub struct Index {
    postings: HashMap<String, Vec<u32>>,
    next: u32,
}

impl Index {
    pub fn new() -> Self {
        Index { postings: HashMap::new(), next: 0 }
    }

    pub fn add(&mut self, message: &str) -> u32 {
        let id = self.next;
        self.next += 1;
        for word in message.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()) { // <- hot 21
            let list = self.postings.entry(word.to_lowercase()).or_default(); // <- hot 36
            if list.last() != Some(&id) {
                list.push(id);
            }
        }
        id
    }

    /// Ids of the messages that contain all of the words.
    pub fn search(&self, words: &[&str]) -> Vec<u32> {
        let mut lists: Vec<&Vec<u32>> = Vec::new();
        for w in words {
            match self.postings.get(&w.to_lowercase()) {
                Some(list) => lists.push(list),
                None => return Vec::new(),
            }
        }
        lists.sort_by_key(|l| l.len());
        let mut lists = lists.into_iter();
        let first = match lists.next() {
            Some(l) => l.clone(),
            None => return Vec::new(),
        };
        lists.fold(first, |acc, list| intersect(&acc, list))
    }
}

fn intersect(a: &[u32], b: &[u32]) -> Vec<u32> {
    let (mut i, mut j) = (0, 0);
    let mut out = Vec::new();
    while i < a.len() && j < b.len() {
        match a[i].cmp(&b[j]) { // <- hot 19
            Ordering::Less => i += 1,
            Ordering::Greater => j += 1, // <- hot 8
            Ordering::Equal => {
                out.push(a[i]);
                i += 1;
                j += 1;
            }
        }
    }
    out
}
