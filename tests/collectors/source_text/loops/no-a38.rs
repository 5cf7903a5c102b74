pub const NONE: u32 = u32::MAX;

pub fn all_paths(n: usize, dist: &mut [u32], via: &mut [u32]) {
    for k in 0..n {
        for i in 0..n {
            let ik = dist[i * n + k];
            if ik == NONE {
                continue;
            }
            for j in 0..n {
                let kj = dist[k * n + j];
                if kj != NONE && ik + kj < dist[i * n + j] { // <- 0
                    dist[i * n + j] = ik + kj;
                    via[i * n + j] = k as u32;
                }
            }
        }
    }
}
