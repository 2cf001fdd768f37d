//! Edits of a text that leave all other bytes as they are.

use std::collections::BTreeMap;
use std::ops::Range;

use schemas::Problem;
use schemas::source::Source;

use crate::outline::Outline;

/// Bytes to be replaced, and by what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Edit {
    pub(crate) range: Range<usize>,
    pub(crate) text: String,
}

/// The text with the edits, which are in its order. One that reaches into the one before it is passed over.
pub(super) fn apply(text: &str, edits: &[Edit]) -> String {
    let mut result = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        if edit.range.start < at {
            continue;
        }
        result.push_str(&text[at..edit.range.start]);
        result.push_str(&edit.text);
        at = edit.range.end;
    }
    result.push_str(&text[at..]);
    result
}

/// Where the values are that pointers name; `None` for those that are not in the text themselves.
pub(super) fn places(source: &Source, pointers: &[String]) -> Vec<Option<Range<usize>>> {
    let mut problems: Vec<Problem> = pointers
        .iter()
        .map(|pointer| Problem::error("place", "").at(pointer.clone()))
        .collect();
    source.place(&mut problems);
    problems.into_iter().map(|problem| problem.span).collect()
}

/// The task and the position of the dependency that a pointer names: `/tasks/3/dependsOn/1`.
pub(super) fn item(pointer: &str) -> Option<(usize, usize)> {
    let (task, position) = pointer.strip_prefix("/tasks/")?.split_once("/dependsOn/")?;
    Some((task.parse().ok()?, position.parse().ok()?))
}

/// Takes dependencies, each a task and a position in its `dependsOn`, out of their lists.
pub(super) fn without_items(
    source: &Source,
    outline: &Outline,
    items: &[(usize, usize)],
) -> Vec<Edit> {
    let mut of_tasks: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (task, item) in items {
        of_tasks.entry(*task).or_default().push(*item);
    }
    let count = |task: &usize| {
        outline
            .tasks
            .get(*task)
            .map_or(0, |task| task.depends_on.len())
    };
    let mut pointers = Vec::new();
    for task in of_tasks.keys() {
        pointers.push(format!("/tasks/{task}/dependsOn"));
        pointers.extend((0..count(task)).map(|item| format!("/tasks/{task}/dependsOn/{item}")));
    }
    let mut places = places(source, &pointers).into_iter();
    let mut edits = Vec::new();
    for (task, drop) in &of_tasks {
        let list = places.next().flatten();
        let items: Option<Vec<Range<usize>>> = places.by_ref().take(count(task)).collect();
        if let (Some(list), Some(items)) = (list, items) {
            edits.extend(without(&source.text, &list, &items, drop));
        }
    }
    edits
}

fn without(text: &str, list: &Range<usize>, items: &[Range<usize>], drop: &[usize]) -> Vec<Edit> {
    let is_kept = |item: &usize| !drop.contains(item);
    let Some(first_kept) = (0..items.len()).find(is_kept) else {
        return Vec::new();
    };
    let in_brackets = text[list.start..].starts_with('[');
    let cut = |item: usize| {
        let range = &items[item];
        if !in_brackets {
            return line(text, range);
        }
        // With the comma before it, or, where nothing before it stays, up to the one that does.
        match item.checked_sub(1) {
            Some(before) if item > first_kept => Some(items[before].end..range.end),
            _ => Some(range.start..items[item + 1].start),
        }
    };
    let dropped = (0..items.len()).filter(|item| !is_kept(item));
    dropped
        .filter_map(cut)
        .map(|range| Edit {
            range,
            text: String::new(),
        })
        .collect()
}

/// The whole line of an item of a block list, when it has a line of its own.
fn line(text: &str, item: &Range<usize>) -> Option<Range<usize>> {
    let start = text[..item.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[item.end..]
        .find('\n')
        .map_or(text.len(), |at| item.end + at + 1);
    (text[start..item.start].trim() == "-").then_some(start..end)
}
