#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    Number(f64),
    Symbol(String),
    List(Vec<Expr>),
}

#[derive(Debug)]
pub enum ParseError {
    UnexpectedEnd,
    StrayParen,
}

fn tokens(src: &str) -> Vec<String> {
    src.replace('(', " ( ")
        .replace(')', " ) ")
        .split_whitespace()
        .map(String::from) // <- hot 34
        .collect()
}

fn atom(token: &str) -> Expr {
    match token.parse::<f64>() {
        Ok(n) => Expr::Number(n),
        Err(_) => Expr::Symbol(token.to_string()), // <- hot 19
    }
}

/// Parses one expression and returns it with the tokens that follow it.
fn parse(tokens: &[String]) -> Result<(Expr, &[String]), ParseError> {
    let (head, mut rest) = tokens.split_first().ok_or(ParseError::UnexpectedEnd)?; // <- hot 14
    match head.as_str() {
        "(" => {
            let mut items = Vec::new();
            loop {
                match rest.first().map(String::as_str) {
                    None => return Err(ParseError::UnexpectedEnd),
                    Some(")") => return Ok((Expr::List(items), &rest[1..])),
                    Some(_) => {
                        let (item, after) = parse(rest)?;
                        items.push(item); // <- hot 16
                        rest = after;
                    }
                }
            }
        }
        ")" => Err(ParseError::StrayParen),
        other => Ok((atom(other), rest)),
    }
}

pub fn parse_program(src: &str) -> Result<Vec<Expr>, ParseError> {
    let all = tokens(src);
    let mut rest: &[String] = &all;
    let mut program = Vec::new();
    while !rest.is_empty() {
        let (expr, after) = parse(rest)?;
        program.push(expr);
        rest = after;
    }
    Ok(program)
}
