//! A live attempt: what is known of it, when to look again, and what it came to.

use std::time::Duration;

use schemas::time::for_people;
use schemas::{AttemptResult, DoneRule};

use super::{Limits, Reported, Said, Spec, Time};

/// An attempt from `Start` until nothing of it is left.
#[derive(Debug, Clone)]
pub(super) struct Live {
    pub(super) number: u32,
    pub(super) started: Time,
    /// Its process is there.
    pub(super) running: bool,
    last_output: Time,
    /// The last thing it said that decides: the position in the stream counts, not the word.
    last_word: Option<Said>,
    /// When it last said so.
    word_at: Time,
    pub(super) stopping: Option<Stopping>,
    pub(super) exit: Option<Exited>,
    pub(super) report: Option<Reported>,
    /// Its question has been answered since.
    pub(super) answered: bool,
    /// The answer came when it had exited: it cannot have read it.
    too_late: bool,
}

/// It has been asked to end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stopping {
    pub(super) why: Why,
    kill_at: Time,
    pub(super) killed: bool,
}

/// Why an attempt was asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    TimedOut,
    Stalled,
    /// It reported its result and does not exit.
    Reported,
    /// It asked and does not exit.
    Asked,
    /// Its task was cancelled, and will be settled so.
    Cancelled,
    /// The dispatcher was interrupted; the task goes on another day.
    Interrupted,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Exited {
    pub(super) code: Option<i32>,
    pub(super) signal: Option<i32>,
}

/// What must be done about a live attempt now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    Nothing,
    Stop(Why),
    Kill,
}

impl Live {
    pub(super) fn new(number: u32, now: Time) -> Live {
        Live {
            number,
            started: now,
            running: false,
            last_output: now,
            last_word: None,
            word_at: now,
            stopping: None,
            exit: None,
            report: None,
            answered: false,
            too_late: false,
        }
    }

    pub(super) fn printed(&mut self, now: Time) {
        self.last_output = now;
    }

    pub(super) fn said(&mut self, said: &Said, now: Time) {
        self.last_output = now;
        if !matches!(said, Said::Progress { .. }) {
            self.last_word = Some(said.clone());
            self.word_at = now;
            self.answered = false;
        }
    }

    /// It may go on: its question has an answer.
    pub(super) fn take_answer(&mut self, now: Time) {
        self.answered = true;
        self.too_late = self.exit.is_some();
        self.last_output = now;
    }

    pub(super) fn asks(&self) -> bool {
        matches!(self.last_word, Some(Said::Question(_))) && !self.answered
    }

    pub(super) fn stop(&mut self, why: Why, now: Time, limits: &Limits) {
        self.stopping = Some(Stopping {
            why,
            kill_at: now.after(limits.grace),
            killed: false,
        });
    }

    pub(super) fn silent_ms(&self, now: Time) -> u64 {
        now.since(self.last_output)
    }

    /// When something is due next, if nothing happens before.
    pub(super) fn deadline(&self, spec: &Spec, limits: &Limits) -> Option<Time> {
        if let Some(stopping) = &self.stopping {
            return (!stopping.killed).then_some(stopping.kill_at);
        }
        if self.exit.is_some() {
            return None;
        }
        let candidates = self.limits(spec, limits);
        candidates.into_iter().flatten().map(|(time, _)| time).min()
    }

    pub(super) fn due(&self, now: Time, spec: &Spec, limits: &Limits) -> Due {
        match &self.stopping {
            Some(stopping) if !stopping.killed && stopping.kill_at <= now => Due::Kill,
            Some(_) => Due::Nothing,
            // It ended in time; that what it left behind takes time to sweep is not its doing.
            None if self.exit.is_some() => Due::Nothing,
            None => {
                let reached = self
                    .limits(spec, limits)
                    .into_iter()
                    .flatten()
                    .find(|(time, _)| *time <= now);
                reached.map_or(Due::Nothing, |(_, why)| Due::Stop(why))
            }
        }
    }

    /// The limits that apply now. An open question pauses the stall clock: silence is what is expected then.
    fn limits(&self, spec: &Spec, limits: &Limits) -> [Option<(Time, Why)>; 3] {
        let timeout = spec
            .timeout
            .map(|timeout| (self.started.after(timeout), Why::TimedOut));
        let reported = match (&self.last_word, spec.done) {
            (Some(Said::Done(_)), DoneRule::Marker | DoneRule::Both)
            | (Some(Said::Error(_)), _) => {
                Some((self.word_at.after(limits.result_grace), Why::Reported))
            }
            _ => None,
        };
        let silent = if self.asks() {
            Some((self.last_output.after(limits.question_grace), Why::Asked))
        } else {
            limits
                .stall
                .map(|stall| (self.last_output.after(stall), Why::Stalled))
        };
        [reported, timeout, silent]
    }

    /// What it came to, once nothing of it is left; with a reason for people.
    pub(super) fn judge(&self, spec: &Spec) -> (AttemptResult, Option<String>) {
        let why = self.stopping.as_ref().map(|stopping| stopping.why);
        if let Some(Why::Cancelled | Why::Interrupted) = why {
            return (AttemptResult::Cancelled, None);
        }
        if let Some(Said::Error(text)) = &self.last_word {
            return (AttemptResult::Error, Some(text.clone()));
        }
        if let Some(Said::Question(text)) = &self.last_word
            && (!self.answered || self.left_it_at_that(spec))
        {
            return (AttemptResult::Question, Some(text.clone()));
        }
        if let Some(error) = self
            .report
            .as_ref()
            .and_then(|report| report.error.as_ref())
        {
            // Some agents end with 0 after a refused request: what their stream says goes before the exit code.
            return (AttemptResult::Failed, Some(error.clone()));
        }
        // Where there are gates, they are the evidence.
        if !spec.has_gates && self.report.as_ref().is_some_and(|report| report.refused) {
            let reason = "a tool call was refused, so its word that it is done is no evidence";
            return (AttemptResult::NoResult, Some(reason.to_owned()));
        }
        let done = matches!(self.last_word, Some(Said::Done(_)));
        let by_marker = done && spec.done != DoneRule::Exit;
        match why {
            // It said so before we ended it: how it ended is our doing.
            Some(_) if by_marker => (AttemptResult::Done, None),
            Some(Why::TimedOut) => {
                let limit = Duration::from_millis(spec.timeout.unwrap_or(0));
                (
                    AttemptResult::TimedOut,
                    Some(format!("took longer than {}", for_people(limit))),
                )
            }
            Some(Why::Stalled) => (
                AttemptResult::Stalled,
                Some("was silent for too long".to_owned()),
            ),
            _ => self.judge_exit(spec, done),
        }
    }

    /// It asked, the answer came, and it ended without another word: the next attempt gets the answer.
    fn left_it_at_that(&self, spec: &Spec) -> bool {
        let asked_to = self
            .stopping
            .as_ref()
            .is_some_and(|stopping| stopping.why == Why::Asked);
        let exited = self.exit.is_some_and(|exit| exit.code == Some(0));
        asked_to || self.too_late || (exited && spec.done != DoneRule::Exit)
    }

    fn judge_exit(&self, spec: &Spec, done: bool) -> (AttemptResult, Option<String>) {
        let exit = self.exit.unwrap_or(Exited {
            code: None,
            signal: None,
        });
        match (spec.done, exit.code) {
            (DoneRule::Marker, _) if done => (AttemptResult::Done, None),
            (_, None) => {
                let signal = exit
                    .signal
                    .map_or_else(|| "a signal".to_owned(), |n| format!("signal {n}"));
                (
                    AttemptResult::Failed,
                    Some(format!("was ended by {signal}")),
                )
            }
            (DoneRule::Exit, Some(0)) => (AttemptResult::Done, None),
            (DoneRule::Both, Some(0)) if done => (AttemptResult::Done, None),
            (_, Some(0)) => {
                let reason = "exited 0 without a DONE marker: an exit code alone is no result";
                (AttemptResult::NoResult, Some(reason.to_owned()))
            }
            (_, Some(code)) => (AttemptResult::Failed, Some(format!("exit code {code}"))),
        }
    }

    /// What it says it did.
    pub(super) fn summary(&self) -> Option<String> {
        match &self.last_word {
            Some(Said::Done(text)) if !text.is_empty() => Some(text.clone()),
            _ => self
                .report
                .as_ref()
                .and_then(|report| report.summary.clone()),
        }
    }
}
