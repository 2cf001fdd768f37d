//! Where the values of a document stand in its text; of JSON and YAML alike.

use std::ops::Range;

use schemas::Failure;
use serde_json::Value;

use super::path::pointer;
use super::step::index;

/// A value and its place.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// From its first byte to the last that belongs to it; without an anchor or a tag.
    pub(super) span: Range<usize>,
    pub(super) form: Form,
}

/// How a value is written.
#[derive(Debug, Clone)]
pub(super) enum Form {
    /// A scalar without quotes, or of JSON.
    Plain,
    /// In single quotes.
    Single,
    /// In double quotes.
    Double,
    /// A YAML block scalar.
    Text,
    /// `[...]`
    Brackets(Vec<Item>),
    /// `{...}`
    Braces(Vec<Item>),
    /// A YAML block sequence.
    Dashes(Vec<Item>),
    /// A YAML block mapping.
    Lines(Vec<Item>),
    /// A YAML alias: the value stands elsewhere.
    Alias,
}

/// An entry of an array, or a key with its value.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) key: Option<String>,
    /// The key; of an entry of a block sequence its dash; else the value's own place.
    pub(super) lead: Range<usize>,
    pub(super) node: Node,
}

impl Node {
    pub(super) fn items(&self) -> Option<&[Item]> {
        match &self.form {
            Form::Brackets(items)
            | Form::Braces(items)
            | Form::Dashes(items)
            | Form::Lines(items) => Some(items),
            _ => None,
        }
    }

    pub(super) fn is_object(&self) -> bool {
        matches!(self.form, Form::Braces(_) | Form::Lines(_))
    }

    /// The node at a place, with the items on the way there.
    pub(super) fn find(&self, tokens: &[String]) -> Result<&Node, Failure> {
        let mut node = self;
        for (depth, token) in tokens.iter().enumerate() {
            if matches!(node.form, Form::Alias) {
                return Err(Failure::no(format!(
                    "{} is an alias: its value stands elsewhere",
                    pointer(&tokens[..depth])
                ))
                .help("edit what it names"));
            }
            let place = node.position(token);
            let item = place.and_then(|place| node.items()?.get(place));
            node = &item.ok_or_else(|| unwritten(&tokens[..=depth]))?.node;
        }
        Ok(node)
    }

    /// Which of its items a token names.
    pub(super) fn position(&self, token: &str) -> Option<usize> {
        let items = self.items()?;
        if self.is_object() {
            return items
                .iter()
                .position(|item| item.key.as_deref() == Some(token));
        }
        index(token).filter(|index| *index < items.len())
    }
}

/// The document has a value that its text does not spell out there.
fn unwritten(tokens: &[String]) -> Failure {
    Failure::no(format!(
        "{} comes from elsewhere: from `<<` or an alias",
        pointer(tokens)
    ))
    .help("edit what it names")
}

/// How values are written, in the manner of a document.
pub(super) trait Writer {
    /// A value on one line, inside of brackets.
    fn inline(&self, value: &Value) -> String;
    /// A key, inside of brackets.
    fn key(&self, key: &str) -> String;
    /// Between a key and its value, inside of brackets.
    fn colon(&self) -> &str;
    /// Between two items on one line.
    fn comma(&self) -> &str;
    /// A value over several lines where that is the document's manner; `indent` is that of the line it begins in.
    fn spread(&self, value: &Value, indent: &str) -> String;
    /// One level of indentation.
    fn unit(&self) -> &str;
    /// How lines end.
    fn line_end(&self) -> &str;
}
