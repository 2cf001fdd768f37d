//! The state machine of a run, as data.
//!
//! Source: the published OMGKIT table (O1). Where its texts contradict each other (research §4.2): after
//! `approve` the run is `in_progress` again, a failed quality gate is a checkpoint, and `error` blocks.

use crate::RunStatus;

/// One legal transition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition {
    /// Before.
    pub from: RunStatus,
    /// What happens.
    pub event: &'static str,
    /// After.
    pub to: RunStatus,
}

const fn on(from: RunStatus, event: &'static str, to: RunStatus) -> Transition {
    Transition { from, event, to }
}

/// Every legal transition of a run.
pub const TRANSITIONS: &[Transition] = &{
    use RunStatus::{Blocked, Checkpoint, Completed, InProgress, Ready, RevisionNeeded};
    [
        on(Ready, "start", InProgress),
        on(Ready, "manual_checkpoint", Checkpoint),
        on(InProgress, "phase_complete", Checkpoint),
        on(InProgress, "decision_required", Checkpoint),
        on(InProgress, "quality_fail", Checkpoint),
        on(InProgress, "manual_checkpoint", Checkpoint),
        on(InProgress, "error", Blocked),
        on(InProgress, "all_complete", Completed),
        on(Checkpoint, "approve", InProgress),
        on(Checkpoint, "approve_final_phase", Ready),
        on(Checkpoint, "reject", RevisionNeeded),
        on(Blocked, "resume", InProgress),
        on(Blocked, "skip", InProgress),
        on(RevisionNeeded, "revision_complete", InProgress),
        on(RevisionNeeded, "re_review", Checkpoint),
        on(Completed, "reopen", InProgress),
    ]
};

/// Where `event` leads from `from`; `None` when it is illegal there.
pub fn next(from: RunStatus, event: &str) -> Option<RunStatus> {
    TRANSITIONS
        .iter()
        .find(|t| t.from == from && t.event == event)
        .map(|t| t.to)
}

/// The events that are legal in `from`, in the order of the table.
pub fn legal(from: RunStatus) -> Vec<&'static str> {
    TRANSITIONS
        .iter()
        .filter(|t| t.from == from)
        .map(|t| t.event)
        .collect()
}

/// Whether any status knows the event.
pub fn is_event(event: &str) -> bool {
    TRANSITIONS.iter().any(|t| t.event == event)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn an_event_leads_to_one_status() {
        let mut seen = BTreeSet::new();
        for transition in TRANSITIONS {
            assert!(
                seen.insert((transition.from, transition.event)),
                "{transition:?} twice"
            );
        }
    }

    #[test]
    fn every_status_can_be_reached_and_left() {
        let reached: BTreeSet<_> = TRANSITIONS.iter().map(|t| t.to).collect();
        let left: BTreeSet<_> = TRANSITIONS.iter().map(|t| t.from).collect();
        assert_eq!(reached, left);
        assert_eq!(reached.len(), 6);
    }

    #[test]
    fn illegal_events_name_the_legal_ones() {
        assert_eq!(next(RunStatus::Ready, "approve"), None);
        assert_eq!(legal(RunStatus::Ready), ["start", "manual_checkpoint"]);
        assert_eq!(
            next(RunStatus::Checkpoint, "approve"),
            Some(RunStatus::InProgress)
        );
    }
}
