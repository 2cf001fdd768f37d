//! Where the nodes of a YAML document stand.

use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use super::tree::{Form, Item, Node};

/// Reads the places of a document that `schemas::yaml` has read before: it is one document, of no more than its limits.
pub(super) fn read(text: &str) -> Option<Node> {
    let bytes = (!text.is_ascii()).then(|| {
        let starts = text.char_indices().map(|(byte, _)| byte);
        starts.chain([text.len()]).collect::<Vec<_>>()
    });
    let mut reader = Reader {
        text,
        bytes,
        parser: Parser::new_from_str(text),
    };
    loop {
        let (event, span) = reader.next()?;
        if let Some(node) = reader.node(event, &span, 0)? {
            return Some(node);
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    /// The byte of every character; none for ASCII.
    bytes: Option<Vec<usize>>,
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<(Event<'a>, Range<usize>)> {
        let (event, span) = self.parser.next_event()?.ok()?;
        let span = self.range(&span);
        Some((event, span))
    }

    fn range(&self, span: &Span) -> Range<usize> {
        let byte = |character: usize| match &self.bytes {
            Some(bytes) => bytes.get(character).copied().unwrap_or(self.text.len()),
            None => character.min(self.text.len()),
        };
        let start = byte(span.start.index());
        start..byte(span.end.index()).max(start)
    }

    /// The node that an event begins; `Some(None)` when it begins none. `from` is where the node may begin at the earliest.
    fn node(&mut self, event: Event<'a>, span: &Range<usize>, from: usize) -> Option<Option<Node>> {
        // Where the bracket stands: the parser's place may begin at an anchor, and may go on behind the bracket.
        let bracket =
            span.start + self.text[span.start..].len() - unmarked(&self.text[span.start..]).len();
        let flow = |open: char| bracket < span.end && self.text[bracket..].starts_with(open);
        Some(Some(match event {
            Event::Scalar(text, style, ..) => {
                self.scalar(text.is_empty(), style, span.clone(), from)
            }
            Event::Alias(_) => Node {
                span: span.clone(),
                form: Form::Alias,
            },
            Event::SequenceStart(..) if flow('[') => self.flow(bracket, false)?,
            Event::MappingStart(..) if flow('{') => self.flow(bracket, true)?,
            Event::SequenceStart(..) => self.dashes(from)?,
            Event::MappingStart(..) => self.lines(span)?,
            _ => return Some(None),
        }))
    }

    fn scalar(&self, empty: bool, style: ScalarStyle, span: Range<usize>, from: usize) -> Node {
        let text = self.text;
        if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
            // The parser's place is that of the words; the header stands before them.
            let gap = &text[from..span.start];
            let start = from + gap.len() - gap.trim_start().len();
            let keeps = text[start..]
                .lines()
                .next()
                .is_some_and(|header| header.contains('+'));
            let end = if keeps {
                span.end
            } else {
                start + text[start..span.end].trim_end().len()
            };
            return Node {
                span: start..end,
                form: Form::Text,
            };
        }
        let form = match style {
            ScalarStyle::SingleQuoted => Form::Single,
            ScalarStyle::DoubleQuoted => Form::Double,
            _ if empty => {
                return Node {
                    span: from..from,
                    form: Form::Plain,
                };
            }
            _ => Form::Plain,
        };
        let whole = &text[span.clone()];
        let start = span.start + whole.len() - unmarked(whole).len();
        // The parser's place may go on to the end of the line, over a comment.
        let end = start + length(&text[start..span.end], &form);
        Node {
            span: start..end,
            form,
        }
    }

    /// What stands in brackets.
    fn flow(&mut self, start: usize, mapping: bool) -> Option<Node> {
        let mut items = Vec::new();
        let mut from = start + 1;
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::SequenceEnd | Event::MappingEnd) {
                let span = start..span.start + 1;
                let form = if mapping {
                    Form::Braces(items)
                } else {
                    Form::Brackets(items)
                };
                return Some(Node { span, form });
            }
            let item = if mapping {
                self.entry(event, &span)?
            } else {
                let node = self.node(event, &span, from)??;
                Item {
                    key: None,
                    lead: node.span.clone(),
                    node,
                }
            };
            from = item.node.span.end.max(item.lead.end);
            items.push(item);
        }
    }

    /// A block mapping.
    fn lines(&mut self, start: &Range<usize>) -> Option<Node> {
        let mut items: Vec<Item> = Vec::new();
        let mut from = start.start;
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                let first = items.first().map_or(start.start, |item| item.lead.start);
                return Some(Node {
                    span: first..from,
                    form: Form::Lines(items),
                });
            }
            let item = self.entry(event, &span)?;
            from = item.node.span.end.max(item.lead.end);
            items.push(item);
        }
    }

    /// A block sequence. The parser's place may be that of the first entry, behind its dash.
    fn dashes(&mut self, start: usize) -> Option<Node> {
        let mut items: Vec<Item> = Vec::new();
        let mut from = start;
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                let first = items.first().map_or(start, |item| item.lead.start);
                return Some(Node {
                    span: first..from,
                    form: Form::Dashes(items),
                });
            }
            let dash = mark(self.text, from, '-')?;
            let lead = dash..dash + 1;
            let node = self.node(event, &span, lead.end)??;
            from = node.span.end.max(lead.end);
            items.push(Item {
                key: None,
                lead,
                node,
            });
        }
    }

    fn entry(&mut self, key: Event<'a>, lead: &Range<usize>) -> Option<Item> {
        let Event::Scalar(text, ..) = key else {
            return None;
        };
        let (event, span) = self.next()?;
        // A key without a value in a flow mapping has no colon.
        let colon =
            mark(self.text, lead.end, ':').filter(|colon| *colon < span.start.max(lead.end + 1));
        let from = colon.map_or(lead.end, |colon| colon + 1);
        let node = self.node(event, &span, from)??;
        Some(Item {
            key: Some(text.into_owned()),
            lead: lead.clone(),
            node,
        })
    }
}

/// How long a scalar is without what follows it.
fn length(text: &str, form: &Form) -> usize {
    let bytes = text.as_bytes();
    let mut at = 1;
    match form {
        Form::Single => {
            while at < bytes.len() && (bytes[at] != b'\'' || bytes.get(at + 1) == Some(&b'\'')) {
                at += if bytes[at] == b'\'' { 2 } else { 1 };
            }
            (at + 1).min(bytes.len())
        }
        Form::Double => {
            while at < bytes.len() && bytes[at] != b'"' {
                at += if bytes[at] == b'\\' { 2 } else { 1 };
            }
            (at + 1).min(bytes.len())
        }
        _ => {
            let comment = text.match_indices('#').map(|(at, _)| at);
            let mut comment = comment.filter(|at| text[..*at].ends_with(char::is_whitespace));
            text[..comment.next().unwrap_or(text.len())]
                .trim_end()
                .len()
        }
    }
}

/// A scalar's text without its anchor and tag.
fn unmarked(text: &str) -> &str {
    let mut rest = text;
    while rest.starts_with(['&', '!']) {
        let mark = rest.find(char::is_whitespace).unwrap_or(rest.len());
        rest = rest[mark..].trim_start();
    }
    rest
}

/// The first such sign in a gap of white space, comments and node properties.
fn mark(text: &str, from: usize, sign: char) -> Option<usize> {
    let mut at = from;
    let mut fresh = true;
    for c in text[from..].chars() {
        let ends = text[at + c.len_utf8()..]
            .chars()
            .next()
            .is_none_or(char::is_whitespace);
        if c == sign && (sign == ':' || fresh && ends) {
            return Some(at);
        }
        if c == '#' && fresh {
            let rest = &text[at..];
            let line = rest.find('\n').map_or(rest.len(), |newline| newline + 1);
            return mark(text, at + line, sign);
        }
        fresh = c.is_whitespace();
        at += c.len_utf8();
    }
    None
}
