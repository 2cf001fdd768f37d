//! Verdicts, outcomes, what they mean for other tasks, and the end of the run.

use schemas::{Body, FailureClass, Outcome, RunIf, RunOutcome, VerdictWord, Verification};

use super::dispatcher::Dispatcher;
use super::merge::GateWord;
use super::task::{Standing, Wait};
use super::{End, GateAnswer, TaskIdx, Time, retry};

const NOT_FAILED: &str = "all its dependencies succeeded, and it runs only if one does not";

impl Dispatcher {
    /// What the gates' answer means for the task.
    pub(super) fn judge_verdict(
        &mut self,
        now: Time,
        task: TaskIdx,
        answer: &GateAnswer,
        in_slot: bool,
    ) {
        let (id, attempt) = (self.id(task), self.tasks[task].attempt);
        self.record(Body::GateFinished {
            task: id,
            attempt,
            verdict: answer.verdict,
            reason: answer.reason.clone(),
            findings: answer.findings,
            verdict_file: answer.verdict_file.clone(),
            fingerprint: answer.fingerprint.clone(),
        });
        match answer.verdict {
            VerdictWord::Passed => {
                self.tasks[task].verification = Verification::Passed;
                self.accept(now, task, in_slot);
            }
            VerdictWord::Failed => self.gate_failed(now, task, answer),
            VerdictWord::Manual => self.tasks[task].standing = Standing::Waiting(Wait::Approval),
            VerdictWord::Infrastructure | VerdictWord::NotRun => {
                self.gate_broke(now, task, answer.reason.clone());
            }
        }
    }

    /// The work did not pass. What was found before and is found again has not been mended.
    fn gate_failed(&mut self, now: Time, task: TaskIdx, answer: &GateAnswer) {
        let fingerprint = answer.fingerprint.clone();
        let known = fingerprint.is_some_and(|found| !self.tasks[task].fingerprints.insert(found));
        let stuck = known && self.graph.specs[task].candidates[0].is_agent;
        if stuck && self.tasks[task].different {
            self.tasks[task].verification = Verification::Failed;
            let why = answer.reason.clone().unwrap_or_default();
            let reason = format!("the fixes go in circles, also in another way: {why}");
            return self.turn_down(task, GateWord::Failed, Some(reason));
        }
        self.ask_for_fix(now, task, answer.class, answer.reason.clone(), stuck);
    }

    /// A fix attempt while there are some left.
    pub(super) fn ask_for_fix(
        &mut self,
        now: Time,
        task: TaskIdx,
        class: Option<FailureClass>,
        reason: Option<String>,
        different: bool,
    ) {
        self.tasks[task].verification = Verification::Failed;
        let limit = self.graph.specs[task].fix_limit;
        if self.tasks[task].fixes >= limit {
            return self.turn_down(task, GateWord::Failed, reason);
        }
        if different {
            self.go_another_way(task);
        }
        self.tasks[task].fixes += 1;
        let (id, attempt, fix) = (
            self.id(task),
            self.tasks[task].attempt,
            self.tasks[task].fixes,
        );
        self.record(Body::FixRequested {
            task: id,
            attempt,
            fix,
            limit,
            class,
            reason,
            different,
            merge: false,
        });
        self.requeue(task, now, now);
    }

    /// The check itself could not run: no statement about the work, so the work is kept and checked again.
    fn gate_broke(&mut self, now: Time, task: TaskIdx, reason: Option<String>) {
        self.tasks[task].verification = Verification::Infrastructure;
        let tries = self.tasks[task].gate_retries;
        if tries >= self.limits.gate_retries {
            return self.turn_down(task, GateWord::Missing, reason);
        }
        self.tasks[task].gate_retries += 1;
        self.tasks[task].to_gate = true;
        let delay = retry::delay(&self.limits, &self.graph.specs[task].id, tries);
        self.requeue(task, now.after(delay), now);
    }

    /// Gives a task its outcome, and settles every dependent that this outcome rules out.
    pub(super) fn settle(&mut self, task: TaskIdx, outcome: Outcome, reason: Option<String>) {
        self.settle_from(task, outcome, reason, None);
    }

    /// A task that will never start because of a dependency.
    pub(super) fn settle_skipped(&mut self, task: TaskIdx, reason: String, because: TaskIdx) {
        self.settle_from(task, Outcome::Skipped, Some(reason), Some(because));
    }

    fn settle_from(
        &mut self,
        task: TaskIdx,
        outcome: Outcome,
        reason: Option<String>,
        because: Option<TaskIdx>,
    ) {
        let mut next = vec![(task, outcome, reason, because)];
        while let Some((task, outcome, reason, because)) = next.pop() {
            if matches!(self.tasks[task].standing, Standing::Settled(_)) {
                continue;
            }
            self.settle_one(task, outcome, reason.clone(), because);
            let bad = matches!(outcome, Outcome::Failed | Outcome::Excluded);
            let stops = self.graph.specs[task].stops_run && bad;
            if stops {
                let text = format!("{} failed, which stops the run", self.graph.specs[task].id);
                let idle = self.idle_tasks().into_iter();
                next.extend(
                    idle.map(|other| (other, Outcome::Skipped, Some(text.clone()), Some(task))),
                );
            }
            for dependent in self.dependents[task].clone() {
                if let Some(reason) =
                    self.dependency_settled(dependent, task, outcome, reason.as_deref())
                {
                    next.push((dependent, Outcome::Skipped, Some(reason), Some(task)));
                }
            }
        }
    }

    fn settle_one(
        &mut self,
        task: TaskIdx,
        outcome: Outcome,
        reason: Option<String>,
        because: Option<TaskIdx>,
    ) {
        if matches!(self.tasks[task].standing, Standing::Queued) {
            self.queue.remove(&self.graph, task);
        }
        if !self.graph.turns.is_empty() {
            // Its place in the order of merges is free.
            self.queue.readmit();
        }
        let spec = &self.graph.specs[task];
        self.unsettled[spec.stage] -= 1;
        let (id, digest) = (spec.id.clone(), spec.digest.clone());
        let known = &mut self.tasks[task];
        known.standing = Standing::Settled(outcome);
        known.skipped_by = because;
        let (verification, summary) = (known.verification, known.summary.clone());
        let cost_usd = known.cost_usd;
        let attempt = (known.attempt > 0).then_some(known.attempt);
        self.record(Body::TaskSettled {
            task: id,
            outcome,
            verification,
            attempt,
            digest,
            reason,
            dependency: because.map(|dependency| self.id(dependency)),
            summary,
            cost_usd,
        });
    }

    /// One dependency less to wait for. Answers why the task will never start, if so.
    fn dependency_settled(
        &mut self,
        task: TaskIdx,
        dependency: TaskIdx,
        outcome: Outcome,
        why: Option<&str>,
    ) -> Option<String> {
        let Standing::Blocked { unfinished } = &mut self.tasks[task].standing else {
            return None;
        };
        *unfinished = unfinished.saturating_sub(1);
        let ready = *unfinished == 0;
        let succeeded = outcome == Outcome::Succeeded || self.tasks[dependency].waived;
        match self.graph.specs[task].run_if {
            RunIf::Succeeded if !succeeded => {
                return Some(self.skip_reason(dependency, outcome, why));
            }
            RunIf::Failed if ready && !self.a_dependency_failed(task) => {
                return Some(NOT_FAILED.to_owned());
            }
            _ => {}
        }
        if ready {
            self.tasks[task].standing = Standing::Queued;
            // Whether a delay is over is seen when it is popped.
            self.queue.push(
                &self.graph,
                task,
                self.tasks[task].not_before,
                Time::default(),
            );
        }
        None
    }

    /// Why a task will never start, judged by the dependencies that are settled already; and which of them.
    pub(super) fn ruled_out(&self, task: TaskIdx) -> Option<(String, TaskIdx)> {
        let spec = &self.graph.specs[task];
        let outcome_of = |dep: TaskIdx| match self.tasks[dep].standing {
            Standing::Settled(outcome) => Some(outcome),
            _ => None,
        };
        match spec.run_if {
            RunIf::Succeeded => spec.deps.iter().find_map(|dep| {
                let outcome = outcome_of(*dep).filter(|_| !self.is_fine(*dep))?;
                Some((self.skip_reason(*dep, outcome, None), *dep))
            }),
            RunIf::Failed => {
                let all = spec.deps.iter().all(|dep| self.is_fine(*dep));
                let last = *spec.deps.last().filter(|_| all)?;
                Some((NOT_FAILED.to_owned(), last))
            }
            RunIf::Always => None,
        }
    }

    /// Names the task that began it, not the one in between.
    fn skip_reason(&self, dependency: TaskIdx, outcome: Outcome, why: Option<&str>) -> String {
        let id = &self.graph.specs[dependency].id;
        match outcome {
            Outcome::Skipped => why.unwrap_or("a dependency was skipped").to_owned(),
            Outcome::Cancelled => format!("{id} was cancelled"),
            Outcome::Excluded => format!("{id} was excluded"),
            _ => format!("{id} failed"),
        }
    }

    fn a_dependency_failed(&self, task: TaskIdx) -> bool {
        self.graph.specs[task].deps.iter().any(|dep| {
            matches!(self.tasks[*dep].standing, Standing::Settled(_)) && !self.is_fine(*dep)
        })
    }

    /// It is settled, and what depends on it may go on.
    fn is_fine(&self, task: TaskIdx) -> bool {
        match self.tasks[task].standing {
            Standing::Settled(Outcome::Succeeded) => true,
            Standing::Settled(_) => self.tasks[task].waived,
            _ => false,
        }
    }

    fn idle_tasks(&self) -> Vec<TaskIdx> {
        let idle = |task: &TaskIdx| {
            matches!(
                self.tasks[*task].standing,
                Standing::Blocked { .. } | Standing::Queued | Standing::Waiting(_)
            )
        };
        (0..self.tasks.len()).filter(idle).collect()
    }

    /// A person cancelled the run: what has not begun is settled at once, the rest when it has ended.
    pub(super) fn settle_idle(&mut self, outcome: Outcome) {
        for task in self.idle_tasks() {
            self.settle(task, outcome, None);
        }
    }

    /// Opens every stage whose predecessors are settled and approved; tells a checkpoint when it is reached.
    pub(super) fn open_stages(&mut self, now: Time) {
        loop {
            let stage = self.queue.open_stage();
            let Some(boundary) = self.graph.boundaries.get(stage) else {
                return;
            };
            // From the end: it is the open stage that has some, as a rule, and there may be many stages.
            let mut unsettled = self.unsettled[..=stage].iter().rev();
            if unsettled.any(|count| *count > 0) {
                return;
            }
            if let Some(id) = boundary.clone()
                && !self.approved.contains(&id)
                && !self.graph.passed_before(stage)
            {
                // The last phase's checkpoint would hold nothing back but the end of the run.
                if self.pending.as_ref() != Some(&id) && !self.cancelled {
                    self.record(Body::CheckpointReached {
                        checkpoint: id.clone(),
                        reason: None,
                    });
                    self.pending = Some(id);
                }
                return;
            }
            self.pending = None;
            self.queue.open(&self.graph, stage + 1, now);
        }
    }

    /// Ends when nothing is busy and nothing can become so by itself.
    pub(super) fn end_if_idle(&mut self) {
        if self.finished || !self.busy.is_empty() || !self.removing.is_empty() {
            return;
        }
        let at_checkpoint = self.pending.is_some();
        if self.unsettled.iter().all(|count| *count == 0) && !at_checkpoint {
            let outcome = self.run_outcome();
            self.record(Body::RunFinished { outcome });
            return self.finish(End::Finished(outcome));
        }
        if self.interrupts > 0 {
            self.record(Body::RunPaused {
                reason: "interrupted".to_owned(),
                waiting: Vec::new(),
            });
            return self.finish(End::Interrupted);
        }
        let goes_on = (0..self.tasks.len()).any(|task| {
            matches!(self.tasks[task].standing, Standing::Queued)
                && self.graph.specs[task].stage <= self.queue.open_stage()
                && !self.waits_for_person(task)
        });
        if !goes_on {
            self.pause();
        }
    }

    fn pause(&mut self) {
        let waiting_for = |wait: Wait| {
            let waits = move |task: &Standing| matches!(task, Standing::Waiting(w) if *w == wait);
            let tasks = self.tasks.iter().zip(&self.graph.specs);
            tasks
                .filter(move |(task, _)| waits(&task.standing))
                .map(|(_, spec)| spec.id.clone())
        };
        let questions: Vec<String> = waiting_for(Wait::Answer).collect();
        let approvals: Vec<String> = waiting_for(Wait::Approval).collect();
        let (reason, waiting) = match (
            &self.pending.clone(),
            questions.is_empty(),
            approvals.is_empty(),
        ) {
            (_, false, _) => ("question", questions.into_iter().chain(approvals).collect()),
            (_, _, false) => ("approval", approvals),
            (Some(checkpoint), _, _) => ("checkpoint", vec![checkpoint.clone()]),
            (None, true, true) => match self.tell_budget() {
                Some(limit) => ("budget", vec![limit]),
                None => ("route", self.routes_for_person()),
            },
        };
        self.record(Body::RunPaused {
            reason: reason.to_owned(),
            waiting,
        });
        self.finish(End::Waiting);
    }

    fn run_outcome(&self) -> RunOutcome {
        let bad = |(task, spec): (&super::task::Task, &super::Spec)| match task.standing {
            Standing::Settled(Outcome::Failed | Outcome::Excluded) => true,
            // What the plan gave up is no failure of the run.
            Standing::Settled(Outcome::Cancelled) => spec.prior != Some(Outcome::Cancelled),
            _ => false,
        };
        match () {
            () if self.cancelled => RunOutcome::Cancelled,
            () if self.tasks.iter().zip(&self.graph.specs).any(bad) => RunOutcome::Failed,
            () => RunOutcome::Succeeded,
        }
    }
}
