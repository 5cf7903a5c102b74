use std::collections::VecDeque;

#[derive(Clone)]
pub struct Job {
    pub id: u64,
    pub needs: Vec<u64>,
    pub done: bool,
}

pub struct Runner {
    jobs: Vec<Job>,
    queue: VecDeque<usize>,
}

impl Runner {
    fn is_done(&self, id: u64) -> bool {
        let mut ok = false;
        let mut i = 0;
        while i < self.jobs.len() && !ok {
            ok = self.jobs[i].id == id && self.jobs[i].done; // <- 0
            i += 1;
        }
        ok
    }

    fn ready(&self, j: &Job) -> bool {
        !j.done && j.needs.iter().all(|n| self.is_done(*n)) // <- 1
    }

    pub fn fill(&mut self) -> usize {
        let before = self.queue.len();
        for k in 0..self.jobs.len() { // <- outer
            if self.ready(&self.jobs[k]) { // <- 2
                self.queue.push_back(k);
            }
        }
        self.queue.len() - before
    }
}
