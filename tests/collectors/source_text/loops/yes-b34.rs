pub struct Read {
    pub chrom: u8,
    pub start: u64,
    pub end: u64,
}

pub struct Gene {
    pub name: String,
    pub chrom: u8,
    pub span: std::ops::Range<u64>,
}

fn coverage(g: &Gene, reads: &[Read]) -> u64 {
    reads
        .iter()
        .filter(|r| r.chrom == g.chrom && r.start < g.span.end && r.end > g.span.start) // <- 0
        .map(|r| r.end.min(g.span.end) - r.start.max(g.span.start))
        .sum()
}

pub fn table<'a>(genes: &'a [Gene], reads: &[Read]) -> Vec<(&'a str, f64)> {
    let mut out = Vec::with_capacity(genes.len());
    for g in genes { // <- outer
        let len = (g.span.end - g.span.start) as f64;
        out.push((g.name.as_str(), coverage(g, reads) as f64 / len)); // <- 1
    }
    out
}
