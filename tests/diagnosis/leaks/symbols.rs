use std::collections::HashMap;
use std::sync::{Mutex, OnceLock};

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Symbol(u32);

#[derive(Default)]
struct Table {
    ids: HashMap<&'static str, Symbol>,
    names: Vec<&'static str>, // <- cost
}

static TABLE: OnceLock<Mutex<Table>> = OnceLock::new();

fn table() -> &'static Mutex<Table> {
    TABLE.get_or_init(|| Mutex::new(Table::default()))
}

pub fn intern(text: &str) -> Symbol {
    let mut t = table().lock().unwrap();
    if let Some(s) = t.ids.get(text) {
        return *s;
    }
    let owned: &'static str = Box::leak(text.to_owned().into_boxed_str()); // <- made 65 <- cost
    let sym = Symbol(t.names.len() as u32);
    t.names.push(owned); // <- made 10
    t.ids.insert(owned, sym); // <- made 25 <- cost
    sym
}

pub fn resolve(sym: Symbol) -> &'static str {
    table().lock().unwrap().names[sym.0 as usize]
}

#[derive(Debug, Clone, PartialEq)]
pub enum Token {
    Ident(Symbol),
    Str(Symbol),
    Num(f64),
    Punct(char),
}

pub struct Lexer<'a> {
    src: &'a str,
    pos: usize,
    errors: Vec<String>,
}

impl<'a> Lexer<'a> {
    pub fn new(src: &'a str) -> Self {
        Lexer { src, pos: 0, errors: Vec::new() }
    }

    fn take(&mut self, f: impl Fn(char) -> bool) -> &'a str {
        let rest = &self.src[self.pos..];
        let len = rest.find(|c| !f(c)).unwrap_or(rest.len());
        self.pos += len;
        &rest[..len]
    }

    pub fn tokens(mut self) -> Result<Vec<Token>, Vec<String>> {
        let mut out = Vec::with_capacity(self.src.len() / 4);
        while let Some(c) = self.src[self.pos..].chars().next() {
            if c.is_whitespace() {
                self.take(char::is_whitespace);
            } else if c.is_alphabetic() {
                out.push(Token::Ident(intern(self.take(char::is_alphanumeric))));
            } else if c.is_ascii_digit() {
                match self.take(|c| c.is_ascii_digit() || c == '.').parse() {
                    Ok(n) => out.push(Token::Num(n)),
                    Err(e) => self.errors.push(format!("{}: {}", self.pos, e)),
                }
            } else if c == '"' {
                self.pos += 1;
                let body = self.take(|c| c != '"');
                out.push(Token::Str(intern(body)));
                self.pos = (self.pos + 1).min(self.src.len());
            } else {
                out.push(Token::Punct(c));
                self.pos += c.len_utf8();
            }
        }
        if self.errors.is_empty() { Ok(out) } else { Err(self.errors) }
    }
}
