//! A JSON value of which every part knows the bytes that it came from.

use std::collections::HashMap;
use std::ops::Range;

use schemas::source::{Source, duplicate_keys, escape, scan, syntax_problem};
use schemas::{Problem, yaml};
use serde_json::{Map, Value};

/// A value with its place. Both what dialects read (JSON, YAML, front matter) and what they write.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) at: Range<usize>,
    pub(crate) content: Content,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Content {
    /// Null, a bool, a number or a text.
    Scalar(Value),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    /// A scalar, or any value all of which came from one place.
    pub(crate) fn new(value: impl Into<Value>, at: Range<usize>) -> Node {
        let content = match value.into() {
            Value::Array(items) => {
                let items = items.into_iter().map(|item| Node::new(item, at.clone()));
                Content::List(items.collect())
            }
            Value::Object(entries) => {
                let entries = entries.into_iter();
                let entries = entries.map(|(key, value)| (key, Node::new(value, at.clone())));
                Content::Map(entries.collect())
            }
            scalar => Content::Scalar(scalar),
        };
        Node { at, content }
    }

    /// A number, without a fraction where it has none.
    pub(crate) fn number(number: f64, at: Range<usize>) -> Node {
        match number.fract() == 0.0 && number.abs() < 9e15 {
            true => Node::new(number as i64, at),
            false => Node::new(number, at),
        }
    }

    pub(crate) fn list(items: Vec<Node>, at: Range<usize>) -> Node {
        let content = Content::List(items);
        Node { at, content }
    }

    /// An object without entries yet.
    pub(crate) fn map(at: Range<usize>) -> Node {
        let content = Content::Map(Vec::new());
        Node { at, content }
    }

    /// Reads JSON that stands at `offset`. A key that stands twice is an error.
    pub(crate) fn from_json(text: &str, offset: usize) -> Result<Node, Vec<Problem>> {
        let value = serde_json::from_str(text).map_err(|error| {
            let source = Source::json("", text.to_owned());
            vec![shifted(syntax_problem(&source, &error), offset)]
        })?;
        let twice = duplicate_keys(text).into_iter().map(|problem| Problem {
            // It points into the text, not into the plan.
            pointer: None,
            ..shifted(problem, offset)
        });
        let twice: Vec<Problem> = twice.collect();
        if !twice.is_empty() {
            return Err(twice);
        }
        let mut spans = Vec::new();
        scan(text, |_, span| {
            spans.push(span.start + offset..span.end + offset);
        });
        Ok(placed(value, &mut spans.into_iter()))
    }

    /// Reads YAML that stands at `offset`.
    pub(crate) fn from_yaml(text: &str, offset: usize) -> Result<Node, Vec<Problem>> {
        let (source, read) = yaml::parse("", text.to_owned());
        match read {
            Ok(value) => Ok(located(value, &source.into_places(), offset)),
            Err(problems) => Err(problems
                .into_iter()
                .map(|problem| shifted(problem, offset))
                .collect()),
        }
    }

    /// The items of a list; anything else is its own only one.
    pub(crate) fn each(&self) -> &[Node] {
        if self.is_list() {
            self.items()
        } else {
            std::slice::from_ref(self)
        }
    }

    /// The entry of an object.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entries()
            .iter()
            .find_map(|(name, value)| (name == key).then_some(value))
    }

    /// The entry of an object, unless it is null.
    pub(crate) fn some(&self, key: &str) -> Option<&Node> {
        self.get(key).filter(|value| !value.is_null())
    }

    /// Adds an entry to an object, or replaces it.
    pub(crate) fn set(&mut self, key: &str, value: Node) {
        if let Content::Map(entries) = &mut self.content {
            match entries.iter_mut().find(|(name, _)| name == key) {
                Some((_, old)) => *old = value,
                None => entries.push((key.to_owned(), value)),
            }
        }
    }

    /// Adds entries to an object, or replaces them. As [`Node::set`], for many.
    pub(crate) fn merge(&mut self, others: impl IntoIterator<Item = (String, Node)>) {
        let Content::Map(entries) = &mut self.content else {
            return;
        };
        let positions = entries.iter().map(|(key, _)| key.clone()).zip(0..);
        let mut positions: HashMap<String, usize> = positions.collect();
        for (key, value) in others {
            match positions.get(&key).and_then(|at| entries.get_mut(*at)) {
                Some((_, old)) => *old = value,
                None => {
                    positions.insert(key.clone(), entries.len());
                    entries.push((key, value));
                }
            }
        }
    }

    /// Takes entries out of an object.
    pub(crate) fn remove(&mut self, keys: &[&str]) {
        if let Content::Map(entries) = &mut self.content {
            entries.retain(|(key, _)| !keys.contains(&key.as_str()));
        }
    }

    /// Adds a list to an object, unless it is empty.
    pub(crate) fn set_list(&mut self, key: &str, items: Vec<Node>, at: Range<usize>) {
        if !items.is_empty() {
            self.set(key, Node::list(items, at));
        }
    }

    /// The entries of an object; of anything else none.
    pub(crate) fn entries(&self) -> &[(String, Node)] {
        match &self.content {
            Content::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; of anything else none.
    pub(crate) fn items(&self) -> &[Node] {
        match &self.content {
            Content::List(items) => items,
            _ => &[],
        }
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// A text, or a number as it is written without quotes: ids are both in the wild.
    pub(crate) fn text(&self) -> Option<String> {
        match &self.content {
            Content::Scalar(Value::String(text)) => Some(text.clone()),
            Content::Scalar(Value::Number(number)) => Some(number.to_string()),
            _ => None,
        }
    }

    /// As a line of text: `- It says: hello` is a mapping for YAML, and a sentence for people.
    pub(crate) fn prose(&self) -> Option<String> {
        match &self.content {
            Content::Map(entries) => {
                let lines = entries
                    .iter()
                    .map(|(key, value)| Some(format!("{key}: {}", value.text()?)));
                lines
                    .collect::<Option<Vec<String>>>()
                    .map(|lines| lines.join(", "))
            }
            _ => self.text(),
        }
    }

    pub(crate) fn as_f64(&self) -> Option<f64> {
        match &self.content {
            Content::Scalar(value) => value.as_f64(),
            _ => None,
        }
    }

    pub(crate) fn as_bool(&self) -> Option<bool> {
        match &self.content {
            Content::Scalar(value) => value.as_bool(),
            _ => None,
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        self.content == Content::Scalar(Value::Null)
    }

    pub(crate) fn is_list(&self) -> bool {
        matches!(self.content, Content::List(_))
    }

    pub(crate) fn is_map(&self) -> bool {
        matches!(self.content, Content::Map(_))
    }

    /// What kind of value it is, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.content {
            Content::Scalar(Value::Null) => "nothing",
            Content::Scalar(Value::Bool(_)) => "true or false",
            Content::Scalar(Value::Number(_)) => "a number",
            Content::Scalar(_) => "a text",
            Content::List(_) => "a list",
            Content::Map(_) => "a mapping",
        }
    }

    /// Entries in the order of `keys`, others after them as they stand.
    pub(crate) fn sort_entries(&mut self, keys: &[&str]) {
        if let Content::Map(entries) = &mut self.content {
            entries.sort_by_key(|(key, _)| keys.iter().position(|known| known == key));
            let known = entries.partition_point(|(key, _)| !keys.contains(&key.as_str()));
            entries.rotate_left(known);
        }
    }

    /// Every item of a list.
    pub(crate) fn items_mut(&mut self) -> &mut [Node] {
        match &mut self.content {
            Content::List(items) => items,
            _ => &mut [],
        }
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        match &mut self.content {
            Content::Map(entries) => entries
                .iter_mut()
                .find_map(|(name, value)| (name == key).then_some(value)),
            _ => None,
        }
    }

    #[cfg(test)]
    pub(crate) fn value(&self) -> Value {
        self.clone().into_parts().0
    }

    /// The value, and the places of its parts by pointer; not of what is in `metadata`, where nothing is ever wrong, and
    /// where keys may be of any length.
    pub(crate) fn into_parts(self) -> (Value, HashMap<String, Range<usize>>) {
        let mut places = HashMap::new();
        let value = self.part(&mut String::new(), Some(&mut places));
        (value, places)
    }

    fn part(
        self,
        pointer: &mut String,
        mut places: Option<&mut HashMap<String, Range<usize>>>,
    ) -> Value {
        if let Some(places) = &mut places {
            places.insert(pointer.clone(), self.at);
        }
        let length = pointer.len();
        let value = match self.content {
            Content::Scalar(value) => value,
            Content::List(items) => {
                let mut values = Vec::with_capacity(items.len());
                for (index, item) in items.into_iter().enumerate() {
                    pointer.push('/');
                    pointer.push_str(&index.to_string());
                    values.push(item.part(pointer, places.as_deref_mut()));
                    pointer.truncate(length);
                }
                Value::Array(values)
            }
            Content::Map(entries) => {
                let mut values = Map::with_capacity(entries.len());
                for (key, item) in entries {
                    pointer.push('/');
                    pointer.push_str(&escape(&key));
                    if key == "metadata"
                        && let Some(places) = places.as_deref_mut()
                    {
                        places.insert(pointer.clone(), item.at.clone());
                    }
                    let below = places.as_deref_mut().filter(|_| key != "metadata");
                    let value = item.part(pointer, below);
                    values.insert(key, value);
                    pointer.truncate(length);
                }
                Value::Object(values)
            }
        };
        pointer.truncate(length);
        value
    }
}

/// A value with the places of its parts in the order in which they end. By pointers instead it would take their
/// length times their number, which no text bounds.
fn placed(value: Value, places: &mut impl Iterator<Item = Range<usize>>) -> Node {
    let content = match value {
        Value::Array(items) => {
            Content::List(items.into_iter().map(|item| placed(item, places)).collect())
        }
        Value::Object(entries) => {
            let entries = entries.into_iter();
            Content::Map(
                entries
                    .map(|(key, value)| (key, placed(value, places)))
                    .collect(),
            )
        }
        scalar => Content::Scalar(scalar),
    };
    let at = places.next().unwrap_or_default();
    Node { at, content }
}

fn located(value: Value, places: &HashMap<String, Range<usize>>, offset: usize) -> Node {
    fn at(
        value: Value,
        pointer: &mut String,
        outer: Range<usize>,
        places: &HashMap<String, Range<usize>>,
        offset: usize,
    ) -> Node {
        let place = places.get(pointer.as_str());
        let here = place.map_or(outer, |span| span.start + offset..span.end + offset);
        let length = pointer.len();
        let mut below = |step: &str, value: Value| {
            pointer.push('/');
            pointer.push_str(step);
            let node = at(value, pointer, here.clone(), places, offset);
            pointer.truncate(length);
            node
        };
        let content = match value {
            Value::Array(items) => {
                let items = items.into_iter().enumerate();
                Content::List(
                    items
                        .map(|(index, item)| below(&index.to_string(), item))
                        .collect(),
                )
            }
            Value::Object(entries) => {
                let entries = entries.into_iter();
                Content::Map(
                    entries
                        .map(|(key, value)| {
                            let node = below(&escape(&key), value);
                            (key, node)
                        })
                        .collect(),
                )
            }
            scalar => Content::Scalar(scalar),
        };
        Node { at: here, content }
    }
    at(value, &mut String::new(), offset..offset, places, offset)
}

/// A problem of a text that stands at `offset` in another.
pub(crate) fn shifted(mut problem: Problem, offset: usize) -> Problem {
    problem.span = problem
        .span
        .map(|span| span.start + offset..span.end + offset);
    problem.file = None;
    problem
}
