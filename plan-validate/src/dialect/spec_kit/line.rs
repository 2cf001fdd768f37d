//! One line of a task: `T001 [P] [US1] What is to be done in src/file`.

use std::ops::Range;

use super::ids;
use crate::dialect::markdown::{Line, Span};

/// The line, taken apart.
#[derive(Debug, PartialEq)]
pub(super) struct Parts {
    pub(super) id: Option<Span>,
    pub(super) is_parallel: bool,
    pub(super) story: Option<Span>,
    /// What is to be done.
    pub(super) text: Span,
}

/// Takes a line apart; ids and marks may be bold, and stand in any order.
pub(super) fn parts(line: &Line) -> Parts {
    let mut parts = Parts {
        id: None,
        is_parallel: false,
        story: None,
        text: Span {
            text: String::new(),
            at: line.at.end..line.at.end,
        },
    };
    let mut at = 0;
    loop {
        let rest = &line.raw[at..];
        let bare = rest.trim_start_matches([' ', '*', '_', '`', ':', '\n', '.', '~']);
        let start = at + rest.len() - bare.len();
        let span = |length: usize| line.at.start + start..line.at.start + start + length;
        if parts.id.is_none()
            && let Some(id) = ids::first(bare)
        {
            parts.id = Some(Span {
                text: id.to_owned(),
                at: span(id.len()),
            });
            at = start + id.len();
        } else if let Some((inside, length)) = bracketed(bare)
            && is_mark(inside)
        {
            if inside.eq_ignore_ascii_case("p") || inside.to_lowercase().starts_with("parallel") {
                parts.is_parallel = true;
            } else if is_story(inside) {
                parts.story = Some(Span {
                    text: inside.to_owned(),
                    at: span(length),
                });
            }
            at = start + length;
        } else {
            // Bold that ends behind an id belongs to the id; what is bold in the text stays.
            let keeps = rest.trim_start_matches([' ', ':', '\n', '.']);
            let keeps = match at {
                0 => keeps,
                _ => keeps
                    .strip_prefix("**")
                    .filter(|rest| rest.starts_with([' ', ':']))
                    .unwrap_or(keeps),
            };
            let keeps = keeps.trim_start_matches([' ', ':', '-', '—', '–']);
            let start = line.raw.len() - keeps.len();
            let text = keeps.trim_end();
            let begin = line.at.start + start;
            parts.text = Span {
                text: text.to_owned(),
                at: begin..begin + text.len(),
            };
            return parts;
        }
    }
}

/// `[P]`, without a link behind it.
fn bracketed(text: &str) -> Option<(&str, usize)> {
    let inside = text.strip_prefix('[')?;
    let end = inside.find(']')?;
    let length = end + 2;
    (!text[length..].starts_with('(')).then_some((&inside[..end], length))
}

fn is_story(inside: &str) -> bool {
    let rest = inside.strip_prefix("US").or(inside.strip_prefix("us"));
    rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        || inside.starts_with("Story")
}

fn is_mark(inside: &str) -> bool {
    let is_short = inside.len() <= 24 && !inside.is_empty();
    let letters = inside
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || " ,+/&-_.".contains(c));
    is_short && letters && inside.starts_with(|c: char| c.is_ascii_uppercase() || c == 'p')
}

/// Ids behind words such as `depends on`, and the bytes that name each.
pub(super) fn dependencies(text: &Span) -> Vec<(String, Range<usize>)> {
    let mut found = Vec::new();
    let lower = text.text.to_ascii_lowercase();
    for words in [
        "depends on",
        "depends:",
        "dependencies:",
        "blocked by",
        "requires",
        "after",
    ] {
        let mut from = 0;
        while let Some(at) = lower[from..].find(words) {
            let start = from + at;
            let end = start + words.len();
            from = end;
            let before = lower[..start].trim_end();
            // `after T003` may just tell a story; in brackets it is meant.
            let is_meant = words.starts_with("depend") || before.ends_with(['(', ';', ',', '—']);
            if !is_meant {
                continue;
            }
            let (ids, _) = ids::list(&text.text[end..]);
            let offset = text.at.start + end;
            let shift = |span: Range<usize>| span.start + offset..span.end + offset;
            found.extend(ids.into_iter().map(|(id, span)| (id, shift(span))));
        }
    }
    found.sort_by_key(|(_, span): &(String, Range<usize>)| span.start);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(raw: &str) -> Line {
        Line {
            at: 5..5 + raw.len(),
            raw: raw.to_owned(),
            code: Vec::new(),
        }
    }

    #[test]
    fn a_line_is_taken_apart() {
        for (raw, id, is_parallel, story, text) in [
            ("T001 Create a.rs", Some("T001"), false, None, "Create a.rs"),
            (
                "T002 [P] [US1] Do `x`",
                Some("T002"),
                true,
                Some("US1"),
                "Do `x`",
            ),
            (
                "**T003** [US12] [P] Do",
                Some("T003"),
                true,
                Some("US12"),
                "Do",
            ),
            (
                "**T004**: **Bold** text",
                Some("T004"),
                false,
                None,
                "**Bold** text",
            ),
            ("[P] T005 Do", Some("T005"), true, None, "Do"),
            (
                "T006 [link](x) first",
                Some("T006"),
                false,
                None,
                "[link](x) first",
            ),
            (
                "T007 Initialize [language] project",
                Some("T007"),
                false,
                None,
                "Initialize [language] project",
            ),
            ("T008 - Do", Some("T008"), false, None, "Do"),
            ("Write docs", None, false, None, "Write docs"),
            ("T009 [SETUP] Do", Some("T009"), false, None, "Do"),
            ("T010", Some("T010"), false, None, ""),
        ] {
            let line = line(raw);
            let parts = parts(&line);
            let of = |span: &Option<Span>| span.as_ref().map(|span| span.text.clone());
            assert_eq!(of(&parts.id).as_deref(), id, "{raw}");
            assert_eq!(of(&parts.story).as_deref(), story, "{raw}");
            assert_eq!(
                (parts.is_parallel, parts.text.text.as_str()),
                (is_parallel, text),
                "{raw}"
            );
            assert_eq!(&raw[parts.text.at.start - 5..parts.text.at.end - 5], text);
        }
    }

    #[test]
    fn dependencies_are_read_where_they_are_meant() {
        let ids = |text: &str| {
            let span = Span {
                text: text.to_owned(),
                at: 9..9 + text.len(),
            };
            let found = dependencies(&span);
            for (id, at) in &found {
                assert_eq!(&text[at.start - 9..at.end - 9], id);
            }
            found.into_iter().map(|(id, _)| id).collect::<Vec<String>>()
        };
        assert_eq!(ids("Do in a.rs (depends on T012, T013)"), ["T012", "T013"]);
        assert_eq!(ids("Do — Depends on T002 deploying"), ["T002"]);
        assert_eq!(ids("Do (after T003; requires T004)"), ["T003", "T004"]);
        assert_eq!(
            ids("Check what is left after T003 ran"),
            Vec::<String>::new()
        );
        assert_eq!(ids("It depends on the weather"), Vec::<String>::new());
    }
}
