//! What each task is to be done by.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::{run, schedule, text};

fn plan() -> Value {
    json!({
        "planId": "p",
        "projects": [{"name": "a"}, {"name": "b"}],
        "autonomy": {"defaultLevel": 1, "overrides": [{"pattern": "**/auth/**", "level": 3}, {"pattern": "tests/**", "level": 0}]},
        "tasks": [
            {"id": "t1", "title": "", "project": "a", "complexity": "trivial", "paths": ["tests/a.ts"]},
            {"id": "t2", "title": "", "project": "a", "complexity": "medium", "sensitive": ["auth"], "paths": ["src/auth/x.ts", "tests/b.ts"]},
            {"id": "t3", "title": "", "project": "b", "complexity": "complex", "autonomy": 4, "paths": ["tests/c.ts"]},
            {"id": "t4", "title": "", "project": "b"},
        ],
    })
}

/// The schedule when teams are on.
fn with_teams(args: &[&str], plan: &Value) -> Value {
    let mut child = Command::new(env!("CARGO_BIN_EXE_plan-schedule"))
        .args(args)
        .env("CLAUDE_CODE_EXPERIMENTAL_AGENT_TEAMS", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(
        &mut child.stdin.take().unwrap(),
        plan.to_string().as_bytes(),
    )
    .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(text(&output.stderr), "");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn hybrid_mode_tags_each_task_and_says_why() {
    let schedule = with_teams(&["--mode", "hybrid"], &plan());
    let mode = |id: &str| {
        let task = &schedule["tasks"][id];
        (
            task["mode"].as_str().unwrap().to_owned(),
            task["modeReason"].as_str().unwrap().to_owned(),
        )
    };
    assert_eq!(
        mode("t1"),
        (
            "subagent".to_owned(),
            "one repository, nothing sensitive".to_owned()
        )
    );
    assert_eq!(
        mode("t2"),
        (
            "team".to_owned(),
            "it touches auth: somebody audits while it works".to_owned()
        )
    );
}

#[test]
fn what_is_in_flight_is_known_from_the_state() {
    let mut plan = plan();
    plan["tasks"][3]["dependsOn"] = json!(["t1"]);
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.json");
    let running = json!({"kind": "state", "version": 1, "planId": "p", "status": "in_progress", "tasks": {"t1": {"status": "running"}}});
    std::fs::write(&state, running.to_string()).unwrap();
    let mode = |args: &[&str]| with_teams(args, &plan)["tasks"]["t4"]["mode"].clone();
    assert_eq!(mode(&["--mode", "hybrid"]), "subagent");
    assert_eq!(
        mode(&["--mode", "hybrid", "--state", state.to_str().unwrap()]),
        "team"
    );
}

#[test]
fn without_teams_subagents_do_it_with_a_warning() {
    let output = run(&["--mode", "teams"], &plan().to_string());
    let schedule: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(schedule["tasks"]["t1"]["mode"], "subagent");
    assert_eq!(
        text(&output.stderr),
        "plan-schedule: warning: teams are off (CLAUDE_CODE_EXPERIMENTAL_AGENT_TEAMS is not 1): 4 tasks that ask for a team go to subagents\n"
    );
}

#[test]
fn levels_come_from_the_task_then_from_the_files_it_may_touch() {
    let schedule = schedule(&[], &plan());
    let level = |id: &str| schedule["tasks"][id]["autonomy"].clone();
    assert_eq!(
        ["t1", "t2", "t3", "t4"].map(level),
        [0, 3, 4, 1].map(Value::from)
    );
}

#[test]
fn the_model_follows_from_the_complexity() {
    let schedule = schedule(&[], &plan());
    let tier = |id: &str| schedule["tasks"][id]["modelTier"].clone();
    assert_eq!(
        ["t1", "t2", "t3", "t4"].map(tier),
        [json!("small"), json!("medium"), json!("large"), Value::Null]
    );
}
