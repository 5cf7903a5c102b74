pub fn unpack(src: &[u8], dst: &mut Vec<u8>) -> Result<(), &'static str> {
    let mut pos = 0;
    while pos < src.len() {
        let ctrl = src[pos] as usize;
        pos += 1;
        if ctrl < 32 {
            let end = pos + ctrl + 1;
            dst.extend_from_slice(src.get(pos..end).ok_or("short literal")?);
            pos = end;
            continue;
        }
        let len = (ctrl >> 5) + 2;
        let low = *src.get(pos).ok_or("short match")? as usize;
        pos += 1;
        let back = ((ctrl & 31) << 8 | low) + 1;
        if back > dst.len() {
            return Err("bad distance");
        }
        let start = dst.len() - back;
        for k in 0..len {
            let b = dst[start + k];
            dst.push(b); // <- 0
        }
    }
    Ok(())
}
