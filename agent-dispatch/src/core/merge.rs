//! The way of passed work into its target: whose turn it is, what comes of a merge, worktrees before and after.

use schemas::{Body, FailureClass, Outcome, VerdictWord, Verification};

use super::dispatcher::Dispatcher;
use super::task::{Integrating, Standing, Wait};
use super::{
    Action, Attempt, Commit, GateAnswer, MergeAnswer, Merged, TaskIdx, Time, Workspace, retry,
};

/// Why work is not merged, in the words that reports of fan-ins have for it.
#[derive(Debug, Clone, Copy)]
pub(super) enum GateWord {
    /// Nobody has said that it may.
    Missing,
    /// Somebody has said that it may not.
    Failed,
}

impl Dispatcher {
    /// The work has passed all that was asked of it: it goes into the target, where it has one. `in_slot`: it still has
    /// its slot and lanes.
    pub(super) fn accept(&mut self, now: Time, task: TaskIdx, in_slot: bool) {
        let Some(isolated) = &self.graph.specs[task].isolated else {
            return self.settle(task, Outcome::Succeeded, None);
        };
        if self.limits.require_gates && !isolated.is_checked {
            if in_slot {
                self.leave_slot(task);
            }
            let reason = "it has no gates".to_owned();
            return self.turn_down(task, GateWord::Missing, Some(reason));
        }
        if in_slot {
            return self.integrate(now, task);
        }
        self.tasks[task].to_merge = true;
        self.requeue(task, now, now);
    }

    /// Work that may not count. What lies on a branch of its own is kept, and said to be.
    pub(super) fn turn_down(&mut self, task: TaskIdx, word: GateWord, reason: Option<String>) {
        if self.graph.specs[task].isolated.is_none() {
            return self.settle(task, Outcome::Failed, reason);
        }
        let word = match word {
            GateWord::Missing => "review_gate_missing",
            GateWord::Failed => "review_gate_failed",
        };
        let reason = reason.map_or(word.to_owned(), |reason| format!("{word}: {reason}"));
        self.settle(task, Outcome::Excluded, Some(reason));
    }

    /// It holds a slot and its lanes, and wants to be merged.
    pub(super) fn integrate(&mut self, now: Time, task: TaskIdx) {
        if !self.has_turn(task) {
            self.leave_slot(task);
            self.tasks[task].to_merge = true;
            return self.requeue(task, now, now);
        }
        self.tasks[task].standing = Standing::Integrating(Integrating::default());
        let (id, attempt) = (self.id(task), self.tasks[task].attempt);
        self.record(Body::MergeStarted { task: id, attempt });
    }

    /// Those that are to be merged before it have their outcome.
    pub(super) fn has_turn(&self, task: TaskIdx) -> bool {
        let isolated = self.graph.specs[task].isolated.as_ref();
        let Some((list, place)) = isolated.and_then(|isolated| isolated.turn) else {
            return true;
        };
        let settled = |other: &TaskIdx| matches!(self.tasks[*other].standing, Standing::Settled(_));
        self.graph.turns[list][..place].iter().all(settled)
    }

    /// No other task of its group is at work, where that is asked for.
    pub(super) fn is_alone(&self, task: TaskIdx) -> bool {
        let Some(group) = self
            .group(task)
            .filter(|group| self.degraded.contains(group))
        else {
            return true;
        };
        let mut busy = self.busy.iter();
        !busy.any(|other| *other != task && self.group(*other) == Some(group))
    }

    pub(super) fn let_group_go_on(&mut self, task: TaskIdx) {
        if self
            .group(task)
            .is_some_and(|group| self.degraded.contains(&group))
        {
            self.queue.readmit();
        }
    }

    fn group(&self, task: TaskIdx) -> Option<usize> {
        self.graph.specs[task].isolated.as_ref()?.group
    }

    /// Begins the next merge of every target that is free.
    pub(super) fn begin_merges(&mut self) {
        let waits = |task: &TaskIdx| matches!(self.tasks[*task].standing, Standing::Integrating(known) if !known.merging);
        let mut waiting: Vec<TaskIdx> = self.busy.iter().copied().filter(waits).collect();
        waiting.sort_by_key(|task| self.queue.rank(*task));
        while !waiting.is_empty() {
            let first = waiting[0];
            let same = |task: &TaskIdx| self.targets(*task) == self.targets(first);
            let targets = self.targets(first).to_vec();
            let free = targets.iter().all(|target| self.merging[*target] == 0);
            let mut batch: Vec<TaskIdx> = vec![first];
            if self.limits.bisect {
                batch = waiting.iter().copied().filter(same).collect();
            }
            waiting.retain(|task| !batch.contains(task));
            if free {
                self.begin_merge(&batch, &targets);
            }
        }
    }

    fn begin_merge(&mut self, batch: &[TaskIdx], targets: &[usize]) {
        for target in targets {
            self.merging[*target] += batch.len();
        }
        for task in batch {
            self.tasks[*task].standing = Standing::Integrating(Integrating {
                merging: true,
                ..Integrating::default()
            });
        }
        let attempt = |task: &TaskIdx| self.attempt_of(*task);
        let attempts = batch.iter().map(attempt).collect();
        self.out.push(Action::Integrate(attempts));
    }

    fn targets(&self, task: TaskIdx) -> &[usize] {
        let isolated = self.graph.specs[task].isolated.as_ref();
        isolated.map_or(&[], |isolated| &isolated.targets)
    }

    fn attempt_of(&self, task: TaskIdx) -> Attempt {
        Attempt {
            task,
            number: self.tasks[task].attempt,
        }
    }

    pub(super) fn integrated(&mut self, now: Time, attempt: Attempt, answer: MergeAnswer) {
        let task = attempt.task;
        let Standing::Integrating(known) = self.tasks[task].standing else {
            return;
        };
        if attempt != self.attempt_of(task) || !known.merging {
            return;
        }
        for target in self.targets(task).to_vec() {
            self.merging[target] -= 1;
        }
        self.leave_slot(task);
        match answer {
            MergeAnswer::Merged(merged) => self.merged(task, merged),
            _ if known.cancelled => self.let_go(task),
            MergeAnswer::Stopped => self.merge_later(now, task),
            MergeAnswer::Conflict {
                branch,
                target,
                files,
                reason,
                verdict_file,
            } => {
                let id = self.id(task);
                self.record(Body::MergeConflict {
                    task: id,
                    branch,
                    files,
                    target: Some(target),
                    reason: Some(reason.clone()),
                    verdict_file,
                });
                self.tasks[task].resolving = true;
                self.merge_failed(now, task, reason, Outcome::Failed);
            }
            MergeAnswer::Unverified {
                branch,
                target,
                answer,
            } => self.unverified(now, task, (branch, target), answer),
            MergeAnswer::Broke(reason) => self.merge_broke(now, task, reason),
        }
    }

    fn merged(&mut self, task: TaskIdx, merged: Vec<Merged>) {
        for merged in merged {
            let id = self.id(task);
            self.record(Body::MergeFinished {
                task: id,
                branch: merged.branch,
                commit: merged.commit,
                target: Some(merged.target),
                how: Some(merged.how.to_owned()),
                work: Some(merged.work),
            });
        }
        self.settle(task, Outcome::Succeeded, None);
        self.remove_workspace(task);
    }

    /// The gates of the integrated state have not passed: the target is where it was.
    fn unverified(
        &mut self,
        now: Time,
        task: TaskIdx,
        (branch, target): (String, String),
        answer: GateAnswer,
    ) {
        let reason = answer.reason.clone().unwrap_or_default();
        if answer.verdict == VerdictWord::Infrastructure {
            return self.merge_broke(now, task, reason);
        }
        let id = self.id(task);
        if answer.verdict == VerdictWord::Manual {
            // As a manual gate of its own: whoever approves it lets it into the target.
            let attempt = self.tasks[task].attempt;
            self.record(Body::GateFinished {
                task: id,
                attempt,
                verdict: answer.verdict,
                reason: answer.reason,
                findings: answer.findings,
                verdict_file: answer.verdict_file,
                fingerprint: None,
            });
            self.tasks[task].standing = Standing::Waiting(Wait::Approval);
            return;
        }
        self.record(Body::MergeReverted {
            task: id,
            branch,
            reason: answer.reason,
            target: Some(target),
            verdict_file: answer.verdict_file,
        });
        self.tasks[task].verification = Verification::Failed;
        self.merge_failed(now, task, reason, Outcome::Excluded);
    }

    /// One more attempt, if it has an agent that can mend it.
    fn merge_failed(&mut self, now: Time, task: TaskIdx, reason: String, outcome: Outcome) {
        let spec = &self.graph.specs[task];
        let resolver = spec.isolated.as_ref().and_then(|known| known.resolver);
        let isolated = spec.isolated.as_ref();
        let resolves = outcome != Outcome::Failed || isolated.is_some_and(|known| known.resolves);
        let has_agent = resolves && (spec.candidates[0].is_agent || resolver.is_some());
        if spec.fix_limit == 0 || self.tasks[task].merge_fixes > 0 || !has_agent {
            return match outcome {
                Outcome::Excluded => self.turn_down(task, GateWord::Failed, Some(reason)),
                outcome => self.settle(task, outcome, Some(reason)),
            };
        }
        self.tasks[task].merge_fixes += 1;
        let (id, attempt) = (self.id(task), self.tasks[task].attempt);
        self.record(Body::FixRequested {
            task: id,
            attempt,
            fix: 1,
            limit: 1,
            class: Some(FailureClass::Merge),
            reason: Some(reason),
            different: false,
            merge: true,
        });
        self.requeue(task, now, now);
    }

    fn merge_broke(&mut self, now: Time, task: TaskIdx, reason: String) {
        let tries = self.tasks[task].gate_retries;
        if tries >= self.limits.gate_retries {
            let reason = format!("could not be merged: {reason}");
            return self.settle(task, Outcome::Failed, Some(reason));
        }
        self.tasks[task].gate_retries += 1;
        self.tasks[task].to_merge = true;
        let delay = retry::delay(&self.limits, &self.graph.specs[task].id, tries);
        self.requeue(task, now.after(delay), now);
    }

    fn merge_later(&mut self, now: Time, task: TaskIdx) {
        self.tasks[task].to_merge = true;
        self.requeue(task, now, now);
    }

    pub(super) fn cancel_merge(&mut self, now: Time, task: TaskIdx) {
        let Standing::Integrating(known) = &mut self.tasks[task].standing else {
            return;
        };
        known.cancelled = true;
        if known.merging {
            return self.stop_merge(now, task);
        }
        self.leave_slot(task);
        self.let_go(task);
    }

    pub(super) fn interrupt_merge(&mut self, now: Time, task: TaskIdx) {
        let Standing::Integrating(known) = &self.tasks[task].standing else {
            return;
        };
        match (known.merging, self.interrupts > 1) {
            (true, true) => self.kill_merge(task),
            (true, false) => self.stop_merge(now, task),
            (false, _) => {
                self.leave_slot(task);
                self.merge_later(now, task);
            }
        }
    }

    fn stop_merge(&mut self, now: Time, task: TaskIdx) {
        let grace = self.limits.grace;
        let attempt = self.attempt_of(task);
        if let Standing::Integrating(known) = &mut self.tasks[task].standing
            && known.kill_at.is_none()
        {
            known.kill_at = Some(now.after(grace));
            self.out.push(Action::TerminateMerge(attempt));
        }
    }

    pub(super) fn kill_merge(&mut self, task: TaskIdx) {
        let attempt = self.attempt_of(task);
        if let Standing::Integrating(known) = &mut self.tasks[task].standing {
            // Once is enough: a time that never comes.
            known.kill_at = Some(Time(u64::MAX));
            self.out.push(Action::KillMerge(attempt));
        }
    }

    pub(super) fn workspace_ready(&mut self, attempt: Attempt, made: Vec<Workspace>) {
        for made in made {
            let id = self.id(attempt.task);
            self.record(Body::WorkspaceCreated {
                task: id,
                path: made.path,
                branch: Some(made.branch),
                target: Some(made.target),
                base: Some(made.base),
                repository: Some(made.repository),
            });
        }
    }

    /// What made one worktree fail may be that others are being made: the rest of the group goes on one by one.
    pub(super) fn setup_failed(&mut self, attempt: Attempt, reason: &str) {
        let Some(group) = self.group(attempt.task) else {
            return;
        };
        if self.degraded.insert(group) {
            let id = self.id(attempt.task);
            let text = format!(
                "the tasks of the parallel group of {id} go on one after the other: its worktree could not be made ready ({reason})"
            );
            self.record(Body::Note {
                text,
                task: Some(id),
            });
        }
    }

    pub(super) fn committed(&mut self, attempt: Attempt, commits: Vec<Commit>) {
        for commit in commits {
            let id = self.id(attempt.task);
            self.record(Body::CommitCreated {
                task: id,
                attempt: Some(attempt.number),
                commit: commit.id,
                subject: Some(commit.subject),
                leftovers: commit.leftovers,
            });
        }
    }

    pub(super) fn remove_workspace(&mut self, task: TaskIdx) {
        if self.removing.insert(task) {
            self.out.push(Action::RemoveWorkspace(task));
        }
    }

    pub(super) fn workspace_removed(&mut self, task: TaskIdx, paths: Vec<String>) {
        self.removing.remove(&task);
        for path in paths {
            let id = self.id(task);
            self.record(Body::WorkspaceRemoved { task: id, path });
        }
    }
}
