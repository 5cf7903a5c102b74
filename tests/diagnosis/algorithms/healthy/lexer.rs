#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Ident,
    Keyword,
    Number,
    Str { terminated: bool },
    LineComment,
    BlockComment { terminated: bool },
    Whitespace,
    Punct(u8),
}

#[derive(Debug, Clone, Copy)]
pub struct Token {
    pub kind: Kind,
    pub len: u32,
}

const KEYWORDS: [&[u8]; 8] = [b"fn", b"let", b"if", b"else", b"while", b"for", b"return", b"match"];

struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    fn first(&self) -> u8 {
        self.rest.first().copied().unwrap_or(0)
    }

    fn bump(&mut self) -> u8 {
        let c = self.first();
        self.rest = &self.rest[1..];
        c
    }

    fn eat_while(&mut self, pred: impl Fn(u8) -> bool) {
        let n = self.rest.iter().position(|&b| !pred(b)).unwrap_or(self.rest.len()); // <- hot 51
        self.rest = &self.rest[n..];
    }

    fn string(&mut self) -> bool {
        while !self.rest.is_empty() {
            match self.bump() { // <- hot 9
                b'"' => return true,
                b'\\' if !self.rest.is_empty() => drop(self.bump()),
                _ => {}
            }
        }
        false
    }

    fn block_comment(&mut self) -> bool {
        let mut depth = 1usize;
        while depth > 0 && !self.rest.is_empty() {
            match (self.bump(), self.first()) { // <- hot 7
                (b'*', b'/') => { self.bump(); depth -= 1 }
                (b'/', b'*') => { self.bump(); depth += 1 }
                _ => {}
            }
        }
        depth == 0
    }

    fn advance(&mut self) -> Token {
        let start = self.rest;
        let kind = match self.bump() {
            b' ' | b'\t' | b'\r' | b'\n' => { self.eat_while(|b| b.is_ascii_whitespace()); Kind::Whitespace }
            b'/' if self.first() == b'/' => { self.eat_while(|b| b != b'\n'); Kind::LineComment }
            b'/' if self.first() == b'*' => { self.bump(); Kind::BlockComment { terminated: self.block_comment() } }
            b'0'..=b'9' => { self.eat_while(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.'); Kind::Number }
            b'"' => Kind::Str { terminated: self.string() },
            c if c == b'_' || c.is_ascii_alphabetic() || c >= 0x80 => {
                self.eat_while(|b| b == b'_' || b.is_ascii_alphanumeric() || b >= 0x80);
                let word = &start[..start.len() - self.rest.len()];
                if KEYWORDS.contains(&word) { Kind::Keyword } else { Kind::Ident } // <- hot 17
            }
            c => Kind::Punct(c),
        };
        Token { kind, len: (start.len() - self.rest.len()) as u32 }
    }
}

pub fn tokenize(text: &str) -> impl Iterator<Item = Token> + '_ {
    let mut cursor = Cursor { rest: text.as_bytes() };
    std::iter::from_fn(move || (!cursor.rest.is_empty()).then(|| cursor.advance()))
}
