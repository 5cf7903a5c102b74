use std::collections::{HashMap, HashSet, VecDeque};
use std::time::{Duration, Instant};

pub struct Page {
    pub url: String,
    pub html: String,
    pub status: u16,
}

#[derive(Default)]
struct Host {
    last: Option<Instant>,
    referers: Vec<Reference>, // <- cost
    fetched: u64,
}

struct Reference {
    from: String,
    to: String,
}

pub struct Crawler<F> {
    fetch: F,
    frontier: VecDeque<String>,
    seen: HashSet<u64>,
    hosts: HashMap<String, Host>,
    max_frontier: usize,
}

fn hash(url: &str) -> u64 {
    url.bytes().fold(0xcbf29ce484222325, |h, b| (h ^ b as u64).wrapping_mul(0x100000001b3))
}

fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, r)| r);
    rest.split('/').next().unwrap_or(rest)
}

fn links(page: &Page) -> Vec<String> {
    let mut out = Vec::new();
    for part in page.html.split("href=\"").skip(1) {
        if let Some((href, _)) = part.split_once('"') {
            if href.starts_with("http") {
                out.push(href.to_string()); // <- made 50
            } else if href.starts_with('/') {
                out.push(format!("https://{}{}", host_of(&page.url), href)); // <- made 15
            }
        }
    }
    out
}

impl<F: FnMut(&str) -> Option<Page>> Crawler<F> {
    pub fn new(fetch: F, seeds: &[&str]) -> Self {
        Crawler {
            fetch,
            frontier: seeds.iter().map(|s| s.to_string()).collect(),
            seen: HashSet::new(),
            hosts: HashMap::new(),
            max_frontier: 10_000,
        }
    }

    fn note(&mut self, from: &str, to: String) {
        let host = self.hosts.entry(host_of(&to).to_string()).or_default();
        host.referers.push(Reference { from: from.to_string(), to }); // <- made 35 <- cost
    }

    pub fn step(&mut self) -> Option<Page> {
        let url = self.frontier.pop_front()?;
        let host = self.hosts.entry(host_of(&url).to_string()).or_default();
        if host.last.map_or(false, |t| t.elapsed() < Duration::from_millis(200)) {
            self.frontier.push_back(url);
            return None;
        }
        host.last = Some(Instant::now());
        host.fetched += 1;
        let page = (self.fetch)(&url)?;
        for link in links(&page) {
            if self.frontier.len() < self.max_frontier && self.seen.insert(hash(&link)) {
                self.frontier.push_back(link.clone());
            }
            self.note(&page.url, link);
        }
        if self.seen.len() > 1_000_000 {
            self.seen.clear();
        }
        Some(page)
    }

    pub fn broken<'a>(&'a self, host: &str, target: &str) -> Vec<&'a str> {
        let Some(h) = self.hosts.get(host) else { return Vec::new() };
        h.referers.iter().filter(|r| r.to == target).map(|r| r.from.as_str()).collect()
    }
}
