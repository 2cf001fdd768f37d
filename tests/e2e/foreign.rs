//! Stages of other people's making, in `scripts/foreign`: a scheduler in jq, a gate in Python, a dispatcher in shell.

use std::collections::BTreeSet;

use e2e::Sandbox;
use serde_json::{Value, json};

use crate::plan::{outcomes, plan, succeeded, task};
use crate::scripts::script;

/// Tasks that succeed, fail, fail their gate, or wait for one that does.
fn mixed() -> String {
    let mut tasks = [
        task("t1", &[], "echo one >made"),
        task("t2", &["t1"], "false"),
        task("t3", &["t2"], "true"),
        task("t4", &["t1"], "echo four >made"),
        task("t5", &["t4"], "test -e ../t4/made"),
        task("t6", &["t5"], "true"),
        task("t7", &["t6"], "true"),
    ];
    tasks[3]["gates"] = json!(["test -e made", {"command": ["grep", "-q", "four", "made"]}]);
    tasks[5]["gates"] = json!([{"name": "never", "command": "false"}]);
    let mut plan: Value = serde_json::from_str(&plan(tasks)).expect("a plan is JSON");
    plan["limits"] = json!({"retryLimit": 0, "fixLimit": 0});
    plan.to_string()
}

fn stage(name: &str) -> String {
    script(&format!("foreign/{name}"))
}

#[test]
fn three_foreign_stages_come_to_the_same_end_as_ours() {
    let sandbox = Sandbox::new();
    sandbox.write("plan.json", &mixed());
    let ours = "plan-validate plan.json | plan-schedule | agent-dispatch --dir ours";
    let ours = succeeded(&sandbox.sh(ours).expect(1).records());
    assert_eq!(ours, BTreeSet::from(["t1", "t4", "t5"].map(str::to_owned)));

    let line = format!(
        "cat plan.json | {} | ORCHESTRATE_DIR=theirs GATE_PROGRAM={} {}",
        stage("schedule"),
        stage("gate"),
        stage("dispatch")
    );
    let theirs = sandbox.sh(&line).expect(1);
    assert_eq!(succeeded(&theirs.records()), ours);
    let both = ["ours", "theirs"].map(|dir| {
        let state = sandbox.sh(&format!("state-edit --dir {dir} show"));
        outcomes(&serde_json::from_str(&state.expect(0).stdout).expect("a state is JSON"))
    });
    assert_eq!(both[0], both[1]);

    // What was done is not done again.
    let again = sandbox.sh(&line).expect(1).records();
    assert_eq!(succeeded(&again), BTreeSet::new());
}

#[test]
fn a_dry_run_tells_and_does_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write("plan.json", &mixed());
    let line = format!(
        "{} --dry-run plan.json | {} --dry-run",
        stage("schedule"),
        stage("dispatch")
    );
    assert_eq!(sandbox.sh(&line).expect(0).stdout, "t1\n");
    let line = format!(
        "echo '{{\"gates\": {{\"all\": [\"touch made\", {{\"name\": \"kept\", \"command\": \"touch made\"}}]}}}}' | {} --dry-run",
        stage("gate")
    );
    assert_eq!(sandbox.sh(&line).expect(0).stdout, "touch made\nkept\n");
    assert!(!sandbox.path().join("made").exists());
    assert!(!sandbox.path().join(".orchestrate").exists());
}

#[test]
fn each_of_them_conforms() {
    let sandbox = Sandbox::new();
    let conform = script("conform");
    for (kind, name) in [
        ("plan-schedule", "schedule"),
        ("gate-run", "gate"),
        ("agent-dispatch", "dispatch"),
    ] {
        sandbox
            .sh(&format!("{conform} --quiet {kind} {}", stage(name)))
            .expect(0);
    }
}
