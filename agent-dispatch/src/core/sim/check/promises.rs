//! The promises, asserted after every answer of the core.

use std::collections::BTreeSet;

use schemas::{Outcome, RunIf, RunOutcome, State, TaskStatus};

use super::{Alive, Checker};
use crate::core::{Action, Attempt, Event, Time};

impl Checker {
    /// What the core answered.
    pub(in crate::core::sim) fn after(&mut self, now: Time, event: &Event, actions: &[Action]) {
        assert!(
            !self.over || actions.is_empty(),
            "(6) an action after Finish"
        );
        for action in actions {
            assert!(!self.over, "(6) Finish is the last action");
            match action {
                Action::Record(body) => self.journaled(now, body),
                Action::Start {
                    attempt,
                    choice,
                    session,
                    ..
                } => {
                    self.may_start(now, *attempt);
                    self.may_use(*attempt, *choice, session.as_deref());
                }
                Action::RunGate(attempt) => {
                    assert!(
                        self.interrupts == 0 && !self.cancelled,
                        "(5) a gate after an interrupt"
                    );
                    self.gating.insert(attempt.task);
                }
                Action::Terminate(attempt) => {
                    if let Some(alive) = self.live.get_mut(attempt) {
                        alive.terminated.get_or_insert(now);
                    }
                }
                Action::Kill(attempt) => {
                    if let Some(alive) = self.live.get_mut(attempt) {
                        alive.killed = true;
                    }
                }
                Action::Integrate(batch) => self.may_merge(batch),
                Action::RemoveWorkspace(task) => assert_eq!(
                    self.outcomes.get(task),
                    Some(&Outcome::Succeeded),
                    "(13) worktrees of work that is not in the target are removed"
                ),
                Action::Finish(_) => {
                    assert!(
                        self.live.is_empty() && self.gating.is_empty() && self.merges.is_idle(),
                        "(6) busy at Finish"
                    );
                    self.over = true;
                }
                _ => {}
            }
        }
        self.answers.after(event, actions);
        self.bounds();
        self.times(now);
        if matches!(event, Event::Interrupted) && self.interrupts > 1 {
            let patient = self.live.values().any(|alive| !alive.killed);
            assert!(!patient, "a second interrupt kills at once");
        }
    }

    fn bounds(&self) {
        let busy: Vec<usize> = self
            .live
            .keys()
            .map(|attempt| attempt.task)
            .chain(self.gating.iter().copied())
            .chain(self.merges.under_way())
            .collect();
        assert!(
            busy.len() <= self.limits.jobs,
            "(1) {} busy, {} slots",
            busy.len(),
            self.limits.jobs
        );
        let mut lanes = BTreeSet::new();
        for task in busy {
            for lane in &self.graph.specs[task].lanes {
                assert!(lanes.insert(*lane), "(2) two busy tasks share lane {lane}");
            }
        }
    }

    fn times(&self, now: Time) {
        for (attempt, alive) in &self.live {
            if !alive.running || alive.exited {
                continue;
            }
            let choice = self.choices[&attempt.task];
            let pace = self.graph.specs[attempt.task].candidates[choice].pace;
            if let Some(timeout) = pace.timeout
                && now.since(alive.since) >= timeout
            {
                assert!(
                    alive.terminated.is_some(),
                    "an attempt outlives its timeout"
                );
            }
            if let Some(terminated) = alive.terminated
                && now.since(terminated) > self.limits.grace
            {
                assert!(alive.killed, "an attempt outlives its grace");
            }
        }
    }

    fn may_start(&mut self, now: Time, attempt: Attempt) {
        let spec = &self.graph.specs[attempt.task];
        assert!(
            self.interrupts == 0 && !self.cancelled,
            "(5) a start after an interrupt"
        );
        assert!(!self.held, "a start while the run is held");
        assert!(
            !self.outcomes.contains_key(&attempt.task),
            "(4) a settled task starts"
        );
        assert!(
            spec.prior.is_none() || self.retried,
            "what was done before the run is done again"
        );
        let settled = |dep: &usize| {
            let outcome = self.outcomes.get(dep).copied();
            let fine = outcome.is_some() && self.waived.contains(dep);
            if fine {
                Some(Outcome::Succeeded)
            } else {
                outcome
            }
        };
        let fits = match spec.run_if {
            RunIf::Succeeded => spec
                .deps
                .iter()
                .all(|dep| settled(dep) == Some(Outcome::Succeeded)),
            RunIf::Always => spec.deps.iter().all(|dep| settled(dep).is_some()),
            RunIf::Failed => {
                spec.deps.iter().all(|dep| settled(dep).is_some())
                    && spec
                        .deps
                        .iter()
                        .any(|dep| settled(dep) != Some(Outcome::Succeeded))
            }
        };
        // A task that had begun goes on when a person has a dependency done again and that changes its outcome.
        let goes_on = self.retried
            && attempt.number > 1
            && spec.deps.iter().all(|dep| settled(dep).is_some());
        assert!(
            fits || goes_on,
            "(3) {} starts before its dependencies",
            spec.id
        );
        for (other, before) in self.graph.specs.iter().enumerate() {
            // A stage that was opened stays open when a task of an earlier one is done again.
            let open =
                before.stage >= spec.stage || self.retried || self.outcomes.contains_key(&other);
            assert!(
                open,
                "(3) {} starts before stage {} is done",
                spec.id, before.stage
            );
        }
        for (stage, boundary) in self.graph.boundaries[..spec.stage].iter().enumerate() {
            let Some(boundary) = boundary else { continue };
            assert!(
                self.approved.contains(boundary) || self.graph.passed_before(stage),
                "(3) {} starts without {boundary}",
                spec.id
            );
        }
        let not_before = self
            .not_before
            .get(&attempt.task)
            .copied()
            .unwrap_or_default();
        assert!(
            now >= not_before,
            "{} starts before its delay is over",
            spec.id
        );
        let alive = Alive {
            since: now,
            running: false,
            exited: false,
            terminated: None,
            killed: false,
        };
        assert!(
            self.live.insert(attempt, alive).is_none(),
            "(4) an attempt starts twice"
        );
        self.attempts += 1;
    }

    /// The run has ended: the books must be closed.
    pub(in crate::core::sim) fn ended(&self, state: &State, outcome: RunOutcome) {
        for (attempt, count) in &self.started {
            assert_eq!(*count, 1, "an attempt was started twice");
            let finished = self.finished.get(attempt).copied().unwrap_or(0);
            assert_eq!(
                finished, 1,
                "(9) attempt {} was never finished",
                attempt.number
            );
        }
        for spec in &self.graph.specs {
            let task = &state.tasks[&spec.id];
            assert_eq!(task.status, TaskStatus::Settled);
            assert_eq!(
                task.outcome,
                self.outcomes.get(&self.index(&spec.id)).copied()
            );
        }
        assert_eq!(state.open_questions().count(), 0, "a question is left open");
        let bad = self.outcomes.iter().any(|(task, outcome)| match outcome {
            Outcome::Failed | Outcome::Excluded => true,
            Outcome::Cancelled => self.graph.specs[*task].prior != Some(Outcome::Cancelled),
            _ => false,
        });
        match outcome {
            RunOutcome::Succeeded => assert!(!bad),
            RunOutcome::Failed => assert!(bad),
            RunOutcome::Cancelled => assert!(self.cancelled),
        }
    }
}
