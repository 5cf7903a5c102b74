pub fn unpack(data: &[u8]) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(data.len() * 2);
    let mut i = 0;
    while i < data.len() {
        let c = data[i];
        i += 1;
        if c & 0x80 == 0 {
            let n = c as usize + 1;
            let lit = data.get(i..i + n).ok_or("short literal")?;
            out.extend_from_slice(lit);
            i += n;
        } else {
            let n = (c & 0x7f) as usize + 2;
            let b = *data.get(i).ok_or("short run")?;
            for _ in 0..n {
                out.push(b); // <- 0
            }
            i += 1;
        }
    }
    Ok(out)
}
