//! `inbox`: what waits for a person, most urgent first.

use std::path::Path;

use schemas::{Exit, Failure, RunStatus, State, TaskStatus, compare_ids, document, journal};
use serde::Serialize;

use crate::cli::{Inbox, LookFormat};
use crate::columns::columns;
use crate::edit::waiting_for_approval;
use crate::table::clean;

/// What kind of thing waits; the first keeps the most from going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// The run waits at a checkpoint.
    Checkpoint,
    /// A checkpoint was rejected: what is asked for must be done.
    Revision,
    /// A login or a bill keeps every task of a route from starting.
    Route,
    /// A person holds the run.
    Hold,
    /// An agent asks.
    Question,
    /// Something is to be decided.
    Decision,
    /// A task's manual gate.
    Approval,
    /// A task did not succeed, and nothing more happens to it by itself.
    Failure,
}

/// One thing that waits.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Waiting {
    pub(crate) kind: Kind,
    /// The checkpoint, route or task; empty for the run.
    pub(crate) what: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) text: String,
    /// RFC 3339, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<String>,
    /// What a person would do about it.
    pub(crate) command: Vec<String>,
}

/// Runs `inbox`.
pub(crate) fn run(dir: &Path, args: &Inbox) -> Result<Exit, Failure> {
    let (state, _) = journal::view(dir)?;
    let waiting = waiting(&state);
    let text = match args.format {
        LookFormat::Text => columns(&waiting.iter().map(row).collect::<Vec<_>>(), &[]),
        LookFormat::Json => {
            let lines: Result<Vec<String>, _> = waiting.iter().map(serde_json::to_string).collect();
            let lines =
                lines.map_err(|error| Failure::trouble("cannot write as JSON").because(&error))?;
            lines.iter().map(|line| format!("{line}\n")).collect()
        }
    };
    document::write_text(text.as_bytes())?;
    Ok(Exit::Yes)
}

/// What waits for a person: by kind, then by how long, then by id.
pub(crate) fn waiting(state: &State) -> Vec<Waiting> {
    let mut waiting = run_waits(state);
    waiting.extend(state.open_questions().map(|question| Waiting {
        kind: Kind::Question,
        what: question.task.clone(),
        text: question.text.clone(),
        since: Some(question.asked_at.clone()),
        command: words(&["answer", &question.task, "TEXT"]),
    }));
    let checkpoint = state
        .checkpoint
        .as_ref()
        .map(|checkpoint| checkpoint.id.as_str());
    for id in waiting_for_approval(state)
        .into_iter()
        .filter(|id| Some(*id) != checkpoint)
    {
        let reason = state.tasks.get(id).and_then(|task| task.reason.clone());
        waiting.push(Waiting {
            kind: Kind::Approval,
            what: id.to_owned(),
            text: reason.unwrap_or_default(),
            since: None,
            command: words(&["approve", id]),
        });
    }
    let open = state.decisions.iter().filter(|decision| decision.open);
    waiting.extend(open.map(|decision| {
        let name = decision.decision.clone().unwrap_or_default();
        Waiting {
            kind: Kind::Decision,
            text: decision.text.clone(),
            since: Some(decision.time.clone()),
            command: words(&[
                "decision",
                "take",
                &name,
                decision.suggested.as_deref().unwrap_or("TEXT"),
            ]),
            what: name,
        }
    }));
    waiting.extend(failures(state));
    waiting.sort_by(|a, b| {
        let age = |it: &Waiting| it.since.clone().unwrap_or_default();
        a.kind
            .cmp(&b.kind)
            .then_with(|| age(a).cmp(&age(b)))
            .then_with(|| compare_ids(&a.what, &b.what))
    });
    waiting
}

fn run_waits(state: &State) -> Vec<Waiting> {
    let mut waiting = Vec::new();
    if let Some(checkpoint) = state
        .checkpoint
        .as_ref()
        .filter(|it| it.kind != "decision" || it.is_shown())
    {
        let (kind, text, command) = match (state.status, &checkpoint.rejected) {
            (RunStatus::RevisionNeeded, Some(reason)) => (
                Kind::Revision,
                reason.clone(),
                words(&["apply", "revision_complete"]),
            ),
            _ => (
                Kind::Checkpoint,
                checkpoint.kind.clone(),
                words(&["approve", &checkpoint.id]),
            ),
        };
        waiting.push(Waiting {
            kind,
            what: checkpoint.id.clone(),
            text,
            since: Some(checkpoint.reached_at.clone()),
            command,
        });
    }
    // A route with a time is free again by itself.
    let routes = state
        .routes
        .iter()
        .filter(|(_, route)| route.held && route.until.is_none());
    waiting.extend(routes.map(|(name, route)| Waiting {
        kind: Kind::Route,
        what: name.clone(),
        text: route.reason.clone().unwrap_or_default(),
        since: None,
        command: words(&["release", name]),
    }));
    if state.held {
        waiting.push(Waiting {
            kind: Kind::Hold,
            what: String::new(),
            text: "nothing new is started".to_owned(),
            since: None,
            command: words(&["release"]),
        });
    }
    waiting
}

fn failures(state: &State) -> impl Iterator<Item = Waiting> {
    use schemas::Outcome::{Excluded, Failed};
    let settled = state.tasks.iter().filter(|(_, task)| {
        task.status == TaskStatus::Settled && matches!(task.outcome, Some(Failed | Excluded))
    });
    settled.map(|(id, task)| Waiting {
        kind: Kind::Failure,
        what: id.clone(),
        text: task.reason.clone().unwrap_or_default(),
        since: task.settled_at.clone(),
        command: words(&["retry", id]),
    })
}

fn words(args: &[&str]) -> Vec<String> {
    std::iter::once("state-edit")
        .chain(args.iter().copied())
        .map(str::to_owned)
        .collect()
}

fn row(waiting: &Waiting) -> Vec<String> {
    let kind = format!("{:?}", waiting.kind).to_lowercase();
    let command: Vec<String> = waiting.command.iter().map(|word| quoted(word)).collect();
    vec![
        kind,
        clean(&waiting.what),
        clean(&command.join(" ")),
        clean(&waiting.text),
    ]
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_safe_to_paste() {
        assert_eq!(quoted("t1"), "t1");
        assert_eq!(quoted("a'; rm -rf /"), r"'a'\''; rm -rf /'");
        assert_eq!(quoted(""), "''");
    }
}
