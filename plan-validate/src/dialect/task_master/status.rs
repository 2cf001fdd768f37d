//! Where tasks stand.

use super::super::parts::{State, unblock};
use super::super::{Draft, Node};
use super::Items;
use super::task::Item;

/// What a status says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Is(State),
    /// Read tolerantly: this is how it is spelled.
    Spelled(State, &'static str),
    Deferred,
    InReview,
    /// By what it depends on, or by something that the file does not know.
    Blocked,
    Nothing,
    Unknown,
}

fn said(status: Option<&Node>) -> Said {
    let Some(text) = status.and_then(Node::as_str) else {
        return if status.is_none() {
            Said::Nothing
        } else {
            Said::Unknown
        };
    };
    let word = text.trim().to_lowercase().replace(['_', ' '], "-");
    match (word.as_str(), word == text) {
        ("pending" | "in-progress", true) => Said::Is(State::Open),
        ("pending", false) => Said::Spelled(State::Open, "pending"),
        ("in-progress" | "inprogress", _) => Said::Spelled(State::Open, "in-progress"),
        ("todo" | "to-do" | "open" | "not-started" | "ready", _) => {
            Said::Spelled(State::Open, "pending")
        }
        ("done" | "completed", true) => Said::Is(State::Done),
        ("done" | "completed" | "complete" | "finished" | "closed", _) => {
            Said::Spelled(State::Done, "done")
        }
        ("cancelled", true) => Said::Is(State::GivenUp),
        ("cancelled" | "canceled", _) => Said::Spelled(State::GivenUp, "cancelled"),
        ("deferred", _) => Said::Deferred,
        ("review", _) => Said::InReview,
        ("blocked", _) => Said::Blocked,
        _ => Said::Unknown,
    }
}

/// Whether the plan cannot say it otherwise, so that it is kept beside it.
pub(super) fn is_told(status: &Node) -> bool {
    let told = ["pending", "done", "completed", "cancelled"];
    status.as_str().is_none_or(|status| !told.contains(&status))
}

/// Where each stands. What a task is, its open subtasks are: task-master hands out none of a task that is not open.
pub(super) fn states(items: &Items, waits: &[Vec<Node>], draft: &mut Draft) -> Vec<State> {
    let all: Vec<Said> = items
        .iter()
        .map(|item| said(item.node.some("status")))
        .collect();
    let of_said = |said: &Said| match said {
        Said::Is(state) | Said::Spelled(state, _) => *state,
        Said::Nothing => State::Open,
        Said::Deferred | Said::InReview | Said::Blocked | Said::Unknown => State::Held,
    };
    let mut states: Vec<State> = all.iter().map(of_said).collect();
    let ids: Vec<&str> = items.iter().map(|item| item.id.as_str()).collect();
    let is_blocked: Vec<bool> = all.iter().map(|said| *said == Said::Blocked).collect();
    unblock(&ids, waits, &is_blocked, &mut states);
    let own = states.clone();
    for (at, item) in items.iter().enumerate() {
        let of_task = item.whole.map(|task| own[task]);
        match (of_task, own[at]) {
            (Some(State::Done), State::Open | State::Held) => states[at] = State::Done,
            (Some(State::GivenUp), State::Open | State::Held) => states[at] = State::GivenUp,
            (None | Some(State::Open), _) => tell(item, all[at], own[at], draft),
            _ => {}
        }
    }
    tell_open_parts(items, &own, draft);
    states
}

fn tell(item: &Item, said: Said, state: State, draft: &mut Draft) {
    let status = item.node.some("status");
    let at = status.map_or(item.at.clone(), |status| status.at.clone());
    let word = status.and_then(Node::text).unwrap_or_default();
    let id = &item.id;
    let held = |why: &str| format!("`{id}` {why}: it is held back, and so is what waits for it");
    let open = "set it to `pending` to have it done";
    let (code, message, help) = match said {
        Said::Is(_) => return,
        Said::Blocked if state == State::Open => return,
        Said::Spelled(_, meant) => (
            "odd-status",
            format!("the status of `{id}`, `{word}`, is read as `{meant}`"),
            format!("task-master writes `{meant}`"),
        ),
        Said::Nothing => (
            "odd-status",
            format!("`{id}` has no status: it is read as `pending`"),
            "say what it is: `pending`, `done`, ...".to_owned(),
        ),
        Said::Deferred => ("held-back", held("is deferred"), open.to_owned()),
        Said::InReview => (
            "held-back",
            held("is in review"),
            "set it to `done` when it is accepted, to `pending` when it is to be worked on"
                .to_owned(),
        ),
        Said::Blocked => (
            "held-back",
            held("is blocked, and not by what it depends on"),
            open.to_owned(),
        ),
        Said::Unknown => (
            "held-back",
            held(&format!("has an unknown status, `{word}`")),
            "known are pending, in-progress, done, review, deferred, blocked and cancelled"
                .to_owned(),
        ),
    };
    draft.warn_with(code, message, at, help);
}

/// Once for each task that is done while subtasks of it are not.
fn tell_open_parts(items: &Items, own: &[State], draft: &mut Draft) {
    let mut open: Vec<Vec<&str>> = vec![Vec::new(); items.len()];
    for (at, item) in items.iter().enumerate() {
        if let Some(task) = item.whole
            && own[task] == State::Done
            && matches!(own[at], State::Open | State::Held)
        {
            open[task].push(&item.id);
        }
    }
    for (item, open) in items.iter().zip(open) {
        let Some(status) = item.node.some("status").filter(|_| !open.is_empty()) else {
            continue;
        };
        const TOLD: usize = 5;
        let mut told = open
            .iter()
            .take(TOLD)
            .copied()
            .collect::<Vec<&str>>()
            .join(", ");
        if open.len() > TOLD {
            told.push_str(&format!(" and {} more", open.len() - TOLD));
        }
        draft.warn_with(
            "open-subtasks",
            format!(
                "`{}` is done, its subtasks {told} are not: they count as done",
                item.id
            ),
            status.at.clone(),
            "set the task to `in-progress` to have them done",
        );
    }
}
