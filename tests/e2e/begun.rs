//! Plans of work that has begun: only the rest is done, and nobody is asked once more about what was passed.

use e2e::Sandbox;
use serde_json::{Value, json};

use crate::plan::{of_type, outcomes, plan, task};

fn started(records: &[Value]) -> Vec<&str> {
    of_type(records, "attempt-started")
        .filter_map(|record| record["task"].as_str())
        .collect()
}

const RUN: &str =
    "plan-validate --quiet plan.json | plan-schedule --quiet | agent-dispatch --quiet";

/// Four tasks in three phases with pauses between them.
fn begun() -> Value {
    let mut tasks = [
        task("t1", &[], "echo one >>$PWD/../log"),
        task("t2", &["t1"], "echo two >>$PWD/../log"),
        task("t3", &[], "echo three >>$PWD/../log"),
        task("t4", &["t3"], "echo four >>$PWD/../log"),
    ];
    for (task, phase) in tasks.iter_mut().zip(["a", "b", "c", "c"]) {
        task["phase"] = json!(phase);
    }
    let mut plan: Value = serde_json::from_str(&plan(tasks)).expect("a plan is JSON");
    plan["phases"] = json!([{"id": "a"}, {"id": "b"}, {"id": "c"}]);
    plan["checkpoints"] = json!(["a"]);
    plan
}

#[test]
fn only_the_rest_of_the_work_is_done() {
    let sandbox = Sandbox::new();
    let mut plan = begun();
    for (ended, outcome) in [(0, "succeeded"), (2, "cancelled")] {
        // Nobody need be there to do it.
        plan["tasks"][ended]["command"] = Value::Null;
        plan["tasks"][ended]["outcome"] = json!(outcome);
    }
    // Work of the last phase is not done: the pause after the first is still to come.
    sandbox.write("plan.json", &plan.to_string());
    sandbox.sh(RUN).expect(5);
    sandbox.sh("state-edit --quiet approve a").expect(0);
    let records = sandbox.sh(RUN).expect(0).records();
    assert_eq!(started(&records), ["t2"]);
    let state = sandbox.json(".orchestrate/state.json");
    let expected =
        json!({"t1": "succeeded", "t2": "succeeded", "t3": "cancelled", "t4": "skipped"});
    assert_eq!(json!(outcomes(&state)), expected);
    assert_eq!(sandbox.read("log"), "two\n");
}

#[test]
fn a_pause_that_work_went_past_is_not_made_again() {
    let sandbox = Sandbox::new();
    let mut plan = begun();
    for done in [0, 1] {
        plan["tasks"][done]["outcome"] = json!("succeeded");
    }
    sandbox.write("plan.json", &plan.to_string());
    let records = sandbox.sh(RUN).expect(0).records();
    assert_eq!(started(&records), ["t3", "t4"]);
}

#[test]
fn what_failed_and_was_then_done_by_hand_counts() {
    let sandbox = Sandbox::new();
    let tasks = [
        task("t1", &[], "exit 1"),
        task("t2", &["t1"], "echo two >>$PWD/../log"),
    ];
    let mut plan: Value = serde_json::from_str(&plan(tasks)).expect("a plan is JSON");
    sandbox.write("plan.json", &plan.to_string());
    sandbox.sh(&format!("{RUN} --retries 0")).expect(1);
    plan["tasks"][0]["outcome"] = json!("succeeded");
    sandbox.write("plan.json", &plan.to_string());
    let records = sandbox.sh(RUN).expect(0).records();
    assert_eq!(started(&records), ["t2"]);
    // That what has been done is done is no news.
    plan["tasks"][1]["outcome"] = json!("succeeded");
    sandbox.write("plan.json", &plan.to_string());
    let records = sandbox.sh(RUN).expect(0).records();
    assert_eq!(of_type(&records, "task-settled").count(), 0);
    // A person who does not believe it has it done again.
    sandbox.sh("state-edit --quiet retry --force t2").expect(0);
    assert_eq!(started(&sandbox.sh(RUN).expect(0).records()), ["t2"]);
}

#[test]
fn a_whole_has_nothing_in_it_for_an_agent() {
    let sandbox = Sandbox::new();
    let parts = json!([{"id": 1, "title": "Hash", "description": "A function that hashes passwords", "status": "pending"}]);
    let whole = json!({"id": 1, "title": "Log in", "description": "People log in", "status": "pending", "subtasks": parts});
    sandbox.write(
        "tasks.json",
        &json!({"master": {"tasks": [whole]}}).to_string(),
    );
    let agent = "echo \"$TASK_ID\" >>log; echo \"[DONE:$TERMINAL_ID] done\"";
    let line = format!(
        "plan-validate --quiet tasks.json | plan-schedule --quiet | agent-dispatch --quiet -- sh -c '{agent}'"
    );
    let records = sandbox.sh(&line).expect(0).records();
    assert_eq!(started(&records), ["1.1", "1"]);
    assert_eq!(sandbox.read("log"), "1.1\n");
}
