//! Characters and bytes of a text.

use std::ops::Range;

use saphyr_parser::Span;

/// From positions counted in characters, as the parser gives them, to bytes.
pub(super) struct Characters<'a> {
    text: &'a str,
    /// The byte of every 256th character; none for ASCII.
    marks: Option<Vec<usize>>,
}

impl<'a> Characters<'a> {
    pub(super) fn new(text: &'a str) -> Characters<'a> {
        let marks = || {
            text.char_indices()
                .step_by(256)
                .map(|(byte, _)| byte)
                .collect()
        };
        Characters {
            text,
            marks: (!text.is_ascii()).then(marks),
        }
    }

    pub(super) fn byte(&self, character: usize) -> usize {
        let Some(marks) = &self.marks else {
            return character.min(self.text.len());
        };
        let Some(from) = marks.get(character / 256) else {
            return self.text.len();
        };
        self.text[*from..]
            .char_indices()
            .nth(character % 256)
            .map_or(self.text.len(), |(byte, _)| from + byte)
    }

    pub(super) fn bytes(&self, span: &Span) -> Range<usize> {
        let start = self.byte(span.start.index());
        start..self.byte(span.end.index()).max(start)
    }
}
