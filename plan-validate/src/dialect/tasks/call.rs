//! `TaskCreate({...})` as people and agents write it: an object of JavaScript, whose keys need no quotes and which may
//! have comments. With the comments blanked it is a flow mapping of YAML, byte by byte where it was.

use std::ops::Range;

use schemas::Problem;

use super::super::node::shifted;
use super::super::{Draft, Node};
use super::entry::{Entry, Kind};

/// A call, by how it begins.
fn kind_of(line: &str) -> Option<(Kind, &str)> {
    let line = line.trim_start_matches([' ', '\t', '-', '*', '`', '>']);
    let line = line.strip_prefix("await ").unwrap_or(line);
    let named = [("TaskCreate", Kind::Create), ("TaskUpdate", Kind::Update)];
    let (rest, kind) = named
        .iter()
        .find_map(|(name, kind)| Some((line.strip_prefix(name)?, *kind)))?;
    Some((kind, rest.trim_start().strip_prefix('(')?))
}

pub(super) fn is_call(line: &str) -> bool {
    kind_of(line).is_some()
}

/// Every call of a text that stands at `offset`. What is around them is prose.
pub(super) fn read(text: &str, offset: usize, draft: &mut Draft) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut at = 0;
    while let Some(line) = text
        .get(at..)
        .and_then(|rest| rest.split_inclusive('\n').next())
    {
        let next = at + line.len();
        let Some((kind, behind)) = kind_of(line) else {
            at = next;
            continue;
        };
        let start = at + (line.len() - behind.len());
        let start = start + (text[start..].len() - text[start..].trim_start().len());
        let Some(literal) = literal(&text[start..]) else {
            draft.error(
                "odd-call",
                "this call has no object, or one that does not end",
                offset + at..offset + at + line.trim_end().len(),
                "a call is TaskCreate({ subject: \"...\", description: \"...\" })",
            );
            // All that follows may be within it.
            return entries;
        };
        at = start + literal.len();
        match parsed(literal, offset + start) {
            Ok(fields) => entries.push(Entry { kind, fields }),
            Err(problems) => draft.found.extend(problems),
        }
    }
    entries
}

fn parsed(literal: String, offset: usize) -> Result<Node, Vec<Problem>> {
    let node = match Node::from_json(&literal, offset) {
        Ok(node) => node,
        Err(_) => Node::from_yaml(&literal, offset)?,
    };
    // `wave:0` is one word for YAML.
    let unparted = node
        .entries()
        .iter()
        .find(|(key, value)| value.is_null() && key.contains(':'));
    if let Some((key, value)) = unparted {
        let problem = Problem::error("odd-call", format!("`{key}` is one word"));
        let mut problem = problem.help("write a space behind the colon");
        problem.span = Some(value.at.start - offset..value.at.end - offset);
        return Err(vec![shifted(problem, offset)]);
    }
    Ok(node)
}

/// The object that a text begins with, its comments and tabs blanked, so that every byte is where it was.
fn literal(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    if bytes.first() != Some(&b'{') {
        return None;
    }
    let (mut depth, mut at) = (0_usize, 0);
    let mut blanks: Vec<Range<usize>> = Vec::new();
    while let Some(byte) = bytes.get(at) {
        let end = match byte {
            b'{' | b'[' => {
                depth += 1;
                at + 1
            }
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                at + 1
            }
            b'"' | b'\'' | b'`' => end_of_text(bytes, at)?,
            b'/' => match bytes.get(at + 1) {
                Some(b'/') => end_of_comment(bytes, at, b"\n"),
                Some(b'*') => end_of_comment(bytes, at, b"*/"),
                _ => at + 1,
            },
            _ => at + 1,
        };
        if matches!(byte, b'\t') || (*byte == b'/' && end > at + 1) {
            blanks.push(at..end);
        }
        at = end;
        if depth == 0 {
            let mut literal = bytes.get(..at)?.to_vec();
            for blank in blanks {
                let bytes = literal.get_mut(blank).into_iter().flatten();
                bytes
                    .filter(|byte| **byte != b'\n')
                    .for_each(|byte| *byte = b' ');
            }
            return String::from_utf8(literal).ok();
        }
    }
    None
}

/// Behind the quote that ends the text that begins here.
fn end_of_text(bytes: &[u8], start: usize) -> Option<usize> {
    let quote = bytes.get(start)?;
    let mut at = start + 1;
    loop {
        match bytes.get(at)? {
            b'\\' => at += 2,
            byte if byte == quote => return Some(at + 1),
            _ => at += 1,
        }
    }
}

/// Behind the comment that begins here.
fn end_of_comment(bytes: &[u8], start: usize, end: &[u8]) -> usize {
    let rest = bytes.get(start + 2..).unwrap_or_default();
    let length = rest.windows(end.len()).position(|window| window == end);
    length.map_or(bytes.len(), |length| start + 2 + length + end.len())
}
