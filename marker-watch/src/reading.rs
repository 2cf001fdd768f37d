//! One stream of bytes, and what is understood of it.

use memchr::{memchr, memrchr, memrchr2};
use schemas::marker::{Marker, Scanner};
use schemas::stream::{Dialect, Heard, Parser};

use crate::dialect;
use crate::lines::Lines;
use crate::screen::{Screen, Shown};
use crate::signal::{Signal, Signals};

/// Of a stream of unknown dialect, so many lines are looked at.
const FIRST_LINES: u32 = 32;

/// The longest first line that is looked at.
const MAX_FIRST_LINE: usize = 1 << 20;

/// How a stream is to be read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner {
    /// `None`: to be found out.
    pub(crate) dialect: Option<Dialect>,
    /// What a terminal shows: the cursor jumps.
    pub(crate) is_terminal: bool,
    /// Lines break at this column.
    pub(crate) columns: Option<usize>,
    /// Whether every line is wanted, too.
    pub(crate) lines: bool,
}

/// What was understood.
#[derive(Debug)]
pub(crate) enum Said<'a> {
    /// A marker, and how often what was drawn before had been drawn over by then.
    Marker(Marker, u64),
    Line(&'a str),
    /// What the terminal was made to show, as lines.
    Shown(&'a [u8]),
    Signal(Signal),
}

/// Reads one stream.
#[derive(Debug)]
pub(crate) struct Reading {
    way: Way,
    /// `None` for the stream of a known program: its events give no signs.
    signals: Option<Signals>,
    screen: Option<Screen>,
    /// What the screen makes of a piece.
    shown: Shown,
    /// How often what was drawn before has been drawn over.
    jumps: u64,
    lines: Option<Lines>,
    /// Bytes since the last line's end.
    since_break: u64,
}

#[derive(Debug)]
enum Way {
    Text(Scanner),
    Stream(Box<Parser>),
    /// Text until a line tells otherwise.
    Unsure {
        scanner: Scanner,
        line: Vec<u8>,
        left: u32,
    },
}

impl Reading {
    /// At the start of a stream; within a fence where a line that opens one is given.
    pub(crate) fn new(manner: Manner, fence: Option<&str>) -> Reading {
        let is_drawn = manner.is_terminal || manner.columns.is_some();
        let mut scanner = match is_drawn {
            true => Scanner::of_a_screen(),
            false => Scanner::new(),
        };
        if let Some(fence) = fence {
            scanner.feed(format!("{fence}\n").as_bytes(), |_| ());
        }
        let way = match manner.dialect {
            Some(Dialect::Text) => Way::Text(scanner),
            Some(dialect) => Way::Stream(Box::new(Parser::new(dialect))),
            None => Way::Unsure {
                scanner,
                line: Vec::new(),
                left: FIRST_LINES,
            },
        };
        Reading {
            way,
            signals: matches!(manner.dialect, None | Some(Dialect::Text)).then(Signals::default),
            screen: is_drawn.then(|| Screen::new(manner.columns)),
            shown: Shown::default(),
            jumps: 0,
            lines: manner.lines.then(Lines::default),
            since_break: 0,
        }
    }

    /// The next bytes.
    pub(crate) fn feed(&mut self, bytes: &[u8], mut said: impl FnMut(Said)) {
        if let Some(signals) = &mut self.signals {
            signals.feed(bytes, |signal| said(Said::Signal(signal)));
        }
        match &mut self.screen {
            None => understand(&mut self.way, &mut self.lines, bytes, &mut |it| {
                said(it.at(0));
            }),
            Some(screen) => {
                screen.feed(bytes, &mut self.shown);
                self.understand_shown(&mut said);
            }
        }
        let last = match self.way {
            Way::Stream(_) => memrchr(b'\n', bytes),
            _ => memrchr2(b'\n', b'\r', bytes),
        };
        self.since_break = match last {
            Some(at) => (bytes.len() - at - 1) as u64,
            None => self.since_break + bytes.len() as u64,
        };
    }

    /// The stream has ended: its last line may lack its end.
    pub(crate) fn finish(&mut self, mut said: impl FnMut(Said)) {
        if let Some(screen) = &mut self.screen {
            screen.finish(&mut self.shown);
            self.understand_shown(&mut said);
        }
        let jumps = self.jumps;
        match &mut self.way {
            Way::Text(scanner) | Way::Unsure { scanner, .. } => {
                scanner.finish(|marker| said(Said::Marker(marker, jumps)));
            }
            Way::Stream(parser) => {
                let lines = &mut self.lines;
                parser.finish(|heard| hear(heard, lines, &mut |it| said(it.at(jumps))));
            }
        }
        if let Some(lines) = &mut self.lines {
            lines.finish(|line| said(Said::Line(line)));
        }
    }

    /// Piece by piece between jumps, so that a line that is drawn again is told from one that is said again.
    fn understand_shown(&mut self, said: &mut impl FnMut(Said)) {
        said(Said::Shown(&self.shown.text));
        let mut from = 0;
        for to in self
            .shown
            .jumps
            .iter()
            .copied()
            .chain([self.shown.text.len()])
        {
            let jumps = self.jumps;
            let piece = &self.shown.text[from..to];
            understand(&mut self.way, &mut self.lines, piece, &mut |it| {
                said(it.at(jumps));
            });
            from = to;
            self.jumps += 1;
        }
        self.jumps -= 1;
        self.shown.text.clear();
        self.shown.jumps.clear();
    }

    /// Whether a terminal shows it.
    pub(crate) fn is_shown(&self) -> bool {
        self.screen.is_some()
    }

    /// Bytes since the beginning of the last line.
    pub(crate) fn since_break(&self) -> u64 {
        self.since_break
    }

    /// The fence that is open at the beginning of the last line.
    pub(crate) fn open_fence(&self) -> Option<String> {
        match &self.way {
            Way::Text(scanner) | Way::Unsure { scanner, .. } => scanner.open_fence(),
            Way::Stream(_) => None,
        }
    }
}

impl Said<'_> {
    /// The same, after so many jumps.
    fn at(self, jumps: u64) -> Self {
        match self {
            Said::Marker(marker, _) => Said::Marker(marker, jumps),
            other => other,
        }
    }
}

fn understand(way: &mut Way, lines: &mut Option<Lines>, bytes: &[u8], said: &mut impl FnMut(Said)) {
    match way {
        Way::Text(scanner) => {
            scanner.feed(bytes, |marker| said(Said::Marker(marker, 0)));
            if let Some(lines) = lines {
                lines.feed(bytes, |line| said(Said::Line(line)));
            }
        }
        Way::Stream(parser) => parser.feed(bytes, |heard| hear(heard, lines, said)),
        Way::Unsure {
            scanner,
            line,
            left,
        } => {
            let (first, rest) = match memchr(b'\n', bytes) {
                Some(end) => bytes.split_at(end + 1),
                None => (bytes, &[][..]),
            };
            scanner.feed(first, |marker| said(Said::Marker(marker, 0)));
            if let Some(lines) = lines {
                lines.feed(first, |line| said(Said::Line(line)));
            }
            let room = MAX_FIRST_LINE.saturating_sub(line.len());
            line.extend_from_slice(&first[..first.len().min(room)]);
            if !first.ends_with(b"\n") {
                return;
            }
            *left -= 1;
            if let Some(dialect) = dialect::guess(line) {
                // As text, an event has no marker: it may be read again.
                let mut parser = Box::new(Parser::new(dialect));
                parser.feed(line, |heard| hear(heard, lines, said));
                *way = Way::Stream(parser);
            } else if *left == 0 {
                *way = Way::Text(std::mem::take(scanner));
            } else {
                line.clear();
            }
            if !rest.is_empty() {
                understand(way, lines, rest, said);
            }
        }
    }
}

fn hear(heard: Heard, lines: &mut Option<Lines>, said: &mut impl FnMut(Said)) {
    match (heard, lines) {
        (Heard::Marker(marker), _) => said(Said::Marker(marker, 0)),
        (Heard::Text(text), Some(lines)) => {
            lines.feed(text.as_bytes(), |line| said(Said::Line(line)));
        }
        (Heard::EndOfMessage, Some(lines)) => lines.finish(|line| said(Said::Line(line))),
        _ => {}
    }
}

#[cfg(test)]
mod fuzz;
