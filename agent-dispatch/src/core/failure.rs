//! What follows from a failure, by its class.

use schemas::{AttemptResult, Body, FailureClass, Outcome};

use super::dispatcher::Dispatcher;
use super::judge::Judgement;
use super::{TaskIdx, Time, retry};

/// So often in a row the same failure asks for another way.
const STUCK: u32 = 2;

impl Dispatcher {
    /// An attempt that did not succeed, for a reason that another attempt may not meet again.
    pub(super) fn failed(&mut self, now: Time, task: TaskIdx, judgement: Judgement) {
        let Judgement {
            result,
            class,
            reason,
            reset,
        } = judgement;
        match class {
            Some(class @ (FailureClass::Quota | FailureClass::Auth | FailureClass::Billing))
                if self.route_of_last(task).is_some() =>
            {
                if let Some(route) = self.route_of_last(task) {
                    self.hold(now, task, route, class, reason, reset);
                }
                self.requeue(task, now, now);
            }
            // It never began: the next attempt begins a session of its own, so this cannot go on for ever.
            Some(FailureClass::Session) if self.tasks[task].resumed => self.requeue(task, now, now),
            Some(FailureClass::External) => self.external(now, task, result, reason, reset),
            _ => self.try_again(now, task, result, class, reason),
        }
    }

    fn route_of_last(&self, task: TaskIdx) -> Option<super::RouteIdx> {
        let candidates = &self.graph.specs[task].candidates;
        candidates.get(self.tasks[task].choice)?.route
    }

    /// The server's failure is not the work's: it has retries of its own, each later than the one before.
    fn external(
        &mut self,
        now: Time,
        task: TaskIdx,
        result: AttemptResult,
        reason: Option<String>,
        stated: Option<u64>,
    ) {
        let tries = self.tasks[task].externals;
        if tries >= self.limits.external_retries {
            return self.settle(task, Outcome::Failed, reason);
        }
        self.tasks[task].externals += 1;
        let delay = retry::delay(&self.limits, &self.graph.specs[task].id, tries);
        let delay = delay.max(stated.unwrap_or(0).min(self.limits.backoff_max));
        let retry = Retry {
            result,
            class: Some(FailureClass::External),
            reason,
            delay,
            same: self.tasks[task].same,
            different: false,
        };
        self.retry(now, task, retry);
    }

    fn try_again(
        &mut self,
        now: Time,
        task: TaskIdx,
        result: AttemptResult,
        class: Option<FailureClass>,
        reason: Option<String>,
    ) {
        let same = self.count_same(task, class, reason.as_deref());
        let is_agent = self.graph.specs[task].candidates[0].is_agent;
        let stuck = is_agent && same >= STUCK;
        if stuck && self.tasks[task].different {
            let why = reason.unwrap_or_else(|| "no reason known".to_owned());
            let reason = format!("the same again, also in another way: {why}");
            return self.settle(task, Outcome::Failed, Some(reason));
        }
        let tries = self.tasks[task].retries;
        if tries >= self.limits.retries {
            return self.settle(task, Outcome::Failed, reason);
        }
        self.tasks[task].retries += 1;
        if stuck {
            self.go_another_way(task);
        }
        let retry = Retry {
            result,
            class,
            reason,
            delay: retry::delay(&self.limits, &self.graph.specs[task].id, tries),
            same,
            different: stuck,
        };
        self.retry(now, task, retry);
    }

    /// From here on: a session of its own, and another agent where there is one.
    pub(super) fn go_another_way(&mut self, task: TaskIdx) {
        self.tasks[task].different = true;
        self.tasks[task].session = None;
    }

    fn count_same(
        &mut self,
        task: TaskIdx,
        class: Option<FailureClass>,
        reason: Option<&str>,
    ) -> u32 {
        let failure = (class, likeness(reason.unwrap_or_default()));
        let known = &mut self.tasks[task];
        let again = known.last_failure.as_ref() == Some(&failure);
        known.same = if again { known.same + 1 } else { 1 };
        known.last_failure = Some(failure);
        known.same
    }

    pub(super) fn retry(&mut self, now: Time, task: TaskIdx, retry: Retry) {
        let (id, attempt) = (self.id(task), self.tasks[task].attempt);
        self.record(Body::AttemptRetrying {
            task: id,
            attempt,
            result: retry.result,
            class: retry.class,
            reason: retry.reason,
            delay_ms: retry.delay,
            same: retry.same,
            different: retry.different,
        });
        self.requeue(task, now.after(retry.delay), now);
    }
}

/// Another attempt, and why.
#[derive(Debug)]
pub(super) struct Retry {
    pub(super) result: AttemptResult,
    pub(super) class: Option<FailureClass>,
    pub(super) reason: Option<String>,
    /// Milliseconds.
    pub(super) delay: u64,
    pub(super) same: u32,
    pub(super) different: bool,
}

/// A reason without its numbers: line, time and process differ where the failure is the same.
pub(super) fn likeness(reason: &str) -> String {
    let mut text: String = reason.to_lowercase();
    text.retain(|c| !c.is_ascii_digit());
    text
}
