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
    newlines: Vec<usize>,
}

impl SourceText {
    pub fn new(text: &str) -> Self {
        let mut newlines = vec![0];
        newlines.extend(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1)); // <- hot 25
        SourceText { newlines }
    }

    pub fn line_col(&self, offset: usize) -> LineCol {
        let line = self.newlines.partition_point(|&start| start <= offset) - 1; // <- hot 31
        LineCol { line: line as u32, col: (offset - self.newlines[line]) as u32 }
    }
}

pub fn publish(source: &SourceText, found: &[Diagnostic]) -> BTreeMap<&'static str, Vec<ClientDiagnostic>> {
    let mut by_code: BTreeMap<&'static str, Vec<ClientDiagnostic>> = BTreeMap::new();
    for d in found {
        let converted = ClientDiagnostic {
            start: source.line_col(d.range.start),
            end: source.line_col(d.range.end),
            message: d.message.clone(), // <- hot 22
        };
        by_code.entry(d.code).or_default().push(converted); // <- hot 17
    }
    by_code
}
