//! The terminal as bars are drawn on it.
//!
//! Lines end by a line's end and not by the terminal's edge, and the cursor waits at the beginning of the last one. So the
//! `^C` that a terminal writes stays inside that line, and when a window becomes narrower, what has wrapped since can
//! still be counted and erased.

use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use indicatif::TermLike;
use unicode_width::UnicodeWidthStr;

/// What is drawn goes out as one piece, at the end of each picture.
#[derive(Debug)]
pub(super) struct Screen {
    picture: Mutex<Picture>,
    size: fn() -> (usize, usize),
}

/// The picture that is being drawn, and what is there of the one before.
#[derive(Debug, Default)]
struct Picture {
    out: Vec<u8>,
    /// Columns of the lines that were drawn last.
    drawn: Vec<usize>,
    next: Vec<usize>,
    /// How many lines are to be drawn over, once that is certain; 0 once the cursor is there.
    erase: Option<usize>,
    /// What comes is the blanks that fill the line.
    fills: bool,
}

/// Columns and rows of the terminal.
pub(super) fn size() -> (usize, usize) {
    let size = rustix::termios::tcgetwinsize(io::stderr());
    let or = |count: u16, known: usize| {
        if count == 0 {
            known
        } else {
            usize::from(count)
        }
    };
    size.map_or((80, 24), |size| (or(size.ws_col, 80), or(size.ws_row, 24)))
}

impl Screen {
    /// stderr's.
    pub(super) fn new() -> Screen {
        Screen {
            picture: Mutex::default(),
            size,
        }
    }

    fn picture(&self) -> MutexGuard<'_, Picture> {
        self.picture.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn columns(&self) -> usize {
        (self.size)().0
    }
}

impl Picture {
    /// Goes to the beginning of what was drawn last. What is there is erased line by line: a terminal may keep what is erased
    /// as a whole for scrolling back.
    fn go_up(&mut self, lines: usize, columns: usize) {
        let columns = columns.max(1);
        let rows = |width: &usize| width.div_ceil(columns).max(1);
        // The cursor is at the beginning of the last line.
        let before = self.drawn.len().saturating_sub(1);
        let first = self.drawn.len().saturating_sub(lines);
        let up: usize = self.drawn[first.min(before)..before].iter().map(rows).sum();
        self.out.push(b'\r');
        if up > 0 {
            self.out.extend_from_slice(format!("\x1b[{up}A").as_bytes());
        }
    }

    fn text(&mut self, text: &str, columns: usize) {
        if !self.next.is_empty() {
            self.out.extend_from_slice(b"\r\n");
        }
        let width = text.width();
        // What goes on in the next line must find that one empty, too.
        let erase: &[u8] = if width < columns {
            b"\x1b[K"
        } else {
            b"\x1b[J"
        };
        self.out.extend_from_slice(erase);
        self.out.extend_from_slice(text.as_bytes());
        self.next.push(width);
    }

    /// The picture as one piece; what comes next is another.
    fn finish(&mut self) -> Vec<u8> {
        // What was below, when there were more lines before.
        if self.erase == Some(0) {
            self.out.extend_from_slice(b"\x1b[J");
        }
        if !self.next.is_empty() {
            self.out.push(b'\r');
        }
        self.drawn = std::mem::take(&mut self.next);
        (self.erase, self.fills) = (None, false);
        std::mem::take(&mut self.out)
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        u16::try_from(self.columns()).unwrap_or(u16::MAX)
    }

    fn height(&self) -> u16 {
        u16::try_from((self.size)().1).unwrap_or(u16::MAX)
    }

    /// The first move of a picture goes to the top of the one before; all others are inside of that one.
    fn move_cursor_up(&self, lines: usize) -> io::Result<()> {
        self.picture().erase.get_or_insert(lines + 1);
        Ok(())
    }

    fn move_cursor_down(&self, _lines: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_right(&self, _columns: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_left(&self, _columns: usize) -> io::Result<()> {
        Ok(())
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.picture().text(text, self.columns());
        Ok(())
    }

    /// Text and the blanks that fill its line take turns.
    fn write_str(&self, text: &str) -> io::Result<()> {
        let mut picture = self.picture();
        if !std::mem::replace(&mut picture.fills, true) {
            picture.text(text, self.columns());
        } else {
            picture.fills = false;
        }
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        let mut picture = self.picture();
        if let Some(lines) = picture.erase.replace(0)
            && lines > 0
        {
            picture.go_up(lines, self.columns());
        }
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        let out = self.picture().finish();
        io::stderr().lock().write_all(&out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDE: fn() -> (usize, usize) = || (20, 10);
    const NARROW: fn() -> (usize, usize) = || (8, 10);

    /// Draws as indicatif does; `before` lines are there from the last time.
    fn draw(screen: &Screen, before: usize, lines: &[&str]) -> String {
        screen.move_cursor_up(before.saturating_sub(1)).unwrap();
        for number in 0..before {
            screen.clear_line().unwrap();
            if number + 1 < before {
                screen.move_cursor_down(1).unwrap();
            }
        }
        screen.move_cursor_up(before.saturating_sub(1)).unwrap();
        for line in lines {
            screen.write_str(line).unwrap();
            screen.write_str("   ").unwrap();
        }
        String::from_utf8(screen.picture().finish()).unwrap()
    }

    #[test]
    fn the_cursor_waits_where_a_control_c_does_no_harm() {
        let screen = Screen {
            size: WIDE,
            ..Screen::new()
        };
        assert_eq!(
            draw(&screen, 0, &["one", "two"]),
            "\x1b[Kone\r\n\x1b[Ktwo\r"
        );
        // A line that stays, above the two.
        assert_eq!(
            draw(&screen, 2, &["said", "one", "all"]),
            "\r\x1b[1A\x1b[Ksaid\r\n\x1b[Kone\r\n\x1b[Kall\x1b[J\r"
        );
        assert_eq!(draw(&screen, 2, &["all"]), "\r\x1b[1A\x1b[Kall\x1b[J\r");
        assert_eq!(draw(&screen, 1, &[]), "\r\x1b[J");
    }

    #[test]
    fn lines_that_have_wrapped_in_a_narrower_window_are_counted() {
        let mut screen = Screen {
            size: WIDE,
            ..Screen::new()
        };
        draw(&screen, 0, &["of sixteen wide.", "日本語", "all"]);
        screen.size = NARROW;
        let drawn = draw(&screen, 3, &["all"]);
        assert!(drawn.starts_with("\r\x1b[3A"), "{drawn:?}");
    }
}
