//! Steps: what may be asked of a document, done to its value. How its text becomes that is decided elsewhere.

use schemas::Failure;
use serde_json::{Map, Value};

use super::change::{Change, between};
use super::markdown;
use super::path::{Path, pointer};

/// One thing that is asked for.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// A value at a place, made where it is missing together with the objects above it.
    Set(Path, Value),
    /// Nothing at a place.
    Delete { path: Path, if_present: bool },
    /// One more entry of an array, made where it is missing.
    Append(Path, Value),
    /// RFC 7396.
    Merge(Value),
    /// RFC 6902.
    Patch(Value),
    /// What is not of the value: the text of a Markdown file.
    Markdown(markdown::Change),
}

impl Step {
    /// The place that it names, if it names one.
    pub(super) fn place(&self) -> Option<&[String]> {
        match self {
            Step::Set(path, _) | Step::Delete { path, .. } | Step::Append(path, _) => Some(&path.0),
            Step::Merge(_) | Step::Patch(_) | Step::Markdown(_) => None,
        }
    }

    /// Does it, and tells what changes in the text; a failure of code 1 when the document is not such that it can be done.
    pub(super) fn apply(&self, root: &mut Value) -> Result<Vec<Change>, Failure> {
        match self {
            Step::Delete { path, .. } if !path.0.is_empty() && at(root, &path.0).is_some() => {
                remove(root, &path.0)?;
                Ok(vec![Change::Remove { at: path.0.clone() }])
            }
            Step::Delete {
                if_present: true, ..
            }
            | Step::Markdown(_) => Ok(Vec::new()),
            Step::Delete { path, .. } => remove(root, &path.0).map(|_| Vec::new()),
            Step::Set(path, value) => {
                compared(root, &path.0, |root| set(root, &path.0, value.clone()))
            }
            Step::Append(path, value) => {
                let index = at(root, &path.0).and_then(Value::as_array).map(Vec::len);
                let Some(index) = index else {
                    return compared(root, &path.0, |root| append(root, path, value.clone()));
                };
                append(root, path, value.clone())?;
                let (array, value) = (path.0.clone(), value.clone());
                Ok(vec![Change::Insert {
                    array,
                    index,
                    value,
                }])
            }
            Step::Merge(patch) => compared(root, &[], |root| {
                merge(root, patch);
                Ok(())
            }),
            Step::Patch(patch) => compared(root, &[], |root| super::patch::apply(root, patch)),
        }
    }
}

/// Does what changes nothing but what is at a place, or the nearest above that there is, and compares that before and after.
fn compared(
    root: &mut Value,
    tokens: &[String],
    act: impl FnOnce(&mut Value) -> Result<(), Failure>,
) -> Result<Vec<Change>, Failure> {
    let there = (0..=tokens.len()).rev().map(|depth| &tokens[..depth]);
    let there = there
        .into_iter()
        .find(|place| at(root, place).is_some())
        .unwrap_or_default();
    let is_object = at(root, there).is_some_and(Value::is_object);
    if is_object && there.len() + 1 == tokens.len() {
        // A new key: nothing else need be looked at.
        act(root)?;
        let value = at(root, tokens).cloned().unwrap_or_default();
        return Ok(vec![Change::Put {
            at: tokens.to_vec(),
            value,
        }]);
    }
    let before = at(root, there).cloned().unwrap_or_default();
    act(root)?;
    let after = at(root, there).unwrap_or(&Value::Null);
    Ok(between(there, &before, after))
}

/// The value at a place.
pub(super) fn at<'a>(root: &'a Value, tokens: &[String]) -> Option<&'a Value> {
    tokens
        .iter()
        .try_fold(root, |value, token| child(value, token))
}

fn child<'a>(value: &'a Value, token: &str) -> Option<&'a Value> {
    match value {
        Value::Object(object) => object.get(token),
        Value::Array(array) => array.get(index(token)?),
        _ => None,
    }
}

/// An index as RFC 6901 has it: no sign, no zero before others.
pub(super) fn index(token: &str) -> Option<usize> {
    let plain =
        token.bytes().all(|b| b.is_ascii_digit()) && !(token.len() > 1 && &token[..1] == "0");
    token.parse().ok().filter(|_| plain)
}

fn at_mut<'a>(root: &'a mut Value, tokens: &[String]) -> Option<&'a mut Value> {
    tokens.iter().try_fold(root, |value, token| match value {
        Value::Object(object) => object.get_mut(token),
        Value::Array(array) => array.get_mut(index(token)?),
        _ => None,
    })
}

fn set(root: &mut Value, tokens: &[String], value: Value) -> Result<(), Failure> {
    let mut here = root;
    for (depth, token) in tokens.iter().enumerate() {
        if here.is_null() {
            *here = Value::Object(Map::new());
        }
        here = match here {
            Value::Object(object) => object.entry(token.clone()).or_insert(Value::Null),
            Value::Array(array) => {
                let length = array.len();
                let index = if token == "-" {
                    Some(length)
                } else {
                    index(token)
                };
                let index = index.filter(|index| *index <= length).ok_or_else(|| {
                    let place = pointer(&tokens[..depth]);
                    Failure::no(format!("{place} has {length} entries, and none at {token}"))
                })?;
                if index == length {
                    array.push(Value::Null);
                }
                &mut array[index]
            }
            scalar => {
                let place = pointer(&tokens[..depth]);
                return Err(Failure::no(format!(
                    "{place} is {scalar}: nothing can be below it"
                )));
            }
        };
    }
    *here = value;
    Ok(())
}

/// Takes the value at a place away.
pub(super) fn remove(root: &mut Value, tokens: &[String]) -> Result<Value, Failure> {
    let nothing = || Failure::no(format!("there is nothing at {}", pointer(tokens)));
    let Some((last, above)) = tokens.split_last() else {
        return Err(Failure::no("the whole document cannot be deleted"));
    };
    match at_mut(root, above).ok_or_else(nothing)? {
        Value::Object(object) => object.shift_remove(last).ok_or_else(nothing),
        Value::Array(array) => match index(last) {
            Some(index) if index < array.len() => Ok(array.remove(index)),
            _ => Err(nothing()),
        },
        _ => Err(nothing()),
    }
}

/// Puts a value at a place as RFC 6902 adds it: an entry of an array moves those behind it.
pub(super) fn add(root: &mut Value, tokens: &[String], value: Value) -> Result<(), Failure> {
    let Some((last, above)) = tokens.split_last() else {
        *root = value;
        return Ok(());
    };
    let nowhere = || Failure::no(format!("there is nothing at {}", pointer(above)));
    match at_mut(root, above).ok_or_else(nowhere)? {
        Value::Object(object) => {
            object.insert(last.clone(), value);
            Ok(())
        }
        Value::Array(array) => {
            let length = array.len();
            let place = if last == "-" {
                Some(length)
            } else {
                index(last)
            };
            let place = place.filter(|place| *place <= length).ok_or_else(|| {
                Failure::no(format!(
                    "{} has {length} entries: {last} is none of them",
                    pointer(above)
                ))
            })?;
            array.insert(place, value);
            Ok(())
        }
        _ => Err(nowhere()),
    }
}

fn append(root: &mut Value, path: &Path, value: Value) -> Result<(), Failure> {
    if at(root, &path.0).is_none() {
        set(root, &path.0, Value::Null)?;
    }
    match at_mut(root, &path.0) {
        Some(Value::Array(array)) => array.push(value),
        Some(null @ Value::Null) => *null = Value::Array(vec![value]),
        _ => return Err(Failure::no(format!("{path} is no list"))),
    }
    Ok(())
}

fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(object) = target else {
        return;
    };
    for (key, value) in patch {
        if value.is_null() {
            object.shift_remove(key);
        } else {
            merge(object.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}
