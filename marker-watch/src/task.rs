//! What is known of one task: what it said last, how far it is, what it is at.

use std::time::Instant;

use schemas::ActivityState;
use schemas::marker::MarkerKind;

/// One task, or one source that has not named any.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) id: String,
    /// Where it was heard last.
    pub(crate) source: String,
    /// It stands for a source that has not named a task yet.
    pub(crate) is_source: bool,
    /// The last marker that decides: done, error or question.
    pub(crate) decided: Option<MarkerKind>,
    /// The last marker of any kind.
    pub(crate) last: Option<MarkerKind>,
    /// It has ended: what it says next is of another beginning.
    ended: bool,
    /// The most that it has claimed since it began, or began again.
    pub(crate) percent: Option<u8>,
    /// What it said last.
    pub(crate) text: String,
    /// What it is at, as far as that is known.
    pub(crate) activity: Option<ActivityState>,
    /// When anything was heard of it.
    pub(crate) heard: Instant,
}

impl Task {
    pub(crate) fn new(id: &str, source: &str, now: Instant) -> Task {
        Task {
            id: id.to_owned(),
            source: source.to_owned(),
            is_source: false,
            decided: None,
            last: None,
            ended: false,
            percent: None,
            text: String::new(),
            activity: None,
            heard: now,
        }
    }

    /// Takes a marker that is no progress.
    pub(crate) fn decide(&mut self, kind: MarkerKind) {
        self.decided = Some(kind);
        self.last = Some(kind);
        if kind == MarkerKind::Done {
            self.percent = Some(100);
        }
        self.ended = kind != MarkerKind::Question;
    }

    /// Takes a percentage; answers the one that counts, and the one that was said when it is another. Less than before counts
    /// as before: what was done stays done. After a result, it begins again.
    pub(crate) fn progress(
        &mut self,
        percent: Option<u8>,
        said: Option<String>,
    ) -> (Option<u8>, Option<String>) {
        self.last = Some(MarkerKind::Progress);
        let Some(now) = percent else {
            return (None, said);
        };
        let begins_again = std::mem::take(&mut self.ended);
        let before = self.percent.filter(|before| !begins_again && *before > now);
        self.percent = Some(before.unwrap_or(now));
        let said = said.or_else(|| before.map(|_| format!("{now}%")));
        (self.percent, said)
    }

    /// It has said all that it will.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self.decided, Some(MarkerKind::Done | MarkerKind::Error))
    }

    /// In a word for people.
    pub(crate) fn word(&self) -> &'static str {
        match (self.last, self.activity) {
            (Some(MarkerKind::Done), _) => "done",
            (Some(MarkerKind::Error), _) => "error",
            (Some(MarkerKind::Question), _) => "question",
            (_, Some(state)) => state.as_str(),
            _ => "working",
        }
    }
}
