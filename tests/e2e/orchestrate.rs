//! `scripts/orchestrate`: the whole loop as one command.

use e2e::Sandbox;
use serde_json::{Value, json};

use crate::plan::{of_type, outcomes, plan, task};
use crate::scripts::script;

fn prepared() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    let tasks = [
        task("t1", &[], "true"),
        task("t2", &["t1"], "test -e ../go"),
    ];
    sandbox.write("plan.json", &plan(tasks));
    (sandbox, script("orchestrate"))
}

#[test]
fn each_stage_s_status_is_told_and_the_first_that_failed_decides() {
    let (sandbox, orchestrate) = prepared();
    sandbox
        .sh(&format!("{orchestrate} --yes plan.json --retries 0"))
        .expect(1)
        .says("orchestrate: plan-validate 0, plan-schedule 0, agent-dispatch 1\n");
    sandbox
        .sh(&format!("{orchestrate} --yes no-such-plan.json"))
        .expect(3)
        .says("orchestrate: plan-validate 3\n");
    sandbox.write("bad.json", &plan([task("t1", &["t9"], "true")]));
    sandbox
        .sh(&format!("{orchestrate} --yes bad.json --dir other"))
        .expect(1)
        .says("orchestrate: plan-validate 1\n");
    assert!(!sandbox.path().join("other").exists());
}

#[test]
fn started_again_it_goes_on_and_records_can_be_kept_off_stdout() {
    let (sandbox, orchestrate) = prepared();
    let records = sandbox
        .sh(&format!("{orchestrate} plan.json --dry-run"))
        .expect(0);
    assert!(
        !sandbox.path().join(".orchestrate").exists(),
        "{}",
        records.stdout
    );

    sandbox.write("go", "");
    let first = sandbox
        .sh(&format!("{orchestrate} --yes --jobs 1 plan.json"))
        .expect(0);
    assert_eq!(of_type(&first.records(), "task-settled").count(), 2);
    let again = sandbox.sh(&format!("{orchestrate} plan.json")).expect(0);
    assert_eq!(of_type(&again.records(), "attempt-started").count(), 0);
    let dropped = sandbox
        .sh(&format!(
            "{orchestrate} --yes --no-records --dir other plan.json"
        ))
        .expect(0);
    assert_eq!(dropped.stdout, "");
    let quiet = sandbox
        .sh(&format!("{orchestrate} -y --quiet --dir third plan.json"))
        .expect(0);
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
}

#[test]
fn a_stage_is_replaced_by_naming_another_program() {
    let (mut sandbox, orchestrate) = prepared();
    let mine = sandbox.write(
        "my-schedule",
        "#!/bin/sh\nexec jq -c '{kind: \"schedule\", version: 1, plan: .}' \"$1\"\n",
    );
    sandbox.sh("chmod +x my-schedule; touch go").expect(0);
    sandbox.env("PLAN_SCHEDULE", &mine.display().to_string());
    sandbox
        .sh(&format!("{orchestrate} --yes plan.json"))
        .expect(0)
        .says("my-schedule 0");
}

#[test]
fn what_stands_behind_two_dashes_is_the_agent() {
    let (sandbox, orchestrate) = prepared();
    sandbox.write("agent", "#!/bin/sh\necho \"[DONE:$TERMINAL_ID] $# $1\"\n");
    let records = sandbox
        .sh(&format!(
            "chmod +x agent; {orchestrate} --yes -q plan.json -- $PWD/agent one && state-edit log --type done"
        ))
        .expect(0)
        .records();
    assert_eq!(records[0]["text"], "1 one");
}

#[test]
fn called_wrongly_it_says_how() {
    let (sandbox, orchestrate) = prepared();
    for arguments in ["", "--retries 3 plan.json", "-- agent", "plan.json --dir"] {
        let ran = sandbox.sh(&format!("{orchestrate} {arguments}")).expect(2);
        assert_eq!(ran.stdout, "");
        assert!(ran.stderr.contains("--help"), "{}", ran.stderr);
    }
    let help = sandbox.sh(&format!("{orchestrate} --help")).expect(0);
    assert!(help.stdout.starts_with("Usage: "));
}

#[test]
fn nothing_starts_that_nobody_has_agreed_to() {
    let (sandbox, orchestrate) = prepared();
    sandbox.write("go", "");
    let refused = sandbox.sh(&format!("{orchestrate} plan.json")).expect(5);
    assert_eq!(refused.stdout, "");
    let refused = refused.says("tasks that nobody has agreed to yet: 2");
    assert!(refused.stderr.contains("orchestrate --yes plan.json"));
    assert!(!sandbox.path().join(".orchestrate").exists());

    // Who has agreed to the run is not asked again, but for what has come into the plan since.
    sandbox
        .sh(&format!("{orchestrate} --yes plan.json"))
        .expect(0);
    sandbox.sh(&format!("{orchestrate} plan.json")).expect(0);
    let more = ["t1", "t2", "t3"].map(|id| task(id, &[], "true"));
    sandbox.write("plan.json", &plan(more));
    sandbox
        .sh(&format!("{orchestrate} plan.json"))
        .expect(5)
        .says("agreed to yet: 1");
}

#[test]
fn on_a_terminal_it_shows_the_schedule_and_asks() {
    let (sandbox, orchestrate) = prepared();
    if sandbox.sh("command -v script").code != 0 {
        return e2e::skip(
            "on_a_terminal_it_shows_the_schedule_and_asks",
            "no `script`",
        );
    }
    sandbox.write("go", "");
    let asked = |answer: &str| {
        let line = format!("{orchestrate} --no-records plan.json");
        sandbox.sh(&format!("echo {answer} | script -qec '{line}' /dev/null"))
    };
    let no = asked("no").expect(5);
    assert!(no.stdout.contains("Schedule:"), "{}", no.stdout);
    assert!(
        no.stdout.contains("new tasks: 2. Start? [y/N]"),
        "{}",
        no.stdout
    );
    let yes = asked("y").expect(0);
    assert!(yes.stdout.contains("2 succeeded"), "{}", yes.stdout);
}

/// Three phases with pauses between them; whoever builds plans one more task.
fn paused() -> Value {
    let mut tasks = [
        task("t1", &[], "echo one >>../log"),
        task(
            "t2",
            &[],
            "echo two >>../log; test -e ../more.json && mv ../more.json ../plan.json",
        ),
        task("t3", &[], "echo three >>../log"),
    ];
    for (task, phase) in tasks.iter_mut().zip(["a", "b", "c"]) {
        task["phase"] = json!(phase);
        task["project"] = json!("app");
    }
    let mut plan: Value = serde_json::from_str(&plan(tasks)).expect("a plan is JSON");
    plan["projects"] = json!([{"name": "app"}]);
    plan["phases"] = json!([{"id": "a"}, {"id": "b"}, {"id": "c"}]);
    plan["checkpoints"] = json!(["a", "b"]);
    plan["autonomy"] = json!({"defaultLevel": 1});
    plan
}

#[test]
fn auto_goes_on_over_checkpoints_and_with_what_was_planned_meanwhile() {
    let (sandbox, orchestrate) = prepared();
    let mut plan = paused();
    sandbox.write("plan.json", &plan.to_string());
    let mut fourth = task("t4", &[], "echo four >>../log");
    fourth["project"] = json!("app");
    fourth["phase"] = json!("c");
    plan["tasks"].as_array_mut().unwrap().push(fourth);
    sandbox.write("more.json", &plan.to_string());
    sandbox
        .sh(&format!("{orchestrate} --auto --quiet plan.json"))
        .expect(0);
    assert_eq!(sandbox.read("log"), "one\ntwo\nthree\nfour\n");
    let state = sandbox.json(".orchestrate/state.json");
    assert_eq!(outcomes(&state)["t4"], "succeeded");
    assert_eq!(state["approved"], json!(["a", "b"]));
}

#[test]
fn auto_stops_where_a_person_must_look() {
    let (sandbox, orchestrate) = prepared();
    let mut plan = paused();
    plan["tasks"][1]["autonomy"] = json!(2);
    sandbox.write("plan.json", &plan.to_string());
    sandbox.write("more.json", &plan.to_string());
    sandbox
        .sh(&format!("{orchestrate} --auto plan.json"))
        .expect(5)
        .says("checkpoint b waits:  state-edit approve b");
    assert_eq!(sandbox.read("log"), "one\ntwo\n");
    sandbox.sh("state-edit --quiet approve b").expect(0);
    sandbox
        .sh(&format!("{orchestrate} --auto plan.json"))
        .expect(0);
    assert_eq!(sandbox.read("log"), "one\ntwo\nthree\n");
}

#[test]
fn what_was_planned_meanwhile_waits_for_consent_unless_told_to_go_on() {
    let (sandbox, orchestrate) = prepared();
    sandbox.write(
        "plan.json",
        &plan([task("t1", &[], "mv ../more.json ../plan.json")]),
    );
    let more = plan([
        task("t1", &[], "mv ../more.json ../plan.json"),
        task("t2", &[], "true"),
    ]);
    sandbox.write("more.json", &more);
    sandbox
        .sh(&format!("{orchestrate} --yes plan.json"))
        .expect(5)
        .says("tasks that nobody has agreed to yet: 1");
    sandbox
        .sh(&format!("{orchestrate} --yes plan.json"))
        .expect(0);
}
