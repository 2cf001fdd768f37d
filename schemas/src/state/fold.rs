//! The fold: one record at a time, no clock, no files. Equal journals give equal states.

use super::{CheckpointState, DecisionEntry, Lock, Outcome, Progress, ProjectState, Question};
use super::{RunStatus, State, TaskState, TaskStatus, Verification};
use crate::{AttemptResult, Body, Record, RunOutcome, TaskLabel, Usage, VerdictWord};

impl State {
    /// Takes one record in. Records come in the order of the journal.
    pub fn apply(&mut self, record: &Record) {
        if self.started_at.is_none() {
            self.started_at = Some(record.time.clone());
        }
        self.updated_at = Some(record.time.clone());
        self.last_seq = record.seq;
        if self.run.is_empty() {
            self.run.clone_from(&record.run);
        }
        match &record.body {
            Body::TaskReady { .. }
            | Body::AttemptStarted { .. }
            | Body::AttemptFinished { .. }
            | Body::AttemptStalled { .. }
            | Body::AttemptRetrying { .. }
            | Body::Progress { .. }
            | Body::Message { .. } => self.apply_attempt(record),
            Body::Question { .. } | Body::Answer { .. } | Body::Steering { .. } => {
                self.apply_talk(record);
            }
            Body::GateStarted { .. }
            | Body::GateFinished { .. }
            | Body::FixRequested { .. }
            | Body::TaskSettled { .. } => self.apply_outcome(record),
            Body::StateTransition {
                event, task, to, ..
            } => {
                self.apply_control(event, task.as_deref(), to.as_deref());
            }
            _ => self.apply_run(record),
        }
    }

    /// Brings the counts up to date; before the state is shown or saved.
    pub fn refresh(&mut self) {
        let mut progress = Progress {
            total: self.tasks.len() as u32,
            ..Progress::default()
        };
        self.projects.clear();
        for task in self.tasks.values() {
            match (task.status, task.outcome) {
                (TaskStatus::Settled, Some(Outcome::Succeeded)) => progress.succeeded += 1,
                (TaskStatus::Settled, Some(Outcome::Skipped)) => progress.skipped += 1,
                (TaskStatus::Settled, Some(Outcome::Cancelled)) => progress.cancelled += 1,
                (TaskStatus::Settled, _) => progress.failed += 1,
                (TaskStatus::Waiting, _) => progress.waiting += 1,
                (TaskStatus::Pending, _) => progress.pending += 1,
                _ => progress.active += 1,
            }
            if let Some(name) = &task.project {
                let project = self
                    .projects
                    .entry(name.clone())
                    .or_insert_with(ProjectState::default);
                project.tasks += 1;
                project.settled += u32::from(task.status == TaskStatus::Settled);
                project.succeeded += u32::from(task.outcome == Some(Outcome::Succeeded));
            }
        }
        let settled = progress.succeeded + progress.failed + progress.skipped + progress.cancelled;
        progress.percent = (settled * 100).checked_div(progress.total).unwrap_or(0);
        self.progress = progress;
    }

    /// Questions that somebody must still answer.
    pub fn open_questions(&self) -> impl Iterator<Item = &Question> {
        self.questions.iter().filter(|question| question.is_open())
    }

    fn task(&mut self, id: &str) -> &mut TaskState {
        self.tasks.entry(id.to_owned()).or_default()
    }

    fn apply_run(&mut self, record: &Record) {
        match &record.body {
            Body::RunStarted {
                plan_id,
                summary,
                seed,
                mark,
                pid,
                tasks,
                ..
            } => {
                self.plan_id.clone_from(plan_id);
                self.summary.clone_from(summary);
                (self.seed, self.pid) = (*seed, Some(*pid));
                self.mark.clone_from(mark);
                self.status = RunStatus::InProgress;
                self.label(tasks);
            }
            Body::RunResumed {
                pid,
                tasks,
                changed,
                removed,
                ..
            } => {
                self.pid = Some(*pid);
                self.cancelled = false;
                if matches!(
                    self.status,
                    RunStatus::Ready | RunStatus::Blocked | RunStatus::Completed
                ) {
                    self.status = RunStatus::InProgress;
                }
                for id in removed {
                    self.tasks.remove(id);
                }
                for id in changed {
                    self.reset(id);
                }
                self.label(tasks);
            }
            Body::RunPaused { reason, waiting } => {
                self.pid = None;
                if reason == "question" || reason == "approval" {
                    self.wait_for("decision", reason, &record.time);
                }
                if let Some(checkpoint) = &mut self.checkpoint {
                    checkpoint.waiting.clone_from(waiting);
                }
            }
            Body::RunFinished { outcome } => {
                self.pid = None;
                self.checkpoint = None;
                self.status = match outcome {
                    RunOutcome::Succeeded => RunStatus::Completed,
                    RunOutcome::Failed | RunOutcome::Cancelled => RunStatus::Blocked,
                };
            }
            Body::CheckpointReached { checkpoint, reason } => {
                self.wait_for(
                    reason.as_deref().unwrap_or("phase"),
                    checkpoint,
                    &record.time,
                );
            }
            Body::CheckpointApproved { checkpoint, .. } => self.approve(checkpoint),
            Body::CheckpointRejected {
                checkpoint, reason, ..
            } => self.reject(checkpoint, reason),
            Body::Decision {
                text,
                level,
                task,
                by,
            } => self.decisions.push(DecisionEntry {
                text: text.clone(),
                level: *level,
                task: task.clone(),
                by: by.clone(),
                time: record.time.clone(),
            }),
            Body::LockAcquired {
                lock,
                owner,
                expires,
            } => {
                let since = record.time.clone();
                let held = Lock {
                    owner: owner.clone(),
                    since,
                    expires: expires.clone(),
                };
                self.locks.insert(lock.clone(), held);
            }
            Body::LockReleased { lock, .. } => {
                self.locks.remove(lock);
            }
            _ => {}
        }
    }

    fn label(&mut self, labels: &[TaskLabel]) {
        for label in labels {
            let task = self.task(&label.id);
            task.title.clone_from(&label.title);
            task.project.clone_from(&label.project);
            task.phase.clone_from(&label.phase);
        }
    }

    fn wait_for(&mut self, kind: &str, id: &str, time: &str) {
        self.status = RunStatus::Checkpoint;
        self.checkpoint = Some(CheckpointState {
            id: id.to_owned(),
            kind: kind.to_owned(),
            reached_at: time.to_owned(),
            rejected: None,
            waiting: Vec::new(),
        });
    }

    fn approve(&mut self, id: &str) {
        if self
            .checkpoint
            .as_ref()
            .is_some_and(|checkpoint| checkpoint.id == id)
        {
            self.checkpoint = None;
            self.status = RunStatus::InProgress;
            self.approved.push(id.to_owned());
        } else if let Some(task) = self.tasks.get_mut(id) {
            task.approved = true;
            task.verification = Verification::Passed;
            task.status = TaskStatus::Gating;
            task.reason = None;
            self.leave_decision();
        } else {
            self.approved.push(id.to_owned());
        }
    }

    fn reject(&mut self, id: &str, reason: &str) {
        if let Some(checkpoint) = self
            .checkpoint
            .as_mut()
            .filter(|checkpoint| checkpoint.id == id)
        {
            checkpoint.rejected = Some(reason.to_owned());
            self.status = RunStatus::RevisionNeeded;
        } else if let Some(task) = self.tasks.get_mut(id) {
            task.verification = Verification::Failed;
            task.status = TaskStatus::Gating;
            task.reason = Some(reason.to_owned());
            self.leave_decision();
        }
    }

    /// Nobody is waited for any more: the run goes on.
    fn leave_decision(&mut self) {
        let decision = self
            .checkpoint
            .as_ref()
            .is_some_and(|checkpoint| checkpoint.kind == "decision");
        let waiting = self
            .tasks
            .values()
            .any(|task| task.status == TaskStatus::Waiting);
        if decision && !waiting {
            self.checkpoint = None;
            self.status = RunStatus::InProgress;
        }
    }

    fn apply_attempt(&mut self, record: &Record) {
        let time = record.time.clone();
        match &record.body {
            Body::TaskReady {
                task,
                attempt,
                terminal,
                digest,
            } => {
                let task = self.task(task);
                task.status = TaskStatus::Ready;
                task.attempt = *attempt;
                task.terminal = Some(terminal.clone());
                task.digest.clone_from(digest);
                (task.outcome, task.percent, task.not_before) = (None, None, None);
                (task.approved, task.verification) = (false, Verification::None);
                task.started_at.get_or_insert(time);
                let phase = task.phase.clone();
                if phase.is_some() {
                    self.phase = phase;
                }
            }
            Body::AttemptStarted {
                task,
                attempt,
                agent,
                pid,
                terminal,
                log_file,
                ..
            } => {
                self.totals.attempts += 1;
                let task = self.task(task);
                task.status = TaskStatus::Running;
                (task.attempt, task.pid) = (*attempt, Some(*pid));
                task.agent = Some(agent.clone());
                task.terminal = Some(terminal.clone());
                task.log_file = Some(log_file.clone());
                task.started_at.get_or_insert(time);
            }
            Body::AttemptFinished {
                task: id,
                result,
                reason,
                summary,
                cost_usd,
                tokens,
                ..
            } => {
                self.add_cost(*cost_usd, *tokens);
                let waits = self.questions.iter().any(|q| q.task == *id && q.is_open());
                let task = self.task(id);
                (task.pid, task.terminal, task.percent) = (None, None, None);
                task.last_result = Some(*result);
                task.reason.clone_from(reason);
                if summary.is_some() {
                    task.summary.clone_from(summary);
                }
                if let Some(cost) = cost_usd {
                    *task.cost_usd.get_or_insert(0.0) += cost;
                }
                task.status = match result {
                    AttemptResult::Done => TaskStatus::Gating,
                    AttemptResult::Question if waits => TaskStatus::Waiting,
                    _ => TaskStatus::Pending,
                };
                if *result != AttemptResult::Question {
                    self.drop_questions(id);
                }
            }
            Body::AttemptStalled {
                task, silent_ms, ..
            } => {
                self.task(task).message = Some(format!("silent for {} s", silent_ms / 1000));
            }
            Body::AttemptRetrying {
                task,
                result,
                delay_ms,
                ..
            } => {
                let task = self.task(task);
                match result {
                    AttemptResult::LaunchFailed => task.launch_retries += 1,
                    _ => task.retries += 1,
                }
                task.status = TaskStatus::Pending;
                let after = crate::time::parse(&time)
                    .and_then(|time| time.checked_add(std::time::Duration::from_millis(*delay_ms)));
                task.not_before = after.map(crate::time::format);
            }
            Body::Progress {
                task,
                percent,
                text,
                ..
            } => {
                let task = self.task(task);
                task.percent = percent.or(task.percent);
                task.message = Some(text.clone());
            }
            Body::Message { task, text, .. } => self.task(task).message = Some(text.clone()),
            _ => {}
        }
    }

    fn add_cost(&mut self, cost: Option<f64>, tokens: Option<Usage>) {
        if let Some(cost) = cost {
            *self.totals.cost_usd.get_or_insert(0.0) += cost;
        }
        if let Some(Usage {
            input,
            output,
            cached,
        }) = tokens
        {
            let kinds = [input, output, cached].into_iter().flatten();
            *self.totals.tokens.get_or_insert(0) += kinds.sum::<u64>();
        }
    }

    fn apply_talk(&mut self, record: &Record) {
        match &record.body {
            Body::Question {
                task,
                attempt,
                text,
            } => {
                self.questions.push(Question {
                    task: task.clone(),
                    attempt: *attempt,
                    text: text.clone(),
                    asked_at: record.time.clone(),
                    answer: None,
                    answered_at: None,
                    dropped: false,
                });
                self.task(task).message = Some(text.clone());
            }
            Body::Answer { task: id, text, .. } => {
                // One answer is for all that the task has asked so far: agents ask again in other words.
                for question in self
                    .questions
                    .iter_mut()
                    .filter(|q| q.task == *id && q.is_open())
                {
                    question.answer = Some(text.clone());
                    question.answered_at = Some(record.time.clone());
                }
                let task = self.task(id);
                if task.status == TaskStatus::Waiting {
                    task.status = TaskStatus::Pending;
                    task.reason = None;
                }
                self.leave_decision();
            }
            Body::Steering { task, text, .. } => self.task(task).steering.push(text.clone()),
            _ => {}
        }
    }

    fn drop_questions(&mut self, id: &str) {
        for question in self
            .questions
            .iter_mut()
            .filter(|q| q.task == id && q.is_open())
        {
            question.dropped = true;
        }
    }

    fn apply_outcome(&mut self, record: &Record) {
        match &record.body {
            Body::GateStarted { task, .. } => self.task(task).status = TaskStatus::Gating,
            Body::GateFinished {
                task,
                verdict,
                reason,
                verdict_file,
                ..
            } => {
                let task = self.task(task);
                (task.verification, task.status) = match verdict {
                    VerdictWord::Passed => (Verification::Passed, TaskStatus::Gating),
                    VerdictWord::Failed => (Verification::Failed, TaskStatus::Gating),
                    VerdictWord::Infrastructure => {
                        (Verification::Infrastructure, TaskStatus::Gating)
                    }
                    VerdictWord::Manual => (Verification::None, TaskStatus::Waiting),
                };
                task.reason.clone_from(reason);
                task.verdict_file.clone_from(verdict_file);
            }
            Body::FixRequested {
                task, fix, reason, ..
            } => {
                let task = self.task(task);
                task.fixes = *fix;
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

    fn apply_control(&mut self, event: &str, task: Option<&str>, to: Option<&str>) {
        if let Some(status) = to.and_then(RunStatus::parse) {
            if self.checkpoint.is_some() && status == RunStatus::InProgress {
                self.approved
                    .extend(self.checkpoint.take().map(|checkpoint| checkpoint.id));
            } else if status == RunStatus::Checkpoint && self.checkpoint.is_none() {
                self.wait_for(
                    "manual",
                    event,
                    &self.updated_at.clone().unwrap_or_default(),
                );
            }
            if let Some(checkpoint) = &mut self.checkpoint
                && status == RunStatus::Checkpoint
            {
                checkpoint.rejected = None;
            }
            self.status = status;
        }
        match (event, task) {
            ("cancel", Some(id)) => self.task(id).cancelled = true,
            ("cancel", None) => self.cancelled = true,
            ("hold", None) => self.held = true,
            ("release", None) => self.held = false,
            ("retry", Some(id)) => self.reset(id),
            _ => {}
        }
    }

    /// A settled task is to be done again, and with it all that was skipped because of it.
    fn reset(&mut self, id: &str) {
        let mut again = vec![id.to_owned()];
        while let Some(id) = again.pop() {
            let Some(task) = self.tasks.get_mut(&id) else {
                continue;
            };
            task.status = TaskStatus::Pending;
            (task.outcome, task.verification) = (None, Verification::None);
            (task.retries, task.launch_retries, task.fixes) = (0, 0, 0);
            (task.reason, task.dependency, task.settled_at) = (None, None, None);
            (task.cancelled, task.approved, task.not_before) = (false, false, None);
            let skipped = self.tasks.iter().filter(|(_, task)| {
                task.outcome == Some(Outcome::Skipped) && task.dependency.as_ref() == Some(&id)
            });
            again.extend(skipped.map(|(id, _)| id.clone()));
        }
        if matches!(self.status, RunStatus::Blocked | RunStatus::Completed) {
            self.status = RunStatus::InProgress;
        }
    }
}
