//! What is already done: `implementation.md` and `state.md` beside the plan.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::outline::Outline;
use super::{ids, reviews};
use crate::dialect::labels::labelled;
use crate::dialect::markdown::{Block, Kind, items, plain};
use crate::dialect::{Draft, Material, Node, front_matter, markdown};

/// A word about a task or a phase, and where it stands.
struct Status {
    is_done: bool,
    at: Range<usize>,
}

/// Marks tasks that are done. Says the limits that the files set.
pub(super) fn apply(material: &Material, outline: &mut Outline, draft: &mut Draft) -> Option<Node> {
    let mut limits = None;
    if let Some(file) = material.file("implementation.md") {
        let parts = front_matter::split(material, file, draft);
        let blocks = markdown::read(parts.body, parts.offset);
        mark(outline, &blocks, draft);
        check_pointer(outline, &parts.front, draft);
        limits = self::limits(&parts.front, draft).or(limits);
    }
    if let Some(file) = material.file("state.md") {
        let parts = front_matter::split(material, file, draft);
        check_state(outline, &parts.front, draft);
        limits = self::limits(&parts.front, draft).or(limits);
    }
    limits
}

/// Statuses by task, where they stand in any of the ways that real files have, else by phase.
fn mark(outline: &mut Outline, blocks: &[Block], draft: &mut Draft) {
    let mut tasks: HashMap<String, Status> = HashMap::new();
    let mut phases: HashMap<String, Status> = HashMap::new();
    let mut current: Option<String> = None;
    for block in blocks {
        match &block.kind {
            Kind::Heading { text, .. } => {
                let heading = plain(&text.raw);
                current = ids::heading_of_task(&heading).map(|task| task.id.to_owned());
            }
            Kind::Paragraph(line) => {
                let text = plain(&line.raw);
                // `**p01-t01: Title** — complete`
                if let Some((id, _)) = ids::task(&text)
                    && let Some((_, word)) = text.rsplit_once(['—', '–'])
                {
                    note(&mut tasks, id, word, &line.at, draft);
                } else if let (Some(id), Some(word)) = (&current, labelled(line, "status")) {
                    note(&mut tasks, id, &word.text, &word.at, draft);
                    current = None;
                }
            }
            Kind::List(_) => {
                for item in items(std::slice::from_ref(block)) {
                    let text = plain(&item.line.raw);
                    if let (Some((id, _)), Some(done)) = (ids::task(&text), item.done) {
                        let word = if done { "done" } else { "pending" };
                        note(&mut tasks, id, word, &item.line.at, draft);
                    }
                }
            }
            Kind::Table(rows) if reviews::has_columns(rows, &["phase", "status"]) => {
                by_phase(rows, &mut phases, draft);
            }
            _ => {}
        }
    }
    let known: HashSet<&str> = outline
        .tasks
        .iter()
        .map(|task| task.id.text.as_str())
        .collect();
    for (id, status) in &tasks {
        if !known.contains(id.as_str()) {
            draft.warn(
                "unknown-progress",
                format!("the progress of `{id}` is told, which is no task of the plan"),
                status.at.clone(),
            );
        }
    }
    for task in &mut outline.tasks {
        let status = tasks.get(&task.id.text).or_else(|| phases.get(&task.phase));
        task.done = status
            .filter(|status| status.is_done)
            .map(|status| status.at.clone());
    }
}

fn by_phase(rows: &[markdown::Row], phases: &mut HashMap<String, Status>, draft: &mut Draft) {
    let Some((header, rows)) = rows.split_first() else {
        return;
    };
    let column = |name: &str| {
        header
            .iter()
            .position(|cell| plain(&cell.raw).eq_ignore_ascii_case(name))
    };
    let (Some(phase), Some(status)) = (column("phase"), column("status")) else {
        return;
    };
    for row in rows {
        if let (Some(phase), Some(status)) = (row.get(phase), row.get(status)) {
            let text = plain(&phase.raw);
            let token = text.split([' ', ':']).next().unwrap_or_default();
            let heading = ids::heading_of_phase(&text).map(|heading| heading.id);
            if let Some(id) = heading.or_else(|| ids::phase(token)) {
                note(phases, &id, &plain(&status.raw), &status.at, draft);
            }
        }
    }
}

/// Reads a status by its first word: `completed | **Commit:** …`, `complete`, `completed (no-op)`.
fn note(
    all: &mut HashMap<String, Status>,
    id: &str,
    text: &str,
    at: &Range<usize>,
    draft: &mut Draft,
) {
    let word = text
        .trim()
        .split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'))
        .next()
        .unwrap_or_default()
        .to_lowercase();
    let is_done = matches!(
        word.as_str(),
        "completed" | "complete" | "done" | "passed" | "merged"
    );
    let is_known = is_done
        || matches!(
            word.as_str(),
            "pending" | "in_progress" | "in-progress" | "blocked" | "not" | "todo"
        );
    if !is_known {
        draft.warn_with(
            "unclear-status",
            format!(
                "`{}` is no status that is known: `{id}` counts as not done",
                text.trim()
            ),
            at.clone(),
            "completed, in_progress, pending or blocked",
        );
    }
    let status = Status {
        is_done,
        at: at.clone(),
    };
    // Of several the last one counts.
    all.insert(id.to_owned(), status);
}

/// The pointer to the next task and the statuses must tell the same story.
fn check_pointer(outline: &Outline, front: &Node, draft: &mut Draft) {
    let Some(pointer) = front.get("oat_current_task_id") else {
        return;
    };
    let next = outline.tasks.iter().find(|task| task.done.is_none());
    let named = pointer
        .as_str()
        .map(|id| outline.tasks.iter().find(|task| task.id.text == id));
    let message = match (named, next) {
        (Some(None), _) => "the next task is none of the plan".to_owned(),
        (Some(Some(task)), _) if task.done.is_some() => {
            format!("the next task is {}, which is done", task.id.text)
        }
        (Some(Some(task)), Some(next)) if task.id.text != next.id.text => {
            format!(
                "the next task is {}, but {} before it is not done",
                task.id.text, next.id.text
            )
        }
        (None, Some(next))
            if pointer.is_null()
                && front.get("oat_status").and_then(Node::as_str) == Some("complete") =>
        {
            format!(
                "everything is said to be done, but nothing says so of {}",
                next.id.text
            )
        }
        _ => return,
    };
    draft.warn_with(
        "progress-disagrees",
        message,
        pointer.at.clone(),
        "what is told of each task counts, not the pointer",
    );
}

fn check_state(outline: &mut Outline, front: &Node, draft: &mut Draft) {
    if let Some(blockers) = front.get("oat_blockers")
        && !blockers.items().is_empty()
    {
        draft.warn(
            "blocked",
            "the project is blocked, says state.md",
            blockers.at.clone(),
        );
    }
    let word = |key: &str| front.get(key).and_then(Node::as_str).unwrap_or_default();
    let is_complete = word("oat_lifecycle") == "complete"
        || word("oat_phase") == "implement"
            && matches!(word("oat_phase_status"), "complete" | "pr_open");
    let phase_status = front
        .get("oat_phase_status")
        .or_else(|| front.get("oat_lifecycle"));
    let (Some(at), true) = (phase_status, is_complete) else {
        return;
    };
    let open = outline
        .tasks
        .iter()
        .filter(|task| task.done.is_none())
        .count();
    if open == outline.tasks.len() {
        for task in &mut outline.tasks {
            task.done = Some(at.at.clone());
        }
    } else if open > 0 {
        draft.warn_with(
            "progress-disagrees",
            format!("the implementation is complete, says state.md, but {open} tasks are not said to be done"),
            at.at.clone(),
            "what implementation.md tells of each task counts",
        );
    }
}

/// Fixes after a review that did not pass.
fn limits(front: &Node, draft: &mut Draft) -> Option<Node> {
    let limit = front.some("oat_orchestration_retry_limit")?;
    let number = limit
        .as_f64()
        .filter(|n| n.fract() == 0.0 && (0.0..=5.0).contains(n));
    let Some(number) = number else {
        draft.error(
            "retry-limit",
            "oat_orchestration_retry_limit must be a number from 0 to 5",
            limit.at.clone(),
            "leave it out for 2",
        );
        return None;
    };
    let mut limits = Node::map(limit.at.clone());
    limits.set("fixLimit", Node::new(number as u8, limit.at.clone()));
    Some(limits)
}
