//! What happens to the run as a whole.

use crate::state::{CheckpointState, DecisionEntry, Lock};
use crate::{Body, Record, RunOutcome, RunStatus, State, TaskLabel, TaskStatus, Verification};

impl State {
    pub(super) fn apply_run(&mut self, record: &Record) {
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
                if matches!(self.status, RunStatus::Blocked | RunStatus::Completed) {
                    // The cancel of a run that has not finished is still to be carried out.
                    self.cancelled = false;
                }
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
                    // What a person resets keeps it.
                    if let Some(task) = self.tasks.get_mut(id) {
                        task.digest.clear();
                    }
                }
                self.label(tasks);
                // What a route or a budget made wait is tried again.
                self.leave_decision();
            }
            Body::RunPaused { reason, waiting } => {
                self.pid = None;
                // A checkpoint of the run's own is not hidden behind the questions that wait beside it.
                let decision = self.checkpoint.as_ref().is_none_or(|checkpoint| {
                    checkpoint.kind == "decision" && !checkpoint.is_shown()
                });
                if decision
                    && matches!(
                        reason.as_str(),
                        "question" | "approval" | "route" | "budget"
                    )
                {
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
            Body::CheckpointShown { checkpoint, .. } => {
                let shown = self.checkpoint.as_mut().filter(|it| it.id == *checkpoint);
                shown.into_iter().for_each(|it| it.show(&record.body));
            }
            Body::CheckpointApproved { checkpoint, .. } => self.approve(checkpoint),
            Body::CheckpointRejected {
                checkpoint,
                reason,
                category,
                ..
            } => {
                self.reject(checkpoint, reason);
                if let Some(shown) = self.checkpoint.as_mut().filter(|it| it.id == *checkpoint) {
                    shown.category.clone_from(category);
                }
            }
            Body::Decision { .. } => self.decide(record),
            Body::QuotaHold {
                route,
                until,
                class,
                reason,
                ..
            } => {
                let route = self.routes.entry(route.clone()).or_default();
                route.held = true;
                route.holds += 1;
                route.class = *class;
                route.until.clone_from(until);
                route.reason.clone_from(reason);
            }
            Body::QuotaReleased { route, .. } => {
                if let Some(route) = self.routes.get_mut(route) {
                    (route.held, route.until) = (false, None);
                }
            }
            Body::LockAcquired {
                lock,
                owner,
                expires,
                pid,
                process_start,
                host,
                renews,
                ..
            } => {
                let before = self.locks.get(lock);
                let before = before.filter(|before| Some(before.seq) == *renews);
                let held = Lock {
                    owner: owner.clone(),
                    since: before.map_or(&record.time, |before| &before.since).clone(),
                    expires: expires.clone(),
                    pid: *pid,
                    process_start: process_start.clone(),
                    host: host.clone(),
                    seq: before.map_or(record.seq, |before| before.seq),
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
            ..CheckpointState::default()
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
    pub(super) fn leave_decision(&mut self) {
        let decision = self
            .checkpoint
            .as_ref()
            .is_some_and(|checkpoint| checkpoint.kind == "decision" && !checkpoint.is_shown());
        // Asked only where it matters: this is called whenever a task settles, and there may be a hundred thousand.
        let mut tasks = self.tasks.values();
        if decision && !tasks.any(|task| task.status == TaskStatus::Waiting) {
            self.checkpoint = None;
            self.status = RunStatus::InProgress;
        }
    }

    pub(super) fn apply_control(&mut self, event: &str, task: Option<&str>, to: Option<&str>) {
        if let Some(status) = to.and_then(RunStatus::parse) {
            let leaves = matches!(status, RunStatus::InProgress | RunStatus::Ready);
            if self.checkpoint.is_some() && leaves {
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
            ("skip", Some(id)) => self.task(id).waived = true,
            ("cancel", None) => self.cancelled = true,
            ("hold", None) => self.held = true,
            ("release", None) => self.held = false,
            ("retry", Some(id)) => self.reset(id),
            _ => {}
        }
    }
}

impl State {
    /// A decision, or one that somebody is to make; the second record of a name closes the first.
    fn decide(&mut self, record: &Record) {
        let Body::Decision {
            text,
            level,
            task,
            by,
            decision,
            open,
            options,
            suggested,
            until,
        } = &record.body
        else {
            return;
        };
        let mut entry = DecisionEntry {
            text: text.clone(),
            level: *level,
            task: task.clone(),
            by: by.clone(),
            time: record.time.clone(),
            decision: decision.clone(),
            open: *open,
            asked: None,
            options: options.clone(),
            suggested: suggested.clone(),
            until: until.clone(),
        };
        let asked = self.decisions.iter_mut();
        let asked = asked
            .rev()
            .find(|it| it.open && it.decision.is_some() && it.decision == *decision);
        let Some(asked) = asked else {
            self.decisions.push(entry);
            return;
        };
        entry.asked = Some(asked.text.clone());
        entry.level = entry.level.or(asked.level);
        entry.task = entry.task.or_else(|| asked.task.clone());
        if entry.options.is_empty() {
            entry.options.clone_from(&asked.options);
        }
        *asked = entry;
    }
}

impl CheckpointState {
    fn show(&mut self, body: &Body) {
        if let Body::CheckpointShown {
            artifacts,
            digest,
            until,
            holds,
            note,
            ..
        } = body
        {
            self.artifacts.clone_from(artifacts);
            self.digest.clone_from(digest);
            self.until.clone_from(until);
            self.holds |= holds;
            self.note.clone_from(note);
        }
    }
}
