//! The report between waves, and the one at the end, for a terminal.

use std::fmt::Write;
use std::time::Duration;

use schemas::{TaskState, TaskStatus, Verification, time};
use unicode_width::UnicodeWidthStr;

use super::report::{Report, Standing, standing, why};
use crate::columns::columns;
use crate::table::clean;

/// Columns of the rule above and below.
const RULE: usize = 72;

/// Draws it: the last one when every task is settled.
pub(super) fn draw(report: &Report) -> String {
    let state = &report.state;
    let over = !state.tasks.is_empty()
        && state
            .tasks
            .values()
            .all(|task| task.status == TaskStatus::Settled);
    let rule = "\u{2501}".repeat(RULE);
    let name = clean(report.name());
    let mut text = format!("{rule}\n {name} \u{25ba} ");
    match (over, wave(report)) {
        (true, _) => text.push_str("COMPLETE"),
        (false, Some((wave, waves))) => drop(write!(text, "Wave {wave} of {waves}")),
        (false, None) => text.push_str(state.status.as_str()),
    }
    let jobs = report
        .jobs
        .map_or(String::new(), |jobs| format!(" | Slots: {jobs}"));
    let elapsed = time::for_people(Duration::from_millis(report.elapsed_ms()));
    let _ = write!(text, "{jobs} | {elapsed}\n{rule}\n\n");
    text.push_str(&rows(report));
    let [done, wip, queue, blocked] = report.standings();
    let total = done + wip + queue + blocked;
    let _ = writeln!(
        text,
        "\n Completed: {done}/{total} | In-flight: {wip} | Queued: {queue} | Blocked: {blocked}"
    );
    if over {
        last(&mut text, report, done);
    }
    let _ = writeln!(text, "{rule}");
    text
}

/// The first wave that is not done, from 1, and how many there are.
fn wave(report: &Report) -> Option<(usize, usize)> {
    let groups = &report.plan.groups;
    let done = |id: &String| {
        report
            .state
            .tasks
            .get(id)
            .is_some_and(|task| task.status == TaskStatus::Settled)
    };
    let open = groups.iter().position(|group| !group.iter().all(done))?;
    Some((open + 1, groups.len()))
}

pub(super) const HEAD: [&str; 6] = ["TASK", "OWNER", "STATUS", "GATES", "MERGED", "COST"];

fn rows(report: &Report) -> String {
    let mut rows = vec![HEAD.map(str::to_owned).to_vec()];
    rows.extend(
        report
            .tasks()
            .into_iter()
            .map(|(id, task)| row(report, id, task)),
    );
    columns(&rows, &[5])
        .lines()
        .map(|line| format!(" {line}\n"))
        .collect()
}

/// The cells of a task.
pub(super) fn row(report: &Report, id: &str, task: &TaskState) -> Vec<String> {
    let none = || "\u{2014}".to_owned();
    let title = if task.title.is_empty() {
        id.to_owned()
    } else {
        format!("{id} {}", task.title)
    };
    let merged = report.story(id).merged;
    vec![
        short(&clean(&title), 36),
        short(&clean(task.agent.as_deref().unwrap_or("\u{2014}")), 16),
        status(task),
        gates(task).to_owned(),
        merged.map_or_else(none, |(commit, _)| {
            clean(&commit.chars().take(8).collect::<String>())
        }),
        task.cost_usd
            .map_or_else(none, |cost| format!("${cost:.2}")),
    ]
}

/// `✓ done`, `◉ wip 40%`, `○ queue`, `✗ failed`.
fn status(task: &TaskState) -> String {
    match standing(task) {
        Standing::Done => "\u{2713} done".to_owned(),
        Standing::Wip => match task.percent {
            Some(percent) => format!("\u{25c9} wip {percent}%"),
            None => "\u{25c9} wip".to_owned(),
        },
        Standing::Queue => "\u{25cb} queue".to_owned(),
        Standing::Blocked if task.status == TaskStatus::Waiting => "\u{25c9} waiting".to_owned(),
        Standing::Blocked => format!("\u{2717} {}", super::word(&task.outcome)),
    }
}

fn gates(task: &TaskState) -> &'static str {
    match (task.verification, task.status) {
        (Verification::Passed, _) => "\u{2713}",
        (Verification::Failed, _) => "\u{2717}",
        (Verification::Infrastructure, _) => "?",
        (Verification::None, TaskStatus::Gating) => "\u{2026}",
        (Verification::None, _) => "\u{2014}",
    }
}

fn last(text: &mut String, report: &Report, done: u32) {
    let tasks = report.tasks();
    let merged = tasks
        .iter()
        .filter(|(id, _)| report.story(id).merged.is_some())
        .count();
    let _ = writeln!(text, " Completed:  {done} tasks, {merged} merged");
    let open: Vec<_> = tasks
        .iter()
        .filter(|(_, task)| standing(task) == Standing::Blocked)
        .collect();
    if open.is_empty() {
        text.push_str(" Blocked:    none\n Follow-ups: none\n");
        return;
    }
    for (at, (id, task)) in open.iter().enumerate() {
        let head = if at == 0 { "Blocked:" } else { "" };
        let _ = writeln!(
            text,
            " {head:<11} {}: {}",
            clean(id),
            short(&clean(&why(task)), 100)
        );
    }
    let ids: Vec<String> = open.iter().map(|(id, _)| clean(id)).collect();
    let _ = writeln!(text, " Follow-ups: {}", ids.join(", "));
}

fn short(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut kept = String::new();
    for c in text.chars() {
        if kept.width() + 3 > columns {
            break;
        }
        kept.push(c);
    }
    kept + "\u{2026}"
}
