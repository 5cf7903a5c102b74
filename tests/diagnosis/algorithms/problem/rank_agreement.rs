/// Kendall's tau between what the judges and the audience said.
#[derive(Clone, Debug)]
pub struct Act {
    pub title: String,
    pub judges: u32,
    pub audience: u32,
}

fn discordant(acts: &[Act]) -> u64 {
    let mut pairs = 0;
    for (i, a) in acts.iter().enumerate() {
        for b in &acts[i + 1..] { // <- cost hot 30
            if a.audience > b.audience { // <- cost hot 62
                pairs += 1;
            }
        }
    }
    pairs
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
