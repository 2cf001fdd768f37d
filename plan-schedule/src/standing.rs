//! Where each task stands in a run, as far as its own state and its dependencies say.

use std::time::SystemTime;

use schemas::{Outcome, RunIf, State, TaskState, TaskStatus, time};

use crate::network::Network;

/// Where a task stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It will not run any more.
    Ended {
        outcome: Outcome,
        /// Why it never ran, while the state does not say so yet.
        skipped: Option<String>,
    },
    /// It has a slot and its lane.
    Busy,
    /// Not yet, and why.
    Waiting(String),
    /// Nothing of its own keeps it.
    Open,
}

/// The standing of every task. What a failure leads to is told at once, without waiting for somebody to record it.
pub(crate) fn standings(network: &Network<'_>, state: &State, now: SystemTime) -> Vec<Standing> {
    let mut standings = vec![Standing::Open; network.len()];
    for task in &network.topological {
        let known = state.tasks.get(network.id(*task));
        let standing = known
            .and_then(|known| of_state(known, network.id(*task), state))
            .or_else(|| of_plan(network, *task))
            .or_else(|| of_dependencies(network, *task, state, &standings))
            .or_else(|| known.and_then(|known| put_off(known, now)));
        standings[*task as usize] = standing.unwrap_or(Standing::Open);
    }
    standings
}

/// What the state alone decides.
fn of_state(known: &TaskState, id: &str, state: &State) -> Option<Standing> {
    match known.status {
        TaskStatus::Settled => Some(Standing::Ended {
            outcome: known.outcome.unwrap_or(Outcome::Failed),
            skipped: None,
        }),
        TaskStatus::Ready | TaskStatus::Running | TaskStatus::Gating | TaskStatus::Integrating => {
            Some(Standing::Busy)
        }
        _ if known.cancelled => Some(Standing::Ended {
            outcome: Outcome::Cancelled,
            skipped: Some("it was cancelled".to_owned()),
        }),
        TaskStatus::Waiting => {
            let asks = state.open_questions().any(|question| question.task == id);
            let what = if asks { "an answer" } else { "approval" };
            Some(Standing::Waiting(format!("waiting for {what}")))
        }
        TaskStatus::Pending => None,
    }
}

/// What the plan says of work that has begun.
fn of_plan(network: &Network<'_>, task: u32) -> Option<Standing> {
    let outcome = network.prior(task)?;
    Some(Standing::Ended {
        outcome,
        skipped: None,
    })
}

fn of_dependencies(
    network: &Network<'_>,
    task: u32,
    state: &State,
    standings: &[Standing],
) -> Option<Standing> {
    let run_if = network.tasks[task as usize].run_if;
    let before = network.dependencies.before(task);
    let mut open = Vec::new();
    let mut failure = None;
    for dependency in before {
        match &standings[*dependency as usize] {
            Standing::Ended {
                outcome: Outcome::Succeeded,
                ..
            } => {}
            Standing::Ended { outcome, skipped } => {
                failure = failure.or_else(|| {
                    Some(origin(
                        network.id(*dependency),
                        *outcome,
                        skipped.as_deref(),
                        state,
                    ))
                });
            }
            _ => open.push(network.id(*dependency)),
        }
    }
    let skipped = |why| Standing::Ended {
        outcome: Outcome::Skipped,
        skipped: Some(why),
    };
    match (run_if, failure) {
        (RunIf::Succeeded, Some(why)) => Some(skipped(why)),
        _ if !open.is_empty() => Some(Standing::Waiting(format!("waiting for {}", list(&open)))),
        (RunIf::Failed, None) if !before.is_empty() => Some(skipped(
            "all its dependencies succeeded, and it runs only if one does not".to_owned(),
        )),
        _ => None,
    }
}

/// Why a dependency did not succeed: names the task that began it, not the one in between.
fn origin(id: &str, outcome: Outcome, skipped: Option<&str>, state: &State) -> String {
    let recorded = state.tasks.get(id).and_then(|task| task.reason.as_deref());
    match outcome {
        Outcome::Cancelled => format!("{id} was cancelled"),
        Outcome::Skipped => match skipped.or(recorded) {
            Some(why) => why.to_owned(),
            None => format!("{id} was skipped"),
        },
        _ => format!("{id} failed"),
    }
}

fn put_off(known: &TaskState, now: SystemTime) -> Option<Standing> {
    let text = known.not_before.as_deref()?;
    let later = time::parse(text).is_some_and(|at| at > now);
    later.then(|| Standing::Waiting(format!("put off until {text}")))
}

fn list(ids: &[&str]) -> String {
    const SHOWN: usize = 5;
    match ids.len().checked_sub(SHOWN) {
        None | Some(0) => ids.join(", "),
        Some(more) => format!("{} and {more} more", ids[..SHOWN].join(", ")),
    }
}

/// Tasks whose output is still in the making.
pub(crate) fn in_flight(network: &Network<'_>, state: &State) -> Vec<bool> {
    let is_busy = |task: u32| {
        let known = state.tasks.get(network.id(task));
        known
            .is_some_and(|known| !matches!(known.status, TaskStatus::Pending | TaskStatus::Settled))
    };
    network.numbers().map(is_busy).collect()
}
