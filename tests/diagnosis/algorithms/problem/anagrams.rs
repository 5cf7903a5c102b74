/// Groups the entries of a word list for the daily puzzle.
#[derive(Debug, Default)]
pub struct Puzzle {
    pub words: Vec<String>,
    pub min_group: usize,
}

fn letters(word: &str) -> Vec<char> {
    let mut cs: Vec<char> = word.to_lowercase().chars().collect(); // <- hot 44
    cs.sort_unstable(); // <- hot 31
    cs
}

fn is_anagram(a: &str, b: &str) -> bool {
    a.len() == b.len() && letters(a) == letters(b) // <- cost hot 12
}

impl Puzzle {
    pub fn groups(&self) -> Vec<Vec<&str>> {
        let mut used = vec![false; self.words.len()];
        let mut out = Vec::new();
        for i in 0..self.words.len() {
            if used[i] {
                continue;
            }
            let mut group = vec![self.words[i].as_str()];
            for j in i + 1..self.words.len() { // <- cost
                if !used[j] && is_anagram(&self.words[i], &self.words[j]) { // <- cost hot 8
                    used[j] = true;
                    group.push(self.words[j].as_str());
                }
            }
            if group.len() >= self.min_group {
                out.push(group);
            }
        }
        out
    }

    pub fn hardest(&self) -> Option<Vec<&str>> {
        self.groups().into_iter().max_by_key(|g| g[0].len() * g.len())
    }
}

pub fn load(text: &str, min_group: usize) -> Puzzle {
    let words = text
        .lines()
        .map(str::trim)
        .filter(|w| w.len() > 2)
        .map(String::from)
        .collect();
    Puzzle { words, min_group }
}
