//! Needless serialisation: tasks in a row, each waiting for the one before it, that have nothing to do with each other.
//!
//! Three fixes in three repositories are three tasks at once, not three in a row. Careful, since a dependency says that
//! there is a reason: only rows of three and more, each task of another repository, none of which speaks of the one before it.

use std::collections::HashSet;

use schemas::Problem;

use super::dependencies::Graph;
use super::name;
use super::projects::Folders;
use super::reach::Reach;
use crate::found::Found;
use crate::outline::{Outline, Task};

/// Shorter rows are not told.
const LEAST: usize = 3;

/// Places of a row that are marked.
const MARKED: usize = 8;

/// Letters of a word that says something.
const LETTERS: usize = 4;

/// Words that every task may have.
const COMMON: &[&str] = &[
    "about", "broken", "build", "bugs", "change", "create", "error", "errors", "failing", "fails",
    "file", "files", "from", "improve", "into", "issue", "make", "needs", "number", "part",
    "piece", "remove", "repair", "should", "step", "task", "test", "tests", "that", "their",
    "them", "then", "this", "title", "update", "upgrade", "when", "with", "work", "write",
];

pub(super) fn check(plan: &Outline, graph: &Graph, reach: &Reach, found: &mut Found) {
    if plan.projects.len() < LEAST {
        return;
    }
    let rows = rows(plan, graph);
    if rows.is_empty() {
        return;
    }
    let needless: HashSet<usize> = rows
        .iter()
        .flat_map(|row| row[1..].iter().copied())
        .collect();
    let before = reach.waves();
    let after = waves(graph, reach, |task| needless.contains(&task));
    for row in rows {
        let names: Vec<String> = row.iter().take(20).map(|task| name(plan, *task)).collect();
        let more = if row.len() > 20 { ", …" } else { "" };
        let mut problem = Problem::warning(
            "needless-serialisation",
            format!(
                "{} tasks wait for each other in a row but share neither project, files nor words: {}{more}",
                row.len(),
                names.join(" → ")
            ),
        )
        .help(format!(
            "side by side they take 1 wave instead of {} (the plan {after} instead of {before}): take the dependencies out, or say in the descriptions what the later ones need of the earlier",
            row.len()
        ))
        .at(format!("/tasks/{}/dependsOn/0", row[1]));
        for task in row.iter().skip(2).take(MARKED) {
            problem = problem.see(format!("/tasks/{task}/dependsOn/0"), "and this");
        }
        found.push(problem);
    }
}

/// Rows of tasks, each of which depends on the one before it only, and has nothing to do with it.
fn rows(plan: &Outline, graph: &Graph) -> Vec<Vec<usize>> {
    let folders = Folders::new(plan);
    let dependents = graph.dependents();
    // The one before, where there is nothing else that the task waits for, or that waits for that one.
    let before = |task: usize| match graph.of(task) {
        [only] if dependents.of(only.to).len() == 1 => Some(only.to),
        _ => None,
    };
    let repository = |task: usize| {
        let project = plan.tasks[task].project.as_deref()?;
        Some(folders.repository(project))
    };
    let mut rows = Vec::new();
    for last in 0..graph.len() {
        // Only from the end of a row, so that each is seen once.
        let is_inner = matches!(dependents.of(last), [next] if graph.of(*next as usize).len() == 1);
        if is_inner {
            continue;
        }
        let mut row = vec![last];
        let mut seen: HashSet<&str> = repository(last).into_iter().collect();
        let mut task = last;
        while let Some(first) = before(task) {
            let is_new = repository(first).is_some_and(|of| !seen.is_empty() && seen.insert(of));
            if is_new && are_strangers(&plan.tasks[first], &plan.tasks[task]) {
                row.push(first);
            } else {
                close(&mut rows, &mut row);
                row = vec![first];
                seen = repository(first).into_iter().collect();
            }
            task = first;
        }
        close(&mut rows, &mut row);
    }
    rows
}

fn close(rows: &mut Vec<Vec<usize>>, row: &mut Vec<usize>) {
    if row.len() >= LEAST {
        row.reverse();
        rows.push(std::mem::take(row));
    }
}

/// Whether the later of two tasks has no reason to wait for the earlier that the plan tells of.
fn are_strangers(first: &Task, second: &Task) -> bool {
    let looks_on = |task: &Task| task.is_read_only || task.is_for_failure || task.is_done;
    if looks_on(first) || looks_on(second) {
        return false;
    }
    let (a, b) = (first.more(), second.more());
    if a.resources
        .iter()
        .any(|resource| b.resources.contains(resource))
        || !b.projects.is_empty()
    {
        return false;
    }
    let texts = [&second.title, &second.description]
        .into_iter()
        .chain(&b.acceptance);
    let text: String = texts
        .flatten()
        .map(|text| text.to_lowercase() + " ")
        .collect();
    let said: HashSet<&str> = words(&text).collect();
    let names = [&first.id, &first.project].into_iter().flatten();
    if names
        .clone()
        .any(|name| text.contains(&name.to_lowercase()))
    {
        return false;
    }
    let title = first.title.as_deref().unwrap_or_default().to_lowercase();
    let mut subject =
        words(&title).filter(|word| word.chars().count() >= LETTERS && !COMMON.contains(word));
    !subject.any(|word| said.contains(word))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
}

/// How many waves the plan has, when these tasks wait for nothing.
fn waves(graph: &Graph, reach: &Reach, is_free: impl Fn(usize) -> bool) -> u32 {
    let mut order: Vec<usize> = (0..graph.len()).collect();
    order.sort_unstable_by_key(|task| reach.place(*task));
    let mut wave = vec![1u32; graph.len()];
    for task in order {
        if !is_free(task) {
            let before = graph.of(task).iter().map(|edge| wave[edge.to]);
            wave[task] = 1 + before.max().unwrap_or(0);
        }
    }
    wave.into_iter().max().unwrap_or(0)
}
