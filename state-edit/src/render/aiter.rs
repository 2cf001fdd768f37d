//! The Markdown state file that the field publishes (`type: orchestration-state`), as its readers expect it.

use std::fmt::Write;

use schemas::{Outcome, RunStatus, TaskState, TaskStatus};

use super::report::{Report, why};
use super::{cell, inline, seconds};

/// Draws the file.
pub(super) fn draw(report: &Report) -> String {
    let state = &report.state;
    let mut text = String::from("---\ntype: orchestration-state\n");
    let created = report
        .plan
        .created_at
        .as_ref()
        .or(state.started_at.as_ref());
    let _ = writeln!(text, "planId: {}", yaml(&state.plan_id));
    let _ = writeln!(
        text,
        "created: {}",
        created.map_or_else(|| "null".to_owned(), |at| seconds(at))
    );
    let done = !state.tasks.is_empty()
        && state
            .tasks
            .values()
            .all(|task| task.status == TaskStatus::Settled);
    let status = if done && state.status == RunStatus::InProgress {
        "completed"
    } else {
        state.status.as_str()
    };
    let _ = write!(text, "status: {status}\n---\n\n## Plan Summary\n");
    let summary = report.name();
    let _ = write!(text, "{}\n\n## Projects\n", inline(summary));
    text.push_str("| Name | Project ID | Terminal ID | Status |\n|------|-----------|-------------|--------|\n");
    // In the order of the document that was read, or else of the first task of each.
    let known = report
        .whole
        .get("projects")
        .and_then(serde_json::Value::as_object);
    let known = known.into_iter().flatten().map(|(name, _)| name.as_str());
    let mut names: Vec<&str> = known.collect();
    let tasks = report.tasks();
    for name in tasks.iter().filter_map(|(_, task)| task.project.as_deref()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    for name in names {
        project(&mut text, report, name);
    }
    text.push_str("\n## Execution State\n");
    for (name, tasks) in report.phases() {
        let _ = write!(
            text,
            "\n### Phase {} ({})\n",
            inline(&name),
            phase_status(&tasks)
        );
        for (id, task) in tasks {
            entry(&mut text, report, id, task);
        }
    }
    text
}

fn project(text: &mut String, report: &Report, name: &str) {
    let own = || {
        report
            .tasks()
            .into_iter()
            .filter(|(_, task)| task.project.as_deref() == Some(name))
    };
    let named = report
        .extra(&["projects", name, "projectId"])
        .unwrap_or_else(|| name.to_owned());
    let terminal = report.extra(&["projects", name, "terminalId"]);
    let terminal = terminal.or_else(|| {
        own()
            .filter_map(|(_, task)| task.terminal.clone())
            .next_back()
    });
    let settled = own().all(|(_, task)| task.status == TaskStatus::Settled);
    let status = report.extra(&["projects", name, "status"]);
    let status = status.unwrap_or_else(|| if settled { "done" } else { "active" }.to_owned());
    let terminal = terminal.unwrap_or_else(|| "-".to_owned());
    let cells = [name, &named, &terminal, &status].map(cell);
    let _ = writeln!(text, "| {} |", cells.join(" | "));
}

/// `completed`, `in_progress` or `pending`.
pub(super) fn phase_status(tasks: &[(&str, &TaskState)]) -> &'static str {
    let settled = tasks
        .iter()
        .filter(|(_, task)| task.status == TaskStatus::Settled)
        .count();
    let begun = tasks
        .iter()
        .any(|(_, task)| task.status != TaskStatus::Pending);
    match settled {
        all if all == tasks.len() => "completed",
        0 if !begun => "pending",
        _ => "in_progress",
    }
}

fn entry(text: &mut String, report: &Report, id: &str, task: &TaskState) {
    let tag = match (task.status, task.outcome) {
        (TaskStatus::Settled, Some(Outcome::Succeeded)) => "DONE".to_owned(),
        (TaskStatus::Settled, _) => "ERROR".to_owned(),
        (TaskStatus::Pending, _) => "PENDING".to_owned(),
        _ => format!("IN_PROGRESS {}%", task.percent.unwrap_or(0)),
    };
    let terminal = task
        .terminal
        .clone()
        .or_else(|| report.extra(&["tasks", id, "terminalId"]));
    let title = if task.title.is_empty() {
        id
    } else {
        &task.title
    };
    let _ = writeln!(
        text,
        "- **{}** [{tag}]: {} \u{2014} {}",
        inline(id),
        inline(title),
        inline(terminal.as_deref().unwrap_or("-"))
    );
    let mut line = |name: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            let _ = writeln!(text, "  - {name}: {}", inline(&value));
        }
    };
    match tag.split(' ').next() {
        Some("DONE") => {
            line("Completed", task.settled_at.as_deref().map(seconds));
            line(
                "Output",
                task.summary.clone().or_else(|| task.message.clone()),
            );
        }
        Some("ERROR") => {
            line("Completed", task.settled_at.as_deref().map(seconds));
            line("Error", Some(why(task)));
        }
        Some("IN_PROGRESS") => {
            line("Started", task.started_at.as_deref().map(seconds));
            line("Last update", task.message.clone());
        }
        _ => line("Blocked by", Some(blockers(report, id).join(", "))),
    }
}

/// What a task waits for.
fn blockers(report: &Report, id: &str) -> Vec<String> {
    let of_plan = report.plan.depends_on.get(id).cloned().unwrap_or_default();
    let all = if of_plan.is_empty() {
        report.extra_list(&["tasks", id, "dependsOn"])
    } else {
        of_plan
    };
    let open = |id: &String| {
        report
            .state
            .tasks
            .get(id)
            .is_none_or(|task| task.outcome != Some(Outcome::Succeeded))
    };
    all.into_iter().filter(open).collect()
}

/// A word of YAML: in quotes when it is not plain.
fn yaml(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let word = text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(plain);
    if word {
        text.to_owned()
    } else {
        serde_json::Value::from(schemas::printable(text))
            .to_string()
            .replace('<', "\\u003c")
    }
}
