//! The story of a run, told record by record.

mod story;

use serde_json::json;

use story::{Story, eventful, fold};

use super::*;
use crate::{RunStatus, Verification};

#[test]
fn a_run_starts_with_all_its_tasks_pending() {
    let state = Story::begun().state();
    assert_eq!(state.status, RunStatus::InProgress);
    assert_eq!((state.progress.total, state.progress.pending), (3, 3));
    assert_eq!(state.tasks["t10"].title, "Show it");
    assert_eq!(state.pid, Some(100));
    assert_eq!(state.phase, None, "nothing has begun in any phase");
}

#[test]
fn an_attempt_shows_how_far_it_is_and_then_no_more() {
    let mut story = Story::begun();
    story.attempt("t1", 1);
    story.tell(
        json!({"type": "progress", "task": "t1", "attempt": 1, "percent": 45, "text": "half"}),
    );
    story.tell(json!({"type": "progress", "task": "t1", "attempt": 1, "text": "nearly"}));
    let task = story.task("t1");
    assert_eq!(task.status, TaskStatus::Running);
    assert_eq!(
        (task.percent, task.message.as_deref()),
        (Some(45), Some("nearly"))
    );
    assert_eq!(story.state().phase.as_deref(), Some("p1"));
    let task = story.ended("t1", 1, "done").task("t1");
    assert_eq!(
        (task.status, task.percent, task.pid),
        (TaskStatus::Gating, None, None)
    );
    assert_eq!(task.cost_usd, Some(0.25));
}

#[test]
fn a_failed_gate_is_followed_by_a_fix() {
    let mut story = Story::begun();
    story.attempt("t1", 1).ended("t1", 1, "done");
    let task = story.gates("t1", 1, "failed").task("t1");
    assert_eq!(
        (task.status, task.verification),
        (TaskStatus::Gating, Verification::Failed)
    );
    assert_eq!(task.reason.as_deref(), Some("unit tests: exit code 1"));
    story.tell(json!({"type": "fix-requested", "task": "t1", "attempt": 1, "fix": 1, "limit": 2}));
    let task = story.task("t1");
    assert_eq!(
        (task.status, task.fixes, task.retries),
        (TaskStatus::Pending, 1, 0)
    );
    story
        .attempt("t1", 2)
        .ended("t1", 2, "done")
        .gates("t1", 2, "passed");
    let task = story.settled("t1", "succeeded", "passed").task("t1");
    assert_eq!((task.outcome, task.attempt), (Some(Outcome::Succeeded), 2));
    assert_eq!(task.cost_usd, Some(0.5), "of both attempts");
}

#[test]
fn a_broken_check_says_nothing_about_the_work() {
    let mut story = Story::begun();
    story.attempt("t1", 1).ended("t1", 1, "done");
    let task = story.gates("t1", 1, "infrastructure").task("t1");
    assert_eq!(task.verification, Verification::Infrastructure);
    assert_eq!(task.outcome, None);
}

#[test]
fn a_manual_gate_waits_for_a_person() {
    let mut story = Story::begun();
    story
        .attempt("t1", 1)
        .ended("t1", 1, "done")
        .gates("t1", 1, "manual");
    assert_eq!(story.task("t1").status, TaskStatus::Waiting);
    story.tell(json!({"type": "checkpoint-approved", "checkpoint": "t1"}));
    let task = story.task("t1");
    assert_eq!(
        (task.status, task.verification),
        (TaskStatus::Gating, Verification::Passed)
    );
    assert!(task.approved);
}

#[test]
fn a_question_waits_for_its_answer() {
    let mut story = Story::begun();
    story.attempt("t2", 1);
    story.tell(
        json!({"type": "question", "task": "t2", "attempt": 1, "text": "Tokens or cookies?"}),
    );
    assert_eq!(
        story.ended("t2", 1, "question").task("t2").status,
        TaskStatus::Waiting
    );
    assert_eq!(story.state().open_questions().count(), 1);
    story.tell(json!({"type": "answer", "task": "t2", "text": "Cookies"}));
    let state = story.state();
    assert_eq!(state.open_questions().count(), 0);
    assert_eq!(state.questions[0].answer.as_deref(), Some("Cookies"));
    assert_eq!(state.tasks["t2"].status, TaskStatus::Pending);
}

#[test]
fn an_answer_that_comes_while_the_agent_still_runs_counts() {
    let mut story = Story::begun();
    story.attempt("t2", 1);
    story.tell(
        json!({"type": "question", "task": "t2", "attempt": 1, "text": "Tokens or cookies?"}),
    );
    story.tell(json!({"type": "answer", "task": "t2", "text": "Cookies"}));
    assert_eq!(story.task("t2").status, TaskStatus::Running);
    assert_eq!(
        story.ended("t2", 1, "question").task("t2").status,
        TaskStatus::Pending
    );
}

#[test]
fn a_task_that_goes_on_by_itself_drops_its_question() {
    let mut story = Story::begun();
    story.attempt("t2", 1);
    story.tell(
        json!({"type": "question", "task": "t2", "attempt": 1, "text": "Tokens or cookies?"}),
    );
    let state = story.ended("t2", 1, "done").state();
    assert!(state.questions[0].dropped);
    assert_eq!(state.open_questions().count(), 0);
}

#[test]
fn a_checkpoint_is_rejected_reviewed_again_and_approved() {
    let mut story = Story::begun();
    story.tell(json!({"type": "checkpoint-reached", "checkpoint": "p1"}));
    let state = story.state();
    assert_eq!(state.status, RunStatus::Checkpoint);
    assert_eq!(state.checkpoint.expect("it waits").kind, "phase");
    story.tell(
        json!({"type": "checkpoint-rejected", "checkpoint": "p1", "reason": "log-in must work"}),
    );
    let state = story.state();
    assert_eq!(state.status, RunStatus::RevisionNeeded);
    let rejected = state.checkpoint.expect("it still waits").rejected;
    assert_eq!(rejected.as_deref(), Some("log-in must work"));
    story.tell(json!({"type": "state-transition", "event": "re_review", "from": "revision_needed", "to": "checkpoint"}));
    let state = story.state();
    assert_eq!(state.checkpoint.expect("it waits again").rejected, None);
    story.tell(json!({"type": "checkpoint-approved", "checkpoint": "p1"}));
    let state = story.state();
    assert_eq!(
        (state.status, state.checkpoint),
        (RunStatus::InProgress, None)
    );
    assert_eq!(state.approved, ["p1"]);
}

#[test]
fn a_retry_takes_up_all_that_was_skipped_because_of_the_task() {
    let mut story = Story::begun();
    story
        .attempt("t1", 1)
        .ended("t1", 1, "failed")
        .settled("t1", "failed", "none");
    story.skipped("t2", "t1").skipped("t10", "t2");
    story.tell(json!({"type": "run-finished", "outcome": "failed"}));
    let state = story.state();
    assert_eq!(state.status, RunStatus::Blocked);
    assert_eq!((state.progress.failed, state.progress.skipped), (1, 2));
    assert_eq!(state.tasks["t10"].reason.as_deref(), Some("t2 failed"));
    story.tell(json!({"type": "state-transition", "event": "retry", "task": "t1"}));
    let state = story.state();
    assert_eq!(state.status, RunStatus::InProgress);
    assert_eq!(state.progress.pending, 3, "the task and both behind it");
    assert_eq!(
        state.tasks["t1"].attempt, 1,
        "numbers of attempts are never used twice"
    );
    assert_eq!(state.tasks["t10"].dependency, None);
}

#[test]
fn a_retry_waits_for_its_time_and_launches_are_counted_apart() {
    let mut story = Story::begun();
    story.attempt("t1", 1).ended("t1", 1, "failed");
    story.tell(json!({"type": "attempt-retrying", "task": "t1", "attempt": 1, "result": "failed", "delayMs": 2000}));
    let task = story.task("t1");
    // Told at second 5.
    assert_eq!(task.not_before.as_deref(), Some("2026-01-01T12:00:07.000Z"));
    story.attempt("t1", 2).ended("t1", 2, "launch-failed");
    story.tell(json!({"type": "attempt-retrying", "task": "t1", "attempt": 2, "result": "launch-failed", "delayMs": 0}));
    let task = story.task("t1");
    assert_eq!((task.retries, task.launch_retries), (1, 1));
}

#[test]
fn a_person_holds_cancels_and_locks() {
    let mut story = Story::begun();
    story.tell(json!({"type": "state-transition", "event": "hold"}));
    story.tell(json!({"type": "lock-acquired", "lock": "M1", "owner": "lead"}));
    story.tell(json!({"type": "state-transition", "event": "cancel", "task": "t2"}));
    let state = story.state();
    assert!(state.held && !state.cancelled && state.tasks["t2"].cancelled);
    assert_eq!(state.locks["M1"].owner, "lead");
    story.tell(json!({"type": "state-transition", "event": "release"}));
    story.tell(json!({"type": "lock-released", "lock": "M1", "owner": "lead"}));
    story.tell(json!({"type": "state-transition", "event": "cancel"}));
    let state = story.state();
    assert!(!state.held && state.cancelled && state.locks.is_empty());
}

#[test]
fn unknown_cost_is_not_zero() {
    let mut story = Story::begun();
    story.attempt("t1", 1);
    story.tell(json!({"type": "attempt-finished", "task": "t1", "attempt": 1, "result": "done", "costUsd": null}));
    let state = story.state();
    assert_eq!(
        (state.totals.cost_usd, state.tasks["t1"].cost_usd),
        (None, None)
    );
    assert_eq!(state.totals.tokens, None);
    assert_eq!(state.totals.attempts, 1);
}

#[test]
fn records_of_a_later_version_change_nothing_but_the_place() {
    let story = Story::begun();
    let mut state = story.state();
    let before = state.clone();
    let line = r#"{"seq":2,"time":"2026-01-01T12:00:02.000Z","type":"tea-made","run":"orch-abc123","task":"t1"}"#;
    state.apply(&Record::parse(line).expect("a record"));
    assert_eq!((state.last_seq, state.tasks.len()), (2, 3));
    assert_eq!((state.tasks, state.status), (before.tasks, before.status));
}

#[test]
fn the_eventful_run_ends_well() {
    let state = eventful().state();
    assert_eq!(state.status, RunStatus::Completed);
    assert_eq!((state.progress.succeeded, state.progress.percent), (3, 100));
    assert_eq!(
        (
            state.projects["backend"].succeeded,
            state.projects["frontend"].tasks
        ),
        (2, 1)
    );
    assert_eq!(state.decisions[0].text, "Cookies it is");
    assert_eq!(state.tasks["t2"].steering, ["keep it small"]);
    assert_eq!(state.pid, None, "no dispatcher lives");
}

#[test]
fn the_fold_of_a_part_and_then_the_rest_is_the_fold_of_all() {
    let story = eventful();
    let whole = story.state();
    for cut in 0..=story.records.len() {
        let (first, rest) = story.records.split_at(cut);
        // The first part goes by way of its file, as it does between two programs.
        let saved = serde_json::to_string(&fold(first)).expect("a state is JSON");
        let mut state: State = serde_json::from_str(&saved).expect("it was written by us");
        rest.iter().for_each(|record| state.apply(record));
        state.refresh();
        assert_eq!(state, whole, "cut after {cut} records");
    }
}

#[cfg(feature = "validate")]
#[test]
fn every_state_on_the_way_is_of_its_schema() {
    let story = eventful();
    let schema = crate::schema::Schema::of("state").expect("the schema compiles");
    for cut in 0..=story.records.len() {
        let state = serde_json::to_value(fold(&story.records[..cut])).expect("a state is JSON");
        assert_eq!(schema.problems(&state), [], "after {cut} records");
    }
}

#[test]
fn tasks_are_written_in_the_order_of_their_numbers() {
    let text = serde_json::to_string(&Story::begun().state()).expect("a state is JSON");
    let place = |id: &str| text.find(&format!("\"{id}\":{{")).expect("it is there");
    assert!(place("t2") < place("t10"), "{text}");
}
