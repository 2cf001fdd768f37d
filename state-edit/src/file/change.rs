//! What must be done to a document's text so that its value becomes another: the smallest changes, in order.

use serde_json::Value;

/// One change. Pointers are tokens, not escaped.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Change {
    /// A value takes the place of another, or is the value of a new last key of an object; no token: the root.
    Put { at: Vec<String>, value: Value },
    /// A new entry of an array, before the one that has this index; at the end when none has it.
    Insert {
        array: Vec<String>,
        index: usize,
        value: Value,
    },
    /// A key or an entry goes.
    Remove { at: Vec<String> },
}

impl Change {
    /// The place that is changed: the array, for a new entry.
    pub(super) fn place(&self) -> &[String] {
        match self {
            Change::Put { at, .. } | Change::Remove { at } => at,
            Change::Insert { array, .. } => array,
        }
    }
}

/// The changes from one value to another, at a place. What is equal is left alone, however deep it stands.
pub(super) fn between(at: &[String], from: &Value, to: &Value) -> Vec<Change> {
    let mut changes = Vec::new();
    compare(&mut at.to_vec(), from, to, &mut changes);
    changes
}

fn compare(at: &mut Vec<String>, from: &Value, to: &Value, changes: &mut Vec<Change>) {
    match (from, to) {
        _ if from == to => {}
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().filter(|key| !b.contains_key(*key)) {
                at.push(key.clone());
                changes.push(Change::Remove { at: at.clone() });
                at.pop();
            }
            for (key, new) in b {
                at.push(key.clone());
                match a.get(key) {
                    Some(old) => compare(at, old, new, changes),
                    None => changes.push(Change::Put {
                        at: at.clone(),
                        value: new.clone(),
                    }),
                }
                at.pop();
            }
        }
        (Value::Array(a), Value::Array(b)) => entries(at, a, b, changes),
        _ => changes.push(Change::Put {
            at: at.clone(),
            value: to.clone(),
        }),
    }
}

/// Entries at the beginning and at the end that are equal stay; those between change, go or come.
fn entries(at: &mut Vec<String>, from: &[Value], to: &[Value], changes: &mut Vec<Change>) {
    let same = |(a, b): &(&Value, &Value)| a == b;
    let head = from.iter().zip(to).take_while(same).count();
    let (from, to) = (&from[head..], &to[head..]);
    let tail = from.iter().rev().zip(to.iter().rev()).take_while(same);
    let tail = tail.count();
    let (from, to) = (&from[..from.len() - tail], &to[..to.len() - tail]);
    let paired = from.len().min(to.len());
    for (index, (old, new)) in from.iter().zip(to).enumerate() {
        at.push((head + index).to_string());
        compare(at, old, new, changes);
        at.pop();
    }
    for index in (paired..from.len()).rev() {
        at.push((head + index).to_string());
        changes.push(Change::Remove { at: at.clone() });
        at.pop();
    }
    for (index, new) in to.iter().enumerate().skip(paired) {
        changes.push(Change::Insert {
            array: at.clone(),
            index: head + index,
            value: new.clone(),
        });
    }
}
