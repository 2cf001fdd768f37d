//! What somebody wants to hear of: an event of the run, and the command that is told (`--on EVENT CMD`).

use schemas::{
    Body, Failure, Outcome, RECORD_TYPES, Record, RunOutcome, State, TaskStatus, VerdictWord,
};

use crate::progress;

/// Longest message in the environment, in characters.
const MAX_MESSAGE: usize = 1000;

/// A command, and when it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) occasion: Occasion,
    /// For `sh -c`. What a record says never becomes a part of it.
    pub(crate) command: String,
}

/// When somebody is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Occasion {
    /// `*`: each record.
    Any,
    /// Records of one type.
    Type(&'static str),
    /// A task succeeded.
    Succeeded,
    /// A task failed, was left out or was cancelled.
    Failed,
    /// The last task of a phase is settled.
    PhaseFinished,
    /// A person must act before something can go on.
    Waiting,
}

/// Occasions that are not the name of a type.
const WORDS: [(&str, Occasion); 5] = [
    ("*", Occasion::Any),
    ("succeeded", Occasion::Succeeded),
    ("failed", Occasion::Failed),
    ("phase-finished", Occasion::PhaseFinished),
    ("waiting", Occasion::Waiting),
];

impl Notice {
    /// From the command line, where event and command take turns.
    pub(crate) fn all(words: &[String]) -> Result<Vec<Notice>, Failure> {
        let notice = |pair: &[String]| {
            let [event, command] = pair else {
                return Err(Failure::usage("--on takes an event and a command"));
            };
            Ok(Notice {
                occasion: Occasion::parse(event)?,
                command: command.clone(),
            })
        };
        words.chunks(2).map(notice).collect()
    }
}

impl Occasion {
    fn parse(text: &str) -> Result<Occasion, Failure> {
        let word = WORDS.into_iter().find(|(word, _)| *word == text);
        if let Some((_, occasion)) = word {
            return Ok(occasion);
        }
        let kind = RECORD_TYPES.into_iter().find(|kind| *kind == text);
        kind.map(Occasion::Type).ok_or_else(|| {
            let words = WORDS.map(|(word, _)| word).join(", ");
            let help = match nearest(text) {
                Some(name) => format!("did you mean {name}?"),
                None => format!(
                    "it is one of {words}, or a record type: {}",
                    RECORD_TYPES.join(", ")
                ),
            };
            Failure::usage(format!("--on knows no event {text}")).help(help)
        })
    }

    /// Whether this record, which the state has, is such an event. `kind` is the record's type.
    pub(crate) fn fits(&self, kind: &str, record: &Record, state: &State) -> bool {
        match self {
            Occasion::Any => true,
            Occasion::Type(wanted) => *wanted == kind,
            Occasion::Succeeded => outcome(&record.body) == Some(Outcome::Succeeded),
            Occasion::Failed => outcome(&record.body).is_some_and(is_failure),
            Occasion::PhaseFinished => finished_phase(&record.body, state).is_some(),
            Occasion::Waiting => needs_somebody(&record.body),
        }
    }

    /// The event in one line, as a person would be told.
    pub(crate) fn message(&self, kind: &str, record: &Record, state: &State) -> String {
        let phase = Some(self).filter(|occasion| **occasion == Occasion::PhaseFinished);
        let phase = phase.and_then(|_| finished_phase(&record.body, state));
        let text = match (phase, &record.body) {
            (Some(phase), _) => phase_line(phase, state),
            (None, Body::RunFinished { .. } | Body::RunPaused { .. }) => run_line(record, state),
            (None, body) => progress::line(body, state)
                .unwrap_or_else(|| [kind, body.task().unwrap_or_default()].join(" ")),
        };
        let text = schemas::printable(text.trim()).replace('\n', " ");
        text.chars().take(MAX_MESSAGE).collect()
    }
}

/// How loud it may be: `high` where something went wrong or waits for a person.
pub(crate) fn priority(body: &Body) -> &'static str {
    let is_high = match body {
        Body::RunFinished { outcome } => *outcome != RunOutcome::Succeeded,
        Body::RunPaused { reason, .. } => reason != "interrupted",
        Body::Error { .. } | Body::MergeConflict { .. } | Body::MergeReverted { .. } => true,
        body => outcome(body).is_some_and(is_failure) || needs_somebody(body),
    };
    if is_high { "high" } else { "normal" }
}

fn outcome(body: &Body) -> Option<Outcome> {
    match body {
        Body::TaskSettled { outcome, .. } => Some(*outcome),
        _ => None,
    }
}

fn is_failure(outcome: Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Failed | Outcome::Excluded | Outcome::Cancelled
    )
}

fn needs_somebody(body: &Body) -> bool {
    matches!(
        body,
        Body::Question { .. }
            | Body::CheckpointReached { .. }
            | Body::BudgetExceeded { task: None, .. }
            | Body::QuotaHold { until: None, .. }
            | Body::GateFinished {
                verdict: VerdictWord::Manual,
                ..
            }
    )
}

/// The phase that this record has brought to its end.
fn finished_phase<'s>(body: &Body, state: &'s State) -> Option<&'s str> {
    outcome(body)?;
    let phase = state.tasks.get(body.task()?)?.phase.as_deref()?;
    let mut of_phase = state
        .tasks
        .values()
        .filter(|task| task.phase.as_deref() == Some(phase));
    let is_over = of_phase.all(|task| task.status == TaskStatus::Settled);
    is_over.then_some(phase)
}

fn phase_line(phase: &str, state: &State) -> String {
    let of_phase = state
        .tasks
        .values()
        .filter(|task| task.phase.as_deref() == Some(phase));
    let (mut all, mut succeeded) = (0, 0);
    for task in of_phase {
        all += 1;
        succeeded += u32::from(task.outcome == Some(Outcome::Succeeded));
    }
    format!("phase {phase} is finished: {succeeded} of {all} succeeded")
}

fn run_line(record: &Record, state: &State) -> String {
    let count = |is: fn(Outcome) -> bool| {
        let tasks = state.tasks.values();
        tasks.filter(|task| task.outcome.is_some_and(is)).count()
    };
    let (succeeded, failed) = (count(|o| o == Outcome::Succeeded), count(is_failure));
    let plan = &state.plan_id;
    let mut line = match &record.body {
        Body::RunPaused { reason, .. } => format!("{plan} is paused: {reason}"),
        _ => format!("{plan} is finished"),
    };
    line.push_str(&format!(
        "; {succeeded} of {} succeeded, {failed} failed",
        state.tasks.len()
    ));
    line
}

fn nearest(text: &str) -> Option<&'static str> {
    let allowed = (text.chars().count() / 3).clamp(1, 4);
    let words = WORDS.iter().map(|(word, _)| *word).filter(|w| *w != "*");
    words
        .chain(RECORD_TYPES)
        .map(|name| (strsim::osa_distance(name, text), name))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests;
