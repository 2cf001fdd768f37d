//! JSON, and JSON with comments and trailing commas: reading with places, and writing.

use schemas::Problem;
use serde_json::{Map, Value};

use super::splice::{indent, line_end, line_start};
use super::tree::{Form, Item, Node, Writer};

/// Deepest nesting.
const MAX_DEPTH: usize = 128;

/// Reads a document's value.
pub(super) fn read(text: &str) -> Result<Value, Box<Problem>> {
    // As JSON without comments, where it is some, several times faster.
    match serde_json::from_str(text) {
        Ok(value) => Ok(value),
        Err(_) => Ok(read_whole(text, None)?.0),
    }
}

/// Where the values on the way to a place stand, and all that lies beside them; what is inside of that is passed over.
pub(super) fn places(text: &str, place: &[String]) -> Result<Node, Box<Problem>> {
    Ok(read_whole(text, Some(place))?.1)
}

fn read_whole(text: &str, way: Option<&[String]>) -> Result<(Value, Node), Box<Problem>> {
    let mut reader = Reader {
        text,
        at: 0,
        depth: 0,
    };
    reader.gap()?;
    let read = reader.value(way)?;
    reader.gap()?;
    match reader.peek() {
        None => Ok(read),
        Some(_) => Err(reader.problem("syntax", "not JSON: something follows the value")),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn problem(&self, code: &str, message: impl Into<String>) -> Box<Problem> {
        let mut problem = Problem::error(code, message);
        let next = self.text[self.at..]
            .chars()
            .next()
            .map_or(0, char::len_utf8);
        problem.span = Some(self.at..self.at + next);
        Box::new(problem)
    }

    /// White space and comments.
    fn gap(&mut self) -> Result<(), Box<Problem>> {
        loop {
            let rest = &self.text[self.at..];
            if rest.starts_with([' ', '\t', '\n', '\r']) {
                let white = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
                self.at += rest.bytes().take_while(white).count();
            } else if rest.starts_with("//") {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                let end = rest.find("*/");
                self.at += end
                    .ok_or_else(|| self.problem("syntax", "not JSON: a comment without an end"))?
                    + 2;
            } else {
                return Ok(());
            }
        }
    }

    /// A value; with a way only as much of it as lies on that.
    fn value(&mut self, way: Option<&[String]>) -> Result<(Value, Node), Box<Problem>> {
        match self.peek() {
            Some(open @ (b'{' | b'[')) => {
                if self.depth == MAX_DEPTH {
                    let message = format!("nested deeper than {MAX_DEPTH} levels");
                    return Err(self.problem("too-deep", message));
                }
                self.depth += 1;
                let read = self.collection(open == b'{', way);
                self.depth -= 1;
                read
            }
            _ => self.scalar(),
        }
    }

    fn scalar(&mut self) -> Result<(Value, Node), Box<Problem>> {
        let start = self.at;
        let end = start + scalar_length(&self.text.as_bytes()[start..]);
        let value = serde_json::from_str(&self.text[start..end]);
        let value = value.map_err(|_| self.problem("syntax", "not JSON: no value here"))?;
        self.at = end;
        let form = Form::Plain;
        Ok((
            value,
            Node {
                span: start..end,
                form,
            },
        ))
    }

    fn collection(
        &mut self,
        object: bool,
        way: Option<&[String]>,
    ) -> Result<(Value, Node), Box<Problem>> {
        let start = self.at;
        let close = if object { b'}' } else { b']' };
        let (mut items, mut entries, mut values) = (Vec::new(), Map::new(), Vec::new());
        self.at += 1;
        loop {
            self.gap()?;
            if self.peek() == Some(close) {
                break;
            }
            let lead = self.at;
            let key = if object {
                Some(self.key(&entries)?)
            } else {
                None
            };
            let lead_end = self.at;
            if object {
                self.gap()?;
                self.expect(b':', "a `:`")?;
                self.gap()?;
            }
            let (value, node) = match way {
                None => self.value(None)?,
                Some([next, rest @ ..]) if is_next(next, key.as_deref(), items.len()) => {
                    self.value(Some(rest))?
                }
                Some(_) => self.pass_over()?,
            };
            let lead = if object {
                lead..lead_end
            } else {
                node.span.clone()
            };
            match &key {
                Some(key) => drop(entries.insert(key.clone(), value)),
                None => values.push(value),
            }
            items.push(Item { key, lead, node });
            self.gap()?;
            if self.peek() != Some(close) {
                self.expect(b',', if object { "`,` or `}`" } else { "`,` or `]`" })?;
            }
        }
        self.at += 1;
        let span = start..self.at;
        Ok(if object {
            let form = Form::Braces(items);
            (Value::Object(entries), Node { span, form })
        } else {
            let form = Form::Brackets(items);
            (Value::Array(values), Node { span, form })
        })
    }

    /// A value that nobody looks into. That it is one, the reader of values has seen.
    fn pass_over(&mut self) -> Result<(Value, Node), Box<Problem>> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut open = 0usize;
        loop {
            match bytes.get(self.at) {
                Some(b'{' | b'[') => (open, self.at) = (open + 1, self.at + 1),
                Some(b'}' | b']') if open > 0 => (open, self.at) = (open - 1, self.at + 1),
                Some(b',' | b':') if open > 0 => self.at += 1,
                Some(_) => match scalar_length(&bytes[self.at..]) {
                    0 => return Err(self.problem("syntax", "not JSON: no value here")),
                    length => self.at += length,
                },
                None => return Err(self.problem("syntax", "not JSON: it has no end")),
            }
            if open == 0 {
                let (span, form) = (start..self.at, Form::Plain);
                return Ok((Value::Null, Node { span, form }));
            }
            self.gap()?;
        }
    }

    fn key(&mut self, entries: &Map<String, Value>) -> Result<String, Box<Problem>> {
        let start = self.at;
        match self.scalar() {
            Ok((Value::String(key), _)) if !entries.contains_key(&key) => Ok(key),
            Ok((Value::String(key), _)) => {
                self.at = start;
                let message = format!("the key `{key}` stands twice in one object");
                Err(self.problem("duplicate-key", message))
            }
            _ => {
                self.at = start;
                Err(self.problem("syntax", "not JSON: a key in double quotes is expected"))
            }
        }
    }

    fn expect(&mut self, byte: u8, what: &str) -> Result<(), Box<Problem>> {
        if self.peek() != Some(byte) {
            return Err(self.problem("syntax", format!("not JSON: {what} is expected")));
        }
        self.at += 1;
        Ok(())
    }
}

/// Whether an item is the next on the way.
fn is_next(token: &str, key: Option<&str>, index: usize) -> bool {
    match key {
        Some(key) => key == token,
        None => super::step::index(token) == Some(index),
    }
}

/// Bytes of the scalar that begins here: as far as a string goes, or as a word does.
fn scalar_length(bytes: &[u8]) -> usize {
    if bytes.first() != Some(&b'"') {
        let word = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        return bytes.iter().take_while(word).count();
    }
    let mut at = 1;
    while let Some(found) = memchr::memchr2(b'"', b'\\', bytes.get(at..).unwrap_or_default()) {
        at += found;
        if bytes[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
    bytes.len()
}

/// Writes as the document does: its indentation, its spaces, its line ends.
pub(super) struct Json {
    unit: String,
    end: &'static str,
    colon: &'static str,
    comma: &'static str,
    /// The document stands on one line.
    tight: bool,
}

impl Json {
    pub(super) fn like(text: &str, root: &Node) -> Json {
        let first = root.items().and_then(<[Item]>::first);
        let own_line = first.filter(|item| text[root.span.start..item.lead.start].contains('\n'));
        let spread = own_line.is_some() || text[root.span.clone()].contains('\n');
        let unit = own_line.map_or("  ", |item| indent(text, item.lead.start));
        let tight = !spread && first.is_some_and(|item| tight(text, item));
        Json {
            unit: if unit.is_empty() { "  " } else { unit }.to_owned(),
            end: line_end(text),
            colon: if tight { ":" } else { ": " },
            comma: if tight { "," } else { ", " },
            tight: !spread && !root.items().is_none_or(<[Item]>::is_empty),
        }
    }
}

impl Json {
    /// A value in the place of an item's: on one line where the old one stood on one and had something in it.
    pub(super) fn instead_of(&self, text: &str, item: &Item, value: &Value) -> String {
        let old = &item.node;
        let one_line = !text[old.span.clone()].contains('\n')
            && old.items().is_some_and(|items| !items.is_empty());
        let shares = !text[line_start(text, item.lead.start)..item.lead.start]
            .trim()
            .is_empty();
        if one_line || shares && !text[old.span.clone()].contains('\n') {
            self.inline(value)
        } else {
            self.spread(value, indent(text, item.lead.start))
        }
    }
}

/// Whether no space stands before a value.
fn tight(text: &str, item: &Item) -> bool {
    let gap = &text[item.lead.end..item.node.span.start.max(item.lead.end)];
    item.key.is_some() && gap == ":"
}

impl Writer for Json {
    fn inline(&self, value: &Value) -> String {
        let all = |parts: Vec<String>| parts.join(self.comma);
        match value {
            Value::Array(items) => format!(
                "[{}]",
                all(items.iter().map(|item| self.inline(item)).collect())
            ),
            Value::Object(entries) => {
                let entry = |(key, value): (&String, &Value)| {
                    format!("{}{}{}", self.key(key), self.colon, self.inline(value))
                };
                format!("{{{}}}", all(entries.iter().map(entry).collect()))
            }
            scalar => scalar.to_string(),
        }
    }

    fn key(&self, key: &str) -> String {
        Value::from(key).to_string()
    }

    fn colon(&self) -> &str {
        self.colon
    }

    fn comma(&self) -> &str {
        self.comma
    }

    fn unit(&self) -> &str {
        &self.unit
    }

    fn line_end(&self) -> &str {
        self.end
    }

    fn spread(&self, value: &Value, indent: &str) -> String {
        if self.tight {
            return self.inline(value);
        }
        let inner = format!("{indent}{}", self.unit);
        let lines = |open, parts: Vec<String>, close| {
            let end = self.end;
            let separator = format!(",{end}{inner}");
            format!(
                "{open}{end}{inner}{}{end}{indent}{close}",
                parts.join(&separator)
            )
        };
        match value {
            Value::Array(items) if !items.is_empty() => lines(
                '[',
                items.iter().map(|item| self.spread(item, &inner)).collect(),
                ']',
            ),
            Value::Object(entries) if !entries.is_empty() => {
                let entry = |(key, value): (&String, &Value)| {
                    format!("{}: {}", self.key(key), self.spread(value, &inner))
                };
                lines('{', entries.iter().map(entry).collect(), '}')
            }
            other => self.inline(other),
        }
    }
}
