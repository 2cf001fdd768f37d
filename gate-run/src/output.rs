//! What a check prints: to its log, to stderr as it comes, and the end of it in memory.

use std::fs::File;
use std::io::{self, Write};

use schemas::stream::{Dialect, Parser};
use schemas::terminal::plain;

use crate::board::Board;
use crate::format::runner::Counter;
use crate::reviewer::Said;

/// Bytes of each stream that are kept for metrics.
pub(crate) const WINDOW: usize = 1 << 20;

/// Bytes of the beginning and of the end of the output that go into the verdict.
pub(crate) const TAIL: usize = 4 << 10;

/// Longest piece of a line that is shown at once.
const LINE: usize = 4 << 10;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

/// Takes the output of one check. Memory is bounded, whatever is printed.
pub(crate) struct Output {
    log: Option<File>,
    log_error: Option<io::Error>,
    /// Who shows it, and what stands before each line.
    board: Option<(Board, String)>,
    head: Vec<u8>,
    tail: End,
    streams: [Half; 2],
    /// Tells an agent's words from its deeds.
    ear: Option<Parser>,
}

struct Half {
    end: End,
    /// The line that is not complete yet.
    line: Vec<u8>,
    /// A piece of that line has been shown already: it is longer than what is looked at.
    torn: bool,
    counter: Counter,
}

/// All that is known of the output once the check is over.
pub(crate) struct Printed {
    /// The beginning of both streams as they came.
    pub(crate) head: Vec<u8>,
    /// The end of both streams as they came.
    pub(crate) tail: Vec<u8>,
    /// All of it fits into the tail.
    pub(crate) short: bool,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    /// What an agent said; of a command this is not known.
    pub(crate) said: Option<Said>,
    /// `stdout` and `stderr` are all that was printed.
    pub(crate) whole: bool,
    /// What test runners told on stdout and on stderr.
    pub(crate) counters: [Counter; 2],
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
    /// Keeps what comes in `log`, shows it on the board, each line behind a label.
    pub(crate) fn new(log: Option<File>, board: Option<(Board, String)>) -> Output {
        let half = || Half::new(WINDOW);
        Output {
            log,
            log_error: None,
            board,
            head: Vec::new(),
            tail: End::new(TAIL),
            streams: [half(), half()],
            ear: None,
        }
    }

    /// Listens to what an agent says in its stream of events.
    pub(crate) fn listen(&mut self, dialect: Dialect) {
        self.ear = Some(Parser::new(dialect));
    }

    /// Takes a piece.
    pub(crate) fn take(&mut self, stream: Stream, piece: &[u8]) {
        if let Some(log) = &mut self.log
            && let Err(error) = log.write_all(piece)
        {
            self.log = None;
            self.log_error = Some(error);
        }
        self.tail.push(piece);
        let room = TAIL - self.head.len();
        self.head.extend_from_slice(&piece[..piece.len().min(room)]);
        if let (Some(ear), Stream::Stdout) = (&mut self.ear, stream) {
            ear.feed(piece, |_| {});
        }
        let label = self.board.as_ref().map(|(_, label)| label.clone());
        let half = &mut self.streams[stream as usize];
        half.end.push(piece);
        let text = half.lines(piece, label.as_deref());
        self.show(&text);
    }

    /// Gives what there is, at the end.
    pub(crate) fn close(mut self) -> Printed {
        let label = self.board.as_ref().map(|(_, label)| label.clone());
        for stream in [Stream::Stdout, Stream::Stderr] {
            let text = self.streams[stream as usize].rest(label.as_deref());
            self.show(&text);
        }
        let whole = self
            .streams
            .iter()
            .all(|half| half.end.total <= WINDOW as u64);
        let counters = [Stream::Stdout, Stream::Stderr]
            .map(|stream| std::mem::take(&mut self.streams[stream as usize].counter));
        let short = self.tail.total <= TAIL as u64;
        let mut end = |stream: Stream| self.streams[stream as usize].end.last();
        let (stdout, stderr) = (end(Stream::Stdout), end(Stream::Stderr));
        let said = self.ear.take().map(|mut ear| {
            ear.finish(|_| {});
            let report = ear.report();
            Said {
                text: report.last_text.clone().unwrap_or_default(),
                error: report.error.clone(),
            }
        });
        Printed {
            said,
            head: std::mem::take(&mut self.head),
            short,
            counters,
            tail: self.tail.last(),
            stdout,
            stderr,
            whole,
            log_error: self.log_error.take(),
        }
    }

    fn show(&self, text: &str) {
        if let Some((board, _)) = &self.board
            && !text.is_empty()
        {
            board.block(text);
        }
    }
}

impl Half {
    fn new(window: usize) -> Half {
        Half {
            end: End::new(window),
            line: Vec::new(),
            torn: false,
            counter: Counter::default(),
        }
    }

    /// Takes the lines that are complete now; what is to be shown of them, when they have a label.
    fn lines(&mut self, piece: &[u8], label: Option<&str>) -> String {
        let mut text = String::new();
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            // Most lines come whole: no copy of them.
            if self.line.is_empty() && part.ends_with(b"\n") {
                let torn = std::mem::take(&mut self.torn);
                take(part, torn, &mut self.counter, label, &mut text);
                continue;
            }
            self.line.extend_from_slice(part);
            if part.ends_with(b"\n") || self.line.len() > LINE {
                let whole = part.ends_with(b"\n");
                take(
                    &self.line,
                    self.torn || !whole,
                    &mut self.counter,
                    label,
                    &mut text,
                );
                self.line.clear();
                self.torn = !whole;
            }
        }
        text
    }

    /// Takes what came without an end.
    fn rest(&mut self, label: Option<&str>) -> String {
        let mut text = String::new();
        if !self.line.is_empty() {
            let line = std::mem::take(&mut self.line);
            take(&line, self.torn, &mut self.counter, label, &mut text);
        }
        text
    }
}

/// One line, or a piece of a long one. A carriage return takes back what a terminal would overdraw.
fn take(line: &[u8], torn: bool, counter: &mut Counter, label: Option<&str>, text: &mut String) {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let line = line.rsplit(|byte| *byte == b'\r').next().unwrap_or(line);
    let counts = !torn && line.len() <= LINE;
    if !counts && label.is_none() {
        return;
    }
    // A piece of a long line may end within it, but never holds two lines.
    let plain = plain(line);
    if counts {
        counter.line(&plain);
    }
    if let Some(label) = label {
        text.push_str(label);
        text.push_str(&plain);
        text.push('\n');
    }
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
        let mut output = Output::new(None, None);
        for number in 0..100_000_u32 {
            output.take(Stream::Stdout, format!("{number:099}\n").as_bytes());
        }
        output.take(Stream::Stderr, b"the end");
        let printed = output.close();
        assert_eq!(printed.stdout.len(), WINDOW);
        assert_eq!(printed.tail.len(), TAIL);
        assert_eq!(printed.head.len(), TAIL);
        assert!(!printed.short);
        assert!(printed.tail.ends_with(b"99999\nthe end"));
        assert!(!printed.whole);
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
        let mut half = Half::new(1);
        let label = Some("  | ");
        assert_eq!(half.lines(b"10%\r20%\r", label), "");
        assert_eq!(half.lines(b"done\r\n\x1b[2Jnext", label), "  | done\n");
        assert_eq!(half.lines(b"\n", label), "  | next\n");
    }
}
