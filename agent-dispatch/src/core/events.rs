//! What becomes of an attempt: started or not, what it says, how it ends, what its gates answer.

use schemas::{AttemptResult, Body, Outcome};

use super::attempt::Why;
use super::dispatcher::{Dispatcher, Standing, Wait};
use super::{Action, Attempt, GateAnswer, Launch, Said, TaskIdx, Time, retry, terminal_id};

impl Dispatcher {
    pub(super) fn started(&mut self, now: Time, attempt: Attempt, launch: Launch) {
        let (id, seed) = (self.id(attempt.task), self.limits.seed);
        let Some(live) = self.live(attempt) else {
            return;
        };
        live.running = true;
        live.printed(now);
        let stopping = live.stopping.is_some();
        self.record(Body::AttemptStarted {
            terminal: terminal_id(seed, &id, attempt.number),
            task: id,
            attempt: attempt.number,
            agent: launch.agent,
            pid: launch.pid,
            workspace: launch.workspace,
            prompt_file: launch.prompt_file,
            log_file: launch.log_file,
            route: None,
            resumes: None,
        });
        if stopping {
            // It was stopped while it was being started: there was nothing to signal then.
            self.out.push(Action::Terminate(attempt));
        }
    }

    pub(super) fn launch_failed(&mut self, now: Time, attempt: Attempt, reason: String) {
        let task = attempt.task;
        let Some(live) = self.live(attempt) else {
            return;
        };
        let stopped = live.stopping.map(|stopping| stopping.why);
        self.leave_slot(task);
        let result = match stopped {
            Some(Why::Cancelled | Why::Interrupted) => AttemptResult::Cancelled,
            _ => AttemptResult::LaunchFailed,
        };
        let id = self.id(task);
        self.record(finished(id, attempt.number, result, Some(reason.clone())));
        if stopped == Some(Why::Cancelled) {
            return self.settle(task, Outcome::Cancelled, None);
        }
        if result == AttemptResult::Cancelled {
            return self.requeue(task, now, now);
        }
        if self.tasks[task].launch_retries < self.limits.launch_retries {
            self.tasks[task].launch_retries += 1;
            self.retry(now, task, result, Some(reason), 0);
        } else {
            self.settle(
                task,
                Outcome::Failed,
                Some(format!("could not be started: {reason}")),
            );
        }
    }

    pub(super) fn marked(&mut self, now: Time, attempt: Attempt, said: Said) {
        let id = self.id(attempt.task);
        let Some(live) = self.live(attempt) else {
            return;
        };
        live.said(&said, now);
        let attempt = Some(attempt.number);
        self.record(match said {
            Said::Progress { percent, text } => Body::Progress {
                task: id,
                attempt,
                percent,
                text,
            },
            Said::Done(text) => Body::Done {
                task: id,
                attempt,
                text,
            },
            Said::Error(text) => Body::Error {
                task: id,
                attempt,
                text,
            },
            Said::Question(text) => Body::Question {
                task: id,
                attempt,
                text,
            },
        });
    }

    pub(super) fn gone(&mut self, now: Time, attempt: Attempt, leaked: bool) {
        let task = attempt.task;
        let Some(live) = self.live(attempt).map(|live| live.clone()) else {
            return;
        };
        let (result, reason) = live.judge(&self.graph.specs[task]);
        let why = live.stopping.map(|stopping| stopping.why);
        // The gates of a fresh result run in the slot and lanes that it has: nobody may change its work before.
        let to_gate = result == AttemptResult::Done && self.graph.specs[task].has_gates;
        let keeps_slot = to_gate && self.starts();
        if !keeps_slot {
            self.leave_slot(task);
        }
        let said = live.summary().filter(|_| result == AttemptResult::Done);
        if said.is_some() {
            self.tasks[task].summary.clone_from(&said);
        }
        let id = self.id(task);
        let report = live.report.clone().unwrap_or_default();
        if let Some(cost) = report.cost_usd {
            *self.tasks[task].cost_usd.get_or_insert(0.0) += cost;
        }
        let mut body = finished(id, attempt.number, result, reason.clone());
        if let Body::AttemptFinished {
            exit_code,
            signal,
            duration_ms,
            leaked: left,
            summary,
            session,
            cost_usd,
            tokens,
            ..
        } = &mut body
        {
            (*session, *cost_usd, *tokens) = (report.session, report.cost_usd, report.tokens);
            *exit_code = live.exit.and_then(|exit| exit.code);
            *signal = live.exit.and_then(|exit| exit.signal);
            *duration_ms = now.since(live.started);
            *left = leaked;
            *summary = said;
        }
        self.record(body);
        match (result, why) {
            (AttemptResult::Cancelled, Some(Why::Cancelled)) => {
                self.settle(task, Outcome::Cancelled, None);
            }
            (AttemptResult::Cancelled, _) => self.requeue(task, now, now),
            (AttemptResult::Done, _) if keeps_slot => self.start_gate(task),
            (AttemptResult::Done, _) if to_gate => {
                self.tasks[task].to_gate = true;
                self.requeue(task, now, now);
            }
            (AttemptResult::Done, _) => self.settle(task, Outcome::Succeeded, None),
            (AttemptResult::Question, _) if live.answered => self.requeue(task, now, now),
            (AttemptResult::Question, _) => {
                self.tasks[task].standing = Standing::Waiting(Wait::Answer);
            }
            (AttemptResult::Error, _) => self.settle(task, Outcome::Failed, reason),
            _ => self.failed(now, task, result, reason),
        }
    }

    /// An attempt that did not succeed, for a reason that another attempt may not meet again.
    fn failed(&mut self, now: Time, task: TaskIdx, result: AttemptResult, reason: Option<String>) {
        let retries = self.tasks[task].retries;
        if retries < self.limits.retries {
            self.tasks[task].retries += 1;
            let delay = retry::delay(&self.limits, &self.graph.specs[task].id, retries);
            self.retry(now, task, result, reason, delay);
        } else {
            self.settle(task, Outcome::Failed, reason);
        }
    }

    fn retry(
        &mut self,
        now: Time,
        task: TaskIdx,
        result: AttemptResult,
        reason: Option<String>,
        delay_ms: u64,
    ) {
        let (id, attempt) = (self.id(task), self.tasks[task].attempt);
        self.record(Body::AttemptRetrying {
            task: id,
            attempt,
            result,
            class: None,
            reason,
            delay_ms,
            same: 0,
            different: false,
        });
        self.requeue(task, now.after(delay_ms), now);
    }

    pub(super) fn gate_finished(&mut self, now: Time, attempt: Attempt, answer: &GateAnswer) {
        let task = attempt.task;
        let Standing::Gating(gating) = self.tasks[task].standing else {
            return;
        };
        if attempt.number != self.tasks[task].attempt {
            return;
        }
        self.leave_slot(task);
        if gating.cancelled {
            return self.settle(task, Outcome::Cancelled, None);
        }
        if self.interrupts > 0 {
            // A verdict of gates that were killed says nothing; they run again when the run goes on.
            self.tasks[task].to_gate = true;
            return self.requeue(task, now, now);
        }
        self.judge_verdict(now, task, answer);
    }
}

/// An `attempt-finished` with what is known of every end.
pub(super) fn finished(
    task: String,
    attempt: u32,
    result: AttemptResult,
    reason: Option<String>,
) -> Body {
    Body::AttemptFinished {
        task,
        attempt,
        result,
        class: None,
        reason,
        summary: None,
        concerns: None,
        files: Vec::new(),
        model: None,
        estimated_usd: None,
        session: None,
        exit_code: None,
        signal: None,
        duration_ms: 0,
        leaked: false,
        cost_usd: None,
        tokens: None,
    }
}
