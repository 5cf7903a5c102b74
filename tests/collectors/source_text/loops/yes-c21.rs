#[derive(Default)]
pub struct StringPool {
    strings: Vec<String>,
}

impl StringPool {
    pub fn intern(&mut self, s: &str) -> u32 {
        for (i, known) in self.strings.iter().enumerate() {
            if known == s { // <- 0
                return i as u32;
            }
        }
        self.strings.push(s.to_owned());
        (self.strings.len() - 1) as u32
    }
}

pub fn write_table<W: std::io::Write>(rows: &[Record], pool: &mut StringPool, w: &mut W) -> std::io::Result<()> {
    w.write_all(&(rows.len() as u32).to_le_bytes())?;
    for row in rows { // <- outer
        let host = pool.intern(&row.host); // <- 1
        let path = pool.intern(&row.path);
        w.write_all(&host.to_le_bytes())?;
        w.write_all(&path.to_le_bytes())?;
        w.write_all(&row.status.to_le_bytes())?;
    }
    Ok(())
}
