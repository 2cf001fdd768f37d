//! Splices: pieces of a text that are replaced, and everything else that is not.

use std::ops::Range;

/// A piece of a text and what takes its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::file) struct Splice {
    pub(in crate::file) range: Range<usize>,
    pub(in crate::file) text: String,
}

impl Splice {
    pub(in crate::file) fn replace(range: Range<usize>, text: impl Into<String>) -> Splice {
        let text = text.into();
        Splice { range, text }
    }

    pub(in crate::file) fn insert(at: usize, text: impl Into<String>) -> Splice {
        Splice::replace(at..at, text)
    }

    pub(in crate::file) fn remove(range: Range<usize>) -> Splice {
        Splice::replace(range, "")
    }
}

/// The text with the splices made. They do not overlap.
pub(in crate::file) fn spliced(text: &str, mut splices: Vec<Splice>) -> String {
    splices.sort_by_key(|splice| (splice.range.start, splice.range.end));
    let mut fresh = String::with_capacity(text.len() + 64);
    let mut at = 0;
    for splice in splices {
        assert!(at <= splice.range.start, "splices overlap");
        fresh.push_str(&text[at..splice.range.start]);
        fresh.push_str(&splice.text);
        at = splice.range.end;
    }
    fresh.push_str(&text[at..]);
    fresh
}

/// How most lines of a text end.
pub(in crate::file) fn line_end(text: &str) -> &'static str {
    let all = text.matches('\n').count();
    let crlf = text.matches("\r\n").count();
    if crlf * 2 > all { "\r\n" } else { "\n" }
}

/// Where the line of a place begins.
pub(in crate::file) fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

/// Where the line of a place ends, before its line end.
pub(in crate::file) fn line_stop(text: &str, at: usize) -> usize {
    let stop = text[at..]
        .find('\n')
        .map_or(text.len(), |newline| at + newline);
    if stop < text.len() && stop > at && text[..stop].ends_with('\r') {
        stop - 1
    } else {
        stop
    }
}

/// Where the line after that of a place begins; the text's end when it is the last.
pub(in crate::file) fn next_line(text: &str, at: usize) -> usize {
    text[at..]
        .find('\n')
        .map_or(text.len(), |newline| at + newline + 1)
}

/// The white space at the beginning of the line of a place.
pub(in crate::file) fn indent(text: &str, at: usize) -> &str {
    let start = line_start(text, at);
    let rest = &text[start..];
    &rest[..rest.len() - rest.trim_start_matches([' ', '\t']).len()]
}

/// A range with the rest of the lines that it touches, their ends with them; at the text's end with the end before it.
pub(in crate::file) fn whole_lines(text: &str, range: &Range<usize>) -> Range<usize> {
    let start = line_start(text, range.start);
    let end = next_line(text, range.end);
    if end == text.len() && !text.ends_with('\n') && start > 0 {
        return text[..start].trim_end_matches(['\n', '\r']).len()..end;
    }
    start..end
}
