//! Edits: what may be done to a run in the state that it is in. Pure; called inside the journal's lock.

use schemas::{Body, Failure, Outcome, RunStatus, State, TaskState, TaskStatus, machine};

use crate::near;

/// Control events: they steer the dispatcher and leave the state machine where it is.
const CONTROL: [&str; 4] = ["cancel", "hold", "release", "retry"];

/// One edit, as it was asked for.
#[derive(Debug)]
pub(crate) enum Edit {
    /// An event of the state machine, or a control event.
    Apply {
        event: String,
        task: Option<String>,
        reason: Option<String>,
    },
    /// A checkpoint or a manual gate passes.
    Approve {
        what: Option<String>,
        note: Option<String>,
        /// What was shown, by its digest.
        digest: Option<String>,
    },
    /// It does not.
    Reject {
        what: Option<String>,
        reason: String,
        category: Option<&'static str>,
    },
    /// To an open question.
    Answer { task: String, text: String },
    /// For the next prompt.
    Steer { task: String, text: String },
    /// A route to a model is free again.
    Release { route: String },
    /// A settled task is done again.
    Retry {
        task: String,
        force: bool,
        reason: Option<String>,
    },
}

impl Edit {
    /// What the journal is told when the edit is legal now; a failure of code 1 when it is not.
    pub(crate) fn decide(&self, state: &State, by: Option<&str>) -> Result<Body, Failure> {
        let by = by.map(str::to_owned);
        match self {
            Edit::Apply {
                event,
                task,
                reason,
            } => apply(state, event, task.as_deref(), reason.as_deref(), by),
            Edit::Approve { what, note, .. } => Ok(Body::CheckpointApproved {
                checkpoint: approvable(state, what.as_deref())?,
                by,
                note: note.clone(),
            }),
            Edit::Reject {
                what,
                reason,
                category,
            } => Ok(Body::CheckpointRejected {
                checkpoint: approvable(state, what.as_deref())?,
                reason: reason.clone(),
                by,
                category: category.map(str::to_owned),
            }),
            Edit::Answer { task, text } => {
                asking(state, task)?;
                let (task, text) = (task.clone(), text.clone());
                Ok(Body::Answer { task, text, by })
            }
            Edit::Steer { task, text } => {
                known(state, task)?;
                let (task, text) = (task.clone(), text.clone());
                Ok(Body::Steering { task, text, by })
            }
            Edit::Release { route } => {
                held_route(state, route)?;
                let route = route.clone();
                Ok(Body::QuotaReleased { route, by })
            }
            Edit::Retry {
                task,
                force,
                reason,
            } => {
                retriable(state, task, *force)?;
                Ok(control("retry", Some(task), reason.as_deref(), by))
            }
        }
    }
}

fn apply(
    state: &State,
    event: &str,
    task: Option<&str>,
    reason: Option<&str>,
    by: Option<String>,
) -> Result<Body, Failure> {
    match (event, task) {
        ("cancel", Some(task)) => cancellable(state, task)?,
        ("skip", Some(task)) => {
            cancellable(state, task)?;
            return Ok(control(event, Some(task), reason, by));
        }
        ("retry", Some(task)) => retriable(state, task, false)?,
        ("retry", None) => return Err(Failure::usage("retry needs a task: --task ID")),
        (_, Some(_)) => {
            return Err(Failure::usage(format!(
                "{event} is an event of the run: it takes no --task"
            )));
        }
        ("cancel", None) => run_cancellable(state)?,
        ("hold", None) if state.held => return Err(Failure::no("the run is held already")),
        ("release", None) if !state.held => return Err(Failure::no("the run is not held")),
        ("approve", None) => {
            return Edit::Approve {
                what: None,
                note: reason.map(str::to_owned),
                digest: None,
            }
            .decide(state, by.as_deref());
        }
        ("reject", None) => {
            let reason = reason.ok_or_else(|| Failure::usage("reject needs a --reason"))?;
            return Edit::Reject {
                what: None,
                reason: reason.to_owned(),
                category: None,
            }
            .decide(state, by.as_deref());
        }
        _ => {}
    }
    if CONTROL.contains(&event) {
        return Ok(control(event, task, reason, by));
    }
    let Some(to) = machine::next(state.status, event) else {
        return Err(illegal(state, event));
    };
    Ok(Body::StateTransition {
        event: event.to_owned(),
        task: None,
        from: Some(state.status.as_str().to_owned()),
        to: Some(to.as_str().to_owned()),
        by,
        reason: reason.map(str::to_owned),
    })
}

fn control(event: &str, task: Option<&str>, reason: Option<&str>, by: Option<String>) -> Body {
    Body::StateTransition {
        event: event.to_owned(),
        task: task.map(str::to_owned),
        from: None,
        to: None,
        by,
        reason: reason.map(str::to_owned),
    }
}

fn illegal(state: &State, event: &str) -> Failure {
    let status = state.status;
    let mut legal = machine::legal(status);
    let unapprovable = legal.contains(&"approve") && waiting_for_approval(state).is_empty();
    if unapprovable {
        // Only an answer goes on from here: what would be refused is not offered.
        legal.retain(|event| !matches!(*event, "approve" | "reject"));
    }
    let mut help = format!(
        "legal now: {}; always: {}",
        legal.join(", "),
        CONTROL.join(", ")
    );
    let asking = near::asking(state);
    if unapprovable && !asking.is_empty() {
        help.push_str(&format!("; {} asked: use answer", asking.join(", ")));
    }
    if machine::is_event(event) {
        let status = status.as_str();
        return Failure::no(format!("the run is {status}: {event} is illegal there")).help(help);
    }
    let events = machine::TRANSITIONS.iter().map(|t| t.event).chain(CONTROL);
    let meant = near::nearest(event, events).map(|near| format!("did you mean {near}? "));
    Failure::no(format!("no event {event}")).help(format!("{}{help}", meant.unwrap_or_default()))
}

/// The checkpoint or the task that waits for an approval: the named one, or the only one.
fn approvable(state: &State, named: Option<&str>) -> Result<String, Failure> {
    let waiting = waiting_for_approval(state);
    match (named, waiting.as_slice()) {
        (Some(named), _) if waiting.contains(&named) => Ok(named.to_owned()),
        (None, [only]) => Ok((*only).to_owned()),
        (None, [_, _, ..]) => Err(Failure::no(format!(
            "{} wait for an approval",
            waiting.join(", ")
        ))
        .help("name one of them")),
        (named, []) => Err(nothing_to_approve(state, named)),
        (Some(named), _) => {
            let meant = near::nearest(named, waiting.iter().copied());
            Err(
                Failure::no(format!("{named} waits for no approval")).help(match meant {
                    Some(meant) => format!("did you mean {meant}?"),
                    None => format!("these do: {}", waiting.join(", ")),
                }),
            )
        }
    }
}

/// What a person may approve or reject now: the run's checkpoint, and tasks with a manual gate.
pub(crate) fn waiting_for_approval(state: &State) -> Vec<&str> {
    let checkpoint = state
        .checkpoint
        .iter()
        .filter(|checkpoint| {
            let approvable = checkpoint.kind != "decision" || checkpoint.is_shown();
            state.status == RunStatus::Checkpoint && approvable
        })
        .map(|checkpoint| checkpoint.id.as_str());
    let mut tasks: Vec<&str> = state
        .tasks
        .iter()
        .filter(|(id, task)| task.status == TaskStatus::Waiting && !is_asking(state, id))
        .map(|(id, _)| id.as_str())
        .collect();
    tasks.sort_by(|a, b| schemas::compare_ids(a, b));
    checkpoint.chain(tasks).collect()
}

fn nothing_to_approve(state: &State, named: Option<&str>) -> Failure {
    let failure = match named {
        Some(named) => Failure::no(format!("{named} waits for no approval: nothing does")),
        None => Failure::no("nothing waits for an approval"),
    };
    let asking = near::asking(state);
    match (state.status, &state.checkpoint) {
        (RunStatus::RevisionNeeded, Some(checkpoint)) => failure.help(format!(
            "{} was rejected: apply revision_complete or re_review",
            checkpoint.id
        )),
        _ if !asking.is_empty() => failure.help(format!(
            "{} asked a question: use answer",
            asking.join(", ")
        )),
        _ => failure.help(format!("the run is {}", state.status.as_str())),
    }
}

pub(crate) fn is_asking(state: &State, id: &str) -> bool {
    state.open_questions().any(|question| question.task == id)
}

fn asking(state: &State, id: &str) -> Result<(), Failure> {
    if is_asking(state, id) {
        return Ok(());
    }
    known(state, id)?;
    let asking = near::asking(state);
    Err(
        Failure::no(format!("{id} has no open question")).help(if asking.is_empty() {
            "no task has one; steer tells a task something unasked".to_owned()
        } else {
            format!("these have one: {}", asking.join(", "))
        }),
    )
}

fn known<'a>(state: &'a State, id: &str) -> Result<&'a TaskState, Failure> {
    let unknown = || Failure::no(format!("no task {id}")).help(near::tasks(state, id));
    state.tasks.get(id).map(|task| &**task).ok_or_else(unknown)
}

fn cancellable(state: &State, id: &str) -> Result<(), Failure> {
    let task = known(state, id)?;
    if task.status == TaskStatus::Settled {
        return Err(Failure::no(format!("{id} {} already", settled_as(task))));
    }
    if task.cancelled || task.waived {
        return Err(Failure::no(format!("{id} is being ended already")));
    }
    Ok(())
}

fn run_cancellable(state: &State) -> Result<(), Failure> {
    if state.cancelled {
        return Err(Failure::no("the run is cancelled already"));
    }
    let mut tasks = state.tasks.values();
    if state.status == RunStatus::Completed
        || (!state.tasks.is_empty() && tasks.all(|task| task.status == TaskStatus::Settled))
    {
        return Err(Failure::no("the run is over: every task is settled"));
    }
    Ok(())
}

fn retriable(state: &State, id: &str, force: bool) -> Result<(), Failure> {
    let task = known(state, id)?;
    if task.status != TaskStatus::Settled {
        let failure = Failure::no(format!("{id} is not settled: it may still succeed"));
        return Err(failure.help(format!("cancel it first: state-edit cancel {id}")));
    }
    if task.outcome == Some(Outcome::Succeeded) && !force {
        let failure = Failure::no(format!("{id} succeeded"));
        return Err(failure.help("--force has it done again all the same"));
    }
    Ok(())
}

fn held_route(state: &State, route: &str) -> Result<(), Failure> {
    if state.routes.get(route).is_some_and(|route| route.held) {
        return Ok(());
    }
    let held = state.routes.iter().filter(|(_, route)| route.held);
    let held: Vec<&str> = held.map(|(name, _)| name.as_str()).collect();
    let failure = Failure::no(format!("the route {route} is not held"));
    Err(match held.as_slice() {
        [] => failure,
        held => failure.help(format!("held: {}", held.join(", "))),
    })
}

fn settled_as(task: &TaskState) -> &'static str {
    match task.outcome {
        Some(Outcome::Succeeded) => "succeeded",
        Some(Outcome::Failed) => "failed",
        Some(Outcome::Excluded) => "was excluded",
        Some(Outcome::Skipped) => "was skipped",
        Some(Outcome::Cancelled) => "was cancelled",
        None => "is settled",
    }
}

#[cfg(test)]
mod tests;
