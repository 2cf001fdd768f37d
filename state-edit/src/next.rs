//! `next`: what would happen now, and by which event.

use std::path::Path;

use schemas::{Exit, Failure, State, TaskStatus, compare_ids, document, journal, machine};
use serde::Serialize;

use crate::cli::{LookFormat, Next};
use crate::edit::Edit;
use crate::inbox::{Waiting, waiting};
use crate::process::is_alive;
use crate::table::clean;

/// As many tasks are named.
const NAMED: usize = 8;

/// What would happen, as a document.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outlook<'a> {
    kind: &'static str,
    version: u32,
    run: &'a str,
    status: &'a str,
    /// In words, in the order in which it would happen.
    steps: Vec<String>,
    /// Events that are legal now, and where they lead.
    legal: Vec<Legal>,
    /// What a person must see to, most urgent first.
    waiting: Vec<Waiting>,
}

#[derive(Serialize)]
struct Legal {
    event: &'static str,
    to: &'static str,
}

/// Runs `next`.
pub(crate) fn run(dir: &Path, args: &Next) -> Result<Exit, Failure> {
    let (state, _) = journal::view(dir)?;
    if let Some(event) = &args.event {
        return by(&state, event, args.format);
    }
    let events = machine::TRANSITIONS
        .iter()
        .filter(|t| t.from == state.status);
    let outlook = Outlook {
        kind: "next",
        version: 1,
        run: &state.run,
        status: state.status.as_str(),
        steps: steps(&state),
        legal: events
            .filter(|t| would(&state, t.event).is_ok())
            .map(|t| Legal {
                event: t.event,
                to: t.to.as_str(),
            })
            .collect(),
        waiting: waiting(&state),
    };
    if args.format == LookFormat::Json {
        document::write(&outlook)?;
        return Ok(Exit::Yes);
    }
    let mut text = format!("{}: {}\n", clean(&state.run), outlook.status);
    for step in &outlook.steps {
        text.push_str(&format!("- {}\n", clean(step)));
    }
    for legal in &outlook.legal {
        text.push_str(&format!("apply {} leads to {}\n", legal.event, legal.to));
    }
    document::write_text(text.as_bytes())?;
    Ok(Exit::Yes)
}

/// Where one event would lead; refused as `apply` would refuse it.
fn by(state: &State, event: &str, format: LookFormat) -> Result<Exit, Failure> {
    would(state, event)?;
    let from = state.status;
    let to = machine::next(from, event).unwrap_or(from);
    let text = match format {
        LookFormat::Text => format!("{event}: {} becomes {}\n", from.as_str(), to.as_str()),
        LookFormat::Json => {
            let it = serde_json::json!({"event": event, "from": from, "to": to});
            format!("{it}\n")
        }
    };
    document::write_text(text.as_bytes())?;
    Ok(Exit::Yes)
}

fn would(state: &State, event: &str) -> Result<(), Failure> {
    let edit = Edit::Apply {
        event: event.to_owned(),
        task: None,
        // `reject` wants one, whatever it says.
        reason: Some("so".to_owned()),
    };
    edit.decide(state, None).map(drop)
}

fn steps(state: &State) -> Vec<String> {
    let mut steps = Vec::new();
    let lives = state.pid.is_some_and(is_alive);
    let tasks = |wanted: &[TaskStatus]| -> Vec<&str> {
        let mut ids: Vec<&str> = state
            .tasks
            .iter()
            .filter(|(_, task)| wanted.contains(&task.status))
            .map(|(id, _)| id.as_str())
            .collect();
        ids.sort_by(|a, b| compare_ids(a, b));
        ids
    };
    use TaskStatus::{Gating, Integrating, Pending, Ready, Running};
    let active = tasks(&[Ready, Running, Gating, Integrating]);
    let pending = tasks(&[Pending]);
    if !active.is_empty() {
        steps.push(match lives {
            true => format!("{} goes on", named(&active)),
            false => format!(
                "{} was left by a dispatcher that is gone: start it again",
                named(&active)
            ),
        });
    }
    for waiting in waiting(state) {
        let what = [waiting.what.as_str(), waiting.text.as_str()];
        let what: Vec<&str> = what.into_iter().filter(|text| !text.is_empty()).collect();
        let kind = format!("{:?}", waiting.kind).to_lowercase();
        steps.push(format!("a person sees to the {kind}: {}", what.join(", ")));
    }
    if !pending.is_empty() {
        let paused = state.held || state.status != schemas::RunStatus::InProgress;
        steps.push(match (paused, lives) {
            (true, _) => format!("{} waits until the run goes on", named(&pending)),
            (false, true) => format!(
                "{} starts when its dependencies and a slot allow",
                named(&pending)
            ),
            (false, false) => format!("{} starts when a dispatcher is started", named(&pending)),
        });
    }
    if steps.is_empty() {
        steps.push("nothing: every task is settled".to_owned());
    }
    steps
}

fn named(ids: &[&str]) -> String {
    match ids.len() {
        0..=NAMED => ids.join(", "),
        more => format!("{} and {} more", ids[..NAMED].join(", "), more - NAMED),
    }
}
