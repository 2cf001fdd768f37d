//! `**Label:** text` lines of Markdown, as people write fields where a format has none.

use crate::dialect::markdown::{Line, Span};

/// What stands behind `label:` at the beginning of one of the lines; label and colon may be bold.
pub(crate) fn labelled(line: &Line, label: &str) -> Option<Span> {
    lines(line).find_map(|physical| behind(&physical, label))
}

/// The lines of a text, with their bytes, without spaces around them.
pub(crate) fn lines(line: &Line) -> impl Iterator<Item = Span> {
    let mut at = line.at.start;
    line.raw.split_inclusive('\n').map(move |line| {
        let begin = at;
        at += line.len();
        let text = line.trim_end();
        let indent = text.len() - text.trim_start().len();
        Span {
            text: text.trim_start().to_owned(),
            at: begin + indent..begin + text.len(),
        }
    })
}

/// What stands behind the label of one line.
pub(crate) fn behind(line: &Span, label: &str) -> Option<Span> {
    let bare = line.text.trim_start_matches(['*', '_']);
    let start = line.text.len() - bare.len();
    let rest = bare.get(label.len()..)?;
    if bare[..label.len()].to_lowercase() != label.to_lowercase() {
        return None;
    }
    let rest = rest.trim_start_matches(['*', '_']);
    let rest = rest.strip_prefix([':', '：'])?;
    let rest = rest.trim_start_matches(['*', '_']).trim_start();
    let offset = start + bare.len() - rest.len();
    Some(Span {
        text: rest.to_owned(),
        at: line.at.start + offset..line.at.end,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_in_every_dress() {
        for (raw, expected) in [
            ("**Files:** a", Some("a")),
            ("**Files**: a", Some("a")),
            ("files: a", Some("a")),
            ("*Files:* **a**", Some("**a**")),
            ("Run: x\n  Files: b ", Some("b")),
            ("**Files：** ä", Some("ä")),
            ("Files", None),
            ("Filesystem: a", None),
            ("Fil", None),
        ] {
            let line = Line {
                at: 3..3 + raw.len(),
                raw: raw.to_owned(),
                code: Vec::new(),
            };
            let found = labelled(&line, "Files");
            assert_eq!(
                found.as_ref().map(|span| span.text.as_str()),
                expected,
                "{raw}"
            );
            if let Some(span) = found {
                assert_eq!(&raw[span.at.start - 3..span.at.end - 3], span.text, "{raw}");
            }
        }
    }
}
