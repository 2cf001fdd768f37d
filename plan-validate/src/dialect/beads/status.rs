//! Where issues stand.

use super::super::parts::{State, unblock};
use super::super::{Draft, Node};
use super::issue::Issue;
use super::link::Links;

/// What a status says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    Is(State),
    /// Read tolerantly: this is how it is spelled.
    Spelled(State, &'static str),
    Deferred,
    /// By what it depends on, or by something that the file does not know.
    Blocked,
    /// One of the people's own: beads hands such issues out to nobody.
    Unknown,
}

/// How a reason begins that says that the work was not done.
const GIVEN_UP: &[&str] = &[
    "wontfix",
    "won't fix",
    "wont fix",
    "duplicate",
    "cancelled",
    "canceled",
    "obsolete",
    "abandoned",
    "rejected",
    "superseded",
    "invalid",
    "not planned",
];

/// Words by which beads takes an issue for failed when they are anywhere in the reason.
const FAILED: &[&str] = &[
    "failed",
    "rejected",
    "wontfix",
    "won't fix",
    "canceled",
    "cancelled",
    "abandoned",
    "blocked",
    "error",
    "timeout",
    "aborted",
];

pub(super) fn said(issues: &[Issue]) -> Vec<Said> {
    issues.iter().map(|issue| said_of(issue.node)).collect()
}

fn said_of(issue: &Node) -> Said {
    let Some(status) = issue.some("status") else {
        // As beads imports it.
        return Said::Is(State::Open);
    };
    let Some(text) = status.as_str() else {
        return Said::Unknown;
    };
    let word = text.trim().to_lowercase().replace(['-', ' '], "_");
    match (word.as_str(), word == text) {
        ("open" | "in_progress" | "hooked", true) => Said::Is(State::Open),
        ("in_progress", false) => Said::Spelled(State::Open, "in_progress"),
        ("open" | "todo" | "ready" | "pending" | "hooked", _) => Said::Spelled(State::Open, "open"),
        ("closed", true) => Said::Is(closed(issue)),
        ("closed" | "done" | "completed" | "resolved", _) => Said::Spelled(closed(issue), "closed"),
        ("cancelled" | "canceled" | "wontfix", _) => Said::Spelled(State::GivenUp, "closed"),
        ("deferred", _) => Said::Deferred,
        ("blocked", _) => Said::Blocked,
        _ => Said::Unknown,
    }
}

/// Done or given up, by the reason.
fn closed(issue: &Node) -> State {
    let reason = issue
        .some("close_reason")
        .and_then(Node::as_str)
        .unwrap_or_default();
    let reason = reason.trim().to_lowercase();
    let begins = |words: &&&str| {
        let rest = reason.strip_prefix(**words);
        rest.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    };
    match GIVEN_UP.iter().find(begins) {
        Some(_) => State::GivenUp,
        None => State::Done,
    }
}

/// Whether beads takes a closed issue for failed.
pub(super) fn has_failed(issue: &Node) -> bool {
    let reason = issue
        .some("close_reason")
        .and_then(Node::as_str)
        .unwrap_or_default();
    let reason = reason.to_lowercase();
    FAILED.iter().any(|word| reason.contains(word))
}

/// Whether the plan cannot say it otherwise, so that it is kept beside it.
pub(super) fn is_told(status: &Node) -> bool {
    !matches!(status.as_str(), Some("open" | "closed"))
}

pub(super) fn states(said: &[Said]) -> Vec<State> {
    let state = |said: &Said| match said {
        Said::Is(state) | Said::Spelled(state, _) => *state,
        Said::Deferred | Said::Blocked | Said::Unknown => State::Held,
    };
    said.iter().map(state).collect()
}

/// Opens what is blocked by what it waits for, and says what was read how.
pub(super) fn settle(
    issues: &[Issue],
    said: &[Said],
    links: &Links,
    states: &mut [State],
    draft: &mut Draft,
) {
    let ids: Vec<&str> = issues.iter().map(|issue| issue.id.as_str()).collect();
    let is_blocked: Vec<bool> = said.iter().map(|said| *said == Said::Blocked).collect();
    unblock(&ids, &links.waits, &is_blocked, states);
    for ((issue, said), state) in issues.iter().zip(said).zip(states.iter()) {
        tell(issue, *said, *state, draft);
        let until = issue.node.some("defer_until");
        if let Some(until) = until.filter(|_| *state == State::Open) {
            draft.warn(
                "defer-until",
                format!("`{}` is deferred until a time that is not looked at: it is done when its turn comes", issue.id),
                until.at.clone(),
            );
        }
    }
}

fn tell(issue: &Issue, said: Said, state: State, draft: &mut Draft) {
    let status = issue.node.some("status");
    let at = status.map_or(issue.at.clone(), |status| status.at.clone());
    let word = status.and_then(Node::text).unwrap_or_default();
    let id = &issue.id;
    let why = match said {
        Said::Is(_) => return,
        Said::Blocked if state == State::Open => return,
        Said::Spelled(_, meant) => {
            draft.warn_with(
                "odd-status",
                format!("the status of `{id}`, `{word}`, is read as `{meant}`"),
                at,
                format!("beads writes `{meant}`"),
            );
            return;
        }
        Said::Deferred => "is deferred".to_owned(),
        Said::Blocked => "is blocked, and not by what it depends on".to_owned(),
        Said::Unknown => format!("has an unknown status, `{word}`"),
    };
    draft.warn_with(
        "held-back",
        format!("`{id}` {why}: it is held back, and so is what waits for it"),
        at,
        "set it to `open` to have it done",
    );
}
