//! Bytes to lines, with a longest line.

use memchr::memchr;

use super::MAX_LINE;

/// A buffer larger than this is given back once its line is read.
const KEPT: usize = 1 << 20;

/// Takes bytes in pieces of any size, and hands over whole lines without their ends. A line over [`MAX_LINE`] is skipped.
#[derive(Debug, Default)]
pub struct Lines {
    /// The line so far, when it began in an earlier piece.
    line: Vec<u8>,
    /// The line is too long: the rest of it does not matter.
    skip: bool,
}

impl Lines {
    /// The next piece.
    pub fn feed(&mut self, bytes: &[u8], mut whole: impl FnMut(&[u8])) {
        let mut rest = bytes;
        while let Some(end) = memchr(b'\n', rest) {
            let piece = &rest[..end];
            rest = &rest[end + 1..];
            if self.line.is_empty() && !self.skip {
                if piece.len() <= MAX_LINE {
                    whole(piece);
                }
            } else {
                self.keep(piece);
                self.finish(&mut whole);
            }
        }
        self.keep(rest);
    }

    /// What is left is a line.
    pub fn finish(&mut self, mut whole: impl FnMut(&[u8])) {
        if !self.skip && !self.line.is_empty() {
            whole(&self.line);
        }
        self.skip = false;
        self.line.clear();
        self.line.shrink_to(KEPT);
    }

    fn keep(&mut self, piece: &[u8]) {
        if self.skip {
            return;
        }
        if self.line.len() + piece.len() > MAX_LINE {
            self.line = Vec::new();
            self.skip = true;
        } else {
            self.line.extend_from_slice(piece);
        }
    }
}
