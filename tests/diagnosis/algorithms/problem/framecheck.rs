use std::io::{self, Read, Write};

const POLY: u32 = 0xEDB8_8320;

fn build_table() -> [u32; 256] {
    let mut table = [0u32; 256];
    for (i, slot) in table.iter_mut().enumerate() {
        let mut c = i as u32;
        for _ in 0..8 {
            c = if c & 1 == 1 { POLY ^ (c >> 1) } else { c >> 1 }; // <- hot 82
        }
        *slot = c;
    }
    table
}

/// Checksum of one telemetry frame (a few dozen bytes).
fn checksum(frame: &[u8]) -> u32 {
    let table = build_table(); // <- cost hot 5
    !frame.iter().fold(!0u32, |crc, b| table[((crc ^ *b as u32) & 0xff) as usize] ^ (crc >> 8)) // <- hot 7
}

pub struct Link<S> {
    stream: S,
    pub rejected: u64,
}

impl<S: Read + Write> Link<S> {
    pub fn new(stream: S) -> Self {
        Link { stream, rejected: 0 }
    }

    pub fn send(&mut self, payload: &[u8]) -> io::Result<()> {
        self.stream.write_all(&[payload.len() as u8])?;
        self.stream.write_all(payload)?;
        self.stream.write_all(&checksum(payload).to_le_bytes())
    }

    /// The next intact frame; damaged ones are counted and skipped.
    pub fn receive(&mut self) -> io::Result<Vec<u8>> {
        loop {
            let mut len = [0u8; 1];
            self.stream.read_exact(&mut len)?;
            let mut payload = vec![0u8; len[0] as usize];
            self.stream.read_exact(&mut payload)?;
            let mut sum = [0u8; 4];
            self.stream.read_exact(&mut sum)?;
            if checksum(&payload) == u32::from_le_bytes(sum) {
                return Ok(payload);
            }
            self.rejected += 1;
        }
    }
}
