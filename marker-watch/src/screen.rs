//! What a terminal is made to show, as lines again: programs that draw jump about, and break lines at the edge.
//!
//! Not an emulation of a terminal: no cells are kept. A jump of the cursor to another line ends a line, a jump to the
//! right is blanks, and a line that fills the columns goes on in the next one. What is drawn again is told by a count of
//! jumps, so that who listens can tell a line that was drawn twice from one that was said twice.

use memchr::memchr3;
use schemas::marker::{MAX_LINE, after_bullet};
use schemas::terminal;
use unicode_width::UnicodeWidthStr;

/// The longest control sequence that is understood.
const LONGEST: usize = 64;

/// Blanks for one jump to the right, at most.
const MOST_BLANKS: usize = 500;

/// A filter between a terminal's bytes and who reads lines.
#[derive(Debug)]
pub(crate) struct Screen {
    /// Lines go on where they end at this column.
    columns: Option<usize>,
    /// A sequence that has begun.
    begun: Vec<u8>,
    /// The row so far; only kept where columns count.
    row: Vec<u8>,
    /// The row before was full: this one may be its rest.
    was_full: bool,
    /// Row and column that the cursor was sent to last, while it is in that row.
    place: Option<(u16, u16)>,
}

/// What a screen makes of bytes.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    pub(crate) text: Vec<u8>,
    /// Where in it the cursor went back to what was drawn before.
    pub(crate) jumps: Vec<usize>,
}

impl Screen {
    pub(crate) fn new(columns: Option<usize>) -> Screen {
        Screen {
            columns,
            begun: Vec::new(),
            row: Vec::new(),
            was_full: false,
            place: None,
        }
    }

    /// The next bytes of the terminal; hands over the same as lines.
    pub(crate) fn feed(&mut self, bytes: &[u8], out: &mut Shown) {
        let joined;
        let mut rest = bytes;
        if !self.begun.is_empty() {
            joined = [std::mem::take(&mut self.begun), bytes.to_vec()].concat();
            rest = &joined;
        }
        while let Some(at) = memchr3(0x1b, b'\n', b'\r', rest) {
            self.put(&rest[..at], out);
            rest = &rest[at..];
            let taken = match rest[0] {
                b'\n' => {
                    self.end_row(b'\n', out);
                    1
                }
                b'\r' if rest.len() == 1 && self.columns.is_some() => {
                    self.begun = rest.to_vec();
                    return;
                }
                // A line's end, not the beginning of overdraw.
                b'\r' if rest.get(1) == Some(&b'\n') && self.columns.is_some() => 1,
                b'\r' => {
                    self.end_row(b'\r', out);
                    1
                }
                _ => match sequence(rest) {
                    Some(length) => {
                        self.sequence(&rest[..length], out);
                        length
                    }
                    None if rest.len() < LONGEST + 2 => {
                        self.begun = rest.to_vec();
                        return;
                    }
                    None => {
                        self.put(&rest[..1], out);
                        1
                    }
                },
            };
            rest = &rest[taken..];
        }
        self.put(rest, out);
    }

    /// What is left.
    pub(crate) fn finish(&mut self, out: &mut Shown) {
        let begun = std::mem::take(&mut self.begun);
        self.put(&begun, out);
        self.flush(out);
    }

    fn put(&mut self, text: &[u8], out: &mut Shown) {
        if self.columns.is_none() {
            out.text.extend_from_slice(text);
        } else {
            let room = MAX_LINE.saturating_sub(self.row.len());
            self.row.extend_from_slice(&text[..text.len().min(room)]);
        }
    }

    fn end_row(&mut self, end: u8, out: &mut Shown) {
        self.place = None;
        let Some(columns) = self.columns else {
            out.text.push(end);
            return;
        };
        let is_full = end == b'\n' && terminal::plain(&self.row).width() >= columns;
        self.flush(out);
        self.was_full = is_full;
        if !is_full {
            out.text.push(end);
        }
    }

    /// Hands over the row. What begins with a marker is never the rest of the row before: a full row may be a ruled line.
    fn flush(&mut self, out: &mut Shown) {
        if std::mem::take(&mut self.was_full) && begins_anew(&self.row) {
            out.text.push(b'\n');
        }
        out.text.append(&mut self.row);
    }

    /// Whether the cursor goes on to the right in the row that it was sent to before.
    fn goes_on(&mut self, numbers: &[u8]) -> bool {
        let (before, next) = (self.place, place(numbers));
        let goes_on = before
            .zip(next)
            .is_some_and(|((row, column), next)| row == next.0 && column < next.1);
        if goes_on {
            self.place = next;
        }
        goes_on
    }

    fn sequence(&mut self, sequence: &[u8], out: &mut Shown) {
        let (Some((&last, head)), Some(b"\x1b[")) = (sequence.split_last(), sequence.get(..2))
        else {
            return self.put(sequence, out);
        };
        let number = std::str::from_utf8(&head[2..])
            .ok()
            .and_then(|text| text.parse::<usize>().ok());
        match last {
            // Codex draws the gap between two words so, Claude Code by the column alone. Where the cursor was is not known.
            b'H' | b'f' if self.goes_on(&head[2..]) => self.put(b" ", out),
            b'G' if number.is_some_and(|column| column > 1) => self.put(b" ", out),
            // To another row, or to the beginning of one: up, down, home, a place, a row.
            b'A' | b'E' | b'F' | b'H' | b'f' | b'd' | b'B' => {
                self.end_row(b'\r', out);
                if last != b'B' && last != b'E' {
                    out.jumps.push(out.text.len());
                }
                self.place = place(&head[2..]).filter(|_| matches!(last, b'H' | b'f'));
            }
            b'G' => self.end_row(b'\r', out),
            b'J' => {
                self.put(sequence, out);
                out.jumps.push(out.text.len());
            }
            b'C' => self.put(&b" ".repeat(number.unwrap_or(1).min(MOST_BLANKS)), out),
            _ => self.put(sequence, out),
        }
    }
}

/// The row and the column that are named.
fn place(numbers: &[u8]) -> Option<(u16, u16)> {
    let (row, column) = std::str::from_utf8(numbers).ok()?.split_once(';')?;
    Some((row.parse().ok()?, column.parse().ok()?))
}

/// The length of the control sequence at the start; nothing while it may have no end yet.
fn sequence(bytes: &[u8]) -> Option<usize> {
    match bytes.get(1)? {
        b'[' => {
            let inner = bytes.iter().skip(2).take(LONGEST);
            let end = inner
                .clone()
                .position(|byte| !(0x20..=0x3f).contains(byte))?;
            Some(end + 3)
        }
        // Others are left to who strips them.
        _ => Some(1),
    }
}

fn begins_anew(row: &[u8]) -> bool {
    let text = terminal::plain(row);
    let text = after_bullet(&text);
    let word = text.strip_prefix('[').and_then(|text| text.split_once(':'));
    let is_word = |word: &str| matches!(word, "PROGRESS" | "DONE" | "ERROR" | "QUESTION");
    word.is_some_and(|(word, _)| is_word(word))
        || text.starts_with("```")
        || text.starts_with("~~~")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(columns: Option<usize>, pieces: &[&[u8]]) -> String {
        let mut screen = Screen::new(columns);
        let mut out = Shown::default();
        for piece in pieces {
            screen.feed(piece, &mut out);
        }
        screen.finish(&mut out);
        String::from_utf8_lossy(&out.text).into_owned()
    }

    #[test]
    fn words_that_are_sent_to_their_places_are_one_line() {
        for drawn in [
            &b"\x1b[5;3H[DONE:t]\x1b[5;12H\x1b[1mall\x1b[5;16Hwell\x1b[5;3Hnot\x1b[6;1Hnext"[..],
            b"\x1b[5;3H[DONE:t]\x1b[12G\x1b[1mall\x1b[16Gwell\x1b[Gnot\r\x1b[6;9Hnext",
        ] {
            let text = terminal::plain(shown(None, &[drawn]).as_bytes());
            let lines: Vec<&str> = text
                .split(['\r', '\u{fffd}'])
                .filter(|line| !line.is_empty())
                .collect();
            assert_eq!(lines, ["[DONE:t] all well", "not", "next"], "{text:?}");
            for at in 0..drawn.len() {
                let cut = shown(None, &[&drawn[..at], &drawn[at..]]);
                assert_eq!(cut, shown(None, &[drawn]), "{at}");
            }
        }
    }

    #[test]
    fn jumps_end_lines_and_gaps_are_blanks() {
        let drawn = b"a\x1b[2;1H[DONE:t]\x1b[3Cok\x1b[1A\x1b[Gb\x1b[31mc\x1b]0;x\x07\r\n";
        assert_eq!(
            shown(None, &[drawn]),
            "a\r[DONE:t]   ok\r\rb\x1b[31mc\x1b]0;x\x07\r\n"
        );
        let mut shown = Shown::default();
        Screen::new(None).feed(b"x\n\x1b[2Ay\x1b[2J", &mut shown);
        assert_eq!(shown.jumps, [3, 8]);
    }

    #[test]
    fn a_full_row_goes_on_in_the_next_one() {
        let rows =
            "[DONE:t] 日本 word\r\nthat wraps\r\n================\r\n[DONE:u] x\r\nshort\r\n";
        assert_eq!(
            shown(Some(18), &[rows.as_bytes()]),
            "[DONE:t] 日本 wordthat wraps\n================\n[DONE:u] x\nshort\n"
        );
        let ruled = "================\r\n[DONE:u] x\r\n";
        assert_eq!(
            shown(Some(16), &[ruled.as_bytes()]),
            "================\n[DONE:u] x\n"
        );
    }

    #[test]
    fn every_split_shows_the_same() {
        let drawn = "[DONE:t] 日本 word\r\nthat\r\x1b[2K\x1b[12;1Hx\x1b[4Cy\r\n0123456789012345\x1b[0m67\r\nz\x1b[".as_bytes();
        for columns in [None, Some(18)] {
            let whole = shown(columns, &[drawn]);
            let bytes: Vec<&[u8]> = drawn.chunks(1).collect();
            assert_eq!(shown(columns, &bytes), whole);
            for at in 0..drawn.len() {
                let (first, second) = drawn.split_at(at);
                assert_eq!(shown(columns, &[first, second]), whole, "cut at {at}");
            }
        }
    }
}
