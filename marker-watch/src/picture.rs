//! Tasks on a terminal, drawn again as they change.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rustix::termios::tcgetwinsize;

use crate::cli::Format;
use crate::table::{self, Look};
use crate::task::Task;

/// Between two pictures at least.
const PAUSE: Duration = Duration::from_millis(100);

/// Between two pictures at most: ages grow.
const REST: Duration = Duration::from_secs(1);

/// A picture of all tasks on stderr.
#[derive(Debug)]
pub(crate) struct Picture {
    /// All lines in one: which of them are there is ours to say, at each size of the terminal anew.
    bar: ProgressBar,
    has_bars: bool,
    drawn: Instant,
    is_touched: bool,
}

impl Picture {
    /// `None` where stderr is no terminal.
    pub(crate) fn open(format: Format) -> Option<Picture> {
        let is_able = std::io::stderr().is_terminal()
            && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        if !is_able {
            return None;
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Some(Picture {
            bar,
            has_bars: format == Format::Bars,
            drawn: Instant::now(),
            is_touched: true,
        })
    }

    /// Something has changed.
    pub(crate) fn touch(&mut self) {
        self.is_touched = true;
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.drawn + if self.is_touched { PAUSE } else { REST }
    }

    /// Draws, when it is time.
    pub(crate) fn draw(&mut self, tasks: &[Task]) {
        if Instant::now() >= self.deadline() {
            self.bar.set_message(self.text(tasks));
            self.bar.tick();
            self.drawn = Instant::now();
            self.is_touched = false;
        }
    }

    /// The last picture stays with bars, and gives way to the table on stdout without.
    pub(crate) fn finish(self, tasks: &[Task]) {
        if self.has_bars {
            self.bar.finish_with_message(self.text(tasks));
        } else {
            self.bar.finish_and_clear();
        }
    }

    fn text(&self, tasks: &[Task]) -> String {
        let size = tcgetwinsize(std::io::stderr());
        let (columns, rows) = size.map_or((80, 24), |size| {
            (usize::from(size.ws_col), usize::from(size.ws_row))
        });
        let look = Look {
            // A character at the edge would make some terminals go on in the next line.
            columns: if columns == 0 { 79 } else { columns - 1 },
            rows: if rows == 0 {
                20
            } else {
                rows.saturating_sub(2).max(2)
            },
            bars: self.has_bars,
        };
        table::lines(tasks, Instant::now(), look).join("\n")
    }
}
