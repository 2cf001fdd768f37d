//! `executionOrder`: every task once, each after what it depends on.

use std::collections::HashMap;

use schemas::Problem;

use super::cycles::Circles;
use super::{Ids, name};
use crate::found::Found;
use crate::outline::Outline;
use crate::suggestion::Suggestions;

/// Where a task stands: row and position in it.
type Place = (usize, usize);

pub(super) fn check(plan: &Outline, ids: &Ids, circles: &Circles, found: &mut Found) {
    let Some(rows) = &plan.execution_order else {
        return;
    };
    let places = places(plan, ids, rows, found);
    for (index, task) in plan.tasks.iter().enumerate() {
        let Some(id) = task.id.as_deref() else {
            continue;
        };
        // A second task of the same id is reported as such.
        if ids.get(id) != Some(&index) {
            continue;
        }
        let Some(place) = places[index] else {
            found.push(
                Problem::error("order-missing-task", format!("`executionOrder` leaves out task `{id}`"))
                    .help("add it to a row after those of its dependencies, or leave `executionOrder` out: it is derived")
                    .at("/executionOrder")
                    .see(format!("/tasks/{index}/id"), "the task"),
            );
            continue;
        };
        for (position, dependency) in task.depends_on.iter().enumerate() {
            let to = dependency
                .as_deref()
                .and_then(|dependency| ids.get(dependency));
            let Some((to, before)) = to.and_then(|to| Some((*to, places[*to]?))) else {
                continue;
            };
            if to == index || before.0 < place.0 || circles.join(index, to) {
                continue;
            }
            let other = name(plan, to);
            let where_is = if before.0 == place.0 {
                "the same row"
            } else {
                "a later row"
            };
            found.push(
                Problem::error(
                    "order-dependency",
                    format!("`{id}` is in row {} of `executionOrder`, but depends on {other} in {where_is} ({})", place.0 + 1, before.0 + 1),
                )
                .help(format!("move `{id}` to a row after row {}", before.0 + 1))
                .at(format!("/executionOrder/{}/{}", place.0, place.1))
                .see(format!("/tasks/{index}/dependsOn/{position}"), "the dependency"),
            );
        }
    }
    shared_projects(plan, ids, rows, found);
}

/// The place of each task, by its position in the plan.
fn places(
    plan: &Outline,
    ids: &Ids,
    rows: &[Vec<Option<std::borrow::Cow<str>>>],
    found: &mut Found,
) -> Vec<Option<Place>> {
    let mut places: Vec<Option<Place>> = vec![None; plan.tasks.len()];
    let mut suggestions = Suggestions::new(plan.tasks.iter().filter_map(|task| task.id.as_deref()));
    for (row, entries) in rows.iter().enumerate() {
        for (position, id) in entries.iter().enumerate() {
            let Some(id) = id.as_deref() else { continue };
            let at = format!("/executionOrder/{row}/{position}");
            let Some(task) = ids.get(id) else {
                found.push(
                    Problem::error(
                        "order-unknown-task",
                        format!("`executionOrder` names `{id}`, which is no task of the plan"),
                    )
                    .help(suggestions.help(id, "add the task, or take it out of the row"))
                    .at(at),
                );
                continue;
            };
            if let Some((first_row, first)) = places[*task] {
                found.push(
                    Problem::error("order-duplicate-task", format!("`executionOrder` names task `{id}` twice"))
                        .help("a task runs once: keep the later row if something there needs it that late")
                        .at(at)
                        .see(format!("/executionOrder/{first_row}/{first}"), "already here"),
                );
                continue;
            }
            places[*task] = Some((row, position));
        }
    }
    places
}

fn shared_projects(
    plan: &Outline,
    ids: &Ids,
    rows: &[Vec<Option<std::borrow::Cow<str>>>],
    found: &mut Found,
) {
    for (row, entries) in rows.iter().enumerate() {
        let mut projects: HashMap<&str, Vec<(usize, &str)>> = HashMap::new();
        let mut order: Vec<&str> = Vec::new();
        for (position, id) in entries.iter().enumerate() {
            let Some(id) = id.as_deref() else { continue };
            let Some(task) = ids.get(id).map(|task| &plan.tasks[*task]) else {
                continue;
            };
            let Some(project) = task.project.as_deref() else {
                continue;
            };
            if task.isolated.unwrap_or(plan.defaults.isolated) {
                continue;
            }
            let of_project = projects.entry(project).or_insert_with(|| {
                order.push(project);
                Vec::new()
            });
            if of_project.iter().take(20).all(|(_, other)| *other != id) {
                of_project.push((position, id));
            }
        }
        for project in order {
            if let [(_, first), (position, second), rest @ ..] = projects[project].as_slice() {
                found.push(shared(row, project, (first, second, *position), rest.len()));
            }
        }
    }
}

fn shared(
    row: usize,
    project: &str,
    (first, second, position): (&str, &str, usize),
    more: usize,
) -> Problem {
    let others = match more {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let message = format!(
        "row {} has `{first}`, `{second}`{others} of one project, `{project}`: they will run one after another",
        row + 1
    );
    Problem::warning("order-shared-project", message)
        .help("let them depend on each other in the order that you want, or give them \"isolation\": \"worktree\"")
        .at(format!("/executionOrder/{row}/{position}"))
}
