//! What a task is at, in a word.

use schemas::{AttemptResult, Body, State, TaskState, TaskStatus};

/// Where a task stands that somebody watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Liveness {
    Permission,
    NoResult,
    Silent,
    Quota,
    Working,
    Gates,
    Merging,
    Starting,
}

/// What was heard of an attempt since it began. The state keeps what was said last, whenever that was.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Heard {
    /// It has said something.
    pub(super) anything: bool,
    /// It has been silent for long since.
    silent: bool,
    /// It said before that it waits for quota.
    quota: bool,
}

impl Heard {
    /// Takes the next record of the task.
    pub(super) fn record(&mut self, body: &Body) {
        match body {
            Body::AttemptStarted { .. } => *self = Heard::default(),
            Body::AttemptStalled { doing, .. } => {
                self.silent = true;
                self.quota = doing.as_ref().is_some_and(|doing| doing.contains("quota"));
                self.anything = true;
            }
            Body::Progress { .. }
            | Body::Message { .. }
            | Body::Question { .. }
            | Body::Done { .. }
            | Body::Error { .. } => {
                *self = Heard {
                    anything: true,
                    ..Heard::default()
                };
            }
            _ => {}
        }
    }
}

impl Liveness {
    /// `None` for a task that nobody works on and that waits for nothing that is worth a line.
    pub(super) fn of(id: &str, task: &TaskState, state: &State, heard: Heard) -> Option<Liveness> {
        let asks = || state.open_questions().any(|question| question.task == id);
        Some(match task.status {
            TaskStatus::Ready => Liveness::Starting,
            TaskStatus::Running if asks() => Liveness::Permission,
            TaskStatus::Running if heard.quota => Liveness::Quota,
            TaskStatus::Running if heard.silent => Liveness::Silent,
            TaskStatus::Running => Liveness::Working,
            TaskStatus::Gating => Liveness::Gates,
            TaskStatus::Integrating => Liveness::Merging,
            TaskStatus::Pending if task.attempt > 0 => between(task, state)?,
            TaskStatus::Pending | TaskStatus::Waiting | TaskStatus::Settled => return None,
        })
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Liveness::Permission => "waiting for permission",
            Liveness::NoResult => "exited without result",
            Liveness::Silent => "silent",
            Liveness::Quota => "waiting for quota",
            Liveness::Working => "working",
            Liveness::Gates => "gates",
            Liveness::Merging => "merging",
            Liveness::Starting => "starting",
        }
    }
}

/// A task between two attempts.
fn between(task: &TaskState, state: &State) -> Option<Liveness> {
    let route = task.route.as_ref().and_then(|name| state.routes.get(name));
    match task.last_result? {
        _ if route.is_some_and(|route| route.held) => Some(Liveness::Quota),
        AttemptResult::NoResult | AttemptResult::Lost => Some(Liveness::NoResult),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use schemas::Record;

    use super::*;

    /// What a task is at after each of these records.
    fn words(lines: &[&str]) -> Vec<&'static str> {
        let (mut state, mut heard) = (State::default(), Heard::default());
        let word = |line: &&str| {
            let record = Record::parse(line).unwrap();
            state.apply(&record);
            heard.record(&record.body);
            let task = state.tasks.get("t")?;
            Some(Liveness::of("t", task, &state, heard)?.word())
        };
        lines
            .iter()
            .map(word)
            .map(Option::unwrap_or_default)
            .collect()
    }

    const READY: &str = r#"{"type":"task-ready","task":"t","attempt":1,"terminal":"x"}"#;
    const STARTED: &str = r#"{"type":"attempt-started","task":"t","attempt":1,"agent":"a","pid":1,"terminal":"x","workspace":"","promptFile":"","logFile":"","route":"a/m"}"#;
    const PROGRESS: &str = r#"{"type":"progress","task":"t","attempt":1,"text":"on it"}"#;
    const QUESTION: &str = r#"{"type":"question","task":"t","attempt":1,"text":"may I?"}"#;
    const ANSWER: &str = r#"{"type":"answer","task":"t","text":"yes"}"#;
    const SILENT: &str =
        r#"{"type":"attempt-stalled","task":"t","attempt":1,"silentMs":9000,"step":"warned"}"#;

    #[test]
    fn an_attempt_works_asks_and_is_silent() {
        assert_eq!(
            words(&[READY, STARTED, SILENT, PROGRESS, QUESTION, ANSWER, SILENT]),
            [
                "starting",
                "working",
                "silent",
                "working",
                "waiting for permission",
                "working",
                "silent"
            ]
        );
    }

    #[test]
    fn between_two_attempts_it_waits_for_quota_or_has_shown_no_result() {
        let ended = |result: &str| {
            format!(r#"{{"type":"attempt-finished","task":"t","attempt":1,"result":"{result}"}}"#)
        };
        let hold =
            r#"{"type":"quota-hold","route":"a/m","until":"2026-01-01T00:00:00Z","class":"quota"}"#;
        let free = r#"{"type":"quota-released","route":"a/m"}"#;
        let quota = [STARTED, &ended("failed"), hold, free];
        assert_eq!(words(&quota), ["working", "", "waiting for quota", ""]);
        let nothing = [STARTED, &ended("no-result")];
        assert_eq!(words(&nothing), ["working", "exited without result"]);
    }
}
