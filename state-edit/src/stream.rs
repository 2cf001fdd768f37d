//! Lines of a stream, in batches: what has come is not held back for what has not.

use std::io::{ErrorKind, Read};

use schemas::Failure;
use schemas::document::MAX_RECORD;

/// Read at once, in bytes.
const CHUNK: usize = 64 << 10;

/// A stream of lines.
pub(crate) struct Lines<'a, R> {
    from: R,
    name: &'a str,
    /// Of a line that has no end yet.
    rest: Vec<u8>,
    /// The number of the last line that was given.
    number: usize,
}

impl<'a, R: Read> Lines<'a, R> {
    pub(crate) fn new(from: R, name: &'a str) -> Lines<'a, R> {
        Lines {
            from,
            name,
            rest: Vec::new(),
            number: 0,
        }
    }

    /// Where it reads from.
    pub(crate) fn source(&self) -> &R {
        &self.from
    }

    /// Waits for a line that is not blank; gives all that are there by then, each with its number. Empty at the
    /// stream's end.
    pub(crate) fn next_batch(&mut self) -> Result<Vec<(usize, Vec<u8>)>, Failure> {
        let mut chunk = vec![0; CHUNK];
        let mut batch = Vec::new();
        while batch.is_empty() {
            let size = match self.from.read(&mut chunk) {
                Ok(size) => size,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => {
                    let failed = format!("cannot read {}", self.name);
                    return Err(Failure::input(failed).because(&error));
                }
            };
            let new = &chunk[..size];
            if size == 0 && self.rest.is_empty() {
                break;
            }
            let mut pieces: Vec<&[u8]> = new.split(|byte| *byte == b'\n').collect();
            // What follows the last end of a line waits for its own; at the stream's end it has come.
            let last = if size == 0 { None } else { pieces.pop() };
            for piece in pieces {
                self.rest.extend_from_slice(piece);
                let line = std::mem::take(&mut self.rest);
                self.number += 1;
                self.check_length(line.len(), self.number)?;
                if !line.iter().all(u8::is_ascii_whitespace) {
                    batch.push((self.number, line));
                }
            }
            self.rest.extend_from_slice(last.unwrap_or_default());
            self.check_length(self.rest.len(), self.number + 1)?;
        }
        Ok(batch)
    }

    fn check_length(&self, length: usize, number: usize) -> Result<(), Failure> {
        if length <= MAX_RECORD {
            return Ok(());
        }
        let name = self.name;
        Err(Failure::input(format!(
            "{name} line {number}: longer than {MAX_RECORD} bytes"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its pieces one at a time.
    struct Pieces(Vec<&'static [u8]>);

    impl Read for Pieces {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            if self.0.is_empty() {
                return Ok(0);
            }
            let piece = self.0.remove(0);
            buffer[..piece.len()].copy_from_slice(piece);
            Ok(piece.len())
        }
    }

    fn batches(pieces: &[&'static [u8]]) -> Vec<Vec<(usize, String)>> {
        let mut lines = Lines::new(Pieces(pieces.to_vec()), "stdin");
        let mut batches = Vec::new();
        loop {
            let batch = lines.next_batch().unwrap();
            if batch.is_empty() {
                return batches;
            }
            let text = |line: Vec<u8>| String::from_utf8(line).unwrap();
            batches.push(batch.into_iter().map(|(n, line)| (n, text(line))).collect());
        }
    }

    fn line(number: usize, text: &str) -> (usize, String) {
        (number, text.to_owned())
    }

    #[test]
    fn lines_come_as_soon_as_they_end_however_they_are_split() {
        assert_eq!(
            batches(&[b"a", b"b\nc", b"\nd\ne", b"f"]),
            [
                vec![line(1, "ab")],
                vec![line(2, "c"), line(3, "d")],
                vec![line(4, "ef")]
            ]
        );
    }

    #[test]
    fn blank_lines_count_and_are_left_out() {
        assert_eq!(batches(&[b"\n \n", b"a\n\n"]), [vec![line(3, "a")]]);
        assert!(batches(&[b"", b"\n"]).is_empty());
    }

    #[test]
    fn a_line_without_end_has_a_limit() {
        static LONG: [u8; CHUNK] = [b'x'; CHUNK];
        let pieces = vec![&LONG[..]; MAX_RECORD / CHUNK + 1];
        let failure = Lines::new(Pieces(pieces), "stdin")
            .next_batch()
            .unwrap_err();
        assert!(failure.message.starts_with("stdin line 1: longer than"));
    }
}
