//! The state for people: one row per task, what waits for a person, the counts.

use std::fmt::Write;

use schemas::terminal::cut;
use schemas::{RunStatus, State, TaskState, TaskStatus, compare_ids, printable};
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::edit::waiting_for_approval;

const HEADS: [&str; 7] = [
    "TASK",
    "STATUS",
    "OUTCOME",
    "VERIFICATION",
    "ATTEMPT",
    "%",
    "MESSAGE",
];

/// Columns that a message has at least.
const MESSAGE: usize = 20;

/// Columns that any other cell has at most.
const CELL: usize = 32;

/// Draws the state in `width` columns.
pub(crate) fn draw(state: &State, width: usize) -> String {
    let mut text = String::new();
    line(&mut text, &head(state), width);
    if !state.tasks.is_empty() {
        text.push('\n');
        rows(&mut text, state, width);
    }
    let waits: Vec<String> = waits(state);
    if !waits.is_empty() {
        text.push('\n');
    }
    for wait in waits {
        line(&mut text, &wait, width);
    }
    text.push('\n');
    line(&mut text, &counts(state), width);
    text
}

fn head(state: &State) -> String {
    let name = match (state.run.as_str(), state.plan_id.as_str()) {
        ("", "") => "run",
        ("", name) | (name, _) => name,
    };
    let mut head = format!("{}: {}", clean(name), state.status.as_str());
    if let Some(phase) = &state.phase {
        let _ = write!(head, ", phase {}", clean(phase));
    }
    if state.held {
        head.push_str(", held");
    }
    if state.cancelled {
        head.push_str(", cancelled");
    }
    head
}

fn rows(text: &mut String, state: &State, width: usize) {
    let mut tasks: Vec<_> = state.tasks.iter().collect();
    tasks.sort_by(|a, b| compare_ids(a.0, b.0));
    let rows: Vec<[String; 7]> = tasks.iter().map(|(id, task)| cells(id, task)).collect();
    let mut widths = HEADS.map(str::len);
    for row in &rows {
        for (column, cell) in widths.iter_mut().zip(row).take(6) {
            *column = (*column).max(cell.width());
        }
    }
    let before: usize = widths[..6].iter().map(|column| column + 2).sum();
    widths[6] = width.saturating_sub(before).max(MESSAGE);
    for row in std::iter::once(&HEADS.map(str::to_owned)).chain(&rows) {
        let mut line = String::new();
        for (at, (cell, width)) in row.iter().zip(widths).enumerate() {
            let cell = cut(cell, width);
            let room = " ".repeat(width - cell.width());
            let right = (4..6).contains(&at);
            let (left, right) = if right { (&*room, "") } else { ("", &*room) };
            let _ = write!(line, "{left}{cell}{right}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
}

fn cells(id: &str, task: &TaskState) -> [String; 7] {
    let none = || "-".to_owned();
    let attempt = if task.attempt == 0 {
        none()
    } else {
        task.attempt.to_string()
    };
    let said = match task.status {
        TaskStatus::Settled => task.reason.as_ref().or(task.summary.as_ref()),
        TaskStatus::Waiting => task.reason.as_ref(),
        _ => None,
    };
    [
        cut(&clean(id), CELL),
        word(&task.status),
        task.outcome.as_ref().map_or_else(none, word),
        word(&task.verification),
        attempt,
        task.percent
            .map_or_else(none, |percent| percent.to_string()),
        clean(said.or(task.message.as_ref()).unwrap_or(&task.title)),
    ]
}

fn waits(state: &State) -> Vec<String> {
    let mut waits: Vec<String> = state
        .open_questions()
        .map(|question| format!("{} asks: {}", clean(&question.task), clean(&question.text)))
        .collect();
    for what in waiting_for_approval(state) {
        waits.push(format!("{} waits for an approval", clean(what)));
    }
    if let (RunStatus::RevisionNeeded, Some(checkpoint)) = (state.status, &state.checkpoint) {
        let reason = checkpoint.rejected.as_deref().unwrap_or("no reason given");
        waits.push(format!(
            "{} was rejected: {}",
            clean(&checkpoint.id),
            clean(reason)
        ));
    }
    waits
}

fn counts(state: &State) -> String {
    let counts = &state.progress;
    let all = if counts.total == 1 { "task" } else { "tasks" };
    let mut text = format!("{} {all}", counts.total);
    let parts = [
        (counts.succeeded, "succeeded"),
        (counts.failed, "failed"),
        (counts.skipped, "skipped"),
        (counts.cancelled, "cancelled"),
        (counts.active, "active"),
        (counts.waiting, "waiting"),
        (counts.pending, "pending"),
    ];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    if !parts.is_empty() {
        let _ = write!(text, ": {}", parts.join(", "));
    }
    let _ = write!(text, " ({}% settled)", counts.percent);
    if let Some(cost) = state.totals.cost_usd {
        let _ = write!(text, ", ${cost:.2}");
    }
    text
}

/// A word of the wire.
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

/// On one line, and unable to steer the terminal.
pub(crate) fn clean(text: &str) -> String {
    printable(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn line(text: &mut String, line: &str, width: usize) {
    text.push_str(&cut(line, width.max(MESSAGE)));
    text.push('\n');
}

#[cfg(test)]
mod tests;
