//! Bytes to lines as people read them: without escape sequences, never too long.

use memchr::memchr2;
use schemas::marker::MAX_LINE;
use schemas::terminal;

/// Takes bytes in pieces of any size, and hands over each line that has come to its end.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    line: Vec<u8>,
}

impl Lines {
    pub(crate) fn feed(&mut self, bytes: &[u8], mut found: impl FnMut(&str)) {
        let mut rest = bytes;
        while let Some(end) = memchr2(b'\n', b'\r', rest) {
            self.keep(&rest[..end]);
            rest = &rest[end + 1..];
            self.finish(&mut found);
        }
        self.keep(rest);
    }

    /// What is left is a line.
    pub(crate) fn finish(&mut self, mut found: impl FnMut(&str)) {
        if !self.line.is_empty() {
            found(terminal::plain(&self.line).trim_end());
            self.line.clear();
        }
    }

    fn keep(&mut self, piece: &[u8]) {
        let room = MAX_LINE.saturating_sub(self.line.len());
        self.line.extend_from_slice(&piece[..piece.len().min(room)]);
    }
}
