//! What an attempt must know of the rest of the plan: what came before it, and whose files are whose.

use std::fmt::Write;

use schemas::{Outcome, Task};

use super::{Facts, list};

/// All of it; nothing where there is nothing to know.
pub(super) fn of(facts: &Facts<'_>) -> String {
    let mut text = String::new();
    dependencies(&mut text, facts);
    boundaries(&mut text, facts);
    text
}

fn dependencies(text: &mut String, facts: &Facts<'_>) {
    if facts.task.depends_on.is_empty() {
        return;
    }
    text.push_str("\n## Dependencies completed\n");
    for id in &facts.task.depends_on {
        let known = facts.state.tasks.get(id);
        let title = known.map_or("", |task| task.title.as_str());
        let outcome = match known.and_then(|task| task.outcome) {
            Some(Outcome::Succeeded) => "succeeded",
            Some(Outcome::Failed) => "failed",
            Some(Outcome::Excluded) => "excluded",
            Some(Outcome::Skipped) => "skipped",
            Some(Outcome::Cancelled) => "cancelled",
            None => "not settled",
        };
        let _ = write!(text, "- **{id}** {title}: {outcome}");
        match known.and_then(|task| task.summary.as_ref()) {
            Some(summary) => writeln!(text, " — {summary}"),
            None => writeln!(text),
        }
        .unwrap_or_default();
        if let Some(concerns) = known.and_then(|task| task.concerns.as_ref()) {
            let _ = writeln!(text, "  It has doubts: {concerns}");
        }
        let files = known.map_or(&[][..], |task| task.files.as_slice());
        if !files.is_empty() {
            let _ = writeln!(text, "  It wrote: {}", files.join(", "));
        }
    }
}

fn boundaries(text: &mut String, facts: &Facts<'_>) {
    if !facts.task.paths.is_empty() {
        text.push_str("\n## Your files\nChange only these:\n");
        list(text, &facts.task.paths);
    }
    if !facts.task.forbidden_paths.is_empty() {
        text.push_str("\n## Not your files\nDo not touch these:\n");
        list(text, &facts.task.forbidden_paths);
    }
    let role = facts.task.role.as_ref();
    if let Some((name, role)) = role.and_then(|name| Some((name, facts.plan.roles.get(name)?))) {
        if !role.paths.is_empty() {
            let _ = writeln!(text, "\n## Your role\nAs {name} you change only these:");
            list(text, &role.paths);
        }
        if !role.forbidden_paths.is_empty() {
            let _ = writeln!(text, "\nAs {name} you do not touch these:");
            list(text, &role.forbidden_paths);
        }
    }
    let others = owners(facts);
    if !others.is_empty() {
        text.push_str("\n## Files of others\nThese belong to other tasks of the project. Do not touch them:\n");
        list(text, &others);
    }
}

/// What other tasks of the same project own, and how these stand. What this task owns as well is not forbidden to it.
fn owners(facts: &Facts<'_>) -> Vec<String> {
    let owning = facts
        .owning
        .iter()
        .filter_map(|at| facts.plan.tasks.get(*at));
    let others =
        owning.filter(|other| other.id != facts.task.id && other.project == facts.task.project);
    let line = |other: &Task| {
        let foreign = |path: &&String| !facts.task.paths.contains(path);
        let paths: Vec<&str> = other
            .paths
            .iter()
            .filter(foreign)
            .map(String::as_str)
            .collect();
        let status = facts.state.tasks.get(&other.id).map(|task| task.status);
        let word = serde_json::to_value(status.unwrap_or_default()).unwrap_or_default();
        let word = word.as_str().unwrap_or_default().to_owned();
        (!paths.is_empty()).then(|| format!("{} ({}, {word})", paths.join(", "), other.id))
    };
    others.filter_map(line).collect()
}
