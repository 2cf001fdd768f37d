//! The table at the end: every task, how it ended, what waits, what to do next.

use std::fmt::Write;

use schemas::terminal::{cut, one_line};
use schemas::{Outcome, State, TaskState, TaskStatus, Verification, compare_ids, printable};
use unicode_width::UnicodeWidthStr;

use super::merges::merges;
use super::row;

/// Widest text of a cell, in columns.
const WIDEST: usize = 48;

/// The final report, in the manner of a wave report: one row per task, then the counts, then what a person can do.
/// `flag` names the run directory for the commands it shows; empty for the default one.
pub(crate) fn summary(state: &State, flag: &str) -> String {
    let mut tasks: Vec<_> = state.tasks.iter().collect();
    tasks.sort_by(|a, b| compare_ids(a.0, b.0));
    let mut rows =
        vec![["TASK", "PROJECT", "OUTCOME", "GATES", "TRIES", "WHAT"].map(str::to_owned)];
    rows.extend(tasks.iter().map(|(id, task)| row(id, task)));
    let mut text = format!("\n{}", table(&rows));
    text.push_str(&merges(state));
    counts(&mut text, state);
    advice(&mut text, state, &format!("state-edit{flag}"));
    text
}

/// Rows with their cells one below the other.
pub(super) fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].width());
        cells.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..N).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str("  ");
            line.push_str(&row::padded(cell, *width));
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// An outcome as people read it.
pub(crate) fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Succeeded => "succeeded",
        Outcome::Failed => "failed",
        Outcome::Excluded => "excluded",
        Outcome::Skipped => "skipped",
        Outcome::Cancelled => "cancelled",
    }
}

fn row(id: &str, task: &TaskState) -> [String; 6] {
    let outcome = match (task.status, task.outcome) {
        (TaskStatus::Settled, Some(outcome)) => outcome_word(outcome),
        (TaskStatus::Waiting, _) => "waiting",
        (TaskStatus::Pending, _) => "pending",
        _ => "unfinished",
    };
    let gates = match task.verification {
        Verification::None => "-",
        Verification::Passed => "passed",
        Verification::Failed => "failed",
        Verification::Infrastructure => "broken",
    };
    let what = match task.outcome {
        Some(Outcome::Succeeded) => task.summary.as_ref(),
        _ => task.reason.as_ref().or(task.message.as_ref()),
    };
    let what = what.map_or(task.title.as_str(), String::as_str);
    [
        cell(id),
        cell(task.project.as_deref().unwrap_or("-")),
        outcome.to_owned(),
        gates.to_owned(),
        task.attempt.to_string(),
        cell(what),
    ]
}

pub(super) fn cell(text: &str) -> String {
    cut(&one_line(text), WIDEST)
}

fn counts(text: &mut String, state: &State) {
    let progress = state.progress;
    let parts = [
        (progress.succeeded, "succeeded"),
        (progress.failed, "failed"),
        (progress.skipped, "skipped"),
        (progress.cancelled, "cancelled"),
        (progress.waiting, "waiting"),
        (progress.pending + progress.active, "not finished"),
    ];
    let said: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let _ = write!(
        text,
        "\n  {} of {} {} settled{}{}",
        settled(state),
        progress.total,
        if progress.total == 1 { "task" } else { "tasks" },
        if said.is_empty() { "" } else { ": " },
        said.join(", ")
    );
    if let Some(cost) = state.totals.cost_usd {
        let _ = write!(text, "; at least ${cost:.2}");
    }
    if let Some(tokens) = state.totals.tokens {
        let _ = write!(text, "; {tokens} tokens");
    }
    text.push('\n');
}

fn advice(text: &mut String, state: &State, edit: &str) {
    for question in state.open_questions() {
        let (task, asked) = (printable(&question.task), cell(&question.text));
        let _ = writeln!(
            text,
            "  {task} asks: {asked}\n    answer it:  {edit} answer {task} TEXT"
        );
    }
    for (id, task) in &state.tasks {
        let open = state.open_questions().any(|question| question.task == *id);
        if task.status == TaskStatus::Waiting && !open {
            let id = printable(id);
            let _ = writeln!(text, "  {id} waits for approval:  {edit} approve {id}");
        }
    }
    if let Some(checkpoint) = state
        .checkpoint
        .as_ref()
        .filter(|checkpoint| checkpoint.kind != "decision")
    {
        let id = printable(&checkpoint.id);
        let _ = match &checkpoint.rejected {
            Some(reason) => {
                writeln!(
                    text,
                    "  checkpoint {id} was rejected ({}):  {edit} apply revision_complete",
                    cell(reason)
                )
            }
            None => writeln!(text, "  checkpoint {id} waits:  {edit} approve {id}"),
        };
    }
    for (route, known) in state.routes.iter().filter(|(_, known)| known.held) {
        let why = known.reason.as_deref().unwrap_or("no reason known");
        let _ = writeln!(text, "  {} is held: {}", printable(route), cell(why));
    }
    let spent = state.checkpoint.as_ref();
    if spent.is_some_and(|checkpoint| checkpoint.id == "budget") {
        text.push_str("  the budget is spent: raise --max-cost-usd or --max-tokens\n");
    }
    let waits = state.open_questions().next().is_some() || state.checkpoint.is_some();
    if waits {
        text.push_str("  then start the same command again\n");
    } else if state.progress.failed > 0 {
        let _ = writeln!(
            text,
            "  to try a failed task again:  {edit} retry TASK, then start the same command again"
        );
    }
}

fn settled(state: &State) -> u32 {
    let progress = state.progress;
    progress.succeeded + progress.failed + progress.skipped + progress.cancelled
}
