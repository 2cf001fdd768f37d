//! Markers: lines by which an agent says how it stands (DESIGN §6).
//!
//! `[PROGRESS:<id>] 45% - text`, `[DONE:<id>] text`, `[ERROR:<id>] text`, `[QUESTION:<id>] text`.
//!
//! Always true, however the bytes are split:
//!   (1) A marker counts only at the start of a line, once ANSI sequences are removed; on a screen, an agent's bullet may
//!       come before. A carriage return starts a line: what a terminal overdraws was printed, and a spinner before a
//!       marker must not hide it.
//!   (2) Further markers of such a line count when a space stands before them and no quote is open.
//!   (3) Nothing counts inside a fenced block, or with an unfilled placeholder: a prompt that explains the protocol,
//!       echoed by a terminal, completes nothing.
//!   (4) Ids are reported as they stand; who listens compares them exactly.
//!   (5) Memory is bounded: of a line, the first 64 KiB are looked at.
//!
//! Lines are not looked at one by one: a log has a thousand of them for each that matters. `needle` finds what can
//! begin a marker or a fence, and only then is the line around it made out.

mod needle;

use memchr::{memchr2, memmem, memrchr2};

use crate::terminal;

/// Longest part of a line that is looked at, in bytes.
pub const MAX_LINE: usize = 64 << 10;

/// What a marker says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkerKind {
    /// How far it is.
    Progress,
    /// The task is done.
    Done,
    /// It cannot go on.
    Error,
    /// It needs a decision.
    Question,
}

/// One marker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    /// What it says.
    pub kind: MarkerKind,
    /// Whose it is: the attempt's terminal id.
    pub id: String,
    /// Of a progress marker: 0 to 100, larger numbers are cut. Absent when it named none.
    pub percent: Option<u8>,
    /// The percentage as it stood there, when it is not that number and `%`: `150%`, `45 %`, `12.5%`.
    pub said: Option<String>,
    /// The rest of the line, without the percentage and its dash.
    pub text: String,
}

impl MarkerKind {
    const ALL: [MarkerKind; 4] = [
        MarkerKind::Progress,
        MarkerKind::Done,
        MarkerKind::Error,
        MarkerKind::Question,
    ];

    /// As a marker names it.
    fn word(self) -> &'static str {
        match self {
            MarkerKind::Progress => "PROGRESS",
            MarkerKind::Done => "DONE",
            MarkerKind::Error => "ERROR",
            MarkerKind::Question => "QUESTION",
        }
    }

    /// As the wire names it: `progress`, `done`, `error`, `question`.
    pub fn as_str(self) -> &'static str {
        match self {
            MarkerKind::Progress => "progress",
            MarkerKind::Done => "done",
            MarkerKind::Error => "error",
            MarkerKind::Question => "question",
        }
    }
}

/// Finds markers in a stream of bytes that comes in pieces of any size.
#[derive(Debug, Default)]
pub struct Scanner {
    /// The line so far, when it began in an earlier piece. Never longer than [`MAX_LINE`].
    line: Vec<u8>,
    fence: Option<Fence>,
    /// It listens to what a terminal shows.
    is_screen: bool,
}

#[derive(Debug, Clone, Copy)]
struct Fence {
    mark: u8,
    length: usize,
}

impl Scanner {
    /// A scanner at the start of a line, outside any fence.
    pub fn new() -> Scanner {
        Scanner::default()
    }

    /// A scanner of what a terminal shows: there, an agent's bullet may stand before its marker.
    pub fn of_a_screen() -> Scanner {
        Scanner {
            is_screen: true,
            ..Scanner::default()
        }
    }

    /// Takes the next piece and hands over every marker of the lines that end in it.
    pub fn feed(&mut self, bytes: &[u8], mut found: impl FnMut(Marker)) {
        let mut rest = bytes;
        if !self.line.is_empty() {
            let Some(end) = memchr2(b'\n', b'\r', rest) else {
                return self.keep(rest);
            };
            self.keep(&rest[..end]);
            self.carried(&mut found);
            rest = &rest[end + 1..];
        }
        let end = memrchr2(b'\n', b'\r', rest).map_or(0, |at| at + 1);
        let (lines, begun) = rest.split_at(end);
        self.lines(lines, &mut found);
        self.keep(begun);
    }

    /// The stream has ended: its last line may lack its end.
    pub fn finish(&mut self, mut found: impl FnMut(Marker)) {
        self.carried(&mut found);
        *self = Scanner {
            is_screen: self.is_screen,
            ..Scanner::default()
        };
    }

    /// The fence that is open, as a line that opens it: a scanner that is fed with it first goes on where this one stands
    /// at the end of a line.
    pub fn open_fence(&self) -> Option<String> {
        let fence = self.fence?;
        Some(char::from(fence.mark).to_string().repeat(fence.length))
    }

    /// Whole lines, each with its end.
    fn lines(&mut self, lines: &[u8], found: &mut impl FnMut(Marker)) {
        let mut rest = lines;
        while let Some(at) = needle::find(rest) {
            let start = memrchr2(b'\n', b'\r', &rest[..at]).map_or(0, |end| end + 1);
            let end = memchr2(b'\n', b'\r', &rest[at..]).map_or(rest.len(), |end| at + end);
            let line = &rest[start..end];
            match line.get(..MAX_LINE) {
                None => self.whole(line, found),
                Some(first) if needle::find(first).is_some() => self.whole(first, found),
                Some(_) => {}
            }
            rest = rest.get(end + 1..).unwrap_or_default();
        }
    }

    fn keep(&mut self, piece: &[u8]) {
        let room = MAX_LINE.saturating_sub(self.line.len());
        self.line.extend_from_slice(&piece[..piece.len().min(room)]);
    }

    /// The line that began in an earlier piece has come to its end.
    fn carried(&mut self, found: &mut impl FnMut(Marker)) {
        let mut line = std::mem::take(&mut self.line);
        if needle::find(&line).is_some() {
            self.whole(&line, found);
        }
        line.clear();
        self.line = line;
    }

    /// A line with a needle in it.
    fn whole(&mut self, line: &[u8], found: &mut impl FnMut(Marker)) {
        let may_be_said = self.is_screen && line.first() == Some(&BULLET);
        if !may_matter(line) && !may_be_said {
            return;
        }
        let text = plain(line);
        if self.toggles_fence(&text) || self.fence.is_some() {
            return;
        }
        let text = match self.is_screen {
            true => after_bullet(&text),
            false => &text,
        };
        if !text.starts_with('[') {
            return;
        }
        for marker in split(text) {
            found(marker);
        }
    }

    /// CommonMark: at most three spaces, three or more of one mark; closed by at least as many and nothing else.
    fn toggles_fence(&mut self, text: &str) -> bool {
        let body = text.trim_start_matches(' ');
        let Some(mark @ (b'`' | b'~')) = body.bytes().next() else {
            return false;
        };
        let length = body.bytes().take_while(|byte| *byte == mark).count();
        if length < 3 || text.len() - body.len() > 3 {
            return false;
        }
        let info = body[length..].trim();
        match self.fence {
            Some(fence) if fence.mark == mark && length >= fence.length && info.is_empty() => {
                self.fence = None;
            }
            None if mark == b'~' || !info.contains('`') => {
                self.fence = Some(Fence { mark, length });
            }
            _ => return false,
        }
        true
    }
}

/// What the bullets begin with in UTF-8.
const BULLET: u8 = 0xe2;

/// Without the bullet that Claude Code (2.1.329: `●`, on macOS `⏺`) and codex (0.169.0: `•`) draw before what they say. What
/// they show of their tools has a word there, and what they were told has another mark, or is indented.
pub fn after_bullet(text: &str) -> &str {
    let said = text.strip_prefix(['●', '⏺', '•']);
    said.and_then(|text| text.strip_prefix(' ')).unwrap_or(text)
}

/// Whether a line that begins so may hold a marker or a fence.
fn may_matter(line: &[u8]) -> bool {
    let first = line.first();
    first.is_some_and(|byte| {
        matches!(byte, b'[' | b'`' | b'~' | b' ' | 0xc2) || byte.is_ascii_control()
    })
}

/// The line without escape sequences and control characters.
fn plain(line: &[u8]) -> String {
    let mut kept = terminal::without_sequences(line).into_owned();
    kept.retain(|byte| *byte == b'\t' || (*byte >= b' ' && *byte != 0x7f));
    String::from_utf8_lossy(&kept).into_owned()
}

/// The markers of a line that begins with one.
fn split(text: &str) -> Vec<Marker> {
    let mut markers = Vec::new();
    let mut starts: Vec<usize> = vec![0];
    for at in memmem::find_iter(text.as_bytes(), b" [") {
        let since = starts.last().copied().unwrap_or(0);
        if head(&text[at + 1..]).is_some() && !in_quotes(&text[since..at]) {
            starts.push(at + 1);
        }
    }
    starts.push(text.len());
    for pair in starts.windows(2) {
        if let &[from, to] = pair
            && let Some((kind, id, rest)) = head(&text[from..to])
        {
            markers.extend(marker(kind, id, rest.trim()));
        }
    }
    markers
}

/// `[KIND:id]` at the start, and what follows.
fn head(text: &str) -> Option<(MarkerKind, &str, &str)> {
    let inner = text.strip_prefix('[')?;
    let (word, rest) = inner.split_once(':')?;
    let kind = MarkerKind::ALL
        .into_iter()
        .find(|kind| kind.word() == word)?;
    let (id, rest) = rest.split_once(']')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/@#+".contains(c);
    (!id.is_empty() && id.len() <= 256 && id.chars().all(plain)).then_some((kind, id, rest))
}

fn in_quotes(text: &str) -> bool {
    [b'"', b'`']
        .iter()
        .any(|quote| text.bytes().filter(|byte| byte == quote).count() % 2 == 1)
}

fn marker(kind: MarkerKind, id: &str, rest: &str) -> Option<Marker> {
    if has_placeholder(rest) {
        return None;
    }
    let (percent, said, text) = match kind {
        MarkerKind::Progress => percent(rest),
        _ => (None, "", rest),
    };
    let is_plain = |percent: u8| {
        said.strip_suffix('%')
            .is_some_and(|it| it == percent.to_string())
    };
    Some(Marker {
        kind,
        id: id.to_owned(),
        percent,
        said: percent.filter(|it| !is_plain(*it)).map(|_| said.to_owned()),
        text: text.to_owned(),
    })
}

/// `45% - text`, `45 %: text`, `45.5% text`, `text`: the percentage, how it was written, and what follows.
fn percent(rest: &str) -> (Option<u8>, &str, &str) {
    let digits = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    let (number, mut tail) = rest.split_at(digits);
    if let Some(fraction) = tail.strip_prefix('.') {
        tail = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    let Some(text) = tail.trim_start().strip_prefix('%') else {
        return (None, "", rest);
    };
    if number.is_empty() {
        return (None, "", rest);
    }
    let said = &rest[..rest.len() - text.len()];
    let percent = number.parse::<u64>().map_or(100, |number| number.min(100)) as u8;
    let text = text.trim_start();
    let text = text.strip_prefix(['-', ':', '–', '—']).unwrap_or(text);
    (Some(percent), said, text.trim_start())
}

/// An unfilled `<…>` or `{…}`: the whole text, or several plain words in brackets that stand alone.
///
/// Not every bracket: a result may well speak of `Vec<u8>`, `<App/>` or `{ok: true}`.
fn has_placeholder(text: &str) -> bool {
    let inner = text
        .strip_prefix('<')
        .and_then(|rest| rest.strip_suffix('>'));
    if inner.is_some_and(|inner| !inner.contains(['<', '>'])) || is_cut_placeholder(text) {
        return true;
    }
    let mut open: Option<(usize, char)> = None;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        match open {
            Some((from, end)) if c == end => {
                let inside = &text[from..at];
                let alone = from == 1 && at + 1 == text.len();
                let percentage = text[at + 1..].starts_with('%');
                if !inside.is_empty() && (alone || percentage || inside.contains(' ')) {
                    return true;
                }
                open = None;
            }
            Some(_) if !(c.is_alphanumeric() || " -_|,./'’…&".contains(c)) => open = None,
            None if !before.is_alphanumeric() && (c == '<' || c == '{') => {
                open = Some((at + 1, if c == '<' { '>' } else { '}' }));
            }
            _ => {}
        }
        before = c;
    }
    false
}

/// A placeholder that a terminal of few columns has wrapped: it opens, and closes in the next line.
fn is_cut_placeholder(text: &str) -> bool {
    [('<', '>'), ('{', '}')].iter().any(|(open, close)| {
        text.strip_prefix(*open).is_some_and(|inside| {
            inside.starts_with(|c: char| c.is_alphabetic()) && !inside.contains(*close)
        })
    })
}

#[cfg(test)]
mod tests;
