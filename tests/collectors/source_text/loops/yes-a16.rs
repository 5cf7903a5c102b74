use std::io::{self, BufRead};

pub fn distinct_words<R: BufRead>(input: R) -> io::Result<Vec<String>> {
    let mut words: Vec<String> = Vec::new();
    for line in input.lines() {
        let line = line?;
        for raw in line.split_whitespace() { // <- outer
            let w = raw
                .trim_matches(|c: char| !c.is_alphanumeric())
                .to_lowercase();
            if w.is_empty() {
                continue;
            }
            if !words.contains(&w) { // <- 0
                words.push(w);
            }
        }
    }
    Ok(words)
}
