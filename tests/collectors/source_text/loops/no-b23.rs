pub struct Log {
    pub lines: Vec<String>,
}

fn field(line: &str, n: usize) -> Option<&str> {
    let mut start = 0;
    let mut seen = 0;
    for (i, b) in line.bytes().enumerate() {
        if b == b'\t' { // <- 0
            if seen == n {
                return Some(&line[start..i]);
            }
            seen += 1;
            start = i + 1;
        }
    }
    (seen == n).then(|| &line[start..])
}

fn status(line: &str) -> u16 {
    field(line, 5).and_then(|s| s.parse().ok()).unwrap_or(0) // <- 1
}

impl Log {
    pub fn failures(&self) -> usize {
        self.lines.iter().filter(|l| status(l) >= 500).count() // <- 2
    }
}
