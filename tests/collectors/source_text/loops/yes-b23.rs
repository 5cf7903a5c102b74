#[derive(Debug, Clone, PartialEq)]
pub struct Tag(String);

pub fn distinct<I>(tags: I) -> Vec<(Tag, usize)>
where
    I: IntoIterator<Item = Tag>,
{
    let mut acc: Vec<(Tag, usize)> = Vec::new();
    let mut it = tags.into_iter();
    while let Some(t) = it.next() { // <- outer
        match acc.iter_mut().find(|(have, _)| *have == t) { // <- 0
            Some((_, n)) => *n += 1,
            None => acc.push((t, 1)),
        }
    }
    acc.sort_by(|a, b| b.1.cmp(&a.1));
    acc
}
