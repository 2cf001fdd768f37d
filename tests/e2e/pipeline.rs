//! The three stages in a pipe: the published plan, streams that end too early, stages of other people's making.

use std::collections::BTreeSet;
use std::path::PathBuf;

use e2e::Sandbox;
use serde_json::{Value, json};

use crate::plan::{of_type, outcomes, plan, succeeded, task};

const PIPELINE: &str = "plan-validate plan.json | plan-schedule | agent-dispatch";

/// A sandbox with the plan that the field publishes.
fn published() -> Sandbox {
    let sandbox = Sandbox::new();
    let examples = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../schemas/examples");
    let text = std::fs::read_to_string(examples.join("plan/valid/published.json"));
    sandbox.write(
        "plan.json",
        &text.expect("the published plan is an example"),
    );
    sandbox
}

#[test]
fn the_published_plan_comes_to_its_end() {
    let mut sandbox = published();
    let log = sandbox.path().join("log");
    sandbox.env("LOG", log.to_str().unwrap());
    sandbox.write(
        "script",
        "append $LOG $TASK_ID\n\
         read-stdin $LOG.$TASK_ID\n\
         say [PROGRESS:$TERMINAL_ID] 50% - half of $TASK_ID\n\
         say [DONE:$TERMINAL_ID] finished $TASK_ID in $PROJECT of $PLAN_ID\n",
    );
    let ran = sandbox
        .sh(&format!("{PIPELINE} -- fake-agent $PWD/script"))
        .expect(0);
    let records = ran.records();

    let order = sandbox.read("log");
    let place = |id: &str| order.lines().position(|line| line == id).unwrap();
    assert_eq!(order.lines().count(), 4, "{order}");
    assert!(place("t2") < place("t3") && place("t3") < place("t4"));
    assert!(place("t1") < place("t4"));

    let all = ["t1", "t2", "t3", "t4"].map(str::to_owned);
    assert_eq!(succeeded(&records), BTreeSet::from(all));
    assert_eq!(records.last().unwrap()["type"], "run-finished");
    assert_eq!(of_type(&records, "progress").next().unwrap()["percent"], 50);

    let prompt = sandbox.read("log.t4");
    for part in [
        "Build auth UI",
        "Login/register pages, auth context, token management",
        "ecommerce-frontend",
        "finished t3 in ecommerce-backend of orch-abc123",
    ] {
        assert!(prompt.contains(part), "{part:?} is not in\n{prompt}");
    }
    assert_eq!(
        sandbox.json(".orchestrate/state.json")["status"],
        "completed"
    );
}

#[test]
fn stdout_is_what_the_journal_says() {
    let sandbox = Sandbox::new();
    let tasks = [task("t1", &[], "echo hello"), task("t2", &["t1"], "true")];
    sandbox.write("plan.json", &plan(tasks));
    let printed = sandbox.sh(PIPELINE).expect(0).records();
    let journal = sandbox.read(".orchestrate/journal.ndjson");
    let kept: Vec<Value> = journal
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .map(|mut record: Value| {
            record.as_object_mut().unwrap().remove("crc");
            record
        })
        .collect();
    assert_eq!(printed, kept);
}

#[test]
fn every_stage_refuses_an_empty_stdin() {
    let sandbox = Sandbox::new();
    for stage in [
        "plan-validate",
        "plan-schedule",
        "agent-dispatch",
        "gate-run",
    ] {
        let ran = sandbox.sh(&format!("{stage} </dev/null")).expect(3);
        assert_eq!(ran.stdout, "", "{stage}");
        let told = "the stage before this one wrote nothing";
        assert!(ran.stderr.contains(told), "{stage}: {}", ran.stderr);
    }
    assert!(!sandbox.path().join(".orchestrate").exists());
}

#[test]
fn a_plan_with_problems_goes_no_further() {
    let sandbox = Sandbox::new();
    sandbox.write("plan.json", &plan([task("t1", &["t9"], "true")]));
    let line = format!("{PIPELINE}; echo ${{PIPESTATUS[*]}}");
    let ran = sandbox.sh(&line).expect(0).says("t9");
    assert_eq!(ran.stdout, "1 3 3\n");
    assert!(!sandbox.path().join(".orchestrate").exists());
}

/// More than any pipe holds, so that a stage whose reader has gone must notice.
fn large_plan() -> String {
    plan((0..2000).map(|n| task(&format!("t{n}"), &[], "true")))
}

#[test]
fn a_filter_whose_reader_has_gone_ends_quietly() {
    let sandbox = Sandbox::new();
    sandbox.write("plan.json", &large_plan());
    let quiet = |line: &str| {
        let ran = sandbox
            .sh(&format!("{line} | true; echo ${{PIPESTATUS[*]}}"))
            .expect(0);
        assert_eq!(ran.stderr, "", "{line}");
        ran.stdout
    };
    assert_eq!(quiet("plan-validate --quiet plan.json"), "0 0\n");
    assert_eq!(quiet("plan-schedule --quiet plan.json"), "0 0\n");
    sandbox.write("gates.json", r#"[{"name": "holds", "command": "true"}]"#);
    assert_eq!(quiet("gate-run --quiet gates.json"), "0 0\n");
}

#[test]
fn markers_without_a_reader_end_quietly() {
    let sandbox = Sandbox::new();
    let line = "yes '[DONE:t1] again' | marker-watch | head -n 1";
    let ran = sandbox
        .sh(&format!("{line}; echo ${{PIPESTATUS[1]}}"))
        .expect(0);
    assert_eq!(ran.stderr, "");
    assert!(ran.stdout.contains(r#""type":"done""#), "{}", ran.stdout);
    assert!(ran.stdout.ends_with("\n0\n"), "{}", ran.stdout);
}

#[test]
fn a_run_whose_reader_has_gone_is_cancelled_gently_and_can_be_resumed() {
    let sandbox = Sandbox::new();
    // The second task would go on for ever, were it not told to stop; the first gives the stream something to fail at.
    let tasks = [
        task(
            "t1",
            &[],
            "seq 100 | sed \"s/.*/[PROGRESS:$TERMINAL_ID] &% - counting/\"",
        ),
        task("t2", &[], "until test -e ../go; do sleep 0.05; done"),
    ];
    sandbox.write("plan.json", &plan(tasks));
    let ran = sandbox.sh(&format!("{PIPELINE} | head -n 1"));
    assert_ne!(ran.code, 0);
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    sandbox.assert_nothing_left();

    sandbox.write("go", "");
    sandbox.sh(PIPELINE).expect(0);
    let state = sandbox.json(".orchestrate/state.json");
    assert_eq!(outcomes(&state)["t1"], "succeeded");
    assert_eq!(outcomes(&state)["t2"], "succeeded");
}

/// Three tasks that succeed, one that never does, and one that depends on it.
fn mixed_plan() -> String {
    let tasks = [
        task("t1", &[], "true"),
        task("t2", &["t1"], "false"),
        task("t3", &["t2"], "true"),
        task("t4", &["t1"], "true"),
        task("t5", &["t4"], "true"),
    ];
    plan(tasks)
}

fn ours() -> BTreeSet<String> {
    let sandbox = Sandbox::new();
    sandbox.write("plan.json", &mixed_plan());
    let ran = sandbox.sh(&format!("{PIPELINE} --retries 0")).expect(1);
    succeeded(&ran.records())
}

#[test]
fn a_scheduler_in_one_line_of_jq_does_in_place_of_ours() {
    let sandbox = Sandbox::new();
    sandbox.write("plan.json", &mixed_plan());
    let theirs = r#"jq -c '{kind: "schedule", version: 1, plan: .}'"#;
    let line = format!("plan-validate plan.json | {theirs} | agent-dispatch --retries 0");
    let ran = sandbox.sh(&line).expect(1);
    assert_eq!(succeeded(&ran.records()), ours());
    assert_eq!(ours().len(), 3);
}

#[test]
fn an_agent_in_shell_does_in_place_of_the_commands() {
    let sandbox = Sandbox::new();
    sandbox.write("plan.json", &mixed_plan());
    sandbox.write(
        "agent.sh",
        "grep -q \"$TASK_ID\" || exit 9\n\
         test \"$TASK_ID\" != t2 || { echo \"[ERROR:$TERMINAL_ID] not today\"; exit 1; }\n\
         echo \"[DONE:$TERMINAL_ID] as told\"\n",
    );
    let line = format!("{PIPELINE} --retries 0 -- sh $PWD/agent.sh");
    let ran = sandbox.sh(&line).expect(1);
    assert_eq!(succeeded(&ran.records()), ours());
}

#[test]
fn a_dispatcher_in_shell_does_in_place_of_ours() {
    let sandbox = Sandbox::new();
    sandbox.write("plan.json", &mixed_plan());
    // One task after the other, in the order of the schedule, and whoever depends on a failure is passed over.
    sandbox.write(
        "dispatch.sh",
        r#"
schedule=$(cat)
plan=$(printf '%s' "$schedule" | jq -c .plan)
settled=' ' code=0
for id in $(printf '%s' "$schedule" | jq -r '.order[]'); do
  outcome=succeeded
  for dependency in $(printf '%s' "$plan" | jq -r --arg id "$id" '.tasks[] | select(.id == $id) | .dependsOn[]'); do
    case $settled in *" $dependency:succeeded "*) ;; *) outcome=skipped ;; esac
  done
  if [ $outcome = succeeded ]; then
    command=$(printf '%s' "$plan" | jq -r --arg id "$id" '.tasks[] | select(.id == $id) | .command')
    sh -c "$command" >&2 || outcome=failed
  fi
  [ $outcome = succeeded ] || code=1
  settled="$settled$id:$outcome "
  jq -cn --arg task "$id" --arg outcome $outcome \
    '{type: "task-settled", task: $task, outcome: $outcome, verification: "none"}'
done
exit $code
"#,
    );
    let line = "plan-validate plan.json | plan-schedule | sh dispatch.sh";
    let ran = sandbox.sh(line).expect(1);
    assert_eq!(succeeded(&ran.records()), ours());
}

#[test]
fn a_gate_of_ones_own_does_in_place_of_ours() {
    let sandbox = Sandbox::new();
    let mut first = task("t1", &[], "echo attempt $ATTEMPT >work");
    first["gates"] = json!([{"name": "second attempt", "command": "grep -q 2 work"}]);
    sandbox.write("plan.json", &plan([first]));
    let gate = sandbox.write(
        "my-gate",
        r#"#!/bin/sh
cat >/dev/null
if grep -q 2 work; then word=passed code=0; else word=failed code=1; fi
echo '{"kind": "verdict", "version": 1, "verdict": "'$word'", "checks": [{"name": "mine", "kind": "command",
  "status": "'$word'", "required": true, "findings": [{"severity": "important", "message": "not the second attempt"}]}]}'
exit $code
"#,
    );
    sandbox
        .sh(&format!("chmod +x {}", gate.display()))
        .expect(0);
    let own = sandbox
        .sh(&format!("{PIPELINE} --gate-program $PWD/my-gate"))
        .expect(0)
        .records();
    assert_eq!(of_type(&own, "gate-finished").count(), 2);
    let settled = of_type(&own, "task-settled").next().unwrap();
    assert_eq!(settled["verification"], "passed");
    assert!(
        sandbox
            .read(".orchestrate/prompts/t1/2.md")
            .contains("not the second attempt")
    );

    let again = sandbox
        .sh(&format!("{PIPELINE} --dir other"))
        .expect(0)
        .records();
    assert_eq!(succeeded(&own), succeeded(&again));
}
