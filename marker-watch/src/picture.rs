//! Tasks on a terminal, drawn again as they change.
//!
//! On the terminal's second screen, as pagers do: what is drawn on the first one wraps when the window becomes narrower, and
//! tmux puts what has wrapped where nobody can erase it. What is written to stderr meanwhile, by us or by commands that are
//! told of events, is shown at the end.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Seek, Write};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::stdio::dup2_stderr;
use rustix::termios::tcgetwinsize;

use crate::cli::Format;
use crate::table::{self, Look};
use crate::task::Task;

/// Between two pictures at least.
const PAUSE: Duration = Duration::from_millis(100);

/// Between two pictures at most: ages grow.
const REST: Duration = Duration::from_secs(1);

/// To the second screen, and back. It is left empty: tmux may keep a line of one that was resized.
const ENTER: &str = "\x1b[?1049h";
const LEAVE: &str = "\x1b[H\x1b[J\x1b[?1049l";

/// A picture of all tasks on the terminal that stderr is.
#[derive(Debug)]
pub(crate) struct Picture {
    terminal: File,
    /// What was written to stderr meanwhile.
    aside: File,
    has_bars: bool,
    drawn: Instant,
    is_touched: bool,
}

impl Picture {
    /// `None` where stderr is no terminal.
    pub(crate) fn open(format: Format) -> Option<Picture> {
        let is_able = io::stderr().is_terminal()
            && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        let terminal = is_able.then(|| io::stderr().as_fd().try_clone_to_owned());
        let picture = Picture {
            terminal: terminal?.ok()?.into(),
            aside: tempfile::tempfile().ok()?,
            has_bars: format == Format::Bars,
            drawn: Instant::now(),
            is_touched: true,
        };
        dup2_stderr(&picture.aside).ok()?;
        picture.put(ENTER);
        Some(picture)
    }

    /// Something has changed: a task, or the size of the terminal.
    pub(crate) fn touch(&mut self) {
        self.is_touched = true;
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.drawn + if self.is_touched { PAUSE } else { REST }
    }

    /// Draws, when it is time.
    pub(crate) fn draw(&mut self, tasks: &[Task]) {
        if Instant::now() >= self.deadline() {
            self.put(&format!("\x1b[H{}\x1b[J", self.text(tasks)));
            self.drawn = Instant::now();
            self.is_touched = false;
        }
    }

    /// The last picture stays with bars, and gives way to the table on stdout without.
    pub(crate) fn finish(self, tasks: &[Task]) {
        let last = if self.has_bars && !tasks.is_empty() {
            self.text(tasks) + "\r\n"
        } else {
            String::new()
        };
        // Dropped after that: the terminal is the first screen again.
        let terminal = self.terminal.try_clone();
        drop(self);
        if let Ok(mut terminal) = terminal {
            let _ = terminal.write_all(last.as_bytes());
        }
    }

    fn text(&self, tasks: &[Task]) -> String {
        let (columns, rows) = self.size();
        let look = Look {
            // A character at the edge would make some terminals go on in the next line.
            columns: columns.saturating_sub(1).max(1),
            rows: rows.saturating_sub(1).max(2),
            bars: self.has_bars,
        };
        let lines = table::lines(tasks, Instant::now(), look);
        let lines = lines.iter().map(|line| format!("{line}\x1b[K"));
        lines.collect::<Vec<_>>().join("\r\n")
    }

    /// Columns and rows of the terminal.
    fn size(&self) -> (usize, usize) {
        let size = tcgetwinsize(&self.terminal).map(|size| (size.ws_col, size.ws_row));
        match size {
            Ok((columns @ 1.., rows @ 1..)) => (usize::from(columns), usize::from(rows)),
            _ => (80, 24),
        }
    }

    /// A closed terminal is no reason to end: there may be commands to tell.
    fn put(&self, text: &str) {
        let _ = (&self.terminal).write_all(text.as_bytes());
    }
}

impl Drop for Picture {
    fn drop(&mut self) {
        self.put(LEAVE);
        let _ = dup2_stderr(&self.terminal);
        let mut said = Vec::new();
        if self.aside.rewind().is_ok() && self.aside.read_to_end(&mut said).is_ok() {
            let _ = self.terminal.write_all(&said);
        }
    }
}
