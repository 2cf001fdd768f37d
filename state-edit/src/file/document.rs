//! A document of any format: its value, and its text with another value.
//!
//! An edit is done to the value first. The text then gets the smallest changes that make it have that value, and is
//! read again: what does not come out as the value that was asked for is refused, never written.

use std::ops::Range;

use schemas::source::Source;
use schemas::{Failure, Problem, yaml};
use serde_json::Value;

use super::block::{self, Yaml};
use super::change::Change;
use super::format::Format;
use super::json::Json;
use super::splice::{Splice, spliced};
use super::step::Step;
use super::tree::{Form, Node, Writer};
use super::{brackets, front, json, markdown, path, same, toml};

/// From this size on, in bytes, a second thread is worth its start.
const LARGE: usize = 256 << 10;

/// As much as the first thread has: a document may be deep.
const STACK: usize = 8 << 20;

/// The value of a document. An empty one has `null`.
pub(crate) fn value(format: Format, name: &str, text: &str) -> Result<Value, Failure> {
    if text.trim().is_empty() && format != Format::Toml {
        return Ok(Value::Null);
    }
    match format {
        Format::Json => match json::read(text) {
            Ok(value) => Ok(value),
            Err(problem) => Err(refused(
                &Source::json(name, text.to_owned()),
                vec![*problem],
            )),
        },
        Format::Yaml => {
            if is_blank_yaml(text) {
                return Ok(Value::Null);
            }
            let (source, read) = yaml::parse(name, text.to_owned());
            read.map_err(|problems| refused(&source, problems))
        }
        Format::Toml => toml::read(text).map_err(|mut failure| {
            failure.message = format!("cannot read {name}: {}", failure.message);
            failure
        }),
        Format::Markdown => match front::find(text) {
            Some((inner, format)) => value(format, name, &blanked(text, &inner)),
            None => Ok(Value::Null),
        },
    }
}

/// The front matter alone, on the lines that it has in the file.
fn blanked(text: &str, inner: &Range<usize>) -> String {
    let before = text[..inner.start].matches('\n').count();
    format!("{}{}", "\n".repeat(before), &text[inner.clone()])
}

fn is_blank_yaml(text: &str) -> bool {
    text.lines()
        .map(str::trim)
        .all(|line| line.is_empty() || line.starts_with('#'))
}

/// The first thing that is wrong, with its place.
fn refused(source: &Source, mut problems: Vec<Problem>) -> Failure {
    source.place(&mut problems);
    let Some(first) = problems.into_iter().next() else {
        return Failure::input(format!("cannot read {}", source.name));
    };
    let place = match (first.line, first.column) {
        (Some(line), Some(column)) => format!("{}:{line}:{column}", source.name),
        _ => source.name.clone(),
    };
    let failure = Failure::input(format!("cannot read {place}: {}", first.message));
    match first.help {
        Some(help) => failure.help(help),
        None => failure,
    }
}

/// The text with the steps done, where the value that it has now `may` be edited; `told` is told of the text before and after
/// each change.
pub(crate) fn edited(
    format: Format,
    name: &str,
    text: &str,
    may: &dyn Fn(&Value) -> Result<(), Failure>,
    steps: &[Step],
    told: &mut dyn FnMut(&str, &str),
) -> Result<String, Failure> {
    let (read, mut known) = value_and_place(format, name, text, steps);
    let mut wanted = read?;
    may(&wanted)?;
    let mut words = Vec::new();
    let mut changes = Vec::new();
    for step in steps {
        match step {
            Step::Markdown(change) => words.push(change),
            step => changes.extend(step.apply(&mut wanted)?),
        }
    }
    let mut fresh = text.to_owned();
    for change in changes {
        // Only of the text as it was.
        let known = known.take().filter(|(at, _)| *at == change.place());
        let next = changed(format, name, &fresh, &change, known.map(|(_, root)| root))?;
        told(&fresh, &next);
        fresh = next;
    }
    for change in words {
        let next = markdown::changed(&fresh, change)?;
        told(&fresh, &next);
        fresh = next;
    }
    let as_asked = format == Format::Json && same::is_same(&fresh, &wanted)
        || value(format, name, &fresh).is_ok_and(|read| read == wanted);
    // Thousands of small pieces, given back one by one, would take as long as reading them: the end of the program does it.
    std::mem::forget(wanted);
    if as_asked {
        return Ok(fresh);
    }
    Err(Failure::no(format!(
        "{name} is written in a way in which this edit cannot be made safely"
    ))
    .help("nothing was written; edit that place by hand"))
}

/// A place, and what stands where on the way to it.
type Known<'a> = (&'a [String], Node);

/// The value, and where in the text a single step will probably change something. To find that takes half as long as to read
/// the value of a large document, so it is done meanwhile.
fn value_and_place<'a>(
    format: Format,
    name: &str,
    text: &str,
    steps: &'a [Step],
) -> (Result<Value, Failure>, Option<Known<'a>>) {
    let place = match steps {
        [step] if format == Format::Json && text.len() >= LARGE => step.place(),
        _ => None,
    };
    std::thread::scope(|scope| {
        let look = move || Some((place?, json::places(text, place?).ok()?));
        let found = place.map(|_| {
            std::thread::Builder::new()
                .stack_size(STACK)
                .spawn_scoped(scope, look)
        });
        let value = value(format, name, text);
        // Without a thread it is looked for later.
        (value, found.and_then(|it| it.ok()?.join().ok()?))
    })
}

/// `known` is what stands where in the text, where somebody has looked.
fn changed(
    format: Format,
    name: &str,
    text: &str,
    change: &Change,
    known: Option<Node>,
) -> Result<String, Failure> {
    let unreadable = || Failure::no("what the edit came to cannot be read");
    match format {
        Format::Json => {
            if text.trim().is_empty() {
                let Change::Put { value, .. } = change else {
                    return Err(unreadable());
                };
                return Ok(format!("{value:#}\n"));
            }
            let root = known.map_or_else(|| json::places(text, change.place()), Ok);
            let root = root
                .map_err(|problem| refused(&Source::json(name, text.to_owned()), vec![*problem]))?;
            let writer = Json::like(text, &root);
            Ok(spliced(text, in_json(text, &root, change, &writer)?))
        }
        Format::Yaml => {
            if is_blank_yaml(text) {
                let Change::Put { value, .. } = change else {
                    return Err(unreadable());
                };
                let gap = if text.is_empty() || text.ends_with('\n') {
                    ""
                } else {
                    "\n"
                };
                return Ok(format!("{text}{gap}{}\n", Yaml::plain(text).whole(value)));
            }
            let root = super::yaml::read(text).ok_or_else(unreadable)?;
            let writer = Yaml::like(text, &root);
            Ok(spliced(text, in_yaml(text, &root, change, &writer)?))
        }
        Format::Toml => toml::change(text, change),
        Format::Markdown => {
            let Some((inner, format)) = front::find(text) else {
                let inner = changed(Format::Yaml, name, "", change, None)?;
                return Ok(format!("---\n{inner}---\n\n{text}"));
            };
            let fresh = changed(format, name, &text[inner.clone()], change, None)?;
            Ok(spliced(text, vec![Splice::replace(inner, fresh)]))
        }
    }
}

/// Where a change is made: the container, and what in it.
struct Spot<'a> {
    parent: &'a Node,
    last: &'a str,
    place: Option<usize>,
}

fn spot<'a>(root: &'a Node, at: &'a [String]) -> Result<Option<Spot<'a>>, Failure> {
    let Some((last, above)) = at.split_last() else {
        return Ok(None);
    };
    let parent = root.find(above)?;
    if matches!(parent.form, Form::Alias) {
        return Err(Failure::no(format!(
            "{} is an alias: its value stands elsewhere",
            path::pointer(above)
        ))
        .help("edit what it names"));
    }
    let place = parent.position(last);
    Ok(Some(Spot {
        parent,
        last,
        place,
    }))
}

fn in_json(
    text: &str,
    root: &Node,
    change: &Change,
    writer: &Json,
) -> Result<Vec<Splice>, Failure> {
    match change {
        Change::Put { at, value } => {
            let Some(Spot {
                parent,
                last,
                place,
            }) = spot(root, at)?
            else {
                return Ok(vec![Splice::replace(
                    root.span.clone(),
                    writer.spread(value, ""),
                )]);
            };
            let item = place.and_then(|place| parent.items()?.get(place));
            Ok(match item {
                Some(item) => vec![Splice::replace(
                    item.node.span.clone(),
                    writer.instead_of(text, item, value),
                )],
                None => brackets::insert(text, parent, usize::MAX, Some(last), value, writer),
            })
        }
        Change::Insert {
            array,
            index,
            value,
        } => Ok(brackets::insert(
            text,
            root.find(array)?,
            *index,
            None,
            value,
            writer,
        )),
        Change::Remove { at } => Ok(match spot(root, at)? {
            Some(Spot {
                parent,
                place: Some(place),
                ..
            }) => brackets::remove(text, parent, place),
            _ => Vec::new(),
        }),
    }
}

fn in_yaml(
    text: &str,
    root: &Node,
    change: &Change,
    writer: &Yaml,
) -> Result<Vec<Splice>, Failure> {
    match change {
        Change::Put { at, value } => {
            let Some(Spot {
                parent,
                last,
                place,
            }) = spot(root, at)?
            else {
                return Ok(vec![Splice::replace(
                    root.span.clone(),
                    writer.whole(value),
                )]);
            };
            let item = place.and_then(|place| parent.items()?.get(place));
            Ok(match (item, is_block(parent)) {
                (Some(item), true) => block::replace(text, item, value, writer),
                (Some(item), false) => vec![in_flow(text, item, value, writer)],
                (None, true) => block::insert(text, parent, usize::MAX, Some(last), value, writer),
                (None, false) => {
                    brackets::insert(text, parent, usize::MAX, Some(last), value, writer)
                }
            })
        }
        Change::Insert {
            array,
            index,
            value,
        } => {
            let parent = root.find(array)?;
            Ok(match &parent.form {
                Form::Dashes(_) => block::insert(text, parent, *index, None, value, writer),
                // Into an empty list, which may be written with dashes from now on.
                Form::Brackets(items) if items.is_empty() && !array.is_empty() => {
                    let change = Change::Put {
                        at: array.clone(),
                        value: Value::Array(vec![value.clone()]),
                    };
                    return in_yaml(text, root, &change, writer);
                }
                _ => brackets::insert(text, parent, *index, None, value, writer),
            })
        }
        Change::Remove { at } => {
            let Some(Spot {
                parent,
                place: Some(place),
                ..
            }) = spot(root, at)?
            else {
                return Ok(Vec::new());
            };
            let above = &at[..at.len() - 1];
            let left = match (&parent.form, parent.items().map(<[_]>::len)) {
                (Form::Lines(_), Some(1)) => serde_json::json!({}),
                (Form::Dashes(_), Some(1)) => serde_json::json!([]),
                (Form::Lines(_) | Form::Dashes(_), _) => {
                    return Ok(block::remove(text, parent, place));
                }
                _ => return Ok(brackets::remove(text, parent, place)),
            };
            // Nothing is left of it but that it is empty, and comments in it.
            let holder = spot(root, above)?.and_then(|it| it.parent.items()?.get(it.place?));
            match holder.and_then(|holder| block::emptied(text, holder, &left, writer)) {
                Some(splices) => Ok(splices),
                None => in_yaml(
                    text,
                    root,
                    &Change::Put {
                        at: above.to_vec(),
                        value: left,
                    },
                    writer,
                ),
            }
        }
    }
}

fn is_block(node: &Node) -> bool {
    matches!(node.form, Form::Lines(_) | Form::Dashes(_))
}

/// Another value inside of brackets; a key without one gets its colon.
fn in_flow(text: &str, item: &super::tree::Item, value: &Value, writer: &Yaml) -> Splice {
    let span = item.node.span.clone();
    let written = writer.instead_of(text, &item.node, value, true);
    let after_colon = text[..span.start].ends_with(':');
    if !span.is_empty() {
        Splice::replace(span, written)
    } else if after_colon {
        Splice::insert(span.start, format!(" {written}"))
    } else {
        Splice::insert(span.start, format!(": {written}"))
    }
}
