//! Editing inside of `[...]` and `{...}`, of JSON and of YAML's flow style.

use std::ops::Range;

use serde_json::Value;

use super::splice::{Splice, indent, line_start, line_stop, next_line};
use super::tree::{Item, Node, Writer};

/// A new last item, or one before the item with this index.
pub(super) fn insert(
    text: &str,
    node: &Node,
    at: usize,
    key: Option<&str>,
    value: &Value,
    writer: &impl Writer,
) -> Vec<Splice> {
    let items = node.items().unwrap_or_default();
    let inner = node.span.start + 1..node.span.end - 1;
    let written = |indent: Option<&str>| {
        let value = match indent {
            Some(indent) => writer.spread(value, indent),
            None => writer.inline(value),
        };
        match key {
            Some(key) => format!("{}{}{value}", writer.key(key), writer.colon()),
            None => value,
        }
    };
    let end = writer.line_end();
    let Some(last) = items.last() else {
        let outer = indent(text, node.span.start);
        let inside = format!("{outer}{}", writer.unit());
        // Into an empty object in the manner of the document; a comment in it stays.
        let spread = writer.spread(&serde_json::json!([0]), outer).contains('\n');
        return if !text[inner.clone()].trim().is_empty() {
            let before = text[..inner.end].trim_end().len();
            vec![Splice::insert(
                before,
                format!("{end}{inside}{}", written(Some(&inside))),
            )]
        } else if spread {
            vec![Splice::replace(
                inner,
                format!("{end}{inside}{}{end}{outer}", written(Some(&inside))),
            )]
        } else {
            vec![Splice::replace(inner, written(None))]
        };
    };
    if let Some(next) = items.get(at) {
        return match own_line(text, next, inner.start) {
            Some(indent) => vec![Splice::insert(
                next.lead.start,
                format!("{},{end}{indent}", written(Some(indent))),
            )],
            None => vec![Splice::insert(
                next.lead.start,
                format!("{}{}", written(None), writer.comma()),
            )],
        };
    }
    let trailing = comma(text, last.node.span.end..inner.end);
    match own_line(text, last, inner.start) {
        Some(indent) => {
            // A comment behind the last item is about that item: the new one comes below.
            let stop = line_stop(text, last.node.span.end).min(inner.end);
            let below =
                if text[last.node.span.end..stop].contains(['[', '{', '"']) || stop == inner.end {
                    trailing.map_or(last.node.span.end, |comma| comma + 1)
                } else {
                    stop
                };
            let entry = format!("{end}{indent}{}", written(Some(indent)));
            match trailing {
                Some(comma) => vec![Splice::insert(below.max(comma + 1), format!("{entry},"))],
                None if below == last.node.span.end => {
                    vec![Splice::insert(below, format!(",{entry}"))]
                }
                None => vec![
                    Splice::insert(last.node.span.end, ","),
                    Splice::insert(below, entry),
                ],
            }
        }
        None => match trailing {
            Some(comma) => vec![Splice::insert(comma + 1, format!(" {},", written(None)))],
            None => vec![Splice::insert(
                last.node.span.end,
                format!("{}{}", writer.comma(), written(None)),
            )],
        },
    }
}

/// Takes an item away, with its comma, and with its line where it has one of its own.
pub(super) fn remove(text: &str, node: &Node, at: usize) -> Vec<Splice> {
    let items = node.items().unwrap_or_default();
    let Some(item) = items.get(at) else {
        return Vec::new();
    };
    let inner = node.span.start + 1..node.span.end - 1;
    let own = comma(
        text,
        item.node.span.end..items.get(at + 1).map_or(inner.end, |next| next.lead.start),
    );
    let before = at.checked_sub(1).and_then(|before| {
        let before = items[before].node.span.end;
        comma(text, before..item.lead.start)
    });
    let stop = own.map_or(item.node.span.end, |comma| comma + 1);
    // The last one takes the comma before it along, where none follows it.
    let dangling = match (own, before) {
        (None, Some(comma)) => Some(comma),
        _ => None,
    };
    let alone = items.len() == 1;
    if alone
        && text[inner.start..item.lead.start].trim().is_empty()
        && text[stop..inner.end].trim().is_empty()
    {
        return vec![Splice::remove(inner)];
    }
    let lines = own_lines(text, item.lead.start..stop, inner);
    match (lines, dangling) {
        (Some(lines), Some(comma)) if comma < lines.start => {
            vec![Splice::remove(comma..comma + 1), Splice::remove(lines)]
        }
        (Some(lines), None) => vec![Splice::remove(lines)],
        (_, Some(comma)) => vec![Splice::remove(comma..stop)],
        (None, None) => {
            let next = items.get(at + 1).map(|next| next.lead.start);
            let same_line = next.filter(|next| text[stop..*next].trim().is_empty());
            let to = same_line.unwrap_or(stop);
            let to = if text[stop..to].contains('\n') {
                stop
            } else {
                to
            };
            vec![Splice::remove(item.lead.start..to)]
        }
    }
}

/// The lines that an item has for itself: from the first one's start to behind the last one's end.
fn own_lines(text: &str, item: Range<usize>, inner: Range<usize>) -> Option<Range<usize>> {
    let start = line_start(text, item.start);
    let stop = line_stop(text, item.end);
    let rest = text[item.end..stop].trim_start();
    let only_comment = rest.is_empty() || rest.starts_with("//") || rest.starts_with('#');
    let whole = start > inner.start
        && text[start..item.start].trim().is_empty()
        && only_comment
        && stop < inner.end;
    whole.then(|| start..next_line(text, item.end))
}

/// The indentation of an item that begins its line, perhaps behind a comment, and not that of the bracket.
fn own_line<'a>(text: &'a str, item: &Item, open: usize) -> Option<&'a str> {
    let start = line_start(text, item.lead.start);
    let before = &text[start..item.lead.start];
    let words = before.trim();
    let comment = words.starts_with("/*") && words.find("*/") == Some(words.len() - 2);
    (start >= open && (words.is_empty() || comment)).then_some(indent(text, start))
}

/// The comma in what stands between two items: white space, comments and that comma.
fn comma(text: &str, gap: Range<usize>) -> Option<usize> {
    let mut at = gap.start;
    while at < gap.end {
        let rest = &text[at..gap.end];
        if rest.starts_with(',') {
            return Some(at);
        }
        at += if rest.starts_with("//") || rest.starts_with('#') {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else {
            rest.chars().next().map_or(1, char::len_utf8)
        };
    }
    None
}
