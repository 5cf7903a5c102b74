use std::collections::HashMap;

/// Groups the entries of a word list for the daily puzzle.
#[derive(Debug, Default)]
pub struct Puzzle {
    pub words: Vec<String>,
    pub min_group: usize,
}

fn letters(word: &str) -> Vec<char> {
    let mut cs: Vec<char> = word.to_lowercase().chars().collect(); // <- hot 38
    cs.sort_unstable(); // <- hot 24
    cs
}

impl Puzzle {
    pub fn groups(&self) -> Vec<Vec<&str>> {
        let mut by_letters: HashMap<Vec<char>, Vec<&str>> = HashMap::new();
        for w in &self.words {
            by_letters.entry(letters(w)).or_default().push(w.as_str()); // <- hot 27
        }
        let mut out: Vec<Vec<&str>> = by_letters
            .into_values()
            .filter(|g| g.len() >= self.min_group)
            .collect();
        out.sort();
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
