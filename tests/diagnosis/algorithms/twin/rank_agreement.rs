/// Kendall's tau between what the judges and the audience said.
#[derive(Clone, Debug)]
pub struct Act {
    pub title: String,
    pub judges: u32,
    pub audience: u32,
}

fn sort_counting(v: &mut [u32], tmp: &mut Vec<u32>) -> u64 {
    if v.len() < 2 {
        return 0;
    }
    let mid = v.len() / 2;
    let mut pairs = sort_counting(&mut v[..mid], tmp) + sort_counting(&mut v[mid..], tmp);
    tmp.clear();
    let (mut i, mut j) = (0, mid);
    while i < mid && j < v.len() { // <- hot 17
        if v[i] <= v[j] { // <- hot 28
            tmp.push(v[i]);
            i += 1;
        } else {
            pairs += (mid - i) as u64;
            tmp.push(v[j]); // <- hot 22
            j += 1;
        }
    }
    tmp.extend_from_slice(&v[i..mid]);
    tmp.extend_from_slice(&v[j..]);
    v.copy_from_slice(tmp); // <- hot 9
    pairs
}

fn discordant(acts: &[Act]) -> u64 {
    let mut marks: Vec<u32> = acts.iter().map(|a| a.audience).collect();
    let mut tmp = Vec::with_capacity(marks.len());
    sort_counting(&mut marks, &mut tmp)
}

pub fn tau(mut acts: Vec<Act>) -> f64 {
    let n = acts.len() as f64;
    if acts.len() < 2 {
        return 1.0;
    }
    acts.sort_by_key(|a| (a.judges, a.audience));
    let bad = discordant(&acts) as f64;
    1.0 - 4.0 * bad / (n * (n - 1.0))
}

pub fn summary(season: &[Vec<Act>]) -> Vec<f64> {
    season.iter().map(|acts| tau(acts.clone())).collect()
}
