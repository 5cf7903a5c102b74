use std::collections::HashMap;

/// Expands `{name}` in the text of a letter.
pub struct Template<'a> {
    source: &'a str,
    length: usize,
    vars: &'a HashMap<String, String>,
}

impl<'a> Template<'a> {
    pub fn new(source: &'a str, vars: &'a HashMap<String, String>) -> Self {
        Template { source, length: source.chars().count(), vars }
    }

    fn peek(&self, at: usize) -> Option<char> {
        self.source.chars().nth(at) // <- cost hot 93
    }

    pub fn expand(&self) -> String {
        let mut out = String::with_capacity(self.length * 2);
        let mut at = 0;
        while at < self.length {
            match self.peek(at) { // <- cost
                Some('{') => {
                    let mut name = String::new();
                    at += 1;
                    while let Some(c) = self.peek(at).filter(|c| *c != '}') {
                        name.push(c);
                        at += 1;
                    }
                    if let Some(value) = self.vars.get(&name) {
                        out.push_str(value);
                    }
                }
                Some(c) => out.push(c),
                None => break,
            }
            at += 1;
        }
        out
    }
}
