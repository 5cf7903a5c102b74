use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, RwLock};
use std::time::SystemTime;

pub type SpanId = u64;

#[derive(Clone, Debug)]
pub struct Field {
    pub key: &'static str,
    pub value: String,
}

pub struct SpanEvent {
    name: Cow<'static, str>,
    at: SystemTime,
    fields: Vec<Field>,
}

pub struct SpanBuilder {
    name: String,
    parent: Option<SpanId>,
    start: SystemTime,
    attributes: Vec<Field>,
    events: Vec<SpanEvent>, // <- cost
    links: HashSet<SpanId>,
}

pub trait Exporter: Send + Sync {
    fn export(&self, batch: Vec<SpanBuilder>);
}

pub struct TraceLayer<E> {
    exporter: E,
    open: RwLock<HashMap<SpanId, Mutex<SpanBuilder>>>,
    batch: Mutex<Vec<SpanBuilder>>,
    batch_size: usize,
}

impl<E: Exporter> TraceLayer<E> {
    pub fn new(exporter: E, batch_size: usize) -> Self {
        TraceLayer { exporter, open: RwLock::default(), batch: Mutex::default(), batch_size }
    }

    pub fn on_new_span(&self, id: SpanId, parent: Option<SpanId>, name: &str, fields: &[(&'static str, &str)]) {
        let builder = SpanBuilder {
            name: name.to_owned(),
            parent,
            start: SystemTime::now(),
            attributes: record(fields),
            events: Vec::new(),
            links: HashSet::new(),
        };
        self.open.write().unwrap().insert(id, Mutex::new(builder));
    }

    pub fn on_follows_from(&self, id: SpanId, follows: SpanId) {
        if let Some(span) = self.open.read().unwrap().get(&id) {
            let mut span = span.lock().unwrap();
            if span.links.len() < 128 {
                span.links.insert(follows);
            }
        }
    }

    pub fn on_event(&self, current: Option<SpanId>, message: &str, fields: &[(&'static str, &str)]) {
        let Some(id) = current else { return };
        let open = self.open.read().unwrap();
        let Some(span) = open.get(&id) else { return };
        let event = SpanEvent {
            name: Cow::Owned(message.to_string()), // <- made 20
            at: SystemTime::now(),
            fields: record(fields),
        };
        span.lock().unwrap().events.push(event); // <- made 20 <- cost
    }

    pub fn on_close(&self, id: SpanId) {
        let Some(span) = self.open.write().unwrap().remove(&id) else { return };
        let mut batch = self.batch.lock().unwrap();
        batch.push(span.into_inner().unwrap());
        if batch.len() >= self.batch_size {
            let full = std::mem::take(&mut *batch);
            drop(batch);
            self.exporter.export(full);
        }
    }

    pub fn describe(&self, id: SpanId) -> Option<String> {
        let open = self.open.read().unwrap();
        let span = open.get(&id)?.lock().unwrap();
        let mut out = format!("{} parent={:?} age={:?}", span.name, span.parent, span.start.elapsed().ok());
        for f in &span.attributes {
            out.push_str(&format!(" {}={}", f.key, f.value));
        }
        if let Some(last) = span.events.last() {
            out.push_str(&format!(" last={} at {:?} ({} fields)", last.name, last.at, last.fields.len()));
        }
        Some(out)
    }
}

fn record(fields: &[(&'static str, &str)]) -> Vec<Field> {
    fields
        .iter()
        .map(|(key, value)| Field { key, value: value.to_string() })
        .collect() // <- made 60
}
