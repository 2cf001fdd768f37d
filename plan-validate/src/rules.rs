//! The rules of a plan: what a schema cannot say. Each problem has a stable code.

mod cycles;
mod dependencies;
mod ids;
mod order;
mod phases;
mod projects;
mod tasks;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::found::Found;
use crate::outline::Outline;

/// Every code that a rule may report, with its severity, for the manual and its test.
#[cfg(test)]
pub(crate) const CODES: &[(&str, &str)] = &[
    ("case-only-id", "warning"),
    ("dependency-cycle", "error"),
    ("duplicate-dependency", "warning"),
    ("duplicate-phase-id", "error"),
    ("duplicate-project", "error"),
    ("duplicate-project-path", "warning"),
    ("duplicate-task-id", "error"),
    ("empty-gate", "error"),
    ("empty-gates", "warning"),
    ("missing-project", "error"),
    ("misspelt-key", "warning"),
    ("order-dependency", "error"),
    ("order-duplicate-task", "error"),
    ("order-missing-task", "error"),
    ("order-shared-project", "warning"),
    ("order-unknown-task", "error"),
    ("phase-in-two-groups", "error"),
    ("project-path-outside", "warning"),
    ("self-dependency", "error"),
    ("thin-description", "warning"),
    ("unknown-agent", "warning"),
    ("unknown-dependency", "error"),
    ("unknown-phase", "error"),
    ("unknown-project", "error"),
    ("unsafe-id", "error"),
];

/// Which task has which id: the first, where several have it.
type Ids<'p> = HashMap<&'p str, usize, RandomState>;

/// Applies every rule. Linear in the size of the plan, and never recursive: graphs may be a million deep.
pub(crate) fn check(plan: &Outline) -> Found {
    let mut found = Found::default();
    let ids = ids::check(plan, &mut found);
    projects::check(plan, &mut found);
    let graph = dependencies::check(plan, &ids, &mut found);
    let circles = cycles::check(plan, &graph, &mut found);
    order::check(plan, &ids, &circles, &mut found);
    phases::check(plan, &mut found);
    tasks::check(plan, &mut found);
    found
}

/// The id of a task for a message; its position when it has none.
fn name(plan: &Outline, task: usize) -> String {
    match plan.tasks.get(task).and_then(|task| task.id.as_deref()) {
        Some(id) => format!("`{id}`"),
        None => format!("number {}", task + 1),
    }
}
