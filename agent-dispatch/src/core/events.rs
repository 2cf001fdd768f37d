//! What becomes of an attempt: started or not, what it says, how it ends, what its gates answer.

use schemas::{AttemptResult, Body, FailureClass, Outcome, VerdictWord};

use super::attempt::{Live, Why};
use super::dispatcher::Dispatcher;
use super::failure::Retry;
use super::judge::Judgement;
use super::session::{Session, goes_on};
use super::task::{Standing, Wait};
use super::{Action, Attempt, GateAnswer, Launch, Reported, Said, TaskIdx, Time, terminal_id};

impl Dispatcher {
    pub(super) fn started(&mut self, now: Time, attempt: Attempt, launch: Launch) {
        let (id, seed, limits) = (self.id(attempt.task), self.limits.seed, self.limits.clone());
        let Some(live) = self.live(attempt) else {
            return;
        };
        live.runs(now, launch.clone());
        let stopping = live.stopping;
        if let Some(stopping) = stopping {
            // Its grace begins now.
            live.stop(stopping.why, now, &limits);
        }
        let (choice, resumes) = (live.choice, live.session.clone());
        let candidate = &self.graph.specs[attempt.task].candidates[choice];
        let route = candidate
            .route
            .map(|route| self.graph.routes[route].clone());
        self.record(Body::AttemptStarted {
            terminal: terminal_id(seed, &id, attempt.number),
            task: id,
            attempt: attempt.number,
            agent: launch.agent,
            pid: launch.pid,
            workspace: launch.workspace,
            prompt_file: launch.prompt_file,
            log_file: launch.log_file,
            route,
            resumes,
        });
        if stopping.is_some() {
            // It was stopped while it was being started: there was nothing to signal then.
            self.out.push(Action::Terminate(attempt));
            if self.interrupts > 1 {
                self.kill(attempt);
            }
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
        let mut body = finished(id, attempt.number, result, Some(reason.clone()));
        if let Body::AttemptFinished { class, .. } = &mut body
            && result == AttemptResult::LaunchFailed
        {
            *class = Some(FailureClass::Launch);
        }
        self.record(body);
        if stopped == Some(Why::Cancelled) {
            return self.let_go(task);
        }
        if result == AttemptResult::Cancelled {
            return self.requeue(task, now, now);
        }
        if self.tasks[task].launch_retries < self.limits.launch_retries {
            self.tasks[task].launch_retries += 1;
            let retry = Retry {
                result,
                class: Some(FailureClass::Launch),
                reason: Some(reason),
                delay: 0,
                same: self.tasks[task].same,
                different: false,
            };
            self.retry(now, task, retry);
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
                said: None,
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

    /// Its stream has ended. A result in words of its own counts like the marker that it stands for.
    pub(super) fn reported(&mut self, now: Time, attempt: Attempt, report: Reported) {
        let Some(live) = self.live(attempt) else {
            return;
        };
        let word = report.word.clone();
        live.report = Some(report);
        let known = |said: &Said| match (&live.last_word, said) {
            (Some(Said::Done(_)), Said::Done(_)) | (Some(Said::Error(_)), Said::Error(_)) => true,
            (Some(Said::Question(_)), Said::Question(_)) => !live.answered,
            _ => false,
        };
        if let Some(said) = word.filter(|said| !known(said)) {
            self.marked(now, attempt, said);
        }
    }

    pub(super) fn gone(&mut self, now: Time, attempt: Attempt, leaked: bool, files: Vec<String>) {
        let task = attempt.task;
        let Some(live) = self.live(attempt).map(|live| live.clone()) else {
            return;
        };
        let mut live = live;
        if let Some(report) = live.report.as_mut().filter(|_| !files.is_empty()) {
            report.nothing = false;
        }
        let spec = &self.graph.specs[task];
        let has_gates = spec.has_gates;
        let judgement = live.judge(&spec.candidates[live.choice], has_gates);
        // The gates of a fresh result run in the slot and lanes that it has: nobody may change its work before. So is it
        // merged: who shares a lane with it begins from what it has done.
        let goes_on = has_gates || spec.isolated.is_some();
        let keeps_slot = judgement.result == AttemptResult::Done && goes_on && self.starts();
        if !keeps_slot {
            self.leave_slot(task);
        }
        let left = Left { leaked, files };
        self.close_attempt(now, attempt, &live, &judgement, left);
        self.after_attempt(now, task, &live, judgement, keeps_slot);
    }

    /// Its books: what it came to, cost, said and left.
    fn close_attempt(
        &mut self,
        now: Time,
        attempt: Attempt,
        live: &Live,
        judgement: &Judgement,
        left: Left,
    ) {
        let (task, result) = (attempt.task, judgement.result);
        let said = live.summary().filter(|_| result == AttemptResult::Done);
        if said.is_some() {
            self.tasks[task].summary.clone_from(&said);
        }
        let report = live.report.clone().unwrap_or_default();
        if let Some(cost) = report.cost_usd {
            *self.tasks[task].cost_usd.get_or_insert(0.0) += cost;
        }
        let estimated = self.spend(task, live.choice, &report);
        self.take_session(task, live, judgement);
        let body = Body::AttemptFinished {
            task: self.id(task),
            attempt: attempt.number,
            result,
            class: judgement.class,
            reason: judgement.reason.clone(),
            summary: said,
            concerns: report.concerns.filter(|_| result == AttemptResult::Done),
            files: left.files,
            model: report.model,
            session: live.session.clone(),
            exit_code: live.exit.and_then(|exit| exit.code),
            signal: live.exit.and_then(|exit| exit.signal),
            duration_ms: now.since(live.started),
            leaked: left.leaked,
            cost_usd: report.cost_usd,
            estimated_usd: estimated,
            tokens: report.tokens,
        };
        self.record(body);
    }

    fn take_session(&mut self, task: TaskIdx, live: &Live, judgement: &Judgement) {
        let keeps = goes_on(judgement.result, judgement.class, live.resumed);
        let choice = live.choice;
        let session = live.session.clone().filter(|_| keeps);
        self.tasks[task].session = session.map(|id| Session { id, choice });
    }

    fn after_attempt(
        &mut self,
        now: Time,
        task: TaskIdx,
        live: &Live,
        judgement: Judgement,
        keeps_slot: bool,
    ) {
        let why = live.stopping.map(|stopping| stopping.why);
        if judgement.result == AttemptResult::Done {
            self.served(task, live.choice);
            self.tasks[task].resolving = false;
        }
        match (judgement.result, why) {
            (AttemptResult::Cancelled, Some(Why::Cancelled)) => {
                self.let_go(task);
            }
            (AttemptResult::Cancelled | AttemptResult::Steered, _) => self.requeue(task, now, now),
            (AttemptResult::Done, _) if self.graph.specs[task].has_gates => {
                if keeps_slot {
                    return self.start_gate(task);
                }
                self.tasks[task].to_gate = true;
                self.requeue(task, now, now);
            }
            (AttemptResult::Done, _) => self.accept(now, task, keeps_slot),
            (AttemptResult::Question, _) if live.answered => self.requeue(task, now, now),
            (AttemptResult::Question, _) => {
                self.tasks[task].standing = Standing::Waiting(Wait::Answer);
            }
            (AttemptResult::Error, _) => {
                self.settle(task, Outcome::Failed, judgement.reason);
            }
            _ => self.failed(now, task, judgement),
        }
    }

    pub(super) fn gate_finished(&mut self, now: Time, attempt: Attempt, answer: &GateAnswer) {
        let task = attempt.task;
        let Standing::Gating(gating) = self.tasks[task].standing else {
            return;
        };
        if attempt.number != self.tasks[task].attempt {
            return;
        }
        let merges = answer.verdict == VerdictWord::Passed
            && self.graph.specs[task].isolated.is_some()
            && !gating.cancelled
            && self.starts();
        if !merges {
            self.leave_slot(task);
        }
        if gating.cancelled {
            return self.let_go(task);
        }
        if self.interrupts > 0 {
            // A verdict of gates that were killed says nothing; they run again when the run goes on.
            self.tasks[task].to_gate = true;
            return self.requeue(task, now, now);
        }
        self.judge_verdict(now, task, answer, merges);
    }
}

/// What was found when nothing of an attempt was running any more.
struct Left {
    leaked: bool,
    files: Vec<String>,
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
