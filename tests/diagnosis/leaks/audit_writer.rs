use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{SystemTime, UNIX_EPOCH};

pub enum Record {
    Line { stream: &'static str, text: String },
    Stop,
}

pub struct Audit {
    tx: Sender<Record>,
    worker: Option<JoinHandle<io::Result<()>>>,
    hostname: Arc<str>,
}

impl Audit {
    pub fn open(dir: &Path, hostname: &str) -> Audit {
        let (tx, rx) = mpsc::channel(); // <- cost
        let dir = dir.to_path_buf();
        let worker = thread::spawn(move || write_all(dir, rx));
        Audit { tx, worker: Some(worker), hostname: Arc::from(hostname) }
    }

    pub fn log(&self, stream: &'static str, actor: &str, fields: &[(&str, &str)]) {
        let text = self.render(actor, fields);
        let _ = self.tx.send(Record::Line { stream, text }); // <- cost // <- made 15
    }

    fn render(&self, actor: &str, fields: &[(&str, &str)]) -> String {
        let at = SystemTime::now().duration_since(UNIX_EPOCH).map(|d| d.as_millis()).unwrap_or(0);
        let body: Vec<String> = fields.iter().map(|(k, v)| format!("\"{}\":\"{}\"", k, escape(v))).collect();
        format!( // <- made 85
            "{{\"at\":{},\"host\":\"{}\",\"actor\":\"{}\",{}}}\n",
            at,
            self.hostname,
            escape(actor),
            body.join(",")
        )
    }
}

impl Drop for Audit {
    fn drop(&mut self) {
        let _ = self.tx.send(Record::Stop);
        if let Some(w) = self.worker.take() {
            let _ = w.join();
        }
    }
}

fn escape(s: &str) -> String {
    let mut out = String::with_capacity(s.len());
    for c in s.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            c => out.push(c),
        }
    }
    out
}

fn write_all(dir: PathBuf, rx: Receiver<Record>) -> io::Result<()> {
    let mut files: HashMap<&'static str, BufWriter<File>> = HashMap::new();
    for rec in rx {
        match rec {
            Record::Line { stream, text } => {
                if !files.contains_key(stream) {
                    let path = dir.join(format!("{stream}.log"));
                    let file = OpenOptions::new().create(true).append(true).open(path)?;
                    files.insert(stream, BufWriter::new(file));
                }
                let f = files.get_mut(stream).unwrap();
                f.write_all(text.as_bytes())?;
                f.flush()?;
                f.get_ref().sync_data()?;
            }
            Record::Stop => break,
        }
    }
    Ok(())
}
