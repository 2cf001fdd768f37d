//! `undo`: takes the last control event back, where its effect can be.

use std::path::Path;

use schemas::{Body, Console, Exit, Failure, State};

use crate::cli::Plain;
use crate::{expect, history, store};

/// Runs `undo`.
pub(crate) fn run(console: &Console, dir: &Path, args: &Plain) -> Result<Exit, Failure> {
    let mut last = None;
    let mut journal = history::open(console, dir)?;
    journal.read_each(|record| {
        if is_control(&record.body) {
            last = Some((record.seq, record.body));
        }
    })?;
    let seen = journal.last_seq();
    let by = store::editor(args.terms.by.clone());
    let lines = store::change(console, dir, |state| {
        expect::check(&args.terms.expect, state)?;
        if state.last_seq != seen {
            return Err(
                Failure::no("somebody has written meanwhile: nothing was undone")
                    .help("look at the log, then try again"),
            );
        }
        let (seq, body) = last
            .as_ref()
            .ok_or_else(|| Failure::no("there is nothing to undo"))?;
        let reason = args.reason.clone();
        let undone = Some(reason.unwrap_or_else(|| format!("undo of record {seq}")));
        let event = back(state, body).ok_or_else(|| {
            Failure::no(format!("record {seq} cannot be undone: {}", body.kind()))
                .help("what a dispatcher or an agent has acted on stays done")
        })?;
        Ok(vec![Body::StateTransition {
            event: event.to_owned(),
            task: None,
            from: None,
            to: None,
            by,
            reason: undone,
        }])
    })?;
    store::print(&lines)?;
    Ok(Exit::Yes)
}

/// What people do to a run. An answer or an approval is one, too: it is not passed over to undo what was before it.
fn is_control(body: &Body) -> bool {
    matches!(
        body,
        Body::StateTransition { .. }
            | Body::Answer { .. }
            | Body::Steering { .. }
            | Body::CheckpointApproved { .. }
            | Body::CheckpointRejected { .. }
            | Body::QuotaReleased { by: Some(_), .. }
    )
}

/// The event that takes one back; none where the effect has gone beyond the state.
fn back(state: &State, body: &Body) -> Option<&'static str> {
    let Body::StateTransition {
        event, task: None, ..
    } = body
    else {
        return None;
    };
    // The hold of a checkpoint ends with its approval.
    let shown = state.checkpoint.as_ref().is_some_and(|it| it.holds);
    match event.as_str() {
        "hold" if state.held && !shown => Some("release"),
        "release" if !state.held => Some("hold"),
        _ => None,
    }
}
