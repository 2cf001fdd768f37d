//! A part of a plan.

use serde_json::{Value, json};

use crate::{PUBLISHED, json_of, refused, run, schedule, text};

/// t1 → t2 → t3 → t4, in two projects and two phases, with a design before and a review behind.
fn plan() -> Value {
    json!({
        "planId": "p",
        "projects": [{"name": "front", "alias": "f"}, {"name": "back"}],
        "phases": [{"id": "one"}, {"id": "two"}],
        "tasks": [
            {"id": "t1", "title": "", "project": "back", "phase": "one", "role": "architect"},
            {"id": "t2", "title": "", "project": "back", "phase": "one", "dependsOn": ["t1"], "priority": "P0"},
            {"id": "t3", "title": "", "project": "front", "phase": "two", "dependsOn": ["t2"], "priority": "P1-revenue"},
            {"id": "t4", "title": "", "project": "front", "phase": "two", "dependsOn": ["t3"], "role": "Reviewer"},
            {"id": "t5", "title": "", "project": "front", "phase": "two", "dependsOn": ["t4"], "sensitive": ["main"]},
            {"id": "t6", "title": "", "project": "back", "dependsOn": ["t5"]},
        ],
    })
}

fn order(args: &[&str]) -> Vec<String> {
    let schedule = schedule(args, &plan());
    assert_eq!(
        schedule["partial"] == true,
        schedule["order"].as_array().unwrap().len() < 6
    );
    let order = schedule["order"].as_array().unwrap().iter();
    let mut order: Vec<String> = order.map(|id| id.as_str().unwrap().to_owned()).collect();
    order.sort();
    order
}

#[test]
fn tasks_are_selected_by_what_they_are() {
    for (args, tasks) in [
        (&["--project", "front"][..], &["t3", "t4", "t5"][..]),
        (
            &["--project", "f,back", "--phase", "two"],
            &["t3", "t4", "t5"],
        ),
        (&["--phase", "one"], &["t1", "t2"]),
        (&["--fires-only"], &["t2"]),
        (&["--priority", "P0,P1"], &["t2", "t3"]),
        (&["--only", "t3,t1"], &["t1", "t3"]),
        (
            &["--only", "t3", "--with-dependencies"],
            &["t1", "t2", "t3"],
        ),
        (&["--max-waves", "2"], &["t1", "t2"]),
        (&["--project", "front", "--max-waves", "1"], &["t3"]),
        (&["--pipeline", "quick"], &["t2", "t3", "t5", "t6"]),
        (&["--pipeline", "standard"], &["t2", "t3", "t4", "t5", "t6"]),
        (
            &["--pipeline", "full"],
            &["t1", "t2", "t3", "t4", "t5", "t6"],
        ),
        (&["--no-main"], &["t1", "t2", "t3", "t4"]),
        (&["--fires-only", "--project", "front"], &[]),
    ] {
        assert_eq!(order(args), tasks, "{args:?}");
    }
}

#[test]
fn the_order_of_the_whole_holds_in_a_part() {
    let output = run(&["--only", "t1,t4,t6"], &plan().to_string());
    let schedule = json_of(&output);
    assert_eq!(schedule["waves"], json!([["t1"], ["t4"], ["t6"]]));
    assert_eq!(schedule["tasks"]["t4"]["dependsOn"], json!(["t1"]));
    assert_eq!(schedule["tasks"]["t1"]["dependsOn"], Value::Null);
    assert_eq!(schedule["plan"], plan());
    assert_eq!(
        text(&output.stderr),
        "plan-schedule: 3 of 6 tasks; what 2 of them wait for beside counts as done\n"
    );
}

#[test]
fn waves_that_the_plan_gives_are_thinned_out() {
    let schedule = json_of(&run(&["--only", "t1,t4"], PUBLISHED));
    assert_eq!(schedule["waves"], json!([["t1"], ["t4"]]));
    assert_eq!(schedule["tasks"]["t4"]["wave"], 1);
}

#[test]
fn the_pipeline_and_no_main_are_told_to_later_stages() {
    let schedule = schedule(&["--pipeline", "quick", "--no-main"], &plan());
    assert_eq!(
        (&schedule["pipeline"], &schedule["noMain"]),
        (&json!("quick"), &json!(true))
    );
    let typed: schemas::Schedule = serde_json::from_value(schedule).unwrap();
    assert_eq!(typed.pipeline, Some(schemas::Pipeline::Quick));
}

#[test]
fn a_name_that_the_plan_does_not_have_is_code_2() {
    for (args, said) in [
        (
            ["--only", "t9"],
            "--only names t9, which is no task of the plan",
        ),
        (
            ["--project", "t1"],
            "--project names t1, which is no project of the plan",
        ),
        (
            ["--phase", "three"],
            "--phase names three, which is no phase of the plan",
        ),
        (["--priority", "P4"], "a priority is one of P0, P1, P2, P3"),
        (
            ["--pipeline", "some"],
            "a pipeline is one of quick, standard, full",
        ),
        (["--max-waves", "0"], "0 is not in 1.."),
    ] {
        let (code, stderr) = refused(&args, &plan().to_string());
        assert_eq!(code, 2, "{args:?}");
        assert!(stderr.contains(said), "{stderr}");
    }
}

#[test]
fn what_may_start_can_be_asked_of_a_part() {
    let answer = schedule(&["--ready", "--project", "front"], &plan());
    assert_eq!(answer["ready"], json!(["t3"]));
    assert_eq!(
        answer["waiting"],
        json!({"t4": "waiting for t3", "t5": "waiting for t4"})
    );
    // Who works on the rest holds a slot all the same.
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.json");
    let running = json!({"kind": "state", "version": 1, "planId": "p", "status": "in_progress", "tasks": {"t1": {"status": "running"}}});
    std::fs::write(&state, running.to_string()).unwrap();
    let args = [
        "--ready",
        "--project",
        "front",
        "--jobs",
        "1",
        "--state",
        state.to_str().unwrap(),
    ];
    assert_eq!(schedule(&args, &plan())["waiting"]["t3"], "no free slot");
}
