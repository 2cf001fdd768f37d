//! Why a task stands where it does, and how long all of it may take.

use serde_json::{Value, json};

use crate::{PUBLISHED, json_of, refused, run, text};

fn explained(args: &[&str], task: &str, plan: &str) -> String {
    let args: Vec<&str> = args.iter().copied().chain(["--explain", task]).collect();
    let output = run(&args, plan);
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn a_task_is_explained_in_sentences() {
    assert_eq!(
        explained(&[], "t4", PUBLISHED),
        "t4, “D”, starts at minute 40 and takes 25 minutes, as estimated: it ends at minute 65.\n\
         Of what it waits for, t3 is done last, at that moment.\n\
         It waits for t1, t3; nothing waits for it.\n\
         In the order of urgency it is number 4 of 4: it declares no priority, and the longest path from its start to the end takes 25 minutes.\n\
         It is on the critical path t2 → t3 → t4: a minute more is a minute later.\n\
         It is in wave 2 of 0 to 2.\n\
         Its lane is front: the tasks in it run one after the other.\n"
    );
    assert!(
        explained(&[], "t1", PUBLISHED)
            .contains("It may be 30 minutes late without delaying the end.")
    );
}

#[test]
fn what_keeps_a_task_back_is_named() {
    let plan = json!({
        "planId": "p",
        "projects": [{"name": "x"}],
        "autonomy": {"defaultLevel": 2},
        "phases": [{"id": "one", "checkpoint": true}, {"id": "two"}],
        "tasks": [
            {"id": "t1", "title": "", "phase": "one", "complexity": "low", "priority": "P1"},
            {"id": "t2", "title": "", "phase": "one"},
            {"id": "t3", "title": "", "phase": "two", "isolation": "worktree", "paths": ["a/*"]},
            {"id": "t4", "title": "", "isolation": "worktree", "paths": ["a/b"], "runIf": "always", "dependsOn": ["t3"]},
            {"id": "t5", "title": "", "isolation": "worktree", "paths": ["a/c"]},
        ],
    })
    .to_string();
    let said = |task: &str| explained(&[], task, &plan);
    assert!(
        said("t1").contains("takes 10 minutes, since its complexity is low"),
        "{}",
        said("t1")
    );
    assert!(said("t1").contains("its priority is P1"));
    assert!(said("t1").contains("After its phase one the run pauses for a person."));
    assert!(
        said("t2").contains("but for the lane x: t1 is in it until then"),
        "{}",
        said("t2")
    );
    assert!(
        said("t3").contains("t2 is done then, the last of what comes before its phase or wave."),
        "{}",
        said("t3")
    );
    assert!(
        said("t3").contains("It never runs beside t5: they share files that a/* matches."),
        "{}",
        said("t3")
    );
    assert!(said("t3").contains("worktree of its own"));
    assert!(said("t3").contains("Its autonomy level is 2: a person sees it before."));
    assert!(said("t4").contains("It gates nothing"), "{}", said("t4"));
    let narrow = explained(&["--jobs", "1"], "t5", &plan);
    assert!(
        narrow.contains("all slots (1) are taken by what is more urgent"),
        "{narrow}"
    );
}

#[test]
fn with_a_state_it_says_what_holds_now() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.json");
    let running = json!({"kind": "state", "version": 1, "planId": "orch-1", "status": "in_progress", "tasks": {"t2": {"status": "running"}}});
    std::fs::write(&state, running.to_string()).unwrap();
    let said = |task: &str| explained(&["--state", state.to_str().unwrap()], task, PUBLISHED);
    assert!(said("t3").ends_with("Now: waiting for t2.\n"));
    assert!(said("t1").ends_with("Now: it may start.\n"));
    assert!(said("t2").ends_with("Now: it is being done.\n"));
}

#[test]
fn a_task_that_is_not_scheduled_cannot_be_explained() {
    let (code, stderr) = refused(&["--explain", "t9"], PUBLISHED);
    assert_eq!(code, 2);
    assert!(
        stderr.contains("t9, which is no task that is scheduled"),
        "{stderr}"
    );
    assert_eq!(
        refused(&["--explain", "t1", "--only", "t2"], PUBLISHED).0,
        2
    );
    assert_eq!(
        refused(&["--explain", "t1", "--format", "dot"], PUBLISHED).0,
        2
    );
    assert_eq!(refused(&["--explain", "t1", "--ready"], PUBLISHED).0, 2);
}

fn simulated(args: &[&str]) -> Value {
    let args: Vec<&str> = ["--simulate", "300"].iter().chain(args).copied().collect();
    json_of(&run(&args, PUBLISHED))
}

#[test]
fn a_simulation_tells_where_makespans_lie_and_what_is_often_critical() {
    let answer = simulated(&[]);
    assert_eq!(
        (&answer["kind"], &answer["estimateMinutes"]),
        (&json!("simulation"), &json!(65))
    );
    let at = |name: &str| answer["makespanMinutes"][name].as_f64().unwrap();
    assert!(
        at("min") < at("p10")
            && at("p10") < at("p50")
            && at("p50") < at("p90")
            && at("p90") < at("max")
    );
    assert!((50.0..90.0).contains(&at("p50")), "{answer}");
    let critical = |id: &str| answer["critical"][id].as_f64().unwrap();
    assert!(
        critical("t4") == 1.0 && critical("t3") > 0.8 && critical("t1") < 0.2,
        "{answer}"
    );
    assert!((critical("t1") + critical("t3") - 1.0).abs() < 0.002);
    let slots = answer["slots"].as_array().unwrap();
    assert_eq!(slots.len(), 16);
    let mean = |slots: usize| answer["slots"][slots - 1]["mean"].as_f64().unwrap();
    assert!(mean(1) > mean(2) && mean(2) == mean(16));
}

#[test]
fn equal_seeds_give_equal_answers_and_no_spread_the_estimate() {
    assert_eq!(simulated(&["--seed", "7"]), simulated(&["--seed", "7"]));
    assert_ne!(
        simulated(&["--seed", "7"])["makespanMinutes"],
        simulated(&["--seed", "8"])["makespanMinutes"]
    );
    let sure = simulated(&["--spread", "1"]);
    assert_eq!(
        (
            &sure["makespanMinutes"]["min"],
            &sure["makespanMinutes"]["max"]
        ),
        (&json!(65), &json!(65))
    );
    assert_eq!(
        refused(&["--simulate", "10", "--spread", "0.5"], PUBLISHED).0,
        2
    );
    assert_eq!(refused(&["--spread", "2"], PUBLISHED).0, 2);
}

#[test]
fn a_simulation_is_shown_as_a_table() {
    let output = run(&["--simulate", "50", "--format", "table"], PUBLISHED);
    let table = text(&output.stdout);
    assert!(
        table.starts_with("50 runs; 8 of 10 tasks take between their minutes ÷ 2 and × 2\n"),
        "{table}"
    );
    assert!(
        table.contains("makespan  65 min without chance") && table.contains("\nt4       100 %"),
        "{table}"
    );
}
