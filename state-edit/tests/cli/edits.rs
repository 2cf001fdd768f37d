//! Edits: what each does, and what it refuses.

use serde_json::json;

use crate::run::{Run, question, reached, settled};

#[test]
fn apply_moves_the_machine_and_refuses_what_is_illegal() {
    let run = Run::of(&["t1"]);
    let record = run
        .call(&["apply", "error", "--reason", "no network", "--by", "op"])
        .record();
    let expected = json!({
        "seq": 2, "time": record["time"], "type": "state-transition", "run": "p", "event": "error",
        "from": "in_progress", "to": "blocked", "by": "op", "reason": "no network"
    });
    assert_eq!(record, expected);
    assert_eq!(run.value("/status"), "blocked");
    run.call(&["apply", "approve"])
        .refused(1, "nothing waits for an approval");
    run.call(&["apply", "error"])
        .refused(1, "legal now: resume, skip");
    run.call(&["apply", "resum"])
        .refused(1, "did you mean resume?");
    run.call(&["apply", "resume", "--task", "t1"])
        .refused(2, "takes no --task");
    run.call(&["apply", "retry"]).refused(2, "needs a task");
    assert_eq!(run.value("/lastSeq"), 2);
    assert_eq!(
        run.call(&["apply", "cancel", "--task", "t1"]).record()["task"],
        "t1"
    );
}

#[test]
fn what_would_be_refused_is_not_called_legal() {
    let run = Run::of(&["t1"]);
    run.record(&[
        question("t1"),
        json!({"type": "run-paused", "reason": "question", "waiting": ["t1"]}),
    ]);
    assert_eq!(run.value("/status"), "checkpoint");
    let call = run.call(&["apply", "start"]);
    call.refused(1, "legal now: approve_final_phase; always");
    call.refused(1, "; t1 asked: use answer");
}

#[test]
fn a_checkpoint_is_approved_or_rejected_and_reviewed_again() {
    let run = Run::of(&["t1"]);
    run.call(&["approve"])
        .refused(1, "nothing waits for an approval");
    run.record(&[reached("p1")]);
    run.call(&["approve", "p2"])
        .refused(1, "p2 waits for no approval");
    let record = run
        .call(&["reject", "more tests", "--checkpoint", "p1"])
        .record();
    assert_eq!(
        (&record["checkpoint"], &record["reason"]),
        (&json!("p1"), &json!("more tests"))
    );
    assert_eq!(run.value("/status"), "revision_needed");
    run.call(&["approve"])
        .refused(1, "p1 was rejected: apply revision_complete or re_review");
    run.call(&["apply", "re_review"]).record();
    let record = run.call(&["approve", "--note", "good"]).record();
    assert_eq!(
        (&record["type"], &record["note"]),
        (&json!("checkpoint-approved"), &json!("good"))
    );
    assert_eq!(
        (run.value("/status"), run.value("/approved")),
        (json!("in_progress"), json!(["p1"]))
    );
}

#[test]
fn of_several_that_wait_one_must_be_named() {
    let run = Run::of(&["t1", "t2"]);
    run.record(&[
        json!({"type": "gate-finished", "task": "t1", "attempt": 1, "verdict": "manual"}),
        json!({"type": "gate-finished", "task": "t2", "attempt": 1, "verdict": "manual"}),
    ]);
    run.call(&["approve"])
        .refused(1, "t1, t2 wait for an approval");
    run.call(&["approve", "t2"]).record();
    assert_eq!(run.value("/tasks/t2/verification"), "passed");
    assert_eq!(run.call(&["reject", "no"]).record()["checkpoint"], "t1");
    assert_eq!(run.value("/tasks/t1/verification"), "failed");
}

#[test]
fn answers_go_to_open_questions_only() {
    let run = Run::of(&["t1", "t2"]);
    run.call(&["answer", "t1", "blue"])
        .refused(1, "t1 has no open question");
    run.record(&[question("t2")]);
    run.call(&["answer", "t1", "blue"])
        .refused(1, "these have one: t2");
    run.call(&["answer", "t22", "blue"])
        .refused(1, "did you mean t2?");
    run.call(&["answer", "t2", " "])
        .refused(2, "the text is empty");
    run.call(&["answer", "t2", "-"]).refused(3, "wrote nothing");
    let call = run.with_stdin(&["answer", "t2", "-"], "two\nlines\n");
    assert_eq!(
        (&call.record()["text"], &call.record()["by"]),
        (&json!("two\nlines"), &json!("me"))
    );
    assert_eq!(run.value("/questions/0/answer"), "two\nlines");
    run.call(&["answer", "t2", "again"])
        .refused(1, "t2 has no open question");
}

#[test]
fn steering_cancelling_and_retrying_need_a_task_that_can() {
    let run = Run::of(&["t1", "t2", "t3"]);
    for command in [
        &["steer", "t33", "x"][..],
        &["cancel", "t33"],
        &["retry", "t33"],
    ] {
        run.call(command).refused(1, "did you mean t3?");
    }
    run.call(&["steer", "t1", "use v2"]).record();
    assert_eq!(run.value("/tasks/t1/steering"), json!(["use v2"]));
    run.record(&[settled("t1", "succeeded"), settled("t2", "failed")]);
    run.call(&["cancel", "t2"]).refused(1, "t2 failed already");
    run.call(&["retry", "t1"]).refused(1, "--force");
    run.call(&["retry", "t3"]).refused(1, "t3 is not settled");
    let record = run
        .call(&["retry", "t2", "--reason", "network is back"])
        .record();
    assert_eq!(
        (&record["event"], &record["reason"]),
        (&json!("retry"), &json!("network is back"))
    );
    run.call(&["retry", "t1", "--force"]).record();
    assert_eq!(run.value("/progress/pending"), 3);
    run.record(&[settled("t2", "excluded")]);
    run.call(&["retry", "t2"]).record();
    assert_eq!(run.value("/tasks/t2/outcome"), json!(null));
    run.call(&["cancel", "t3"]).record();
    assert_eq!(run.value("/tasks/t3/cancelled"), true);
    run.call(&["cancel"]).record();
    run.call(&["cancel"]).refused(1, "cancelled already");
}

#[test]
fn a_hold_is_set_once_and_released_once() {
    let run = Run::of(&["t1"]);
    run.call(&["release"]).refused(1, "not held");
    run.call(&["hold"]).record();
    run.call(&["hold"]).refused(1, "held already");
    run.call(&["release"]).record();
    assert_eq!(run.value("/held"), false);
}

#[test]
fn an_edit_happens_only_when_the_state_is_as_expected() {
    let run = Run::of(&["t1"]);
    let call = run.call(&[
        "hold",
        "--expect",
        "/status=checkpoint",
        "--expect",
        "/held=false",
    ]);
    call.refused(1, "/status is \"in_progress\", expected \"checkpoint\"");
    assert!(!call.err.contains("/held"), "{call:?}");
    assert_eq!(run.value("/lastSeq"), 1);
    run.call(&[
        "hold",
        "--expect",
        "/status=\"in_progress\"",
        "--expect",
        "/checkpoint=null",
    ])
    .record();
    run.call(&["hold", "--expect", "status"])
        .refused(2, "POINTER=JSON");
    run.call(&["record", "--expect", "/held=false", "-"])
        .refused(3, "wrote nothing");
    let call = run.with_stdin(
        &["record", "--expect", "/held=false"],
        "{\"type\":\"note\",\"text\":\"a\"}\n",
    );
    call.refused(1, "/held is true, expected false");
}
