use std::path::PathBuf;

pub struct Entry {
    pub path: PathBuf,
    pub digest: [u8; 32],
    pub size: u64,
}

pub struct Plan {
    pub copy: Vec<PathBuf>,
    pub skip: usize,
}

pub fn plan(local: &[Entry], remote: &[Entry]) -> Plan {
    let mut skip = 0;
    let copy = local
        .iter()
        .filter(|l| { // <- outer
            let same = remote
                .iter()
                .any(|r| r.path == l.path && r.digest == l.digest); // <- 0
            if same {
                skip += 1;
            }
            !same
        })
        .map(|l| l.path.clone())
        .collect();
    Plan { copy, skip }
}
