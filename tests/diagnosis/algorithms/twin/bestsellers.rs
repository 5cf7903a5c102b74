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
            .map(|(isbn, sold)| Title { isbn: isbn.clone(), sold: *sold }) // <- hot 41
            .collect()
    }

    /// The full ranking, best first; ties go to the smaller ISBN.
    pub fn ranking(&self) -> Vec<(usize, Title)> {
        let mut rest = self.titles();
        rest.sort_by(|a, b| b.sold.cmp(&a.sold).then_with(|| a.isbn.cmp(&b.isbn))); // <- hot 39
        rest.into_iter().enumerate().map(|(i, t)| (i + 1, t)).collect()
    }
}

pub fn print_chart(register: &Register, lines: usize) -> String {
    let mut out = String::new();
    for (place, title) in register.ranking().into_iter().take(lines) {
        out.push_str(&format!("{:>4}. {} ({})\n", place, title.isbn, title.sold));
    }
    out
}
