//! What becomes of the work: gates, fixes, outcomes, and doing it again.

use crate::{Body, Outcome, Record, RunStatus, State, TaskStatus, VerdictWord, Verification};

impl State {
    pub(super) fn apply_outcome(&mut self, record: &Record) {
        match &record.body {
            Body::GateStarted { task, .. } => self.task(task).status = TaskStatus::Gating,
            Body::GateFinished {
                task,
                verdict,
                reason,
                verdict_file,
                fingerprint,
                ..
            } => {
                let task = self.task(task);
                if let Some(fingerprint) = fingerprint {
                    task.fingerprints.push(fingerprint.clone());
                }
                (task.verification, task.status) = match verdict {
                    VerdictWord::Passed => (Verification::Passed, TaskStatus::Gating),
                    VerdictWord::Failed => (Verification::Failed, TaskStatus::Gating),
                    VerdictWord::Infrastructure | VerdictWord::NotRun => {
                        (Verification::Infrastructure, TaskStatus::Gating)
                    }
                    VerdictWord::Manual => (Verification::None, TaskStatus::Waiting),
                };
                task.reason.clone_from(reason);
                task.verdict_file.clone_from(verdict_file);
            }
            Body::FixRequested {
                task,
                fix,
                class,
                reason,
                different,
                merge,
                ..
            } => {
                let task = self.task(task);
                match merge {
                    true => task.merge_fixes += 1,
                    false => task.fixes = *fix,
                }
                task.class = *class;
                task.different |= *different;
                task.status = TaskStatus::Pending;
                task.reason.clone_from(reason);
            }
            Body::TaskSettled {
                task: id,
                outcome,
                verification,
                digest,
                reason,
                dependency,
                summary,
                ..
            } => {
                self.drop_questions(id);
                let task = self.task(id);
                task.status = TaskStatus::Settled;
                task.outcome = Some(*outcome);
                task.verification = *verification;
                task.digest.clone_from(digest);
                task.reason.clone_from(reason);
                task.dependency.clone_from(dependency);
                (task.pid, task.terminal, task.not_before) = (None, None, None);
                if summary.is_some() {
                    task.summary.clone_from(summary);
                }
                task.settled_at = Some(record.time.clone());
                self.leave_decision();
            }
            _ => {}
        }
    }

    /// A settled task is to be done again, and with it all that was skipped because of it.
    pub(super) fn reset(&mut self, id: &str) {
        let mut again = vec![id.to_owned()];
        while let Some(id) = again.pop() {
            let Some(task) = self.tasks.get_mut(&id) else {
                continue;
            };
            task.status = TaskStatus::Pending;
            (task.outcome, task.verification) = (None, Verification::None);
            (task.retries, task.launch_retries, task.fixes) = (0, 0, 0);
            (task.reason, task.dependency, task.settled_at) = (None, None, None);
            (task.class, task.same_failures, task.external_retries) = (None, 0, 0);
            (task.different, task.session, task.merge_fixes) = (false, None, 0);
            task.fingerprints.clear();
            task.conflicts.clear();
            task.last_result = None;
            (task.cancelled, task.approved, task.not_before) = (false, false, None);
            task.waived = false;
            let skipped = self.tasks.iter().filter(|(_, task)| {
                task.outcome == Some(Outcome::Skipped) && task.dependency.as_ref() == Some(&id)
            });
            again.extend(skipped.map(|(id, _)| id.clone()));
        }
        if matches!(self.status, RunStatus::Blocked | RunStatus::Completed) {
            // Of a run that had finished: a cancel has been carried out.
            (self.status, self.cancelled) = (RunStatus::InProgress, false);
        }
    }
}
