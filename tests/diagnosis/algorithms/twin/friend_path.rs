use std::collections::{HashSet, VecDeque};
use std::collections::HashMap;

pub type UserId = u32;

pub trait Friends {
    fn of(&self, user: UserId) -> &[UserId];
}

pub struct Limits {
    pub blocked: HashSet<UserId>,
    pub max_hops: usize,
}

pub fn introduction<F: Friends>(friends: &F, from: UserId, to: UserId, limits: &Limits) -> Option<Vec<UserId>> {
    let mut came_from: HashMap<UserId, UserId> = HashMap::new();
    let mut queue = VecDeque::new();
    came_from.insert(from, from);
    queue.push_back((from, 1));
    while let Some((last, hops)) = queue.pop_front() {
        if last == to {
            let mut path = vec![to];
            let mut at = to;
            while at != from {
                at = came_from[&at];
                path.push(at);
            }
            path.reverse();
            return Some(path);
        }
        if hops > limits.max_hops {
            continue;
        }
        for &next in friends.of(last) {
            if limits.blocked.contains(&next) || came_from.contains_key(&next) { // <- hot 54
                continue;
            }
            came_from.insert(next, last); // <- hot 27
            queue.push_back((next, hops + 1)); // <- hot 6
        }
    }
    None
}
