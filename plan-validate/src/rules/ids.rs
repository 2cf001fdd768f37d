//! Ids of tasks: unique, and fit to name a folder.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use schemas::Problem;

use super::Ids;
use crate::found::Found;
use crate::outline::Outline;

/// Longest id, in bytes: file names end at 255, and logs add an extension.
const LONGEST: usize = 200;

pub(super) fn check<'p>(plan: &'p Outline, found: &mut Found) -> Ids<'p> {
    let mut ids = Ids::with_capacity_and_hasher(plan.tasks.len(), RandomState::default());
    let mut mixed = Vec::new();
    for (index, task) in plan.tasks.iter().enumerate() {
        let Some(id) = task.id.as_deref() else {
            continue;
        };
        let at = format!("/tasks/{index}/id");
        if let Some(why) = unsafe_because(id) {
            found.push(
                Problem::error("unsafe-id", format!("the id `{}` {why}", id.escape_debug()))
                    .help(
                        "ids name files (logs/<id>/): use letters, digits, `-`, `_` and `.` within",
                    )
                    .at(at.clone()),
            );
        }
        if let Some(first) = ids.get(id) {
            found.push(
                Problem::error("duplicate-task-id", format!("two tasks have the id `{id}`"))
                    .help("give one of them another id, and look at who depends on it")
                    .at(at)
                    .see(format!("/tasks/{first}/id"), "the first one"),
            );
            continue;
        }
        ids.insert(id, index);
        if id.bytes().any(|b| !b.is_ascii() || b.is_ascii_uppercase()) {
            mixed.push((id, index));
        }
    }
    case_only(plan, &ids, &mixed, found);
    ids
}

/// Ids that differ in case only. One of such a pair is not all lower case, and most ids are.
fn case_only(plan: &Outline, ids: &Ids, mixed: &[(&str, usize)], found: &mut Found) {
    let mut folded: HashMap<String, usize> = HashMap::new();
    for (id, index) in mixed {
        let lower = id.to_lowercase();
        let plain = ids.get(lower.as_str()).filter(|plain| **plain != *index);
        let Some(first) = plain.or_else(|| folded.get(&lower)).copied() else {
            folded.insert(lower, *index);
            continue;
        };
        let (first, index) = (first.min(*index), first.max(*index));
        let of = |task: usize| plan.tasks[task].id.as_deref().unwrap_or_default();
        found.push(
            Problem::warning(
                "case-only-id",
                format!("`{}` and `{}` differ only in case", of(index), of(first)),
            )
            .help("some file systems do not tell them apart: rename one of them")
            .at(format!("/tasks/{index}/id"))
            .see(format!("/tasks/{first}/id"), "the other one"),
        );
    }
}

fn unsafe_because(id: &str) -> Option<String> {
    if id.is_empty() {
        // The schema's matter.
        None
    } else if id.contains('/') {
        Some("contains `/`".to_owned())
    } else if id.chars().any(char::is_control) {
        Some("contains a control character".to_owned())
    } else if id.starts_with('.') || id.starts_with('-') {
        Some(format!("begins with `{}`", &id[..1]))
    } else if id.trim() != id {
        Some("begins or ends with a space".to_owned())
    } else if id.len() > LONGEST {
        Some(format!("is longer than {LONGEST} bytes"))
    } else {
        None
    }
}
