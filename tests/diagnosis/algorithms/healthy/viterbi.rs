/// Part-of-speech tagging with a first-order hidden Markov model.
use std::collections::HashMap;

pub struct Model {
    tags: Vec<String>,
    start: Vec<f64>,
    step: Vec<Vec<f64>>,
    emit: HashMap<String, Vec<f64>>,
    unknown: Vec<f64>,
}

impl Model {
    pub fn new(
        tags: Vec<String>,
        start: Vec<f64>,
        step: Vec<Vec<f64>>,
        emit: HashMap<String, Vec<f64>>,
        unknown: Vec<f64>,
    ) -> Self {
        Model { tags, start, step, emit, unknown }
    }

    fn emission(&self, word: &str) -> &[f64] {
        self.emit.get(word).unwrap_or(&self.unknown) // <- hot 7
    }

    pub fn tag(&self, words: &[&str]) -> Vec<&str> {
        if words.is_empty() {
            return Vec::new();
        }
        let n = self.tags.len();
        let first = self.emission(words[0]);
        let mut score: Vec<f64> = (0..n).map(|t| self.start[t] + first[t]).collect();
        let mut back: Vec<Vec<usize>> = Vec::with_capacity(words.len());
        for word in &words[1..] {
            let e = self.emission(word);
            let mut next = vec![f64::NEG_INFINITY; n];
            let mut from = vec![0; n];
            for p in 0..n {
                let row = &self.step[p];
                for t in 0..n { // <- hot 16
                    let s = score[p] + row[t]; // <- hot 37
                    if s > next[t] { // <- hot 31
                        next[t] = s;
                        from[t] = p;
                    }
                }
            }
            for t in 0..n {
                next[t] += e[t];
            }
            score = next;
            back.push(from);
        }
        let mut t = (0..n).max_by(|a, b| score[*a].total_cmp(&score[*b])).unwrap_or(0);
        let mut path = vec![self.tags[t].as_str()];
        for from in back.iter().rev() {
            t = from[t];
            path.push(self.tags[t].as_str());
        }
        path.reverse();
        path
    }
}
