//! The rules of a plan: what a schema cannot say. Each problem has a stable code.

mod care;
mod cycles;
mod dependencies;
mod files;
mod groups;
mod ids;
mod order;
mod paths;
mod phase_order;
mod phases;
mod projects;
mod reach;
mod redundant;
mod serial;
mod stages;
mod tasks;
mod totals;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use foldhash::fast::RandomState;

use self::reach::Reach;
use self::redundant::Redundant;
use self::stages::Stages;
use crate::found::Found;
use crate::levels::Levels;
use crate::outline::Outline;

/// Which task has which id: the first, where several have it.
type Ids<'p> = HashMap<&'p str, usize, RandomState>;

/// Applies every rule. Linear in the size of the plan, and never recursive: graphs may be a million deep.
pub(crate) fn check(plan: &Outline, levels: &Levels) -> Found {
    let mut found = Found::under(levels);
    let ids = ids::check(plan, &mut found);
    projects::check(plan, &mut found);
    let graph = dependencies::check(plan, &ids, &mut found);
    let circles = cycles::check(plan, &graph, &mut found);
    order::check(plan, &ids, &circles, &mut found);
    phases::check(plan, &mut found);
    groups::check(plan, &mut found);
    let stages = Stages::new(plan);
    phase_order::check(plan, &graph, &stages, &mut found);
    tasks::check(plan, &mut found);
    care::check(plan, &mut found);
    paths::check(plan, &mut found);
    totals::check(plan, &mut found);
    // What follows from what can only be asked where no tasks wait for each other.
    if let Some(mut reach) = Reach::new(&graph) {
        files::check(plan, &stages, &mut reach, &mut found);
        serial::check(plan, &graph, &reach, &mut found);
        if !levels.silences("redundant-dependency") {
            Redundant::of(plan, &graph, &mut reach).tell(plan, &mut found);
        }
    }
    found
}

/// Dependencies that follow from others: task and position in its `dependsOn`.
pub(crate) fn redundant(plan: &Outline) -> Vec<(usize, usize)> {
    let mut found = Found::default();
    let ids = ids::check(plan, &mut found);
    let graph = dependencies::check(plan, &ids, &mut found);
    let Some(mut reach) = Reach::new(&graph) else {
        return Vec::new();
    };
    let redundant = Redundant::of(plan, &graph, &mut reach);
    redundant.places().collect()
}

/// The ids of the tasks by wave: each stands behind all that it depends on. `None` when the dependencies are not sound.
pub(crate) fn waves<'p>(plan: &'p Outline) -> Option<Vec<Vec<&'p str>>> {
    let mut found = Found::default();
    let ids = ids::check(plan, &mut found);
    let graph = dependencies::check(plan, &ids, &mut found);
    if found.has_errors() {
        return None;
    }
    let reach = Reach::new(&graph)?;
    let mut waves = vec![Vec::new(); reach.waves() as usize];
    for (index, task) in plan.tasks.iter().enumerate() {
        waves[reach.level(index)].push(task.id.as_deref()?);
    }
    Some(waves)
}

/// The names of tasks for a message, the first twenty of them.
fn list(plan: &Outline, tasks: &[usize]) -> String {
    const NAMED: usize = 20;
    let names: Vec<String> = tasks
        .iter()
        .take(NAMED)
        .map(|task| name(plan, *task))
        .collect();
    match tasks.len().saturating_sub(NAMED) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}

/// Whether a relative path leads out of where it begins, on its way or at its end.
fn leads_out(path: &str) -> bool {
    let mut depth = 0i64;
    path.split('/').any(|part| {
        depth += match part {
            "" | "." => 0,
            ".." => -1,
            _ => 1,
        };
        depth < 0
    })
}

/// The id of a task for a message; its position when it has none.
fn name(plan: &Outline, task: usize) -> String {
    match plan.tasks.get(task).and_then(|task| task.id.as_deref()) {
        Some(id) => format!("`{id}`"),
        None => format!("number {}", task + 1),
    }
}
