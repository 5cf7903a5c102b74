//! Inline markup of the wiki renderer: *bold*, _italic_, everything else verbatim.

#[derive(Debug, PartialEq, Clone, Copy)]
pub enum Style {
    Plain,
    Bold,
    Italic,
}

#[derive(Debug)]
pub struct Span {
    pub style: Style,
    pub text: String,
}

struct Cursor<'a> {
    rest: std::str::Chars<'a>,
}

impl<'a> Cursor<'a> {
    fn new(src: &'a str) -> Self {
        Cursor { rest: src.chars() }
    }

    fn peek(&self) -> Option<char> {
        self.rest.clone().next() // <- hot 26
    }

    fn bump(&mut self) {
        self.rest.next(); // <- hot 19
    }
}

fn flush(out: &mut Vec<Span>, style: Style, buf: &mut String) {
    if !buf.is_empty() {
        out.push(Span { style, text: std::mem::take(buf) });
    }
}

pub fn render(line: &str) -> Vec<Span> {
    let mut cur = Cursor::new(line);
    let mut style = Style::Plain;
    let mut out = Vec::new();
    let mut buf = String::new();
    while let Some(c) = cur.peek() {
        let toggled = match c {
            '*' => Some(Style::Bold),
            '_' => Some(Style::Italic),
            _ => None,
        };
        match toggled {
            Some(s) => {
                flush(&mut out, style, &mut buf);
                style = if style == s { Style::Plain } else { s };
            }
            None => buf.push(c), // <- hot 41
        }
        cur.bump();
    }
    flush(&mut out, style, &mut buf);
    out
}
