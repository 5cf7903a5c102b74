use std::collections::HashMap;

/// Expands `{name}` in the text of a letter.
pub struct Template<'a> {
    source: Vec<char>,
    vars: &'a HashMap<String, String>,
}

impl<'a> Template<'a> {
    pub fn new(source: &'a str, vars: &'a HashMap<String, String>) -> Self {
        Template { source: source.chars().collect(), vars } // <- hot 24
    }

    fn peek(&self, at: usize) -> Option<char> {
        self.source.get(at).copied() // <- hot 22
    }

    pub fn expand(&self) -> String {
        let mut out = String::with_capacity(self.source.len() * 2);
        let mut at = 0;
        while at < self.source.len() {
            match self.peek(at) {
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
                Some(c) => out.push(c), // <- hot 36
                None => break,
            }
            at += 1;
        }
        out
    }
}
