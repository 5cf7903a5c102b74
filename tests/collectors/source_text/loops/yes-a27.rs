#[derive(Default)]
pub struct Interner {
    names: Vec<Box<str>>,
}

impl Interner {
    pub fn id(&mut self, name: &str) -> usize {
        if let Some(i) = self.names.iter().position(|n| &**n == name) { // <- 0
            return i;
        }
        self.names.push(name.into());
        self.names.len() - 1
    }
}

pub struct Edges(pub Vec<(usize, usize)>);

pub fn read_edges(text: &str, it: &mut Interner) -> Edges {
    let mut out = Vec::new();
    for line in text.lines() { // <- outer
        let mut parts = line.split(',');
        let (Some(a), Some(b)) = (parts.next(), parts.next()) else {
            continue;
        };
        let from = it.id(a.trim()); // <- 1
        let to = it.id(b.trim());
        out.push((from, to));
    }
    Edges(out)
}
