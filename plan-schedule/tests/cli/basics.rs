//! The published form, the contract, and what is refused.

use std::path::Path;

use serde_json::{Value, json};

use crate::{PUBLISHED, json_of, refused, run, text};

#[test]
fn the_published_form_is_scheduled_along_dependencies_and_lanes() {
    let output = run(&[], PUBLISHED);
    let schedule = json_of(&output);
    assert_eq!(schedule["waves"], json!([["t1", "t2"], ["t3"], ["t4"]]));
    assert_eq!(
        schedule["lanes"],
        json!([{"name": "back", "tasks": ["t2", "t3"]}, {"name": "front", "tasks": ["t1", "t4"]}])
    );
    assert_eq!(schedule["order"], json!(["t2", "t3", "t1", "t4"]));
    assert_eq!(
        schedule["criticalPath"],
        json!({"tasks": ["t2", "t3", "t4"], "minutes": 65})
    );
    assert_eq!(schedule["estimate"]["makespanMinutes"], 65);
    assert_eq!(schedule["tasks"]["t1"]["slackMinutes"], 30);
    assert_eq!(schedule["tasks"]["t4"]["earliestStartMinutes"], 40);
    // As it came, to the byte.
    assert!(text(&output.stdout).contains(PUBLISHED));
}

#[test]
fn what_is_written_is_a_schedule_of_the_contract() {
    let plan = r#"{"planId": "p q", "defaults": {"isolation": "worktree"}, "autonomy": {"defaultLevel": 2},
        "phases": [{"id": "a", "checkpoint": true}],
        "tasks": [{"id": "t10", "title": "x", "phase": "a", "mode": "team", "estimatedMinutes": 0.1},
                  {"id": "t2", "title": "x", "project": "web", "isolation": "none", "dependsOn": ["t10"], "estimatedMinutes": 0.2}]}"#;
    let output = run(&["--barriers", "--jobs", "3"], plan);
    let schedule: schemas::Schedule = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (schedule.kind.as_str(), schedule.version, schedule.barriers),
        ("schedule", 1, true)
    );
    assert_eq!(schedule.plan.get(), plan);
    assert_eq!(schedule.waves, [["t10"], ["t2"]]);
    let estimate = schedule.estimate.unwrap();
    assert_eq!(
        (estimate.makespan_minutes, estimate.max_concurrent),
        (0.3, 3)
    );
    let slot = &schedule.tasks["t10"];
    assert_eq!(
        (slot.pause_after, slot.autonomy, slot.lane.as_deref()),
        (true, Some(2), None)
    );
    assert_eq!(slot.mode, Some(schemas::TaskMode::Team));
    assert_eq!(schedule.tasks["t2"].lane.as_deref(), Some("web"));
    let [worktree] = &schedule.worktrees[..] else {
        panic!("{:?}", schedule.worktrees);
    };
    assert_eq!(
        (worktree.unit.as_str(), worktree.project.as_deref()),
        ("t10", Some("web"))
    );
    assert!(
        worktree.branch.starts_with("orchestrate/work/p-q-"),
        "{}",
        worktree.branch
    );
    let ids: Vec<String> = serde_json::from_slice::<Value>(&output.stdout).unwrap()["tasks"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    assert_eq!(ids, ["t2", "t10"]);
}

#[test]
fn the_limit_comes_from_the_flag_else_from_the_plan_else_is_five() {
    let limit = |args: &[&str], limits: &str| {
        let plan = format!(r#"{{"planId": "p", "tasks": [], "limits": {limits}}}"#);
        json_of(&run(args, &plan))["estimate"]["maxConcurrent"].clone()
    };
    assert_eq!(
        limit(&["--max-concurrent", "2"], r#"{"maxConcurrent": 3}"#),
        2
    );
    assert_eq!(limit(&[], r#"{"maxConcurrent": 3}"#), 3);
    assert_eq!(limit(&[], "{}"), 5);
}

#[test]
fn what_is_no_plan_is_code_3() {
    for (stdin, said) in [
        ("", "the stage before this one wrote nothing"),
        ("[1, 2", "not a plan"),
        (r#"{"tasks": []}"#, "missing field `planId`"),
        (
            r#"{"planId": "p", "tasks": [{"id": 1, "title": ""}]}"#,
            "invalid type: integer `1`",
        ),
        (
            r#"{"kind": "schedule", "version": 1, "plan": {}}"#,
            "cannot read <stdin>: a schedule, not a plan",
        ),
        ("5", "integer `5`, expected a plan"),
        (r#"{"planId": "p", "tasks": ["t1"]}"#, "expected a task"),
    ] {
        let (code, stderr) = refused(&[], stdin);
        assert_eq!(code, 3, "{stdin}");
        assert!(stderr.contains(said), "{stderr}");
    }
    assert_eq!(refused(&["no-such-file"], "").0, 3);
}

#[test]
fn what_cannot_be_scheduled_is_code_1_and_is_named() {
    let task = |id: &str, rest: &str| format!(r#"{{"id": "{id}", "title": ""{rest}}}"#);
    let depends = |id: &str, on: &str| task(id, &format!(r#", "dependsOn": ["{on}"]"#));
    let plan = |tasks: &[String], rest: &str| {
        format!(r#"{{"planId": "p", "tasks": [{}]{rest}}}"#, tasks.join(","))
    };
    for (plan, said) in [
        (
            plan(&[depends("t1", "t4"), depends("t4", "t1")], ""),
            "these wait for each other: t1 → t4 → t1",
        ),
        (plan(&[depends("t1", "t1")], ""), "t1 → t1"),
        (
            plan(&[depends("t1", "t9")], ""),
            "t1 depends on t9, which is no task of the plan",
        ),
        (
            plan(&[task("t1", ""), task("t1", "")], ""),
            "2 tasks have the id t1",
        ),
        (
            plan(&[task("t1", r#", "estimatedMinutes": -5"#)], ""),
            "t1 is estimated at -5 minutes",
        ),
        (
            plan(&[], r#", "limits": {"maxConcurrent": 0}"#),
            "limits.maxConcurrent is 0",
        ),
        (
            plan(&[task("t1", "")], r#", "executionOrder": [["t2"]]"#),
            "executionOrder names t2",
        ),
        (
            plan(&[task("t1", "")], r#", "executionOrder": [["t1", "t1"]]"#),
            "executionOrder names t1 twice",
        ),
        (
            plan(&[task("t1", "")], r#", "executionOrder": [[]]"#),
            "executionOrder leaves out t1",
        ),
        (
            plan(
                &[task("t1", ""), depends("t2", "t1")],
                r#", "executionOrder": [["t1", "t2"]]"#,
            ),
            "executionOrder does not put t1 before t2",
        ),
    ] {
        let (code, stderr) = refused(&[], &plan);
        assert_eq!(code, 1, "{plan}");
        assert!(stderr.contains(said), "{stderr}");
        assert!(
            stderr.contains("plan-validate shows every problem with its place"),
            "{stderr}"
        );
    }
}

#[test]
fn called_wrongly_is_code_2() {
    assert_eq!(refused(&["--max-concurrent", "0"], PUBLISHED).0, 2);
    assert_eq!(refused(&["--state", "s.json"], PUBLISHED).0, 2);
    let (code, stderr) = refused(&["--ready", "--state", "-"], PUBLISHED);
    assert_eq!(code, 2);
    assert!(stderr.contains("cannot both come from stdin"), "{stderr}");
}

#[test]
fn a_table_fits_its_width_and_cannot_steer_the_terminal() {
    let long = "word ".repeat(60);
    let plan = PUBLISHED.replace(r#""title": "A""#, &format!(r#""title": "\u001b[2J{long}""#));
    let output = run(&["--format", "table"], &plan);
    let table = text(&output.stdout);
    assert!(
        table.lines().all(|line| line.chars().count() <= 100),
        "{table}"
    );
    assert!(!table.contains('\u{1b}'));
    assert!(
        table.contains("2  t4    front     40       25      0  *         D"),
        "{table}"
    );
    assert!(
        table.contains("critical path        65 min  t2 → t3 → t4"),
        "{table}"
    );
    assert!(
        table.contains(
            "with 5 slots         65 min  1.15 times as fast, at best 65 min (gap 0 %)\n"
        ),
        "{table}"
    );
}

#[test]
fn wide_characters_take_two_columns_of_a_table() {
    let plan = PUBLISHED
        .replace(r#""title": "A""#, r#""title": "界面""#)
        .replace("t1", "任務一")
        .replace("front", "前端");
    let table = text(&run(&["--format", "table"], &plan).stdout);
    assert!(
        table.contains("   0  任務一  前端      0       10     30            界面\n"),
        "{table}"
    );
    assert!(
        table.contains("   1  t3      back     10       30      0  *         C\n"),
        "{table}"
    );
}

#[test]
fn a_state_of_another_plan_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.json");
    let state = |text: &str| {
        std::fs::write(&file, text).unwrap();
        refused(&["--ready", "--state", file.to_str().unwrap()], PUBLISHED)
    };
    let (code, stderr) =
        state(r#"{"kind": "state", "version": 1, "status": "ready", "planId": "orch-2"}"#);
    assert_eq!(code, 1);
    assert!(
        stderr.contains("is the state of plan orch-2, not of orch-1"),
        "{stderr}"
    );
    assert_eq!(state("").0, 3);
    assert_eq!(state(PUBLISHED).0, 3);
}

/// Dispatches a plan as a shell loop would: asks what may start, starts it, ends something, asks again.
fn dispatch(
    plan: &Path,
    state_file: &Path,
    first_in_first_out: bool,
) -> Vec<(String, &'static str)> {
    let mut state = json!({"kind": "state", "version": 1, "planId": "orch-1", "status": "in_progress", "tasks": {}});
    let mut events = Vec::new();
    let mut running: Vec<String> = Vec::new();
    loop {
        let args = [
            "--ready",
            "--jobs",
            "2",
            "--state",
            state_file.to_str().unwrap(),
            plan.to_str().unwrap(),
        ];
        let answer = json_of(&run(&args, ""));
        for id in answer["ready"].as_array().unwrap() {
            let id = id.as_str().unwrap();
            state["tasks"][id] = json!({"status": "running"});
            events.push((id.to_owned(), "start"));
            running.push(id.to_owned());
        }
        assert!(running.len() <= 2);
        if running.is_empty() {
            assert_eq!(answer["waiting"], json!({}));
            return events;
        }
        let done = if first_in_first_out {
            running.remove(0)
        } else {
            running.pop().unwrap()
        };
        state["tasks"][&done] = json!({"status": "settled", "outcome": "succeeded"});
        events.push((done, "end"));
        std::fs::write(state_file, state.to_string()).unwrap();
    }
}

#[test]
fn a_loop_around_ready_is_a_dispatcher() {
    let folder = tempfile::tempdir().unwrap();
    let plan = folder.path().join("plan.json");
    std::fs::write(&plan, PUBLISHED).unwrap();
    for (name, first_in_first_out) in [("a.json", true), ("b.json", false)] {
        let events = dispatch(&plan, &folder.path().join(name), first_in_first_out);
        let at = |id: &str, what: &str| {
            let is_it = |event: &(String, &str)| event.0 == id && event.1 == what;
            events.iter().position(is_it).unwrap()
        };
        assert_eq!(events.len(), 8, "{events:?}");
        assert!(at("t2", "end") < at("t3", "start"));
        assert!(at("t1", "end") < at("t4", "start"));
        assert!(at("t3", "end") < at("t4", "start"));
    }
}

#[test]
fn a_state_file_that_is_not_there_yet_means_that_nothing_has_begun() {
    let output = run(
        &["--ready", "--state", "/nonexistent/state.json"],
        PUBLISHED,
    );
    assert_eq!(json_of(&output)["ready"], json!(["t2", "t1"]));
    assert!(text(&output.stderr).contains("nothing has begun"));
}

#[test]
fn the_plan_that_the_field_publishes() {
    let plan = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/corpus/aiter/plan.orch-abc123.json");
    let Ok(plan) = std::fs::read_to_string(plan) else {
        eprintln!("skipped: the corpus is not there");
        return;
    };
    let schedule = json_of(&run(&[], &plan));
    assert_eq!(schedule["estimate"]["serialMinutes"], 75);
    assert_eq!(schedule["estimate"]["makespanMinutes"], 65);
}
