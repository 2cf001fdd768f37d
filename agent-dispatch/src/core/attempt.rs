//! A live attempt: what is known of it, and when to look again.

use schemas::DoneRule;

use super::{Candidate, Launch, Limits, Reported, Said, Steer, Time};

/// An attempt from `Start` until nothing of it is left.
#[derive(Debug, Clone)]
pub(super) struct Live {
    pub(super) number: u32,
    pub(super) started: Time,
    /// Which candidate of its task does it.
    pub(super) choice: usize,
    /// It goes on in an earlier session.
    pub(super) resumed: bool,
    pub(super) session: Option<String>,
    pub(super) launch: Launch,
    /// Its process is there.
    pub(super) running: bool,
    printed: bool,
    last_output: Time,
    /// The last sign of life of any kind.
    last_life: Time,
    /// A call of this tool is open: it works, or waits, and prints nothing.
    pub(super) tool: Option<String>,
    warned: bool,
    nudged: bool,
    /// The last thing it said that decides: the position in the stream counts, not the word.
    pub(super) last_word: Option<Said>,
    /// When it last said so.
    word_at: Time,
    pub(super) stopping: Option<Stopping>,
    pub(super) exit: Option<Exited>,
    pub(super) lost: Option<String>,
    pub(super) report: Option<Reported>,
    /// Its question has been answered since.
    pub(super) answered: bool,
    /// The answer came when it had exited: it cannot have read it.
    pub(super) too_late: bool,
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
    /// Its session goes on with a message.
    Steered,
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
    /// It is said that it has been silent for long.
    Warn,
    /// It is told to go on.
    Nudge,
    Stop(Why),
    Kill,
}

impl Live {
    pub(super) fn new(number: u32, now: Time, choice: usize, session: Option<String>) -> Live {
        Live {
            number,
            started: now,
            choice,
            resumed: session.is_some(),
            session,
            launch: Launch::default(),
            running: false,
            printed: false,
            last_output: now,
            last_life: now,
            tool: None,
            warned: false,
            nudged: false,
            last_word: None,
            word_at: now,
            stopping: None,
            exit: None,
            lost: None,
            report: None,
            answered: false,
            too_late: false,
        }
    }

    pub(super) fn runs(&mut self, now: Time, launch: Launch) {
        self.running = true;
        self.launch = launch;
        // What it waited for before, a token say, is not its time.
        (self.started, self.last_output, self.last_life) = (now, now, now);
    }

    pub(super) fn printed(&mut self, now: Time) {
        self.printed = true;
        self.last_output = now;
        self.lives(now);
    }

    /// A sign of life. What was said of its silence is over; but to answer a nudge is not to go on, and one that does no
    /// more than that must not be nudged for ever.
    pub(super) fn lives(&mut self, now: Time) {
        self.last_life = now;
        self.warned = false;
    }

    /// It works: a tool is called, or comes back.
    pub(super) fn works(&mut self, now: Time, tool: Option<String>) {
        self.lives(now);
        self.tool = tool;
        self.nudged = false;
    }

    pub(super) fn said(&mut self, said: &Said, now: Time) {
        self.printed(now);
        self.nudged = false;
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
        self.lives(now);
    }

    pub(super) fn asks(&self) -> bool {
        matches!(self.last_word, Some(Said::Question(_))) && !self.answered
    }

    /// It works, and has not said that it is through.
    pub(super) fn can_be_steered(&self) -> bool {
        let through = matches!(self.last_word, Some(Said::Done(_) | Said::Error(_)));
        self.running && self.stopping.is_none() && self.exit.is_none() && !through
    }

    pub(super) fn stop(&mut self, why: Why, now: Time, limits: &Limits) {
        self.stopping = Some(Stopping {
            why,
            kill_at: now.after(limits.grace),
            killed: false,
        });
    }

    pub(super) fn silent_ms(&self, now: Time) -> u64 {
        now.since(self.last_life)
    }

    /// When something is due next, if nothing happens before.
    pub(super) fn deadline(&self, candidate: &Candidate, limits: &Limits) -> Option<Time> {
        if let Some(stopping) = &self.stopping {
            return (!stopping.killed).then_some(stopping.kill_at);
        }
        if self.exit.is_some() || !self.running {
            return None;
        }
        let steps = self.steps(candidate, limits);
        steps.into_iter().flatten().map(|(time, _)| time).min()
    }

    pub(super) fn due(&mut self, now: Time, candidate: &Candidate, limits: &Limits) -> Due {
        match &self.stopping {
            Some(stopping) if !stopping.killed && stopping.kill_at <= now => return Due::Kill,
            Some(_) => return Due::Nothing,
            // It ended in time; that what it left behind takes time to sweep is not its doing.
            None if self.exit.is_some() || !self.running => return Due::Nothing,
            None => {}
        }
        let reached = self
            .steps(candidate, limits)
            .into_iter()
            .flatten()
            .find(|(time, _)| *time <= now);
        let due = reached.map_or(Due::Nothing, |(_, due)| due);
        self.warned |= due == Due::Warn;
        self.nudged |= due == Due::Nudge;
        due
    }

    /// The ladder as it stands now, what is worse first. An open question pauses the clock of silence: silence is what
    /// is expected then.
    fn steps(&self, candidate: &Candidate, limits: &Limits) -> [Option<(Time, Due)>; 6] {
        let pace = &candidate.pace;
        let timeout = pace
            .timeout
            .map(|timeout| (self.started.after(timeout), Due::Stop(Why::TimedOut)));
        let through = match &self.last_word {
            Some(Said::Done(_)) => candidate.done != DoneRule::Exit,
            Some(Said::Error(_)) => true,
            _ => false,
        };
        let reported = through.then(|| {
            let at = self.word_at.after(limits.result_grace);
            (at, Due::Stop(Why::Reported))
        });
        if self.asks() {
            let at = self.last_output.after(limits.question_grace);
            let asked = Some((at, Due::Stop(Why::Asked)));
            return [reported, timeout, asked, None, None, None];
        }
        let first = pace
            .first_output
            .filter(|_| !self.printed)
            .map(|limit| (self.started.after(limit), Due::Stop(Why::Stalled)));
        let stall = match (self.tool.is_some(), pace.stall, pace.tool) {
            (true, Some(stall), Some(tool)) => Some(stall.max(tool)),
            (_, stall, _) => stall,
        };
        let silent = |limit: u64| self.last_life.after(limit);
        let stop = stall.map(|stall| (silent(stall), Due::Stop(Why::Stalled)));
        let nudge = stall
            .filter(|_| candidate.steer == Steer::Live && !self.nudged)
            .map(|stall| (silent(stall / 4 * 3), Due::Nudge));
        let warn = pace
            .warn
            .filter(|warn| !self.warned && stall.is_none_or(|stall| *warn < stall))
            .map(|warn| (silent(warn), Due::Warn));
        [reported, timeout, first, stop, nudge, warn]
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
