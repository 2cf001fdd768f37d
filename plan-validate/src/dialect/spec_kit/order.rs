//! What waits for what: phases one after the other, tasks as they stand, `[P]` side by side.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;

use super::sections::{Task, Tasks};
use crate::dialect::{Draft, Node};

/// Most dependencies of one file. A barrier between two phases of thousands of tasks each would be millions.
const MOST: usize = 1_000_000;

/// The dependencies of every task; none when there are too many.
pub(super) fn of(all: &Tasks, draft: &mut Draft) -> Option<Vec<Vec<Node>>> {
    let tasks = &all.tasks;
    let ids = tasks.iter().enumerate().rev();
    let positions: HashMap<&str, usize> =
        ids.map(|(at, task)| (task.id.text.as_str(), at)).collect();
    let runs = runs(tasks);
    let mut dependencies = Vec::with_capacity(tasks.len());
    let mut count = 0;
    let mut barrier: Vec<usize> = Vec::new();
    let mut start = 0;
    while start < tasks.len() {
        let phase = tasks[start].phase;
        let length = tasks[start..]
            .iter()
            .take_while(|task| task.phase == phase)
            .count();
        let segment = start..start + length;
        // What nothing in the phase waits for yet, now and when those that run side by side began.
        let mut ends: BTreeSet<usize> = BTreeSet::new();
        let mut before_run: Vec<usize> = Vec::new();
        for at in segment.clone() {
            let task = &tasks[at];
            if runs[at] == at && !task.has_field {
                before_run = ends.iter().copied().collect();
            }
            let named = named(tasks, at, &segment, &positions, &runs, draft);
            let waits: &[usize] = match task.has_field {
                true if named
                    .iter()
                    .any(|(to, _, _)| to.is_some_and(|to| segment.contains(&to))) =>
                {
                    &[]
                }
                true => &barrier,
                false if before_run.is_empty() => &barrier,
                false => &before_run,
            };
            count += waits.len() + named.len();
            if count > MOST {
                let message = format!("more than {MOST} dependencies between tasks");
                draft.error("too-large", message, task.at.clone(), "divide the file");
                return None;
            }
            let mut seen = HashSet::new();
            let mut list = Vec::new();
            for other in waits {
                ends.remove(other);
                let id = tasks[*other].id.text.as_str();
                if seen.insert(id) {
                    list.push(Node::new(id, task.id.at.clone()));
                }
            }
            for (other, id, span) in &named {
                ends.remove(&other.unwrap_or(usize::MAX));
                if seen.insert(id.as_str()) {
                    list.push(Node::new(id.as_str(), span.clone()));
                }
            }
            ends.insert(at);
            dependencies.push(list);
        }
        barrier = ends.into_iter().collect();
        start = segment.end;
    }
    Some(dependencies)
}

/// The first of the tasks that each runs side by side with; itself, when it runs alone.
pub(super) fn runs(tasks: &[Task]) -> Vec<usize> {
    let mut runs: Vec<usize> = Vec::with_capacity(tasks.len());
    for (at, task) in tasks.iter().enumerate() {
        let beside = |before: &Task| {
            before.is_parallel
                && task.is_parallel
                && before.heading == task.heading
                && !task.has_field
        };
        let run = match at.checked_sub(1) {
            Some(before) if beside(&tasks[before]) => runs[before],
            _ => at,
        };
        runs.push(run);
    }
    runs
}

type Named = (Option<usize>, String, Range<usize>);

/// The tasks that a task names itself. To wait for one that comes later contradicts the order of the file.
fn named(
    tasks: &[Task],
    at: usize,
    segment: &Range<usize>,
    positions: &HashMap<&str, usize>,
    runs: &[usize],
    draft: &mut Draft,
) -> Vec<Named> {
    let task = &tasks[at];
    let mut named = Vec::new();
    for (id, span) in &task.dependencies {
        let to = positions.get(id.as_str()).copied();
        let is_beside = |to: usize| task.has_field || runs[to] == runs[at];
        let is_fine = |to: usize| to <= at || segment.contains(&to) && is_beside(to);
        if to.is_some_and(|to| !is_fine(to)) {
            draft.error(
                "depends-on-later",
                format!(
                    "the task {} waits for {id}, which comes later",
                    task.id.text
                ),
                span.clone(),
                "tasks run in the order of the file: move one of them",
            );
        } else {
            named.push((to, id.clone(), span.clone()));
        }
    }
    named
}
