use std::collections::{HashMap, VecDeque};

pub type PersonId = u32;

pub struct Contact {
    pub a: PersonId,
    pub b: PersonId,
}

pub struct ContactGraph {
    contacts: Vec<Contact>,
}

impl ContactGraph {
    pub fn new(contacts: Vec<Contact>) -> Self {
        ContactGraph { contacts }
    }

    fn neighbours(&self, who: PersonId) -> impl Iterator<Item = PersonId> + '_ {
        self.contacts.iter().filter_map(move |c| {
            if c.a == who { // <- cost hot 49
                Some(c.b)
            } else if c.b == who { // <- cost hot 43
                Some(c.a)
            } else {
                None
            }
        })
    }

    /// The day on which each person hears the rumour, if it reaches them.
    pub fn spread(&self, origin: PersonId) -> HashMap<PersonId, u32> {
        let mut day = HashMap::new();
        let mut queue = VecDeque::new();
        day.insert(origin, 0);
        queue.push_back(origin);
        while let Some(who) = queue.pop_front() {
            let next = day[&who] + 1;
            for n in self.neighbours(who) {
                if !day.contains_key(&n) {
                    day.insert(n, next);
                    queue.push_back(n);
                }
            }
        }
        day
    }
}

pub fn reach_by_day(days: &HashMap<PersonId, u32>) -> Vec<usize> {
    let last = days.values().copied().max().unwrap_or(0) as usize;
    let mut counts = vec![0; last + 1];
    for d in days.values() {
        counts[*d as usize] += 1;
    }
    counts
}
