use std::collections::HashMap;

#[derive(Debug, Clone)]
pub struct Title {
    pub isbn: String,
    pub sold: u64,
}

pub struct Register {
    counts: HashMap<String, u64>,
}

impl Register {
    pub fn new() -> Self {
        Register { counts: HashMap::new() }
    }

    pub fn record(&mut self, isbn: &str, copies: u64) {
        *self.counts.entry(isbn.to_string()).or_insert(0) += copies;
    }

    fn titles(&self) -> Vec<Title> {
        self.counts
            .iter()
            .map(|(isbn, sold)| Title { isbn: isbn.clone(), sold: *sold })
            .collect()
    }

    /// The full ranking, best first; ties go to the smaller ISBN.
    pub fn ranking(&self) -> Vec<(usize, Title)> {
        let mut rest = self.titles();
        let mut ranked = Vec::with_capacity(rest.len());
        while !rest.is_empty() {
            let mut top = 0;
            for i in 1..rest.len() { // <- cost hot 12
                if beats(&rest[i], &rest[top]) { // <- cost hot 58
                    top = i;
                }
            }
            let title = rest.remove(top); // <- cost hot 21
            ranked.push((ranked.len() + 1, title));
        }
        ranked
    }
}

fn beats(a: &Title, b: &Title) -> bool {
    a.sold > b.sold || (a.sold == b.sold && a.isbn < b.isbn)
}

pub fn print_chart(register: &Register, lines: usize) -> String {
    let mut out = String::new();
    for (place, title) in register.ranking().into_iter().take(lines) {
        out.push_str(&format!("{:>4}. {} ({})\n", place, title.isbn, title.sold));
    }
    out
}
