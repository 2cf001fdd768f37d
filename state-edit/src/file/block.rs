//! Editing the block style of YAML: a line for a key, a line for an entry.

use serde_json::Value;

use super::scalar;
use super::splice::{Splice, line_end, line_start, line_stop, next_line};
use super::tree::{Form, Item, Node, Writer};

/// Writes as the document does.
pub(super) struct Yaml {
    unit: String,
    /// Of the dashes below a key.
    dashes: String,
    quotes: Form,
    end: &'static str,
    /// Lists stand in brackets.
    brackets: bool,
}

impl Yaml {
    pub(super) fn like(text: &str, root: &Node) -> Yaml {
        let mut manner = Manner::default();
        manner.look(text, root, None);
        let unit = " ".repeat(manner.unit.unwrap_or(2));
        Yaml {
            dashes: " ".repeat(manner.dashes.unwrap_or(unit.len())),
            unit,
            quotes: if manner.single {
                Form::Single
            } else {
                Form::Double
            },
            end: line_end(text),
            brackets: manner.brackets && manner.dashes.is_none(),
        }
    }

    /// For a document that shows no manner yet.
    pub(super) fn plain(text: &str) -> Yaml {
        let two = "  ".to_owned();
        Yaml {
            unit: two.clone(),
            dashes: two,
            quotes: Form::Double,
            end: line_end(text),
            brackets: false,
        }
    }

    /// A whole document.
    pub(super) fn whole(&self, value: &Value) -> String {
        match value {
            Value::Object(entries) if !entries.is_empty() => {
                self.below(value, "").trim_start().to_owned()
            }
            Value::Array(items) if !items.is_empty() => {
                self.below(value, "").trim_start().to_owned()
            }
            other => self.inline(other),
        }
    }

    /// What follows a `key:`, beginning with a space or, where it stands below, with a line end.
    fn after_key(&self, value: &Value, pad: &str) -> (String, String) {
        match value {
            Value::String(text) => match scalar::block(text) {
                Some((header, lines)) => (
                    format!(" {header}"),
                    self.literal(&lines, &format!("{pad}{}", self.unit)),
                ),
                None => (format!(" {}", self.inline(value)), String::new()),
            },
            Value::Array(items)
                if !(items.is_empty() || self.brackets && items.iter().all(is_scalar)) =>
            {
                (
                    String::new(),
                    self.below(value, &format!("{pad}{}", self.dashes)),
                )
            }
            Value::Object(entries) if !entries.is_empty() => (
                String::new(),
                self.below(value, &format!("{pad}{}", self.unit)),
            ),
            other => (format!(" {}", self.inline(other)), String::new()),
        }
    }

    fn literal(&self, lines: &[&str], pad: &str) -> String {
        let line = |line: &&str| {
            if line.is_empty() {
                self.end.to_owned()
            } else {
                format!("{}{pad}{line}", self.end)
            }
        };
        lines.iter().map(line).collect()
    }

    /// The lines of a collection, each with the line end before it.
    fn below(&self, value: &Value, pad: &str) -> String {
        let end = self.end;
        match value {
            Value::Object(entries) => {
                let entry = |(key, value): (&String, &Value)| {
                    let (head, body) = self.after_key(value, pad);
                    format!("{end}{pad}{}:{head}{body}", self.key(key))
                };
                entries.iter().map(entry).collect()
            }
            Value::Array(items) => items
                .iter()
                .map(|item| format!("{end}{pad}-{}", self.after_dash(item, pad)))
                .collect(),
            scalar => format!(" {}", self.inline(scalar)),
        }
    }

    /// What follows a dash: an object goes on beside it.
    fn after_dash(&self, value: &Value, pad: &str) -> String {
        match value {
            Value::Object(entries) if !entries.is_empty() => {
                let lines = self.below(value, &format!("{pad}  "));
                format!(" {}", lines.trim_start())
            }
            Value::Array(_) => format!(" {}", self.inline(value)),
            other => {
                let (head, body) = self.after_key(other, pad);
                head + &body
            }
        }
    }

    fn scalar(&self, value: &Value, like: Option<(&Form, &str)>, flow: bool) -> String {
        scalar::written(value, like, &self.quotes, flow)
    }
}

impl Writer for Yaml {
    fn inline(&self, value: &Value) -> String {
        match value {
            Value::Array(items) => {
                let items: Vec<String> = items.iter().map(|item| self.in_flow(item)).collect();
                format!("[{}]", items.join(", "))
            }
            Value::Object(entries) => {
                let entry = |(key, value): (&String, &Value)| {
                    format!("{}: {}", self.key(key), self.in_flow(value))
                };
                let entries: Vec<String> = entries.iter().map(entry).collect();
                format!("{{{}}}", entries.join(", "))
            }
            other => self.scalar(other, None, false),
        }
    }

    fn key(&self, key: &str) -> String {
        self.scalar(&Value::from(key), None, true)
    }

    fn colon(&self) -> &str {
        ": "
    }

    fn comma(&self) -> &str {
        ", "
    }

    fn spread(&self, value: &Value, _: &str) -> String {
        self.in_flow(value)
    }

    fn unit(&self) -> &str {
        &self.unit
    }

    fn line_end(&self) -> &str {
        self.end
    }
}

impl Yaml {
    /// On one line inside of brackets.
    fn in_flow(&self, value: &Value) -> String {
        match value {
            Value::String(_) => self.scalar(value, None, true),
            other => self.inline(other),
        }
    }

    /// On one line, in the manner of what stood there.
    pub(super) fn instead_of(&self, text: &str, old: &Node, value: &Value, flow: bool) -> String {
        match value {
            Value::String(_) => {
                self.scalar(value, Some((&old.form, &text[old.span.clone()])), flow)
            }
            other => self.inline(other),
        }
    }
}

/// What a document shows of the manner in which it is written.
#[derive(Default)]
struct Manner {
    unit: Option<usize>,
    dashes: Option<usize>,
    single: bool,
    double: bool,
    brackets: bool,
}

impl Manner {
    fn look(&mut self, text: &str, node: &Node, above: Option<usize>) {
        let column = |at: usize| at - line_start(text, at);
        let here = column(node.span.start);
        match (&node.form, above) {
            (Form::Lines(_), Some(above)) if here > above => {
                self.unit.get_or_insert(here - above);
            }
            (Form::Dashes(_), Some(above)) if here >= above => {
                self.dashes.get_or_insert(here - above);
            }
            (Form::Single, _) => self.single |= !self.double,
            (Form::Double, _) => self.double |= !self.single,
            (Form::Brackets(items), _) => self.brackets |= !items.is_empty(),
            _ => {}
        }
        let lines = matches!(node.form, Form::Lines(_));
        for item in node.items().unwrap_or_default() {
            self.look(text, &item.node, lines.then_some(here));
        }
    }
}

fn is_scalar(value: &Value) -> bool {
    !value.is_array() && !value.is_object()
}

/// Another value for an item.
pub(super) fn replace(text: &str, item: &Item, value: &Value, writer: &Yaml) -> Vec<Splice> {
    let old = &item.node;
    let keyed = item.key.is_some();
    let from = if keyed {
        after_colon(text, item)
    } else {
        item.lead.end
    };
    let pad = pad(text, item.lead.start);
    let is_block = matches!(old.form, Form::Lines(_) | Form::Dashes(_));
    let stays_flow =
        matches!(&old.form, Form::Brackets(items) | Form::Braces(items) if !items.is_empty());
    let (head, body) = match value {
        Value::Array(_) | Value::Object(_) if stays_flow => {
            (format!(" {}", writer.inline(value)), String::new())
        }
        Value::String(string) if scalar::block(string).is_none() => (
            format!(" {}", writer.instead_of(text, old, value, false)),
            String::new(),
        ),
        _ if keyed => writer.after_key(value, &pad),
        _ => {
            let written = writer.after_dash(value, &pad);
            let first = line_stop(&written, 0);
            (written[..first].to_owned(), written[first..].to_owned())
        }
    };
    let below = is_block && text[from..old.span.start].contains('\n');
    if below {
        // What stands behind the key on its line is a comment, and stays.
        let stop = line_stop(text, from);
        return vec![
            Splice::insert(from, head),
            Splice::replace(stop..line_stop(text, old.span.end), body),
        ];
    }
    if matches!(old.form, Form::Text) {
        // So does what stands behind its header.
        let stop = line_stop(text, old.span.start);
        let header = &text[old.span.start..stop];
        let header = header.split_whitespace().next().unwrap_or_default().len();
        let header = Splice::replace(from..old.span.start + header, head);
        return vec![header, Splice::replace(stop..old.span.end, body)];
    }
    if body.is_empty() && !old.span.is_empty() {
        // Anchors and tags stay, and how many spaces there are.
        return vec![Splice::replace(old.span.clone(), head.trim_start())];
    }
    let stop = line_stop(text, old.span.end.max(from));
    if body.is_empty() || old.span.end == stop {
        return vec![Splice::replace(from..old.span.end.max(from), head + &body)];
    }
    vec![
        Splice::replace(from..old.span.end.max(from), head),
        Splice::insert(stop, body),
    ]
}

/// A new last key, or an entry before the one with this index.
pub(super) fn insert(
    text: &str,
    node: &Node,
    at: usize,
    key: Option<&str>,
    value: &Value,
    writer: &Yaml,
) -> Vec<Splice> {
    let items = node.items().unwrap_or_default();
    let Some(first) = items.first() else {
        return Vec::new();
    };
    let pad = pad(text, first.lead.start);
    let end = writer.end;
    let line = match key {
        Some(key) => {
            let (head, body) = writer.after_key(value, &pad);
            format!("{}:{head}{body}", writer.key(key))
        }
        None => format!("-{}", writer.after_dash(value, &pad)),
    };
    match items.get(at) {
        Some(next) => vec![Splice::insert(next.lead.start, format!("{line}{end}{pad}"))],
        None => {
            let stop = line_stop(text, node.span.end);
            vec![Splice::insert(stop, format!("{end}{pad}{line}"))]
        }
    }
}

/// Takes one of several items away.
pub(super) fn remove(text: &str, node: &Node, at: usize) -> Vec<Splice> {
    let items = node.items().unwrap_or_default();
    let Some(item) = items.get(at) else {
        return Vec::new();
    };
    let start = line_start(text, item.lead.start);
    let end = item.node.span.end.max(item.lead.end);
    if !text[start..item.lead.start].trim().is_empty() {
        // It shares its line with the dash of an entry.
        let next = items.get(at + 1).map_or(end, |next| next.lead.start);
        return vec![Splice::remove(item.lead.start..next)];
    }
    let after = next_line(text, end);
    if after == text.len() && !text.ends_with('\n') && start > 0 {
        // Without a line end before it, like it.
        let stop = text[..start].trim_end_matches(['\n', '\r']).len();
        return vec![Splice::remove(stop..after)];
    }
    vec![Splice::remove(start..after)]
}

/// Takes the only item of a collection away that stands below its key or dash; comments around it stay.
pub(super) fn emptied(
    text: &str,
    holder: &Item,
    left: &Value,
    writer: &Yaml,
) -> Option<Vec<Splice>> {
    let from = if holder.key.is_some() {
        after_colon(text, holder)
    } else {
        holder.lead.end
    };
    let below = text[from..holder.node.span.start].contains('\n');
    let mut splices = remove(text, &holder.node, 0);
    splices.push(Splice::insert(from, format!(" {}", writer.inline(left))));
    below.then_some(splices)
}

/// Spaces up to the column of a place.
fn pad(text: &str, at: usize) -> String {
    let before = &text[line_start(text, at)..at];
    " ".repeat(before.chars().count())
}

fn after_colon(text: &str, item: &Item) -> usize {
    let gap = &text[item.lead.end..];
    gap.find(':')
        .map_or(item.lead.end, |colon| item.lead.end + colon + 1)
}
