pub struct Graph {
    adj: Vec<Vec<usize>>,
}

impl Graph {
    pub fn components(&self) -> usize {
        let mut mark = vec![false; self.adj.len()];
        let mut count = 0;
        for s in 0..self.adj.len() {
            if mark[s] {
                continue;
            }
            count += 1;
            self.flood(s, &mut mark); // <- 1
        }
        count
    }

    fn flood(&self, s: usize, mark: &mut [bool]) {
        let mut stack = vec![s];
        mark[s] = true;
        while let Some(v) = stack.pop() {
            for &w in &self.adj[v] {
                if !mark[w] { // <- 0
                    mark[w] = true;
                    stack.push(w);
                }
            }
        }
    }
}
