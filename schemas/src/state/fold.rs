//! The fold: one record at a time, no clock, no files. Equal journals give equal states.

mod attempt;
mod merge;
mod outcome;
mod run;
#[cfg(test)]
mod tests;

use super::{Outcome, Progress, Question, State, TaskState, TaskStatus};
use crate::{Body, Record};

impl State {
    /// Takes one record in. Records come in the order of the journal.
    pub fn apply(&mut self, record: &Record) {
        if let Body::Compacted { state, .. } = &record.body {
            self.clone_from(state);
            return;
        }
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
            | Body::AttemptSession { .. }
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
            Body::WorkspaceCreated { .. }
            | Body::WorkspaceRemoved { .. }
            | Body::MergeStarted { .. }
            | Body::MergeFinished { .. }
            | Body::MergeConflict { .. }
            | Body::MergeReverted { .. } => self.apply_merge(&record.body),
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
                let project = self.projects.entry(name.clone()).or_default();
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
}
