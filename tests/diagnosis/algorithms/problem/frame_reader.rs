use std::io::{self, Read};

const END: &[u8] = b"\n--end--\n";

pub struct FrameReader<R> {
    input: R,
    buffer: Vec<u8>,
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|w| w == needle) // <- hot 90
}

impl<R: Read> FrameReader<R> {
    pub fn new(input: R) -> Self {
        FrameReader { input, buffer: Vec::new() }
    }

    /// The next document of the stream, or nothing at its end.
    pub fn next_frame(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut chunk = [0u8; 512];
        loop {
            if let Some(at) = find(&self.buffer, END) { // <- cost
                let rest = self.buffer.split_off(at + END.len());
                let mut frame = std::mem::replace(&mut self.buffer, rest);
                frame.truncate(at);
                return Ok(Some(frame));
            }
            let n = self.input.read(&mut chunk)?; // <- hot 5
            if n == 0 {
                return Ok(None);
            }
            self.buffer.extend_from_slice(&chunk[..n]);
        }
    }
}
