use std::io::{self, Read};

const END: &[u8] = b"\n--end--\n";

pub struct FrameReader<R> {
    input: R,
    buffer: Vec<u8>,
    searched: usize,
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|w| w == needle) // <- hot 58
}

impl<R: Read> FrameReader<R> {
    pub fn new(input: R) -> Self {
        FrameReader { input, buffer: Vec::new(), searched: 0 }
    }

    /// The next document of the stream, or nothing at its end.
    pub fn next_frame(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut chunk = [0u8; 512];
        loop {
            let from = self.searched;
            if let Some(at) = find(&self.buffer[from..], END).map(|p| p + from) {
                let rest = self.buffer.split_off(at + END.len());
                let mut frame = std::mem::replace(&mut self.buffer, rest);
                frame.truncate(at);
                self.searched = 0;
                return Ok(Some(frame));
            }
            self.searched = self.buffer.len().saturating_sub(END.len() - 1);
            let n = self.input.read(&mut chunk)?; // <- hot 26
            if n == 0 {
                return Ok(None);
            }
            self.buffer.extend_from_slice(&chunk[..n]);
        }
    }
}
