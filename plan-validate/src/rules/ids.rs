//! Ids of tasks: unique, and fit to name a folder.

use std::borrow::Cow;
use std::collections::HashMap;

use schemas::Problem;

use super::Ids;
use crate::found::Found;
use crate::outline::Outline;

/// Longest id, in bytes: file names end at 255, and logs add an extension.
const LONGEST: usize = 200;

pub(super) fn check<'p>(plan: &'p Outline, found: &mut Found) -> Ids<'p> {
    let mut ids = Ids::with_capacity(plan.tasks.len());
    let mut folded: HashMap<Cow<str>, usize> = HashMap::new();
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
        if let Some(first) = folded.insert(lower(id), index) {
            let other = plan.tasks[first].id.as_deref().unwrap_or_default();
            found.push(
                Problem::warning(
                    "case-only-id",
                    format!("`{id}` and `{other}` differ only in case"),
                )
                .help("some file systems do not tell them apart: rename one of them")
                .at(at)
                .see(format!("/tasks/{first}/id"), "the other one"),
            );
        }
    }
    ids
}

/// Most ids are lower case as they are.
fn lower(id: &str) -> Cow<'_, str> {
    if id.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
        Cow::Borrowed(id)
    } else {
        Cow::Owned(id.to_lowercase())
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
