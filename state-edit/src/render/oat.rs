//! The entry of a run for `implementation.md`, to be appended between its sentinels.

use std::fmt::Write;

use schemas::{Outcome, TaskState, TaskStatus, Verification};

use super::report::{Report, Standing, millis, standing, why};
use super::{cell, inline};

/// Draws run number `number`.
pub(super) fn draw(report: &Report, number: u32) -> String {
    let state = &report.state;
    let started = state.started_at.as_deref().unwrap_or_default();
    let (date, clock) = started.split_once('T').unwrap_or(("-", "-"));
    let mut text = format!(
        "### Run {number} \u{2014} {date} {}\n\n",
        clock.get(..5).unwrap_or("-")
    );
    let phases = report.phases();
    let mut branches: Vec<&str> = state
        .tasks
        .values()
        .flat_map(|task| &task.workspaces)
        .filter_map(|it| it.target.as_deref())
        .collect();
    branches.sort_unstable();
    branches.dedup();
    let branches: Vec<String> = branches
        .into_iter()
        .map(|branch| format!("`{}`", inline(branch)))
        .collect();
    let branches = if branches.is_empty() {
        "-".to_owned()
    } else {
        branches.join(", ")
    };
    let retries = limit(report, &phases);
    let _ = writeln!(text, "**Branch:** {branches}");
    // Agents of their own: the published files call that the first tier. Before one was started nobody knows.
    if report.has_attempts() {
        text.push_str("**Tier:** 1\n");
    }
    let strategy = strategy(report);
    let _ = writeln!(text, "**Policy:** {strategy}retry-limit={retries}");
    let dispositions: Vec<&str> = phases.iter().map(|(_, tasks)| disposition(tasks)).collect();
    let count = |words: &[&str]| dispositions.iter().filter(|it| words.contains(it)).count();
    let executed = phases.iter().filter(|(_, tasks)| {
        tasks
            .iter()
            .any(|(_, task)| task.attempt > 0 || task.status == TaskStatus::Settled)
    });
    let _ = writeln!(
        text,
        "**Phases:** {} executed, {} passed, {} failed, {} stopped\n\n#### Phase Outcomes\n",
        executed.count(),
        count(&["merged", "completed"]),
        count(&["excluded"]),
        count(&["stopped"])
    );
    text.push_str("| Phase | Implementer | Review | Fix Iterations | Disposition |\n| ----- | ----------- | ------ | -------------- | ----------- |\n");
    for ((name, tasks), disposition) in phases.iter().zip(&dispositions) {
        let fixes = tasks.iter().map(|(_, task)| task.fixes).max().unwrap_or(0);
        let _ = writeln!(
            text,
            "| {} | {} | {} | {fixes}/{retries} | {disposition} |",
            cell(name),
            implementer(tasks),
            review(tasks)
        );
    }
    text.push_str("\n#### Parallel Groups\n\n");
    groups(&mut text, report, &phases);
    text.push_str("\n#### Outstanding Items\n\n");
    outstanding(&mut text, report);
    text
}

/// How work was merged, where any was: `merge-strategy=squash, `.
fn strategy(report: &Report) -> String {
    let tasks = report.tasks().into_iter();
    let merged = tasks.filter_map(|(id, _)| report.story(id).merged);
    // What was there already, or was nothing, was not merged in any manner.
    let ways = ["merge", "cherry-pick", "squash", "rebase"];
    let used: Vec<String> = merged.map(|(_, how)| how).collect();
    let used: Vec<&str> = ways
        .into_iter()
        .filter(|way| used.iter().any(|how| how == way))
        .collect();
    match used.as_slice() {
        [] => String::new(),
        used => format!("merge-strategy={}, ", used.join("+")),
    }
}

fn limit(report: &Report, phases: &[(String, Vec<(&str, &TaskState)>)]) -> u32 {
    let all = phases.iter().flat_map(|(_, tasks)| tasks);
    // Where nothing was to be fixed no record tells it.
    all.filter_map(|(id, _)| report.story(id).fix_limit)
        .max()
        .or(report.plan.fix_limit)
        .unwrap_or(2)
}

fn implementer(tasks: &[(&str, &TaskState)]) -> &'static str {
    let any = |fits: &dyn Fn(&TaskState) -> bool| tasks.iter().any(|(_, task)| fits(task));
    if any(&|task| matches!(task.outcome, Some(Outcome::Failed))) {
        "BLOCKED"
    } else if any(&|task| task.status != TaskStatus::Settled) {
        if any(&|task| task.attempt > 0) {
            "in_progress"
        } else {
            "pending"
        }
    } else if any(&|task| task.concerns.is_some()) {
        "DONE_WITH_CONCERNS"
    } else if tasks
        .iter()
        .all(|(_, task)| task.outcome == Some(Outcome::Skipped))
    {
        "skipped"
    } else {
        "DONE"
    }
}

fn review(tasks: &[(&str, &TaskState)]) -> &'static str {
    let any = |word| tasks.iter().any(|(_, task)| task.verification == word);
    if any(Verification::Failed) || any(Verification::Infrastructure) {
        "fail"
    } else if any(Verification::Passed) {
        "pass"
    } else {
        "not run"
    }
}

fn disposition(tasks: &[(&str, &TaskState)]) -> &'static str {
    let done = tasks
        .iter()
        .all(|(_, task)| standing(task) == Standing::Done);
    let merged = tasks
        .iter()
        .any(|(_, task)| task.workspaces.iter().any(|it| it.merged.is_some()));
    let any = |outcome| tasks.iter().any(|(_, task)| task.outcome == Some(outcome));
    if done {
        if merged { "merged" } else { "completed" }
    } else if any(Outcome::Excluded) {
        "excluded"
    } else if any(Outcome::Failed) || any(Outcome::Cancelled) || any(Outcome::Skipped) {
        "stopped"
    } else {
        "in progress"
    }
}

/// Groups of the plan, or else what really ran beside each other.
fn groups(text: &mut String, report: &Report, phases: &[(String, Vec<(&str, &TaskState)>)]) {
    let spans: Vec<(&str, Option<(u64, u64)>)> = phases
        .iter()
        .map(|(name, tasks)| (name.as_str(), span(report, tasks)))
        .collect();
    let mut groups: Vec<(Vec<&str>, u64)> = Vec::new();
    let mut known: Vec<Vec<&str>> = report
        .plan
        .parallel
        .iter()
        .map(|group| group.iter().map(String::as_str).collect())
        .collect();
    if known.is_empty() {
        for (name, span) in &spans {
            let (start, end) = span.unwrap_or((u64::MAX, u64::MAX));
            match groups.last_mut().filter(|(_, last)| start < *last) {
                Some((names, last)) => {
                    names.push(name);
                    *last = end.max(*last);
                }
                None => groups.push((vec![name], end)),
            }
        }
        known = groups
            .into_iter()
            .map(|(names, _)| names)
            .filter(|names| names.len() > 1)
            .collect();
    }
    for (number, names) in (1..).zip(&known) {
        let of_group = phases
            .iter()
            .filter(|(name, _)| names.contains(&name.as_str()));
        let tasks: Vec<&TaskState> = of_group
            .flat_map(|(_, tasks)| tasks.iter().map(|(_, task)| *task))
            .collect();
        let mut places = tasks.iter().flat_map(|task| &task.workspaces);
        let place = match (
            tasks.iter().any(|task| task.attempt > 0),
            places.clone().next(),
        ) {
            (_, Some(_)) => "worktree-based",
            (true, None) => "in place",
            (false, None) => "not begun",
        };
        let merged = match places.any(|it| it.merged.is_some()) {
            true => ", merged in order",
            false => "",
        };
        let names: Vec<String> = names.iter().map(|name| inline(name)).collect();
        let _ = writeln!(
            text,
            "- Group {number} [{}]: {place}{merged}",
            names.join(", ")
        );
    }
    let single: Vec<String> = spans
        .iter()
        .filter(|(name, _)| !known.iter().flatten().any(|it| it == name))
        .map(|(name, _)| inline(name))
        .collect();
    if !single.is_empty() {
        let _ = writeln!(text, "- {}: sequential", single.join(", "));
    }
}

/// From the first attempt's start to the last one's end.
fn span(report: &Report, tasks: &[(&str, &TaskState)]) -> Option<(u64, u64)> {
    let attempts: Vec<_> = tasks
        .iter()
        .flat_map(|(id, _)| report.story(id).attempts)
        .collect();
    let start = attempts
        .iter()
        .filter_map(|it| millis(&it.started_at))
        .min()?;
    let end = attempts
        .iter()
        .filter_map(|it| it.ended_at.as_deref().and_then(millis))
        .max()?;
    Some((start, end))
}

fn outstanding(text: &mut String, report: &Report) {
    let blocked = report
        .tasks()
        .into_iter()
        .filter(|(_, task)| standing(task) == Standing::Blocked);
    let mut any = false;
    for (id, task) in blocked {
        any = true;
        let mut places: Vec<String> = task
            .verdict_file
            .iter()
            .map(|file| format!("review `{}`", inline(file)))
            .collect();
        places.extend(
            task.workspaces
                .iter()
                .filter(|it| !it.removed)
                .map(|it| format!("worktree `{}`", inline(&it.path))),
        );
        let places = if places.is_empty() {
            String::new()
        } else {
            format!(" ({})", places.join(", "))
        };
        let _ = writeln!(text, "- {}: {}{places}", inline(id), inline(&why(task)));
    }
    if !any {
        text.push_str("- None\n");
    }
}
