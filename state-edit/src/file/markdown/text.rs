//! Sections, blocks between two comments, and bold fields.

use std::ops::Range;

use schemas::Failure;

use super::address::{Address, Scope};
use super::outline::Outline;
use crate::file::splice::{Splice, line_end, line_stop, next_line, whole_lines};

/// The words of a range without the blank lines around them.
fn words(text: &str, range: &Range<usize>) -> Range<usize> {
    let inner = &text[range.clone()];
    let start = range.start + inner.len() - inner.trim_start().len();
    let end = range.start + inner.trim_end().len();
    if start < end {
        start..end
    } else {
        range.start..range.start
    }
}

pub(super) fn get(text: &str, scope: &Scope) -> String {
    text[words(text, &scope.range)].to_owned()
}

/// Another text below a heading, up to the next one.
pub(super) fn set(text: &str, scope: &Scope, value: &str) -> Vec<Splice> {
    let words = words(text, &scope.own);
    let value = value.trim_matches(['\n', '\r']);
    if !words.is_empty() {
        return vec![Splice::replace(words, with_ends(text, value))];
    }
    let end = line_end(text);
    let gap = if text[..scope.own.start].ends_with('\n') || scope.own.start == 0 {
        ""
    } else {
        end
    };
    let rest = if scope.own.end < text.len() { end } else { "" };
    vec![Splice::replace(
        scope.own.clone(),
        format!("{gap}{end}{}{end}{rest}", with_ends(text, value)),
    )]
}

/// More text at the end of a section.
pub(super) fn append(text: &str, scope: &Scope, value: &str) -> Vec<Splice> {
    let end = line_end(text);
    let value = with_ends(text, value.trim_matches(['\n', '\r']));
    let there = &text[scope.range.clone()];
    let at = scope.range.start + there.trim_end().len();
    if there.trim().is_empty() {
        return set(text, scope, &value);
    }
    let closing = if at == text.len() { end } else { "" };
    vec![Splice::insert(at, format!("{end}{end}{value}{closing}"))]
}

/// The section with its heading.
pub(super) fn delete(scope: &Scope) -> Vec<Splice> {
    vec![Splice::remove(scope.heading.start..scope.range.end)]
}

fn with_ends(text: &str, value: &str) -> String {
    let value = value.replace("\r\n", "\n");
    if line_end(text) == "\n" {
        value
    } else {
        value.replace('\n', "\r\n")
    }
}

/// What stands between the two comments of a block, from line to line.
fn block(
    text: &str,
    outline: &Outline,
    scope: &Scope,
    name: &str,
    address: &Address,
) -> Result<Range<usize>, Failure> {
    let inside: Vec<&Range<usize>> = outline
        .comments
        .iter()
        .filter(|it| scope.holds(it))
        .collect();
    let marks = |end: &str, other: &str| {
        let forms = [
            format!("{name}-{end}"),
            format!("{name}:{end}"),
            format!("{name} {end}"),
            format!("{end} {name}"),
            format!("{end}:{name}"),
            format!("{other} {name}"),
        ];
        let says = |comment: &Range<usize>| {
            let said = text[comment.clone()]
                .trim_start_matches("<!--")
                .trim_end_matches("-->")
                .trim();
            forms.iter().any(|form| form.eq_ignore_ascii_case(said))
        };
        inside
            .iter()
            .filter(|comment| says(comment))
            .map(|comment| (*comment).clone())
            .collect::<Vec<_>>()
    };
    let (starts, ends) = (marks("start", "begin"), marks("end", "end"));
    match (&starts[..], &ends[..]) {
        ([start], [end]) if start.end <= end.start => {
            let from = next_line(text, start.end).min(end.start);
            Ok(from..crate::file::splice::line_start(text, end.start).max(from))
        }
        ([], []) => Err(Failure::no(format!(
            "{address}: there is no <!-- {name}-start -->"
        ))),
        _ => Err(Failure::no(format!(
            "{address}: <!-- {name}-start --> and its end are not one pair"
        ))),
    }
}

pub(super) fn get_block(
    text: &str,
    outline: &Outline,
    scope: &Scope,
    name: &str,
    address: &Address,
) -> Result<String, Failure> {
    let inner = block(text, outline, scope, name, address)?;
    Ok(text[words(text, &inner)].to_owned())
}

pub(super) fn set_block(
    text: &str,
    outline: &Outline,
    scope: &Scope,
    name: &str,
    value: &str,
    address: &Address,
) -> Result<Vec<Splice>, Failure> {
    let inner = block(text, outline, scope, name, address)?;
    let end = line_end(text);
    let value = with_ends(text, value.trim_matches(['\n', '\r']));
    let fresh = if value.is_empty() {
        end.to_owned()
    } else {
        format!("{end}{value}{end}{end}")
    };
    Ok(vec![Splice::replace(inner, fresh)])
}

pub(super) fn append_block(
    text: &str,
    outline: &Outline,
    scope: &Scope,
    name: &str,
    value: &str,
    address: &Address,
) -> Result<Vec<Splice>, Failure> {
    let inner = block(text, outline, scope, name, address)?;
    let there = words(text, &inner);
    if there.is_empty() {
        return set_block(text, outline, scope, name, value, address);
    }
    let end = line_end(text);
    let value = with_ends(text, value.trim_matches(['\n', '\r']));
    let closing = if text[there.end..inner.end].matches('\n').count() < 2 {
        end
    } else {
        ""
    };
    Ok(vec![Splice::insert(
        there.end,
        format!("{end}{end}{value}{closing}"),
    )])
}

/// What follows `**Name:**` on its line; the last such line counts.
pub(super) fn field(
    text: &str,
    outline: &Outline,
    scope: &Scope,
    name: &str,
    address: &Address,
) -> Result<Range<usize>, Failure> {
    let mut found = None;
    let mut at = scope.range.start;
    while at < scope.range.end {
        let stop = line_stop(text, at);
        let line = &text[at..stop];
        let words = line
            .trim_start()
            .trim_start_matches(['-', '*', '+', '>', ' ']);
        // The marks of a list may have taken the bold ones along.
        let words = words.strip_prefix("**").unwrap_or(words);
        let rest = words.strip_prefix(name).and_then(|rest| {
            rest.strip_prefix(":**")
                .or_else(|| rest.strip_prefix("**:"))
        });
        if let (Some(rest), false) = (rest, outline.is_code(at))
            && line.contains("**")
        {
            let start = stop - rest.len();
            let words = text[start..stop].trim_end();
            let gap = words.len() - words.trim_start().len();
            found = Some(start + gap..start + words.len());
        }
        at = next_line(text, at);
    }
    found.ok_or_else(|| Failure::no(format!("{address}: there is no **{name}:**")))
}

pub(super) fn set_field(
    text: &str,
    outline: &Outline,
    scope: &Scope,
    name: &str,
    value: &str,
    address: &Address,
) -> Result<Vec<Splice>, Failure> {
    let place = field(text, outline, scope, name, address)?;
    let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
    let gap = if text[..place.start].ends_with([' ', '\t']) || value.is_empty() {
        ""
    } else {
        " "
    };
    Ok(vec![Splice::replace(place, format!("{gap}{value}"))])
}

pub(super) fn delete_field(
    text: &str,
    outline: &Outline,
    scope: &Scope,
    name: &str,
    address: &Address,
) -> Result<Vec<Splice>, Failure> {
    let place = field(text, outline, scope, name, address)?;
    Ok(vec![Splice::remove(whole_lines(text, &place))])
}
