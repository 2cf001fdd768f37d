//! What happens to an attempt, and what is said between agents and people.

use crate::state::Question;
use crate::{AttemptResult, Body, FailureClass, Record, State, TaskStatus, Usage, Verification};

/// Files that are remembered of a task, at most.
const MAX_FILES: usize = 500;

impl State {
    pub(super) fn apply_attempt(&mut self, record: &Record) {
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
                route,
                resumes,
                ..
            } => {
                self.totals.attempts += 1;
                let task = self.task(task);
                task.status = TaskStatus::Running;
                (task.attempt, task.pid) = (*attempt, Some(*pid));
                task.agent = Some(agent.clone());
                task.terminal = Some(terminal.clone());
                task.log_file = Some(log_file.clone());
                task.route.clone_from(route);
                task.resumed = resumes.is_some();
                task.started_at.get_or_insert(time);
            }
            Body::AttemptSession {
                task,
                agent,
                session,
                workspace,
                ..
            } => {
                let task = self.task(task);
                if task.session.as_ref() != Some(session) {
                    (task.session_tokens, task.session_cost_usd) = (None, None);
                }
                task.session = Some(session.clone());
                task.session_agent = Some(agent.clone());
                task.session_workspace = Some(workspace.clone());
            }
            Body::AttemptFinished {
                task: id,
                result,
                class,
                reason,
                summary,
                concerns,
                files,
                session,
                cost_usd,
                estimated_usd,
                tokens,
                ..
            } => {
                self.add_cost(*cost_usd, *estimated_usd, *tokens);
                let waits = self.questions.iter().any(|q| q.task == *id && q.is_open());
                let task = self.task(id);
                (task.pid, task.terminal, task.percent) = (None, None, None);
                task.last_result = Some(*result);
                task.class = *class;
                task.reason.clone_from(reason);
                task.concerns.clone_from(concerns);
                for file in files {
                    if task.files.len() < MAX_FILES && !task.files.contains(file) {
                        task.files.push(file.clone());
                    }
                }
                if summary.is_some() {
                    task.summary.clone_from(summary);
                }
                if session.is_some() {
                    task.session.clone_from(session);
                    add_usage(&mut task.session_tokens, *tokens);
                    add(&mut task.session_cost_usd, *cost_usd);
                }
                add(&mut task.cost_usd, *cost_usd);
                add(&mut task.estimated_usd, *estimated_usd);
                if let Some(count) = tokens.and_then(Usage::total) {
                    *task.tokens.get_or_insert(0) += count;
                }
                let route = task.route.clone();
                task.status = match result {
                    AttemptResult::Done => TaskStatus::Gating,
                    AttemptResult::Question if waits => TaskStatus::Waiting,
                    _ => TaskStatus::Pending,
                };
                if *result != AttemptResult::Question {
                    self.drop_questions(id);
                }
                if *result == AttemptResult::Done
                    && let Some(route) = route
                {
                    // It serves again: the count of its holds begins anew.
                    self.routes
                        .retain(|name, state| *name != route || state.held);
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
                class,
                delay_ms,
                same,
                different,
                ..
            } => {
                let task = self.task(task);
                match (result, class) {
                    (AttemptResult::LaunchFailed, _) => task.launch_retries += 1,
                    (_, Some(FailureClass::External)) => task.external_retries += 1,
                    _ => task.retries += 1,
                }
                task.same_failures = *same;
                task.different |= *different;
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

    fn add_cost(&mut self, cost: Option<f64>, estimated: Option<f64>, tokens: Option<Usage>) {
        add(&mut self.totals.cost_usd, cost);
        add(&mut self.totals.estimated_usd, estimated);
        if let Some(count) = tokens.and_then(Usage::total) {
            *self.totals.tokens.get_or_insert(0) += count;
        }
    }

    pub(super) fn apply_talk(&mut self, record: &Record) {
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

    pub(super) fn drop_questions(&mut self, id: &str) {
        for question in self
            .questions
            .iter_mut()
            .filter(|q| q.task == id && q.is_open())
        {
            question.dropped = true;
        }
    }
}

/// Nothing known and nothing known is still nothing known.
fn add(sum: &mut Option<f64>, more: Option<f64>) {
    if let Some(more) = more {
        *sum.get_or_insert(0.0) += more;
    }
}

fn add_usage(sum: &mut Option<Usage>, more: Option<Usage>) {
    if let Some(more) = more {
        let known = sum.unwrap_or_default();
        *sum = Some(known.plus(more));
    }
}
