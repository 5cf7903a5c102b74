#[derive(Clone, Debug)]
pub struct Span {
    pub chrom: u8,
    pub start: u32,
    pub end: u32,
}

pub fn coverage(genes: &[Span], reads: &[Span], min_overlap: u32) -> Vec<usize> {
    genes
        .iter()
        .map(|g| { // <- outer
            reads
                .iter()
                .filter(|r| {
                    r.chrom == g.chrom && r.end.min(g.end) >= r.start.max(g.start) + min_overlap // <- 0
                })
                .count()
        })
        .collect()
}
