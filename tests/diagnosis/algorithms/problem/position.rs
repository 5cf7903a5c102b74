use std::collections::BTreeMap;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineCol {
    pub line: u32,
    pub col: u32,
}

#[derive(Debug, Clone, Copy)]
pub struct TextRange {
    pub start: usize,
    pub end: usize,
}

#[derive(Debug, Clone)]
pub struct Diagnostic {
    pub range: TextRange,
    pub code: &'static str,
    pub message: String,
}

#[derive(Debug)]
pub struct ClientDiagnostic {
    pub start: LineCol,
    pub end: LineCol,
    pub message: String,
}

pub struct SourceText {
    text: String,
}

impl SourceText {
    pub fn new(text: String) -> Self {
        SourceText { text }
    }

    pub fn line_col(&self, offset: usize) -> LineCol {
        let mut line = 0;
        let mut line_start = 0;
        for (i, b) in self.text.as_bytes()[..offset].iter().enumerate() { // <- cost hot 38
            if *b == b'\n' { // <- hot 49
                line += 1;
                line_start = i + 1;
            }
        }
        LineCol { line, col: (offset - line_start) as u32 }
    }
}

pub fn publish(source: &SourceText, found: &[Diagnostic]) -> BTreeMap<&'static str, Vec<ClientDiagnostic>> {
    let mut by_code: BTreeMap<&'static str, Vec<ClientDiagnostic>> = BTreeMap::new();
    for d in found {
        let converted = ClientDiagnostic {
            start: source.line_col(d.range.start), // <- cost
            end: source.line_col(d.range.end),     // <- cost
            message: d.message.clone(),
        };
        by_code.entry(d.code).or_default().push(converted);
    }
    by_code
}
