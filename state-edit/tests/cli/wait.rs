//! Waiting for people and for tasks.

use std::process::{Child, Stdio};

use serde_json::json;

use crate::run::{Call, Run, program, question, reached, settled};

/// A call that goes on.
fn waiting(run: &Run, args: &[&str]) -> Child {
    program(&run.dir, args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn ended(child: Child) -> Call {
    Call::of(&child.wait_with_output().unwrap())
}

#[test]
fn who_waits_hears_the_answer() {
    let run = Run::of(&["t1"]);
    run.record(&[question("t1")]);
    let child = waiting(&run, &["wait", "t1"]);
    run.call(&["steer", "t1", "soon"]).record();
    run.call(&["answer", "t1", "blue"]).record();
    assert_eq!(ended(child).record()["text"], "blue");
    // It was answered before.
    let again = run.call(&["wait", "t1", "--for", "answered"]).record();
    assert_eq!(again["text"], "blue");
    run.record(&[question("t1")]);
    run.call(&["wait", "t1", "--for", "answered", "--timeout", "10ms"])
        .refused(5, "not answered in time");
}

#[test]
fn a_rejection_is_no_approval() {
    let run = Run::of(&["t1"]);
    run.call(&["wait", "base", "--for", "approved", "--timeout", "1ms"])
        .refused(5, "not approved in time");
    run.record(&[reached("base")]);
    let child = waiting(&run, &["wait", "base"]);
    run.call(&["reject", "no tests"]).record();
    let call = ended(child);
    assert_eq!(
        (call.code, &call.records()[0]["reason"]),
        (1, &json!("no tests"))
    );
    run.call(&["apply", "re_review"]).record();
    let child = waiting(&run, &["wait", "base"]);
    run.call(&["approve"]).record();
    let call = ended(child);
    // The wait may have begun after the approval: it is the same answer.
    assert_eq!(call.record()["type"], "checkpoint-approved");
}

#[test]
fn a_task_or_the_run_is_waited_for_to_its_end() {
    let run = Run::of(&["t1", "t2"]);
    let (one, all) = (waiting(&run, &["wait", "t1"]), waiting(&run, &["wait"]));
    run.record(&[settled("t1", "failed"), settled("t2", "succeeded")]);
    let call = ended(one);
    assert_eq!(
        (call.code, &call.records()[0]["outcome"]),
        (1, &json!("failed"))
    );
    assert_eq!(run.call(&["wait", "t2"]).record()["outcome"], "succeeded");
    run.record(&[json!({"type": "run-finished", "outcome": "failed"})]);
    let call = ended(all);
    assert_eq!(
        (call.code, &call.records()[0]["type"]),
        (1, &json!("run-finished"))
    );
    run.call(&["retry", "t1"]).record();
    run.call(&["wait", "t1", "--timeout", "1ms"])
        .refused(5, "not settled");
    run.call(&["wait", "t11"]).refused(1, "did you mean t1?");
    run.call(&["wait", "--for", "approved"])
        .refused(2, "name a task");
}

#[test]
fn who_is_heard_by_nobody_ends() {
    let run = Run::of(&["t1"]);
    let mut child = waiting(&run, &["wait"]);
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(5));
}
