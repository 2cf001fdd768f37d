//! `context.md`: where a run stands, in the form from which the next one goes on.

use std::fmt::Write;
use std::time::Duration;

use schemas::{TaskState, TaskStatus, time};

use super::inline;
use super::report::{Report, Standing, standing, why};

/// Draws the file.
pub(super) fn draw(report: &Report) -> String {
    let state = &report.state;
    let mut text = String::from("# Context\n\n## Status\n\n");
    let name = report.name();
    let _ = writeln!(text, "- milestone: {}", inline(name));
    let _ = writeln!(
        text,
        "- started: {}",
        state
            .started_at
            .as_deref()
            .map_or_else(|| "-".to_owned(), super::seconds)
    );
    let _ = writeln!(text, "- status: {}", state.status.as_str());
    let phases = report.phases();
    if let Some((next, _)) = phases.iter().find(|(_, tasks)| !is_done(tasks)) {
        let _ = writeln!(text, "- resume: phase {}", inline(next));
    }
    text.push_str("\n## Phases\n\n");
    for (name, tasks) in &phases {
        let _ = writeln!(text, "- {}: {}", inline(name), phase(report, tasks));
    }
    text.push_str("\n## Decisions\n\n");
    for decision in state.decisions.iter().filter(|decision| !decision.open) {
        let level = decision
            .level
            .map_or(String::new(), |level| format!(" (level {level})"));
        let _ = writeln!(text, "- {}{level}", inline(&decision.text));
    }
    for question in state
        .questions
        .iter()
        .filter(|question| question.answer.is_some())
    {
        let answer = question.answer.as_deref().unwrap_or_default();
        let _ = writeln!(
            text,
            "- {}: {} {}",
            inline(&question.task),
            inline(&question.text),
            inline(answer)
        );
    }
    if state.decisions.is_empty()
        && state
            .questions
            .iter()
            .all(|question| question.answer.is_none())
    {
        text.push_str("- none\n");
    }
    text.push_str("\n## Metrics\n\n");
    let retries: u32 = state.tasks.values().map(|task| task.fixes).sum();
    let minutes = report.elapsed_ms().div_ceil(60_000);
    let _ = write!(
        text,
        "- duration: ~{minutes}min | verification_retries: {retries}"
    );
    if let Some(cost) = state.totals.cost_usd {
        let _ = write!(text, " | cost: ${cost:.2}");
    }
    text.push('\n');
    text
}

fn is_done(tasks: &[(&str, &TaskState)]) -> bool {
    tasks
        .iter()
        .all(|(_, task)| standing(task) == Standing::Done)
}

/// `done | commit: … | files: …`, or what keeps it from that.
fn phase(report: &Report, tasks: &[(&str, &TaskState)]) -> String {
    let mut text = if is_done(tasks) {
        "done".to_owned()
    } else if tasks
        .iter()
        .all(|(_, task)| task.status == TaskStatus::Settled)
    {
        "failed".to_owned()
    } else {
        super::aiter::phase_status(tasks).replace('_', "-")
    };
    let story = |id: &str| report.story(id);
    let commit = tasks
        .iter()
        .filter_map(|(id, _)| {
            story(id)
                .merged
                .map(|(commit, _)| commit)
                .or(story(id).work)
        })
        .next_back();
    if let Some(commit) = commit {
        let _ = write!(
            text,
            " | commit: {}",
            inline(&commit.chars().take(12).collect::<String>())
        );
    }
    let mut files: Vec<&str> = tasks
        .iter()
        .flat_map(|(_, task)| &task.files)
        .map(String::as_str)
        .collect();
    files.sort_unstable();
    files.dedup();
    if !files.is_empty() {
        let more = files.len().saturating_sub(8);
        let rest = if more > 0 {
            format!(", and {more} more")
        } else {
            String::new()
        };
        let shown: Vec<String> = files.into_iter().take(8).map(inline).collect();
        let _ = write!(text, " | files: {}{rest}", shown.join(", "));
    }
    let errors: Vec<String> = tasks
        .iter()
        .filter(|(_, task)| standing(task) == Standing::Blocked)
        .map(|(id, task)| format!("{}: {}", inline(id), inline(&why(task))))
        .collect();
    if !errors.is_empty() {
        let _ = write!(text, " | error: {}", errors.join("; "));
    }
    let spent: u64 = tasks
        .iter()
        .flat_map(|(id, _)| story(id).attempts)
        .filter_map(|it| it.duration_ms)
        .sum();
    if spent > 0 {
        let _ = write!(
            text,
            " | worked: {}",
            time::for_people(Duration::from_millis(spent))
        );
    }
    text
}
