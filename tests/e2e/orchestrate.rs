//! `scripts/orchestrate`: the three stages as one command.

use std::path::Path;

use e2e::Sandbox;

use crate::plan::{of_type, plan, task};

fn prepared() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    let tasks = [
        task("t1", &[], "true"),
        task("t2", &["t1"], "test -e ../go"),
    ];
    sandbox.write("plan.json", &plan(tasks));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/orchestrate");
    (sandbox, script.display().to_string())
}

#[test]
fn each_stage_s_status_is_told_and_the_first_that_failed_decides() {
    let (sandbox, orchestrate) = prepared();
    sandbox
        .sh(&format!("{orchestrate} plan.json --retries 0"))
        .expect(1)
        .says("orchestrate: plan-validate 0, plan-schedule 0, agent-dispatch 1\n");
    sandbox
        .sh(&format!("{orchestrate} no-such-plan.json"))
        .expect(3)
        .says("orchestrate: plan-validate 3, plan-schedule 3, agent-dispatch 3\n");
    sandbox.write("bad.json", &plan([task("t1", &["t9"], "true")]));
    sandbox
        .sh(&format!("{orchestrate} bad.json --dir other"))
        .expect(1)
        .says("orchestrate: plan-validate 1, plan-schedule 3, agent-dispatch 3\n");
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
        .sh(&format!("{orchestrate} --jobs 1 plan.json"))
        .expect(0);
    assert_eq!(of_type(&first.records(), "task-settled").count(), 2);
    let again = sandbox.sh(&format!("{orchestrate} plan.json")).expect(0);
    assert_eq!(of_type(&again.records(), "attempt-started").count(), 0);
    let dropped = sandbox
        .sh(&format!("{orchestrate} --no-records --dir other plan.json"))
        .expect(0);
    assert_eq!(dropped.stdout, "");
    let quiet = sandbox
        .sh(&format!("{orchestrate} --quiet --dir third plan.json"))
        .expect(0);
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
}

#[test]
fn a_stage_is_replaced_by_naming_another_program() {
    let (mut sandbox, orchestrate) = prepared();
    let mine = sandbox.write(
        "my-schedule",
        "#!/bin/sh\nexec jq -c '{kind: \"schedule\", version: 1, plan: .}'\n",
    );
    sandbox.sh("chmod +x my-schedule; touch go").expect(0);
    sandbox.env("PLAN_SCHEDULE", &mine.display().to_string());
    sandbox
        .sh(&format!("{orchestrate} plan.json"))
        .expect(0)
        .says("my-schedule 0");
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
