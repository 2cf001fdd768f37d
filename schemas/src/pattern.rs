//! Path patterns held against each other: can two of them match a common file, does one match all that another does?
//!
//! `*` and `?` stay within a name, `**` crosses folders, `[a-z]` and `{one,two}` as usual, `\` takes the next character
//! as it is. A pattern that ends in a plain name stands for that file or folder and all below it.
//!
//! Crates for globs match a pattern against a path; none holds two patterns against each other. Where the exact answer
//! would cost too much (more than 8 names with wildcards, 64 ways to read braces) the answer is "perhaps", which is yes.

mod meetings;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub use meetings::Meetings;

/// A pattern without braces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    segments: Vec<Segment>,
    /// Whether it stands for all below what it matches, too.
    below: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    /// `**`: any number of names.
    Folders,
    /// A name as it is: most are.
    Plain(Box<str>),
    Name(Vec<Piece>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Char(char),
    One,
    Many,
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

/// Longest path that a system takes has fewer names than this.
const MOST_SEGMENTS: usize = 128;
/// More names with wildcards than this are taken for all that may follow.
const MOST_WILD: usize = 8;
const LONGEST_NAME: usize = 255;
const MOST_WAYS: usize = 64;

impl Pattern {
    /// The patterns that `text` stands for, one for each way to read its braces. `folder` is what it is relative to.
    pub fn read(folder: &str, text: &str) -> Vec<Pattern> {
        let ways = braces(text).unwrap_or_else(|| {
            let plain = text.split('{').next().unwrap_or_default();
            let whole = plain.rsplit_once('/').map_or("", |(folder, _)| folder);
            vec![format!("{whole}/**")]
        });
        ways.iter().map(|way| Pattern::plain(folder, way)).collect()
    }

    fn plain(folder: &str, text: &str) -> Pattern {
        let mut segments = Vec::new();
        if folder.starts_with('/') {
            segments.push(literal("/"));
        }
        // A folder is a name, whatever it holds.
        for name in folder.split('/') {
            push(&mut segments, name, literal);
        }
        for name in text.split('/') {
            push(&mut segments, name, segment);
        }
        let wild = (0..segments.len()).filter(|at| !segments[*at].is_literal());
        let end = wild
            .clone()
            .nth(MOST_WILD)
            .unwrap_or(segments.len())
            .min(MOST_SEGMENTS);
        if end < segments.len() {
            segments.truncate(end);
            segments.push(Segment::Folders);
        }
        let below = segments.last().is_none_or(Segment::is_literal);
        Pattern { segments, below }
    }

    /// The same, taken as one file where its last name looks like a file's.
    pub fn into_file(mut self) -> Pattern {
        let last = self.segments.last().and_then(Segment::text);
        self.below &= !last.is_some_and(|name| name.trim_start_matches('.').contains('.'));
        self
    }

    /// The plain names that it begins with.
    fn prefix(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().map_while(Segment::text)
    }

    /// Whether it is plain names only.
    pub fn is_literal(&self) -> bool {
        self.segments.iter().all(Segment::is_literal)
    }

    /// Whether there can be a file that both match.
    pub fn meets(&self, other: &Pattern) -> bool {
        let (a, b) = (self.whole(), other.whole());
        table(a.len(), b.len(), |i, j, at| {
            let names = match (a.get(i), b.get(j)) {
                (None, None) => return true,
                (Some(a), Some(b)) if a.is_name() && b.is_name() => return a.meets(b) && at(1, 1),
                pair => pair,
            };
            let folders = |it: Option<&&Segment>| matches!(it, Some(Segment::Folders));
            (folders(names.0) && (at(1, 0) || (j < b.len() && at(0, 1))))
                || (folders(names.1) && (at(0, 1) || (i < a.len() && at(1, 0))))
        })
    }

    /// Whether it matches every file that `other` does. Sure when it says yes, careful when it says no.
    pub fn holds(&self, other: &Pattern) -> bool {
        let (a, b) = (self.whole(), &other.segments);
        table(a.len(), b.len(), |i, j, at| match (a.get(i), b.get(j)) {
            (None, None) => true,
            (Some(Segment::Folders), it) => at(1, 0) || (it.is_some() && at(0, 1)),
            (Some(a), Some(b)) if b.is_name() => name_holds(&a.pieces(), &b.pieces()) && at(1, 1),
            _ => false,
        })
    }

    fn whole(&self) -> Vec<&Segment> {
        let below = self.below.then_some(&Segment::Folders);
        self.segments.iter().chain(below).collect()
    }
}

impl Segment {
    fn is_literal(&self) -> bool {
        matches!(self, Segment::Plain(_))
    }

    fn is_name(&self) -> bool {
        !matches!(self, Segment::Folders)
    }

    fn text(&self) -> Option<&str> {
        match self {
            Segment::Plain(text) => Some(text),
            _ => None,
        }
    }

    fn pieces(&self) -> Cow<'_, [Piece]> {
        match self {
            Segment::Folders => Cow::Borrowed(&[]),
            Segment::Plain(text) => text.chars().map(Piece::Char).collect(),
            Segment::Name(pieces) => Cow::Borrowed(pieces),
        }
    }

    fn meets(&self, other: &Segment) -> bool {
        match (self, other) {
            (Segment::Plain(a), Segment::Plain(b)) => a == b,
            _ => names_meet(&self.pieces(), &other.pieces()),
        }
    }
}

/// `answer(0, 0)`, where `answer` may ask for the answer `(i, j)` further on. From the end, so that nothing recurses.
fn table(
    m: usize,
    n: usize,
    answer: impl Fn(usize, usize, &dyn Fn(usize, usize) -> bool) -> bool,
) -> bool {
    let mut answers = vec![false; (m + 2) * (n + 2)];
    let place = |i: usize, j: usize| i * (n + 2) + j;
    for i in (0..=m).rev() {
        for j in (0..=n).rev() {
            let known = answer(i, j, &|more_i, more_j| {
                answers[place(i + more_i, j + more_j)]
            });
            answers[place(i, j)] = known;
        }
    }
    answers[0]
}

fn names_meet(a: &[Piece], b: &[Piece]) -> bool {
    table(a.len(), b.len(), |i, j, at| match (a.get(i), b.get(j)) {
        (None, None) => true,
        (Some(Piece::Many), it) if at(1, 0) || (it.is_some() && at(0, 1)) => true,
        (it, Some(Piece::Many)) => at(0, 1) || (it.is_some() && at(1, 0)),
        (Some(a), Some(b)) => a.meets(b) && at(1, 1),
        _ => false,
    })
}

fn name_holds(a: &[Piece], b: &[Piece]) -> bool {
    table(a.len(), b.len(), |i, j, at| match (a.get(i), b.get(j)) {
        (None, None) => true,
        (Some(Piece::Many), it) => at(1, 0) || (it.is_some() && at(0, 1)),
        (Some(a), Some(b)) => a.holds(b) && at(1, 1),
        _ => false,
    })
}

impl Piece {
    fn matches(&self, c: char) -> bool {
        match self {
            Piece::Char(own) => *own == c,
            Piece::One | Piece::Many => true,
            Piece::Class { negated, ranges } => {
                ranges
                    .iter()
                    .any(|(first, last)| (*first..=*last).contains(&c))
                    != *negated
            }
        }
    }

    fn meets(&self, other: &Piece) -> bool {
        match (self, other) {
            (Piece::Char(c), it) | (it, Piece::Char(c)) => it.matches(*c),
            // Two classes: perhaps.
            _ => true,
        }
    }

    fn holds(&self, other: &Piece) -> bool {
        match (self, other) {
            (_, Piece::Many) => false,
            (Piece::One, _) => true,
            (it, Piece::Char(c)) => it.matches(*c),
            (it, other) => it == other,
        }
    }
}

fn push(segments: &mut Vec<Segment>, name: &str, read: impl Fn(&str) -> Segment) {
    match name {
        "" | "." => {}
        ".." if segments.last().is_some_and(|last| *last != literal("..")) => {
            segments.pop();
        }
        name => segments.push(read(name)),
    }
}

fn literal(name: &str) -> Segment {
    Segment::Plain(name.into())
}

fn segment(name: &str) -> Segment {
    if name == "**" {
        return Segment::Folders;
    }
    let mut pieces = Vec::new();
    let mut rest = name.chars();
    while let Some(c) = rest.next() {
        pieces.push(match c {
            '*' if pieces.last() == Some(&Piece::Many) => continue,
            '*' => Piece::Many,
            '?' => Piece::One,
            '\\' => Piece::Char(rest.next().unwrap_or('\\')),
            '[' => match class(rest.as_str()) {
                Some((class, after)) => {
                    rest = after.chars();
                    class
                }
                None => Piece::Char('['),
            },
            c => Piece::Char(c),
        });
    }
    if pieces.len() > LONGEST_NAME {
        return Segment::Name(vec![Piece::Many]);
    }
    let plain = |piece: &Piece| match piece {
        Piece::Char(c) => Some(*c),
        _ => None,
    };
    match pieces.iter().map(plain).collect::<Option<String>>() {
        Some(text) => Segment::Plain(text.into()),
        None => Segment::Name(pieces),
    }
}

/// What stands behind `[`, and what follows its end.
fn class(text: &str) -> Option<(Piece, &str)> {
    let (negated, body) = match text.strip_prefix(['!', '^']) {
        Some(body) => (true, body),
        None => (false, text),
    };
    // A bracket at the very beginning is one of the characters.
    let end = body.char_indices().skip(1).find(|(_, c)| *c == ']')?.0;
    let chars: Vec<char> = body[..end].chars().collect();
    let mut ranges = Vec::new();
    let mut at = 0;
    while let Some(first) = chars.get(at) {
        match (chars.get(at + 1), chars.get(at + 2)) {
            (Some('-'), Some(last)) => {
                ranges.push((*first, *last));
                at += 3;
            }
            _ => {
                ranges.push((*first, *first));
                at += 1;
            }
        }
    }
    Some((Piece::Class { negated, ranges }, &body[end + 1..]))
}

/// Every way to read the braces; `None` when there are too many.
fn braces(text: &str) -> Option<Vec<String>> {
    let mut done = Vec::new();
    let mut open = vec![text.to_owned()];
    while let Some(text) = open.pop() {
        match group(&text) {
            Some((before, ways, after)) => {
                let read = |way: &&str| format!("{before}{way}{after}");
                open.extend(ways.iter().rev().map(read));
            }
            None => done.push(text),
        }
        if done.len() + open.len() > MOST_WAYS {
            return None;
        }
    }
    Some(done)
}

/// What stands before the first group of braces, what is in it, and what follows.
fn group(text: &str) -> Option<(&str, Vec<&str>, &str)> {
    let mut escaped = false;
    let mut depth = 0;
    let (mut start, mut from) = (0, 0);
    let mut ways = Vec::new();
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '{' => {
                if depth == 0 {
                    (start, from) = (at, at + 1);
                    ways.clear();
                }
                depth += 1;
            }
            ',' if depth == 1 => {
                ways.push(&text[from..at]);
                from = at + 1;
            }
            '}' if depth == 1 => {
                ways.push(&text[from..at]);
                return Some((&text[..start], ways, &text[at + 1..]));
            }
            '}' if depth > 1 => depth -= 1,
            _ => {}
        }
    }
    None
}
