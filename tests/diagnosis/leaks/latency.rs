use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Mutex;
use std::time::Instant;

#[derive(Clone)]
pub struct Sample {
    pub nanos: u64,
    pub tags: Vec<(String, String)>,
}

#[derive(Default)]
struct Series {
    window: Vec<u64>,
    outliers: Vec<Sample>, // <- cost
    total: u64,
    count: u64,
}

#[derive(Default)]
pub struct Registry {
    series: Mutex<HashMap<&'static str, Series>>,
    labels: Vec<(String, String)>,
}

pub struct Timer<'a> {
    reg: &'a Registry,
    name: &'static str,
    start: Instant,
    tags: Vec<(&'static str, String)>,
}

impl<'a> Timer<'a> {
    pub fn tag(mut self, key: &'static str, value: impl ToString) -> Self {
        self.tags.push((key, value.to_string()));
        self
    }
}

impl Drop for Timer<'_> {
    fn drop(&mut self) {
        let nanos = self.start.elapsed().as_nanos() as u64;
        self.reg.record(self.name, nanos, &self.tags);
    }
}

impl Registry {
    pub fn with_labels(labels: &[(&str, &str)]) -> Self {
        let labels = labels.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        Registry { labels, ..Default::default() }
    }

    pub fn timer(&self, name: &'static str) -> Timer<'_> {
        Timer { reg: self, name, start: Instant::now(), tags: Vec::new() }
    }

    fn sample(&self, nanos: u64, tags: &[(&'static str, String)]) -> Sample {
        let mut all = self.labels.clone(); // <- made 55
        all.extend(tags.iter().map(|(k, v)| (k.to_string(), v.clone()))); // <- made 35
        Sample { nanos, tags: all }
    }

    fn record(&self, name: &'static str, nanos: u64, tags: &[(&'static str, String)]) {
        let mut map = self.series.lock().unwrap();
        let s = map.entry(name).or_default();
        s.total += nanos;
        s.count += 1;
        let mean = s.total / s.count;
        if nanos > mean * 3 {
            s.outliers.push(self.sample(nanos, tags)); // <- made 10 <- cost
        }
        s.window.push(nanos);
    }

    pub fn flush(&self) -> String {
        let mut out = String::new();
        let mut map = self.series.lock().unwrap();
        for (name, s) in map.iter_mut() {
            let mut sorted = std::mem::take(&mut s.window);
            sorted.sort_unstable();
            let p99 = sorted.get(sorted.len() * 99 / 100).copied().unwrap_or(0);
            let _ = writeln!(out, "{name} n={} p99={p99}", sorted.len());
            for o in s.outliers.iter().rev().take(3) { // <- cost
                let _ = writeln!(out, "  slow {} {:?}", o.nanos, o.tags);
            }
        }
        out
    }
}
