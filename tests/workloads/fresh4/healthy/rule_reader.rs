// expect: healthy bench
// Reads the rules by which a weather service warns ("if wind > 90 and gust - wind > 20 warn 3"), checks them, and turns
// them into code for the stations; the rules of one county after the other, thousands of different ones.
use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write;
use std::time::{Duration, Instant};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Token<'a> {
    Word(&'a str),
    Number(i64),
    Sign(u8),
    End,
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    fn span(&mut self, fits: fn(&u8) -> bool) -> &'a str {
        let from = self.at;
        let bytes = self.text.as_bytes();
        while self.at < bytes.len() && fits(&bytes[self.at]) {
            self.at += 1;
        }
        &self.text[from..self.at]
    }

    fn next(&mut self) -> Token<'a> {
        self.span(u8::is_ascii_whitespace);
        match self.text.as_bytes().get(self.at) {
            None => Token::End,
            Some(byte) if byte.is_ascii_digit() => {
                let digits = self.span(u8::is_ascii_digit);
                Token::Number(digits.bytes().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0')))
            }
            Some(byte) if byte.is_ascii_alphabetic() => Token::Word(self.span(u8::is_ascii_alphabetic)),
            Some(byte) => {
                self.at += 1;
                Token::Sign(*byte)
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Code {
    Measure(u16),
    Constant(i64),
    Apply(u8),
    And,
    Warn(i64),
}

/// One rule after the other, by recursive descent.
struct Reader<'a> {
    lexer: Lexer<'a>,
    token: Token<'a>,
    names: &'a HashMap<&'static str, u16>,
    code: Vec<Code>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, names: &'a HashMap<&'static str, u16>) -> Self {
        let mut lexer = Lexer { text, at: 0 };
        let token = lexer.next();
        Reader { lexer, token, names, code: Vec::with_capacity(4096) }
    }

    fn step(&mut self) -> Token<'a> {
        std::mem::replace(&mut self.token, self.lexer.next())
    }

    fn unexpected(&self, token: Token) -> String {
        format!("{token:?} is unexpected at {}", self.lexer.at)
    }

    fn word(&mut self, wanted: &str) -> Result<(), String> {
        match self.step() {
            Token::Word(found) if found == wanted => Ok(()),
            other => Err(self.unexpected(other)),
        }
    }

    fn atom(&mut self) -> Result<(), String> {
        match self.step() {
            Token::Number(value) => self.code.push(Code::Constant(value)),
            Token::Word(name) => {
                let place = self.names.get(name).ok_or_else(|| format!("nobody measures {name}"))?;
                self.code.push(Code::Measure(*place));
            }
            other => return Err(self.unexpected(other)),
        }
        Ok(())
    }

    fn sum(&mut self) -> Result<(), String> {
        self.atom()?;
        while let Token::Sign(sign @ (b'+' | b'-')) = self.token {
            self.step();
            self.atom()?;
            self.code.push(Code::Apply(sign));
        }
        Ok(())
    }

    fn condition(&mut self) -> Result<(), String> {
        self.sum()?;
        match self.step() {
            Token::Sign(sign @ (b'<' | b'>')) => {
                self.sum()?;
                self.code.push(Code::Apply(sign));
                Ok(())
            }
            other => Err(self.unexpected(other)),
        }
    }

    fn rules(mut self) -> Result<Vec<Code>, String> {
        while self.token != Token::End {
            self.word("if")?;
            self.condition()?;
            while self.token == Token::Word("and") {
                self.step();
                self.condition()?;
                self.code.push(Code::And);
            }
            self.word("warn")?;
            match self.step() {
                Token::Number(level) => self.code.push(Code::Warn(level)),
                other => return Err(self.unexpected(other)),
            }
        }
        Ok(self.code)
    }
}

const NAMES: [&str; 6] = ["wind", "gust", "rain", "snow", "frost", "haze"];

/// The rules of a county, into a text that is used again.
fn county(number: usize, text: &mut String) {
    text.clear();
    for n in 0..200 {
        let (a, b, c) = (NAMES[(number + n) % 6], NAMES[(number * 7 + n * 5) % 6], NAMES[(n * n + number) % 6]);
        let _ = writeln!(text, "if {a} > {} and {b} - {c} > {} warn {}", number % 90 + n, n * 31 % 60, n % 4 + 1);
    }
    if number % 5003 == 0 {
        text.push_str("if sunshine > 3 warn 1\n");
    }
}

fn main() {
    let names: HashMap<&'static str, u16> = NAMES.iter().zip(0..).map(|(name, place)| (*name, place)).collect();
    let mut log = File::create("rules.log").unwrap();
    let (mut read, mut wrong, mut levels, mut sum) = (0u64, 0u64, [0u64; 5], 0i64);
    let (began, mut told, mut text) = (Instant::now(), Instant::now(), String::new());
    println!("ready {}", std::process::id());
    for number in 0usize.. {
        county(number, &mut text);
        match Reader::new(&text, &names).rules() {
            Ok(code) => {
                read += 1;
                for step in code {
                    sum = match step {
                        Code::Measure(place) => sum.wrapping_mul(31) ^ i64::from(place),
                        Code::Constant(value) => sum ^ value,
                        Code::Apply(sign) => sum.rotate_left(u32::from(sign % 8)),
                        Code::And => sum.rotate_left(9),
                        Code::Warn(level) => {
                            levels[level as usize % 5] += 1;
                            sum ^ level
                        }
                    };
                }
            }
            Err(problem) => {
                wrong += 1;
                writeln!(log, "county {number}: {problem}").unwrap();
            }
        }
        if told.elapsed() > Duration::from_secs(1) {
            told = Instant::now();
            let rate = read as f64 / began.elapsed().as_secs_f64();
            writeln!(log, "{rate:.0} counties a second, {wrong} wrong, levels {levels:?}, sum {sum:x}").unwrap();
        }
    }
}
