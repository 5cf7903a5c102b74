#[derive(Clone, Copy, PartialEq)]
enum State {
    Start,
    Key,
    Value,
    Quoted,
}

pub fn pairs(input: &str) -> Vec<(String, String)> {
    let (mut out, mut k, mut v) = (Vec::new(), String::new(), String::new());
    let mut st = State::Start;
    for c in input.chars().chain(std::iter::once(';')) {
        st = match (st, c) {
            (State::Start, c) if c.is_whitespace() => State::Start,
            (State::Start, c) => { k.push(c); State::Key }
            (State::Key, '=') => State::Value,
            (State::Key, c) => { k.push(c); State::Key } // <- 0
            (State::Value, '"') => State::Quoted,
            (State::Quoted, '"') => State::Value,
            (State::Value, ';') => {
                out.push((std::mem::take(&mut k), std::mem::take(&mut v)));
                State::Start
            }
            (s, c) => { v.push(c); s }
        };
    }
    out
}

pub fn headers(lines: &[String]) -> Vec<Vec<(String, String)>> {
    lines.iter().map(|l| pairs(l)).collect() // <- 1
}
