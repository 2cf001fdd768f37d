//! What a check prints: to its log, to stderr as it comes, and the end of it in memory.

use std::fs::File;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use schemas::Console;

use schemas::terminal::plain;

/// Bytes of each stream that are kept for metrics.
pub(crate) const WINDOW: usize = 1 << 20;

/// Bytes of the output that go into the verdict.
const TAIL: usize = 4 << 10;

/// Longest piece of a line that is shown at once.
const LINE: usize = 4 << 10;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

/// Takes the output of one check from the threads that read it. Memory is bounded, whatever is printed.
#[derive(Clone)]
pub(crate) struct Output(Arc<Mutex<Inner>>);

struct Inner {
    /// Nothing is taken any more: the check is over, whoever still writes.
    closed: bool,
    log: Option<File>,
    log_error: Option<io::Error>,
    console: Option<Console>,
    tail: End,
    streams: [Half; 2],
}

struct Half {
    end: End,
    /// The line that is not complete yet, for showing.
    line: Vec<u8>,
}

/// All that is known of the output once the check is over.
pub(crate) struct Printed {
    /// The end of both streams as they came.
    pub(crate) tail: Vec<u8>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    /// `stdout` and `stderr` are all that was printed.
    pub(crate) whole: bool,
    /// The log lacks something.
    pub(crate) log_error: Option<io::Error>,
}

/// The last bytes of a stream.
struct End {
    bytes: Vec<u8>,
    limit: usize,
    total: u64,
}

impl Output {
    /// Keeps what comes in `log`, shows it on `console`.
    pub(crate) fn new(log: Option<File>, console: Option<Console>) -> Output {
        let half = || Half {
            end: End::new(WINDOW),
            line: Vec::new(),
        };
        Output(Arc::new(Mutex::new(Inner {
            closed: false,
            log,
            log_error: None,
            console,
            tail: End::new(TAIL),
            streams: [half(), half()],
        })))
    }

    /// Takes a piece. `false`: no more is wanted.
    pub(crate) fn take(&self, stream: Stream, piece: &[u8]) -> bool {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.closed {
            return false;
        }
        if let Some(log) = &mut inner.log
            && let Err(error) = log.write_all(piece)
        {
            inner.log = None;
            inner.log_error = Some(error);
        }
        inner.tail.push(piece);
        let shows = inner.console.is_some();
        let half = &mut inner.streams[stream as usize];
        half.end.push(piece);
        if shows {
            let text = half.lines(piece);
            inner.show(&text);
        }
        true
    }

    /// Ends the taking and gives what there is.
    pub(crate) fn close(&self) -> Printed {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.closed = true;
        for stream in [Stream::Stdout, Stream::Stderr] {
            let line = std::mem::take(&mut inner.streams[stream as usize].line);
            if !line.is_empty() {
                let mut text = String::new();
                show(&line, &mut text);
                inner.show(&text);
            }
        }
        let whole = inner
            .streams
            .iter()
            .all(|half| half.end.total <= WINDOW as u64);
        let mut end = |stream: Stream| inner.streams[stream as usize].end.last();
        let (stdout, stderr) = (end(Stream::Stdout), end(Stream::Stderr));
        Printed {
            tail: inner.tail.last(),
            stdout,
            stderr,
            whole,
            log_error: inner.log_error.take(),
        }
    }
}

impl Inner {
    fn show(&self, text: &str) {
        if let Some(console) = &self.console
            && !text.is_empty()
        {
            console.block(text);
        }
    }
}

impl Half {
    /// The lines that are complete now. A carriage return takes back what a terminal would overdraw.
    fn lines(&mut self, piece: &[u8]) -> String {
        let mut text = String::new();
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part);
            if part.ends_with(b"\n") || self.line.len() > LINE {
                show(&self.line, &mut text);
                self.line.clear();
            }
        }
        text
    }
}

fn show(line: &[u8], text: &mut String) {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let line = line.rsplit(|byte| *byte == b'\r').next().unwrap_or(line);
    text.push_str("  | ");
    // A piece of a long line may end within it, but never holds two lines.
    text.push_str(&plain(line));
    text.push('\n');
}

impl End {
    fn new(limit: usize) -> End {
        End {
            bytes: Vec::new(),
            limit,
            total: 0,
        }
    }

    fn push(&mut self, piece: &[u8]) {
        self.total += piece.len() as u64;
        let piece = &piece[piece.len().saturating_sub(self.limit)..];
        // Twice the limit, so that the bytes are moved once per limit and not once per piece.
        if self.bytes.len() + piece.len() > 2 * self.limit {
            let surplus = (self.bytes.len() + piece.len() - self.limit).min(self.bytes.len());
            self.bytes.drain(..surplus);
        }
        self.bytes.extend_from_slice(piece);
    }

    fn last(&mut self) -> Vec<u8> {
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.drain(..bytes.len().saturating_sub(self.limit));
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_end_is_kept() {
        let output = Output::new(None, None);
        for number in 0..100_000_u32 {
            assert!(output.take(Stream::Stdout, format!("{number:099}\n").as_bytes()));
        }
        output.take(Stream::Stderr, b"the end");
        let printed = output.close();
        assert_eq!(printed.stdout.len(), WINDOW);
        assert_eq!(printed.tail.len(), TAIL);
        assert!(printed.tail.ends_with(b"99999\nthe end"));
        assert!(!printed.whole);
        assert!(!output.take(Stream::Stdout, b"late"));
    }

    #[test]
    fn a_huge_piece_is_cut_as_well() {
        let mut end = End::new(4);
        end.push(b"0123456789");
        end.push(b"ab");
        assert_eq!(end.last(), b"89ab");
    }

    #[test]
    fn lines_are_shown_as_a_terminal_would_leave_them() {
        let mut half = Half {
            end: End::new(1),
            line: Vec::new(),
        };
        assert_eq!(half.lines(b"10%\r20%\r"), "");
        assert_eq!(half.lines(b"done\r\n\x1b[2Jnext"), "  | done\n");
        assert_eq!(half.lines(b"\n"), "  | next\n");
    }
}
