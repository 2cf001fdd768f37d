//! A part of a plan, then the whole; phases in groups; tasks that share a port: what the schedule says is what a run does.

use e2e::Sandbox;
use serde_json::{Value, json};

use crate::plan::{of_type, plan, succeeded, task};

/// Ids of the tasks that were started, in order.
fn started(records: &[Value]) -> Vec<&str> {
    of_type(records, "attempt-started")
        .filter_map(|record| record["task"].as_str())
        .collect()
}

#[test]
fn what_a_part_has_done_is_not_done_again_by_the_whole() {
    let sandbox = Sandbox::new();
    let tasks = [
        task("t1", &[], "echo one >>$PWD/../log"),
        task("t2", &["t1"], "echo two >>$PWD/../log"),
        task("t3", &["t2"], "echo three >>$PWD/../log"),
    ];
    sandbox.write("plan.json", &plan(tasks));
    let run = |flags: &str| {
        let line = format!("plan-schedule --quiet plan.json {flags} | agent-dispatch --quiet");
        sandbox.sh(&line).expect(0).records()
    };
    assert_eq!(started(&run("--only t1,t3")), ["t1", "t3"]);
    let whole = run("");
    assert_eq!(started(&whole), ["t2"]);
    assert_eq!(run("--only t2").last().unwrap()["type"], "run-finished");
    let outcomes = &sandbox.json(".orchestrate/state.json")["tasks"];
    for id in ["t1", "t2", "t3"] {
        assert_eq!(outcomes[id]["outcome"], "succeeded", "{id}");
    }
    let mut log: Vec<String> = sandbox.read("log").lines().map(str::to_owned).collect();
    log.sort();
    assert_eq!(log, ["one", "three", "two"]);
}

/// Times of start and end of each task.
fn times(records: &[Value], id: &str) -> (String, String) {
    let time = |kind: &str| {
        let mut found = of_type(records, kind).filter(|record| record["task"] == id);
        let time = found.next().and_then(|record| record["time"].as_str());
        time.expect("the task was done").to_owned()
    };
    (time("attempt-started"), time("attempt-finished"))
}

#[test]
fn entries_of_groups_follow_each_other_and_conflicts_never_overlap() {
    let sandbox = Sandbox::new();
    let mut tasks: Vec<Value> = ["a1", "b1", "c1", "d1"]
        .map(|id| task(id, &[], "sleep 0.05"))
        .to_vec();
    for (task, phase) in tasks.iter_mut().zip(["a", "b", "c", "d"]) {
        task["phase"] = json!(phase);
        task["ports"] = json!([8080]);
    }
    let mut plan: Value = serde_json::from_str(&plan(tasks)).unwrap();
    plan["phases"] = json!([{"id": "a"}, {"id": "b"}, {"id": "c"}, {"id": "d"}]);
    plan["parallelGroups"] = json!([["b", "c"]]);
    sandbox.write("plan.json", &plan.to_string());
    let ran = sandbox
        .sh("plan-schedule plan.json | agent-dispatch")
        .expect(0);
    let records = ran.records();
    assert_eq!(succeeded(&records).len(), 4);
    let [a, b, c, d] = ["a1", "b1", "c1", "d1"].map(|id| times(&records, id));
    assert!(
        a.1 <= b.0 && a.1 <= c.0 && b.1 <= d.0 && c.1 <= d.0,
        "{a:?} {b:?} {c:?} {d:?}"
    );
    assert!(b.1 <= c.0 || c.1 <= b.0, "{b:?} {c:?}");
}
