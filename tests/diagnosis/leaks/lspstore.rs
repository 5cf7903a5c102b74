use std::collections::HashMap;
use std::sync::Arc;

#[derive(Debug, Clone)]
pub struct Diagnostic {
    pub line: usize,
    pub message: String,
}

#[derive(Debug)]
pub struct Analysis {
    pub line_starts: Vec<usize>,
    pub words: HashMap<String, usize>,
    pub diagnostics: Vec<Diagnostic>,
}

pub struct Document {
    pub text: Arc<str>,
    pub version: i32,
}

#[derive(Default)]
pub struct Workspace {
    docs: HashMap<String, Document>,
    analyses: HashMap<(String, i32), Arc<Analysis>>, // <- cost
    published: HashMap<String, usize>,
    queue: Vec<String>,
}

fn analyse(text: &str) -> Analysis {
    let mut line_starts = vec![0];
    let mut words = HashMap::new();
    let mut diagnostics = Vec::new();
    for (n, line) in text.lines().enumerate() {
        line_starts.push(line_starts[n] + line.len() + 1); // <- made 20
        for w in line.split(|c: char| !c.is_alphanumeric()) {
            if !w.is_empty() {
                *words.entry(w.to_string()).or_insert(0) += 1; // <- made 70
            }
        }
        if line.len() > 120 {
            diagnostics.push(Diagnostic { line: n, message: format!("{} columns", line.len()) }); // <- made 10
        }
    }
    Analysis { line_starts, words, diagnostics }
}

impl Workspace {
    pub fn did_open(&mut self, uri: &str, version: i32, text: &str) {
        self.docs.insert(uri.to_string(), Document { text: Arc::from(text), version });
        self.queue.push(uri.to_string());
    }

    pub fn did_change(&mut self, uri: &str, version: i32, text: String) {
        if let Some(doc) = self.docs.get_mut(uri) {
            doc.text = Arc::from(text);
            doc.version = version;
            self.queue.push(uri.to_string());
        }
    }

    pub fn did_close(&mut self, uri: &str) {
        if let Some(doc) = self.docs.remove(uri) {
            self.analyses.remove(&(uri.to_string(), doc.version));
        }
        self.published.remove(uri);
    }

    pub fn analysis(&mut self, uri: &str) -> Option<Arc<Analysis>> {
        let doc = self.docs.get(uri)?;
        let key = (uri.to_string(), doc.version);
        if let Some(a) = self.analyses.get(&key) {
            return Some(a.clone());
        }
        let a = Arc::new(analyse(&doc.text));
        self.analyses.insert(key, a.clone()); // <- cost
        Some(a)
    }

    pub fn idle(&mut self, mut publish: impl FnMut(&str, &[Diagnostic])) {
        let mut pending = std::mem::take(&mut self.queue);
        pending.sort();
        pending.dedup();
        for uri in pending {
            if let Some(a) = self.analysis(&uri) {
                publish(&uri, &a.diagnostics);
                self.published.insert(uri, a.diagnostics.len());
            }
        }
    }
}
