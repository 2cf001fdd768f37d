//! What the dispatcher knows of a task.

use std::collections::BTreeSet;

use schemas::{FailureClass, Outcome, Verification};

use super::attempt::Live;
use super::budget::Spent;
use super::session::Session;
use super::{TaskIdx, Time};

/// What is known of a task.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) standing: Standing,
    /// The highest attempt number used.
    pub(super) attempt: u32,
    /// It has had an attempt since it was last done anew.
    pub(super) begun: bool,
    pub(super) retries: u32,
    pub(super) launch_retries: u32,
    pub(super) fixes: u32,
    pub(super) gate_retries: u32,
    pub(super) externals: u32,
    /// What the last attempt that was followed by another met, without its numbers.
    pub(super) last_failure: Option<(Option<FailureClass>, String)>,
    /// How often in a row.
    pub(super) same: u32,
    /// It goes another way than it did at first.
    pub(super) different: bool,
    /// What its gates have found so far.
    pub(super) fingerprints: BTreeSet<String>,
    /// The candidate of the last attempt.
    pub(super) choice: usize,
    /// The last attempt went on in an earlier session.
    pub(super) resumed: bool,
    /// The session that the next attempt may take up.
    pub(super) session: Option<Session>,
    pub(super) spent: Spent,
    pub(super) verification: Verification,
    pub(super) summary: Option<String>,
    /// US dollars of all attempts, as far as agents have told.
    pub(super) cost_usd: Option<f64>,
    /// It does not start before.
    pub(super) not_before: Time,
    /// The work of its last attempt awaits its gates.
    pub(super) to_gate: bool,
    /// Its work has passed and awaits its merge.
    pub(super) to_merge: bool,
    /// Attempts that were to mend what kept its work from being merged.
    pub(super) merge_fixes: u32,
    /// Its next attempt resolves a conflict.
    pub(super) resolving: bool,
    /// A person does not want it done: what depends on it goes on all the same.
    pub(super) waived: bool,
    /// The dependency because of which it was skipped.
    pub(super) skipped_by: Option<TaskIdx>,
}

/// Where a task is.
#[derive(Debug)]
pub(super) enum Standing {
    /// Dependencies are not settled.
    Blocked {
        unfinished: usize,
    },
    /// It wants to start.
    Queued,
    Live(Box<Live>),
    Gating(Gating),
    Integrating(Integrating),
    /// A person must act; it holds neither slot nor lane.
    Waiting(Wait),
    Settled(Outcome),
}

/// Gates under way.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Gating {
    /// Its task was cancelled, and will be settled so.
    pub(super) cancelled: bool,
    /// They have been asked to end, and are ended then.
    pub(super) kill_at: Option<Time>,
}

/// A merge under way, or one that waits for its target to be free.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Integrating {
    pub(super) merging: bool,
    /// Its task was cancelled, and will be settled so unless its work is in the target already.
    pub(super) cancelled: bool,
    /// It has been asked to stop, and is stopped then.
    pub(super) kill_at: Option<Time>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    Answer,
    Approval,
}

impl Task {
    pub(super) fn new() -> Task {
        Task {
            standing: Standing::Blocked { unfinished: 0 },
            attempt: 0,
            begun: false,
            retries: 0,
            launch_retries: 0,
            fixes: 0,
            gate_retries: 0,
            externals: 0,
            last_failure: None,
            same: 0,
            different: false,
            fingerprints: BTreeSet::new(),
            choice: 0,
            resumed: false,
            session: None,
            spent: Spent::default(),
            verification: Verification::None,
            summary: None,
            cost_usd: None,
            not_before: Time::default(),
            to_gate: false,
            to_merge: false,
            merge_fixes: 0,
            resolving: false,
            waived: false,
            skipped_by: None,
        }
    }
}
