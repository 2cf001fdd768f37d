//! What happens between two lives of the dispatcher, and in the moments between two events.

use std::process::Stdio;

use rustix::process::Signal;
use schemas::Body;
use serde_json::{Value, json};

use crate::sandbox::{Sandbox, plan};

fn pair(first: &str, second: &str, run_if: &str) -> Value {
    plan(json!([
        {"id": "t1", "title": "one", "command": first},
        {"id": "t2", "title": "two", "command": second, "dependsOn": ["t1"], "runIf": run_if}
    ]))
}

fn ask_once(after: &str) -> Value {
    let ask = format!(
        "grep -q 'Answer: blue' \"$PROMPT_FILE\" || {{ echo \"[QUESTION:$TERMINAL_ID] which?\"; {after} }}"
    );
    plan(json!([{"id": "t1", "title": "one", "command": ask}]))
}

#[test]
fn a_checkpoint_that_the_plan_no_longer_has_holds_nothing() {
    let sandbox = Sandbox::new();
    let mut schedule = plan(json!([
        {"id": "t1", "title": "one", "phase": "p1", "command": "true"},
        {"id": "t2", "title": "two", "phase": "p2", "command": "true"}
    ]));
    schedule["plan"]["phases"] = json!([{"id": "p1", "order": 1}, {"id": "p2", "order": 2}]);
    schedule["plan"]["checkpoints"] = json!(["p1"]);
    assert_eq!(sandbox.dispatch(&schedule, &[]).code, 5);
    schedule["plan"]["checkpoints"].take();
    let run = sandbox.dispatch(&schedule, &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[test]
fn a_changed_task_does_not_start_after_a_dependency_that_failed() {
    let sandbox = Sandbox::new();
    assert_eq!(
        sandbox
            .dispatch(&pair("true", "true", "succeeded"), &[])
            .code,
        0
    );
    let broken = pair("false", "true", "succeeded");
    assert_eq!(sandbox.dispatch(&broken, &["--retries", "0"]).code, 1);
    let changed = pair("false", "touch ran", "succeeded");
    assert_eq!(sandbox.dispatch(&changed, &["--retries", "0"]).code, 1);
    assert!(!sandbox.exists("ran"));
}

#[test]
fn a_skipped_task_runs_when_its_condition_is_another() {
    let sandbox = Sandbox::new();
    let flags = ["--retries", "0"];
    sandbox.dispatch(&pair("false", "touch ran", "succeeded"), &flags);
    assert!(!sandbox.exists("ran"));
    sandbox.dispatch(&pair("false", "touch ran", "always"), &flags);
    assert!(sandbox.exists("ran"));
}

#[test]
fn a_cancel_between_two_lives_is_carried_out() {
    let sandbox = Sandbox::new();
    let schedule = ask_once("");
    assert_eq!(sandbox.dispatch(&schedule, &[]).code, 5);
    sandbox.append(control("cancel", None));
    let run = sandbox.dispatch(&schedule, &[]);
    assert_eq!(
        (run.code, run.outcomes()),
        (1, vec!["t1 cancelled".to_owned()])
    );
    // What was cancelled can be done again.
    sandbox.append(control("retry", Some("t1")));
    assert_eq!(sandbox.dispatch(&schedule, &[]).code, 5);
}

#[test]
fn an_answer_that_comes_when_the_agent_has_just_ended_is_not_lost() {
    let sandbox = Sandbox::new();
    // Held output keeps the attempt from being over when its agent is; another task keeps the run from ending meanwhile.
    let mut schedule = ask_once("(sleep 60 &);");
    let waits =
        json!({"id": "t2", "title": "two", "command": "while ! test -e go; do sleep 0.01; done"});
    schedule["plan"]["tasks"]
        .as_array_mut()
        .unwrap()
        .push(waits);
    let running = sandbox.start(&schedule, &[]);
    let has = |kind: &str, count: usize| {
        let records = sandbox.records();
        let found = records.iter().filter(|record| record.body.kind() == kind);
        found.count() == count
    };
    sandbox.wait_until(|| has("question", 1));
    sandbox.append(Body::Answer {
        task: "t1".to_owned(),
        text: "blue".to_owned(),
        by: None,
    });
    sandbox.wait_until(|| has("task-settled", 1));
    sandbox.write("go", "");
    let run = running.finish();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(sandbox.state().tasks["t1"].attempt, 2);
}

#[test]
fn gates_that_do_not_end_when_asked_are_ended() {
    let sandbox = Sandbox::new();
    let gate = sandbox.script(
        "gate",
        "trap '' TERM\ntouch gating\nwhile :; do sleep 1; done",
    );
    let schedule =
        plan(json!([{"id": "t1", "title": "one", "command": "true", "gates": ["lint"]}]));
    let running = sandbox.start(&schedule, &["--gate-program", &gate, "--grace", "50ms"]);
    sandbox.wait_for("gating");
    running.signal(Signal::TERM);
    assert_eq!(running.finish().code, 143);
}

#[test]
fn a_timeout_of_nothing_is_none() {
    let sandbox = Sandbox::new();
    let schedule = plan(json!([{"id": "t1", "title": "one", "command": "sleep 0.1"}]));
    assert_eq!(sandbox.dispatch(&schedule, &["--timeout", "0"]).code, 0);
}

#[test]
fn an_id_too_long_for_a_folder_is_refused_before_anything_is_made() {
    let sandbox = Sandbox::new();
    let schedule = plan(json!([{"id": "x".repeat(260), "title": "one", "command": "true"}]));
    let run = sandbox.dispatch(&schedule, &[]);
    assert_eq!(run.code, 1);
    assert!(
        run.stderr.contains("cannot name a folder"),
        "{}",
        run.stderr
    );
    assert!(!sandbox.exists(".orchestrate"));
}

#[test]
fn more_agents_than_open_files_allow_raise_the_limit() {
    let sandbox = Sandbox::new();
    let tasks: Vec<Value> = (0..40)
        .map(|n| json!({"id": format!("t{n}"), "title": "one", "command": "sleep 0.2"}))
        .collect();
    sandbox.write("schedule.json", &plan(json!(tasks)).to_string());
    let program = env!("CARGO_BIN_EXE_agent-dispatch");
    let dispatch = sandbox.script(
        "dispatch",
        &format!("cd \"$(dirname \"$0\")\" && ulimit -Sn 64 && exec {program} --jobs 40 --quiet schedule.json > records"),
    );
    let status = std::process::Command::new(dispatch)
        .env_remove("ORCHESTRATE_DIR")
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(0));
}

fn control(event: &str, task: Option<&str>) -> Body {
    let record = json!({"seq": 1, "time": "2026-01-01T00:00:00Z", "type": "state-transition",
        "run": "test", "event": event, "task": task});
    schemas::Record::parse(&record.to_string()).unwrap().body
}

#[test]
#[cfg(target_os = "linux")]
fn what_throws_its_mark_away_and_leaves_its_group_is_ended_with_the_run() {
    let sandbox = Sandbox::new();
    let command = "setsid env -i sh -c 'echo $$ > pid; exec sleep 600' > /dev/null 2>&1 &
        while [ ! -s pid ]; do sleep 0.02; done";
    let schedule = plan(json!([{"id": "t1", "title": "one", "command": command}]));
    let run = sandbox.dispatch(&schedule, &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let pid = sandbox.read("pid");
    let path = format!("/proc/{}", pid.trim());
    let alive = std::path::Path::new(&path).exists();
    if alive {
        let pid = rustix::process::Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
        let _ = rustix::process::kill_process(pid, Signal::KILL);
    }
    assert!(!alive, "process {} has outlived the run", pid.trim());
}

#[test]
fn a_ctrl_c_that_ends_the_reader_too_leaves_agents_their_grace() {
    let sandbox = Sandbox::new();
    let other = "until grep -q attempt-finished .orchestrate/journal.ndjson; do sleep 0.01; done";
    // Long enough to be killed in.
    let gentle = format!("trap '{other}; sleep 0.5; touch gentle; exit 1' TERM; touch two");
    let wait = "while :; do sleep 0.02; done";
    let schedule = plan(json!([
        {"id": "t1", "title": "x", "command": format!("touch one; {wait}")},
        {"id": "t2", "title": "y", "command": format!("{gentle}; {wait}")}]));
    sandbox.write("schedule.json", &schedule.to_string());
    let mut command = sandbox.command();
    command.args(["--quiet", "schedule.json"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    sandbox.wait_for("one");
    sandbox.wait_for("two");
    drop(child.stdout.take());
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, Signal::INT).unwrap();
    // Whichever of the two is noticed first.
    let code = child.wait().unwrap().code();
    assert!([Some(130), Some(141)].contains(&code), "{code:?}");
    assert!(sandbox.exists("gentle"));
}
