//! From the events of a YAML parser to one JSON value.

use std::collections::HashMap;
use std::ops::Range;

use saphyr_parser::{Event, Parser};
use serde_json::{Map, Value};

use super::characters::Characters;
use super::{MAX_DEPTH, MAX_NODES, MAX_REPEATED, scalar};
use crate::Problem;
use crate::source::escape;

/// A problem after which nothing more can be read.
pub(super) type Fatal = Box<Problem>;

/// What an anchor names, and what repeating it costs.
struct Anchored {
    value: Value,
    nodes: usize,
    bytes: usize,
}

/// A collection whose end has not been read.
struct Open {
    items: Items,
    anchor: usize,
    start: usize,
    /// Length of its own pointer.
    pointer: usize,
}

enum Items {
    Sequence(Vec<Value>),
    Mapping {
        entries: Map<String, Value>,
        key: Option<String>,
        merged: Vec<Value>,
    },
}

pub(super) struct Reader<'a> {
    text: &'a str,
    characters: Characters<'a>,
    open: Vec<Open>,
    pointer: String,
    pub(super) root: Option<Value>,
    pub(super) places: HashMap<String, Range<usize>>,
    anchors: HashMap<usize, Anchored>,
    nodes: usize,
    repeated: usize,
    pub(super) problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Reader<'a> {
        Reader {
            text,
            characters: Characters::new(text),
            open: Vec::new(),
            pointer: String::new(),
            root: None,
            places: HashMap::new(),
            anchors: HashMap::new(),
            nodes: 0,
            repeated: 0,
            problems: Vec::new(),
        }
    }

    pub(super) fn read(&mut self) -> Result<(), Fatal> {
        let mut parser = Parser::new_from_str(self.text);
        let mut documents = 0;
        while let Some(event) = parser.next_event() {
            let (event, span) = event.map_err(|error| self.syntax(&error))?;
            let span = self.characters.bytes(&span);
            match event {
                Event::DocumentStart(_) => {
                    documents += 1;
                    if documents > 1 {
                        let problem =
                            fatal("several-documents", "a second document begins here", span);
                        return Err(with_help(
                            problem,
                            "one file holds one document: split it at `---`",
                        ));
                    }
                }
                Event::Scalar(text, style, anchor, tag) => {
                    if self.wants_key() {
                        let anchored = Value::String(text.to_string());
                        self.remember(anchor, &anchored, 1, text.len())?;
                        self.key(text.into_owned(), span);
                        continue;
                    }
                    self.spend(1, 0, &span)?;
                    let value =
                        scalar::value(&text, style, tag.as_deref()).unwrap_or_else(|wrong| {
                            let mut problem =
                                Problem::error(wrong.code, wrong.message).help(wrong.help);
                            problem.span = Some(span.clone());
                            self.problems.push(problem);
                            Value::Null
                        });
                    self.remember(anchor, &value, 1, text.len())?;
                    self.add(value, span);
                }
                Event::Alias(anchor) => self.alias(anchor, span)?,
                Event::SequenceStart(anchor, tag) => {
                    self.refuse_tag(tag.as_deref(), "seq", &span);
                    self.begin(Items::Sequence(Vec::new()), anchor, span)?;
                }
                Event::MappingStart(anchor, tag) => {
                    self.refuse_tag(tag.as_deref(), "map", &span);
                    let items = Items::Mapping {
                        entries: Map::new(),
                        key: None,
                        merged: Vec::new(),
                    };
                    self.begin(items, anchor, span)?;
                }
                Event::SequenceEnd | Event::MappingEnd => self.end(span)?,
                Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
            }
        }
        match self.root {
            Some(_) => Ok(()),
            None => Err(fatal("syntax", "not YAML: there is no value in it", 0..0)),
        }
    }

    /// Whether the next node is a key.
    fn wants_key(&self) -> bool {
        matches!(
            self.open.last(),
            Some(Open {
                items: Items::Mapping { key: None, .. },
                ..
            })
        )
    }

    fn key(&mut self, text: String, span: Range<usize>) {
        let Some(open) = self.open.last_mut() else {
            return;
        };
        let Items::Mapping { entries, key, .. } = &mut open.items else {
            return;
        };
        // Also for a value that never comes: `key:` at the end of a flow mapping.
        if entries.contains_key(&text) {
            let mut problem = Problem::error(
                "duplicate-key",
                format!("the key `{text}` stands twice in one object"),
            )
            .help("keep one of them: readers differ in which of the two counts");
            self.pointer.truncate(open.pointer);
            problem.pointer = Some(format!("{}/{}", self.pointer, escape(&text)));
            problem.span = Some(span);
            self.problems.push(problem);
        }
        *key = Some(text);
    }

    fn begin(&mut self, items: Items, anchor: usize, span: Range<usize>) -> Result<(), Fatal> {
        if self.wants_key() {
            let problem = fatal("complex-key", "a key must be a scalar", span);
            return Err(with_help(problem, "JSON knows only strings as keys"));
        }
        if self.open.len() == MAX_DEPTH {
            return Err(too_deep(span));
        }
        self.spend(1, 0, &span)?;
        self.point();
        self.open.push(Open {
            items,
            anchor,
            start: span.start,
            pointer: self.pointer.len(),
        });
        Ok(())
    }

    fn end(&mut self, span: Range<usize>) -> Result<(), Fatal> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        self.pointer.truncate(open.pointer);
        // The end of a block is noticed only at what follows it.
        let end = span.end.max(open.start);
        let end = open.start + self.text[open.start..end].trim_end().len();
        let value = match open.items {
            Items::Sequence(items) => Value::Array(items),
            Items::Mapping {
                mut entries,
                merged,
                ..
            } => {
                for from in merged {
                    self.merge(&mut entries, from, open.start..end);
                }
                Value::Object(entries)
            }
        };
        if open.anchor != 0 {
            let (nodes, bytes) = cost(&value);
            self.remember(open.anchor, &value, nodes, bytes)?;
        }
        self.note(open.start..end);
        self.put(value);
        Ok(())
    }

    fn alias(&mut self, anchor: usize, span: Range<usize>) -> Result<(), Fatal> {
        let Some(named) = self.anchors.get(&anchor) else {
            return Err(fatal(
                "recursive-alias",
                "the alias stands inside of what it names",
                span,
            ));
        };
        let (value, nodes, bytes) = (named.value.clone(), named.nodes, named.bytes);
        self.spend(nodes, bytes, &span)?;
        if !self.wants_key() {
            self.add(value, span);
            return Ok(());
        }
        match value {
            Value::String(text) => self.key(text, span),
            Value::Array(_) | Value::Object(_) => {
                return Err(fatal("complex-key", "a key must be a scalar", span));
            }
            scalar => self.key(scalar.to_string(), span),
        }
        Ok(())
    }

    /// Keeps what an anchor names. Costs as much as an alias: nested anchors hold copies of copies.
    fn remember(
        &mut self,
        anchor: usize,
        value: &Value,
        nodes: usize,
        bytes: usize,
    ) -> Result<(), Fatal> {
        if anchor == 0 {
            return Ok(());
        }
        self.spend(nodes, bytes, &(0..0))?;
        let value = value.clone();
        self.anchors.insert(
            anchor,
            Anchored {
                value,
                nodes,
                bytes,
            },
        );
        Ok(())
    }

    fn spend(&mut self, nodes: usize, repeated: usize, span: &Range<usize>) -> Result<(), Fatal> {
        self.nodes += nodes;
        self.repeated += repeated;
        if self.nodes <= MAX_NODES && self.repeated <= MAX_REPEATED {
            return Ok(());
        }
        let message = format!(
            "more than {MAX_NODES} values, or 64 MiB of repeated text, with aliases expanded"
        );
        Err(fatal("too-large", message, span.clone()))
    }

    fn merge(&mut self, entries: &mut Map<String, Value>, from: Value, span: Range<usize>) {
        match from {
            Value::Object(from) => {
                for (key, value) in from {
                    entries.entry(key).or_insert(value);
                }
            }
            Value::Array(all) if all.iter().all(Value::is_object) => {
                for from in all {
                    self.merge(entries, from, span.clone());
                }
            }
            _ => {
                let mut problem =
                    Problem::error("merge-key", "`<<` merges a mapping or a list of mappings");
                problem.span = Some(span);
                self.problems.push(problem);
            }
        }
    }

    fn refuse_tag(&mut self, tag: Option<&saphyr_parser::Tag>, usual: &str, span: &Range<usize>) {
        if let Some(tag) = tag
            && !scalar::is_unspecific(tag)
            && !(tag.is_yaml_core_schema() && tag.suffix == usual)
        {
            let wrong = scalar::unknown_tag(tag);
            let mut problem = Problem::error(wrong.code, wrong.message).help(wrong.help);
            problem.span = Some(span.clone());
            self.problems.push(problem);
        }
    }

    fn add(&mut self, value: Value, span: Range<usize>) {
        self.point();
        self.note(span);
        self.put(value);
    }

    /// Makes the pointer that of the node which is about to be read.
    fn point(&mut self) {
        let Some(open) = self.open.last() else { return };
        self.pointer.truncate(open.pointer);
        self.pointer.push('/');
        match &open.items {
            Items::Sequence(items) => self.pointer.push_str(&items.len().to_string()),
            Items::Mapping { key, .. } => self
                .pointer
                .push_str(&escape(key.as_deref().unwrap_or_default())),
        }
    }

    fn note(&mut self, span: Range<usize>) {
        self.places.insert(self.pointer.clone(), span);
    }

    fn put(&mut self, value: Value) {
        match self.open.last_mut().map(|open| &mut open.items) {
            None => self.root = Some(value),
            Some(Items::Sequence(items)) => items.push(value),
            Some(Items::Mapping {
                entries,
                key,
                merged,
            }) => match key.take() {
                Some(key) if key == "<<" => merged.push(value),
                Some(key) => {
                    entries.insert(key, value);
                }
                None => unreachable!("a value follows its key"),
            },
        }
    }

    fn syntax(&self, error: &saphyr_parser::ScanError) -> Fatal {
        let at = self.characters.byte(error.marker().index());
        let end = self.text[at..]
            .chars()
            .next()
            .map_or(at, |c| at + c.len_utf8());
        let line = self.text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        if error.info().contains("recursion limit") {
            return too_deep(at..end);
        }
        let problem = fatal("syntax", format!("not YAML: {}", error.info()), at..end);
        if self.text[line..].trim_start_matches(' ').starts_with('\t') {
            return with_help(problem, "YAML is indented with spaces, never with tabs");
        }
        problem
    }
}

fn fatal(code: &str, message: impl Into<String>, span: Range<usize>) -> Fatal {
    let mut problem = Problem::error(code, message);
    problem.span = Some(span);
    Box::new(problem)
}

fn too_deep(span: Range<usize>) -> Fatal {
    let message = format!("nested deeper than {MAX_DEPTH} levels");
    fatal("too-deep", message, span)
}

fn with_help(mut problem: Fatal, help: &str) -> Fatal {
    problem.help = Some(help.to_owned());
    problem
}

/// Nodes of a value, and bytes of its text.
fn cost(value: &Value) -> (usize, usize) {
    let sum = |(n, b): (usize, usize), (m, c): (usize, usize)| (n + m, b + c);
    match value {
        Value::String(text) => (1, text.len()),
        Value::Array(items) => items.iter().map(cost).fold((1, 0), sum),
        Value::Object(entries) => entries
            .iter()
            .map(|(key, value)| sum((0, key.len()), cost(value)))
            .fold((1, 0), sum),
        _ => (1, 0),
    }
}
