use std::collections::{HashSet, VecDeque};

pub type UserId = u32;

pub trait Friends {
    fn of(&self, user: UserId) -> &[UserId];
}

pub struct Limits {
    pub blocked: HashSet<UserId>,
    pub max_hops: usize,
}

pub fn introduction<F: Friends>(friends: &F, from: UserId, to: UserId, limits: &Limits) -> Option<Vec<UserId>> {
    let mut seen = HashSet::new();
    let mut queue = VecDeque::new();
    seen.insert(from);
    queue.push_back(vec![from]);
    while let Some(path) = queue.pop_front() {
        let last = *path.last()?;
        if last == to {
            return Some(path);
        }
        if path.len() > limits.max_hops {
            continue;
        }
        for &next in friends.of(last) {
            if limits.blocked.contains(&next) || !seen.insert(next) { // <- hot 19
                continue;
            }
            let mut longer = path.clone(); // <- cost hot 55
            longer.push(next); // <- cost hot 18
            queue.push_back(longer);
        }
    }
    None
}
