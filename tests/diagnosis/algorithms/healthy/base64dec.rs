//! Base64 for the attachment store.

#[derive(Debug, PartialEq)]
pub enum DecodeError {
    Length(usize),
    Byte { at: usize, byte: u8 },
}

const BAD: u8 = 0xff;

const fn table() -> [u8; 256] {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut t = [BAD; 256];
    let mut i = 0;
    while i < 64 {
        t[alphabet[i] as usize] = i as u8;
        i += 1;
    }
    t
}

static TABLE: [u8; 256] = table();

pub fn decode(input: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let body = match input {
        [b @ .., b'=', b'='] | [b @ .., b'='] => b,
        b => b,
    };
    if body.len() % 4 == 1 {
        return Err(DecodeError::Length(input.len()));
    }
    let mut out = Vec::with_capacity(body.len() * 3 / 4 + 3);
    for (n, quad) in body.chunks(4).enumerate() {
        let mut word = 0u32;
        for (k, &b) in quad.iter().enumerate() { // <- hot 18
            let v = TABLE[b as usize]; // <- hot 29
            if v == BAD {
                return Err(DecodeError::Byte { at: n * 4 + k, byte: b });
            }
            word |= u32::from(v) << (18 - 6 * k); // <- hot 20
        }
        let bytes = word.to_be_bytes();
        out.extend_from_slice(&bytes[1..quad.len()]); // <- hot 26
    }
    Ok(out)
}

pub fn decode_parts<'a>(
    parts: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Vec<Vec<u8>>, DecodeError> {
    parts.into_iter().map(decode).collect()
}
