use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, RwLock};

/// A label pair that is cheap to compare and to copy around.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(u32);

#[derive(Default)]
struct Tables {
    by_name: HashMap<Arc<str>, Tag>,
    names: Vec<Arc<str>>, // <- cost
}

#[derive(Default)]
pub struct Interner {
    tables: RwLock<Tables>,
}

impl Interner {
    pub fn intern(&self, text: &str) -> Tag {
        if let Some(tag) = self.tables.read().unwrap().by_name.get(text) {
            return *tag;
        }
        let mut t = self.tables.write().unwrap();
        if let Some(tag) = t.by_name.get(text) {
            return *tag;
        }
        let name: Arc<str> = Arc::from(text); // <- made 70
        let tag = Tag(t.names.len() as u32);
        t.names.push(name.clone()); // <- cost
        t.by_name.insert(name, tag); // <- cost // <- made 30
        tag
    }

    pub fn name(&self, tag: Tag) -> Arc<str> {
        self.tables.read().unwrap().names[tag.0 as usize].clone()
    }
}

pub struct Point {
    pub tags: Vec<Tag>,
    pub value: f64,
    pub at: u64,
}

pub struct Ingest {
    interner: Interner,
    window: Mutex<VecDeque<Point>>,
    keep_secs: u64,
}

impl Ingest {
    pub fn new(keep_secs: u64) -> Self {
        Ingest {
            interner: Interner::default(),
            window: Mutex::new(VecDeque::new()),
            keep_secs,
        }
    }

    /// `cpu,host=a,region=eu 0.64 1700000000`
    pub fn line(&self, line: &str) -> Option<()> {
        let mut fields = line.split_whitespace();
        let head = fields.next()?;
        let value: f64 = fields.next()?.parse().ok()?;
        let at: u64 = fields.next()?.parse().ok()?;
        let mut tags: Vec<Tag> = head.split(',').map(|t| self.interner.intern(t)).collect();
        tags.sort();
        let mut window = self.window.lock().unwrap();
        window.push_back(Point { tags, value, at });
        while window.front().map_or(false, |p| p.at + self.keep_secs < at) {
            window.pop_front();
        }
        Some(())
    }

    pub fn totals(&self, prefix: &str) -> BTreeMap<String, f64> {
        let mut out = BTreeMap::new();
        for p in self.window.lock().unwrap().iter() {
            for tag in &p.tags {
                let name = self.interner.name(*tag);
                if name.starts_with(prefix) {
                    *out.entry(name.to_string()).or_insert(0.0) += p.value;
                }
            }
        }
        out
    }
}
