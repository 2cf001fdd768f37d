//! What a text says: tasks that are made, and changes to them.

use serde::de::IgnoredAny;

use super::super::{Draft, Node};
use super::call;

/// A task that is made, or a change to one.
pub(super) struct Entry {
    pub(super) kind: Kind,
    pub(super) fields: Node,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Create,
    Update,
}

/// Reads JSON values one after the other, or calls.
pub(super) fn read(text: &str, offset: usize, draft: &mut Draft) -> Vec<Entry> {
    if !text.trim_start().starts_with(['{', '[']) {
        return call::read(text, offset, draft);
    }
    let mut entries = Vec::new();
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    let mut start = 0;
    loop {
        let value = values.next();
        let end = match &value {
            None => return entries,
            Some(Ok(_)) => values.byte_offset(),
            Some(Err(_)) => text.len(),
        };
        let one = &text[start..end];
        match Node::from_json(one, offset + start) {
            Ok(node) => add(node, &mut entries, draft),
            Err(problems) => {
                draft.found.extend(problems);
                return entries;
            }
        }
        start = end;
    }
}

/// The entries that a value is or has.
fn add(node: Node, entries: &mut Vec<Entry>, draft: &mut Draft) {
    let has_subject = node.some("subject").is_some() || node.some("title").is_some();
    let list = match node.get("tasks") {
        Some(tasks) if tasks.is_list() && !has_subject => Some(tasks),
        _ => Some(&node).filter(|node| node.is_list()),
    };
    let items = list.map_or(std::slice::from_ref(&node), Node::items);
    for item in items {
        if let Some(entry) = entry(item) {
            entries.push(entry);
        } else {
            draft.error(
                "not-a-task",
                format!("this is no task, but {}", item.kind()),
                item.at.clone(),
                "a task is {\"subject\": ..., \"description\": ..., \"metadata\": {...}}",
            );
        }
    }
}

/// A task, a change by its `taskId`, or a call of a tool in one of the forms in which it is recorded.
fn entry(item: &Node) -> Option<Entry> {
    if !item.is_map() {
        return None;
    }
    let named = |name: &str, kind: Kind| {
        let is_named = ["name", "tool"]
            .iter()
            .any(|key| item.some(key).and_then(Node::as_str) == Some(name));
        let input = ["input", "arguments", "parameters", "args"]
            .iter()
            .find_map(|key| item.some(key));
        let fields = item
            .some(name)
            .or(input.filter(|_| is_named))
            .filter(|fields| fields.is_map())?;
        Some(Entry {
            kind,
            fields: fields.clone(),
        })
    };
    if let Some(entry) =
        named("TaskCreate", Kind::Create).or_else(|| named("TaskUpdate", Kind::Update))
    {
        return Some(entry);
    }
    let has_title = item.some("subject").is_some() || item.some("title").is_some();
    let is_change = !has_title && item.some("taskId").is_some();
    let kind = if is_change {
        Kind::Update
    } else {
        Kind::Create
    };
    Some(Entry {
        kind,
        fields: item.clone(),
    })
}
