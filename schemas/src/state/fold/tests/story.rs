//! A journal in the making, and one whole run.

use serde_json::{Value, json};

use crate::state::{State, TaskState};
use crate::{Body, Record};

/// A journal in the making: numbers and times are given by place.
#[derive(Default)]
pub(super) struct Story {
    pub(super) records: Vec<Record>,
}

impl Story {
    pub(super) fn begun() -> Story {
        let mut story = Story::default();
        story.tell(json!({
            "type": "run-started", "planId": "orch-abc123", "seed": 7, "mark": "m", "pid": 100, "jobs": 5,
            "containment": "process-group",
            "tasks": [
                {"id": "t1", "title": "Set up", "project": "backend", "phase": "p1"},
                {"id": "t2", "title": "Log in", "project": "backend", "phase": "p1"},
                {"id": "t10", "title": "Show it", "project": "frontend", "phase": "p2"},
            ],
        }));
        story
    }

    pub(super) fn tell(&mut self, mut body: Value) -> &mut Story {
        let seq = self.records.len() as u64 + 1;
        body["seq"] = seq.into();
        body["run"] = "orch-abc123".into();
        body["time"] = format!("2026-01-01T12:{:02}:{:02}.000Z", seq / 60, seq % 60).into();
        let record = Record::parse(&body.to_string()).expect("a record");
        assert_ne!(record.body, Body::Unknown, "{body}");
        self.records.push(record);
        self
    }

    pub(super) fn attempt(&mut self, task: &str, number: u32) -> &mut Story {
        let terminal = format!("{task}-{number}");
        self.tell(json!({"type": "task-ready", "task": task, "attempt": number, "terminal": terminal, "digest": "d"}));
        self.tell(json!({
            "type": "attempt-started", "task": task, "attempt": number, "agent": "quick", "pid": 200,
            "terminal": terminal, "workspace": "w", "promptFile": "p", "logFile": "l",
        }))
    }

    pub(super) fn ended(&mut self, task: &str, number: u32, result: &str) -> &mut Story {
        self.tell(json!({"type": "attempt-finished", "task": task, "attempt": number, "result": result, "costUsd": 0.25}))
    }

    pub(super) fn gates(&mut self, task: &str, number: u32, verdict: &str) -> &mut Story {
        self.tell(json!({"type": "gate-started", "task": task, "attempt": number}));
        self.tell(json!({
            "type": "gate-finished", "task": task, "attempt": number, "verdict": verdict, "verdictFile": "v",
            "reason": "unit tests: exit code 1",
        }))
    }

    pub(super) fn settled(&mut self, task: &str, outcome: &str, verification: &str) -> &mut Story {
        self.tell(json!({"type": "task-settled", "task": task, "outcome": outcome, "verification": verification, "digest": "d"}))
    }

    pub(super) fn skipped(&mut self, task: &str, dependency: &str) -> &mut Story {
        self.tell(json!({
            "type": "task-settled", "task": task, "outcome": "skipped", "verification": "none", "dependency": dependency,
            "reason": format!("{dependency} failed"),
        }))
    }

    pub(super) fn state(&self) -> State {
        fold(&self.records)
    }

    pub(super) fn task(&self, id: &str) -> TaskState {
        *self.state().tasks.remove(id).expect("a task")
    }
}

pub(super) fn fold(records: &[Record]) -> State {
    let mut state = State::default();
    records.iter().for_each(|record| state.apply(record));
    state.refresh();
    state
}

/// A gate that fails once, a question with its answer, a checkpoint rejected and approved, a task given up
/// and done again: everything that a run can meet on one day.
pub(super) fn eventful() -> Story {
    let mut story = Story::begun();
    story.attempt("t1", 1);
    story.tell(
        json!({"type": "progress", "task": "t1", "attempt": 1, "percent": 45, "text": "half"}),
    );
    story.tell(json!({"type": "done", "task": "t1", "attempt": 1, "text": "set up"}));
    story.ended("t1", 1, "done").gates("t1", 1, "failed");
    story.tell(json!({"type": "fix-requested", "task": "t1", "attempt": 1, "fix": 1, "limit": 2}));
    story
        .attempt("t1", 2)
        .ended("t1", 2, "done")
        .gates("t1", 2, "passed");
    story.settled("t1", "succeeded", "passed");
    story.attempt("t2", 1);
    story.tell(
        json!({"type": "question", "task": "t2", "attempt": 1, "text": "Tokens or cookies?"}),
    );
    story.ended("t2", 1, "question");
    story.tell(json!({"type": "answer", "task": "t2", "text": "Cookies", "by": "the owner"}));
    story.attempt("t2", 2).ended("t2", 2, "failed");
    story.tell(json!({"type": "attempt-retrying", "task": "t2", "attempt": 2, "result": "failed", "delayMs": 2000}));
    story.attempt("t2", 3).ended("t2", 3, "failed");
    story.settled("t2", "failed", "none").skipped("t10", "t2");
    story.tell(json!({"type": "checkpoint-reached", "checkpoint": "p1"}));
    story.tell(json!({"type": "run-paused", "reason": "checkpoint", "waiting": ["p1"]}));
    story.tell(
        json!({"type": "checkpoint-rejected", "checkpoint": "p1", "reason": "log-in must work"}),
    );
    story.tell(json!({"type": "state-transition", "event": "retry", "task": "t2"}));
    story.tell(json!({"type": "state-transition", "event": "re_review", "from": "revision_needed", "to": "checkpoint"}));
    story.tell(json!({"type": "checkpoint-approved", "checkpoint": "p1", "by": "the owner"}));
    story.tell(json!({"type": "lock-acquired", "lock": "M1", "owner": "lead"}));
    story.tell(json!({"type": "decision", "text": "Cookies it is", "level": 2, "task": "t2"}));
    story.tell(json!({"type": "steering", "task": "t2", "text": "keep it small"}));
    story
        .attempt("t2", 4)
        .ended("t2", 4, "done")
        .settled("t2", "succeeded", "none");
    story
        .attempt("t10", 1)
        .ended("t10", 1, "done")
        .settled("t10", "succeeded", "none");
    story.tell(json!({"type": "run-finished", "outcome": "succeeded"}));
    story
}
