//! What an attempt came to, by all that is known of it once nothing of it is left.

use std::time::Duration;

use schemas::stream::ErrorClass;
use schemas::time::for_people;
use schemas::{AttemptResult, DoneRule, FailureClass};

use super::attempt::{Exited, Live, Why};
use super::{Candidate, Said};

/// A result, and what it means for the next attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Judgement {
    pub(super) result: AttemptResult,
    /// What kind of failure it is.
    pub(super) class: Option<FailureClass>,
    /// In one line, for people.
    pub(super) reason: Option<String>,
    /// Milliseconds from now until it may be over.
    pub(super) reset: Option<u64>,
}

fn judged(
    result: AttemptResult,
    class: Option<FailureClass>,
    reason: impl Into<String>,
) -> Judgement {
    Judgement {
        result,
        class,
        reason: Some(reason.into()),
        reset: None,
    }
}

fn plain(result: AttemptResult) -> Judgement {
    Judgement {
        result,
        class: None,
        reason: None,
        reset: None,
    }
}

fn no_result(reason: &str) -> Judgement {
    judged(
        AttemptResult::NoResult,
        Some(FailureClass::NoResult),
        reason,
    )
}

impl Live {
    /// What it came to, once nothing of it is left.
    pub(super) fn judge(&self, candidate: &Candidate, has_gates: bool) -> Judgement {
        let why = self.stopping.as_ref().map(|stopping| stopping.why);
        match why {
            Some(Why::Cancelled | Why::Interrupted) => return plain(AttemptResult::Cancelled),
            Some(Why::Steered) => return plain(AttemptResult::Steered),
            _ => {}
        }
        match &self.last_word {
            Some(Said::Error(text)) => {
                return judged(AttemptResult::Error, Some(FailureClass::Crash), text);
            }
            Some(Said::Question(text))
                if !self.answered || self.left_it_at_that(candidate.done) =>
            {
                return judged(AttemptResult::Question, None, text);
            }
            _ => {}
        }
        if let Some(reason) = &self.lost {
            return judged(AttemptResult::Lost, Some(FailureClass::Lost), reason);
        }
        if let Some(judgement) = self.judge_report(has_gates) {
            return judgement;
        }
        let done = matches!(self.last_word, Some(Said::Done(_)));
        match why {
            // It said so before we ended it: how it ended is our doing.
            Some(_) if done && candidate.done != DoneRule::Exit => plain(AttemptResult::Done),
            Some(Why::TimedOut) => {
                let limit = Duration::from_millis(candidate.pace.timeout.unwrap_or(0));
                let reason = format!("took longer than {}", for_people(limit));
                judged(AttemptResult::TimedOut, Some(FailureClass::Timeout), reason)
            }
            Some(Why::Stalled) => judged(
                AttemptResult::Stalled,
                Some(FailureClass::Stalled),
                "was silent for too long",
            ),
            _ => self.judge_exit(candidate, done),
        }
    }

    /// What its own stream says goes before the exit code: some agents end with 0 after a refused request.
    fn judge_report(&self, has_gates: bool) -> Option<Judgement> {
        let report = self.report.as_ref()?;
        if let Some(trouble) = &report.error {
            return Some(Judgement {
                reset: trouble.reset,
                ..judged(
                    AttemptResult::Failed,
                    Some(class_of(trouble.class)),
                    &trouble.message,
                )
            });
        }
        // Where there are gates, they are the evidence.
        (!has_gates && report.refused).then(|| {
            no_result("a tool call was refused, so its word that it is done is no evidence")
        })
    }

    /// It asked, the answer came, and it ended without another word: the next attempt gets the answer.
    fn left_it_at_that(&self, done: DoneRule) -> bool {
        let asked_to = self
            .stopping
            .as_ref()
            .is_some_and(|stopping| stopping.why == Why::Asked);
        let exited = self.exit.is_some_and(|exit| exit.code == Some(0));
        asked_to || self.too_late || (exited && done != DoneRule::Exit)
    }

    fn judge_exit(&self, candidate: &Candidate, done: bool) -> Judgement {
        let exit = self.exit.unwrap_or(Exited {
            code: None,
            signal: None,
        });
        let report = self.report.as_ref();
        let crashed =
            |reason: String| judged(AttemptResult::Failed, Some(FailureClass::Crash), reason);
        match (candidate.done, exit.code) {
            (DoneRule::Marker, _) if done => plain(AttemptResult::Done),
            (_, None) => {
                let signal = exit
                    .signal
                    .map_or_else(|| "a signal".to_owned(), |n| format!("signal {n}"));
                crashed(format!("was ended by {signal}"))
            }
            (DoneRule::Exit | DoneRule::Both, Some(0))
                if report.is_some_and(|report| report.incomplete) =>
            {
                no_result(
                    "exited 0 before its stream came to its end: whoever ended it, it was not done",
                )
            }
            (DoneRule::Exit, Some(0)) if report.is_some_and(|report| report.nothing) => {
                no_result("exited 0 and said nothing, called no tool and changed nothing")
            }
            (DoneRule::Exit, Some(0)) => plain(AttemptResult::Done),
            (DoneRule::Both, Some(0)) if done => plain(AttemptResult::Done),
            (_, Some(0)) => {
                no_result("exited 0 without a DONE marker: an exit code alone is no result")
            }
            (_, Some(code)) => crashed(format!("exit code {code}")),
        }
    }
}

fn class_of(class: ErrorClass) -> FailureClass {
    match class {
        ErrorClass::Quota => FailureClass::Quota,
        ErrorClass::Auth => FailureClass::Auth,
        ErrorClass::Billing => FailureClass::Billing,
        ErrorClass::Context => FailureClass::Context,
        ErrorClass::External => FailureClass::External,
        ErrorClass::Session => FailureClass::Session,
        ErrorClass::Limit | ErrorClass::Other => FailureClass::Crash,
    }
}
