//! What keeps tasks apart: lanes, groups, checkpoints, conflicts; and what the estimate makes of it.

use serde_json::{Value, json};

use crate::{json_of, run, schedule, text};

fn task(id: &str, more: Value) -> Value {
    let mut task = json!({"id": id, "title": format!("Do {id}"), "estimatedMinutes": 10});
    for (key, value) in more.as_object().unwrap() {
        task[key] = value.clone();
    }
    task
}

fn start(schedule: &Value, id: &str) -> f64 {
    schedule["tasks"][id]["earliestStartMinutes"]
        .as_f64()
        .unwrap()
}

fn lanes(schedule: &Value) -> Vec<(String, Vec<String>)> {
    let lanes = schedule["lanes"].as_array().unwrap().iter();
    let words = |list: &Value| {
        let words = list.as_array().unwrap().iter();
        words
            .map(|word| word.as_str().unwrap().to_owned())
            .collect()
    };
    lanes
        .map(|lane| {
            (
                lane["name"].as_str().unwrap().to_owned(),
                words(&lane["tasks"]),
            )
        })
        .collect()
}

fn lane(name: &str, tasks: &[&str]) -> (String, Vec<String>) {
    (
        name.to_owned(),
        tasks.iter().map(|task| (*task).to_owned()).collect(),
    )
}

#[test]
fn projects_of_one_repository_share_a_lane_and_worktrees_leave_it() {
    let plan = json!({
        "planId": "p",
        "projects": [
            {"name": "web", "path": "./mono/web", "repo": "mono"},
            {"name": "api", "path": "./mono/api", "repo": "mono"},
            {"name": "docs"},
        ],
        "tasks": [
            task("t1", json!({"project": "web"})),
            task("t2", json!({"project": "api"})),
            task("t3", json!({"project": "docs"})),
            task("t4", json!({"project": "api", "isolation": "worktree"})),
        ],
    });
    let schedule = schedule(&[], &plan);
    assert_eq!(
        lanes(&schedule),
        [lane("mono", &["t1", "t2"]), lane("docs", &["t3"])]
    );
    assert_eq!(
        (start(&schedule, "t2"), start(&schedule, "t4")),
        (10.0, 0.0)
    );
    assert_eq!(schedule["estimate"]["heaviestLane"], "mono");
    assert_eq!(schedule["estimate"]["heaviestLaneMinutes"], 20);
}

/// Phases a to d, of which b and d are a group; two tasks each, of one project.
fn phased() -> Value {
    let phases = ["a", "b", "c", "d"];
    let tasks: Vec<Value> = phases
        .iter()
        .flat_map(|phase| {
            [1, 2].map(|number| {
                task(
                    &format!("{phase}{number}"),
                    json!({"phase": phase, "project": "x"}),
                )
            })
        })
        .collect();
    json!({
        "planId": "p",
        "projects": [{"name": "x"}],
        "phases": phases.map(|id| json!({"id": id})),
        "parallelGroups": [["b", "d"]],
        "tasks": tasks,
    })
}

#[test]
fn entries_run_in_plan_order_and_the_phases_of_a_group_side_by_side_in_worktrees() {
    let plan = phased();
    let output = run(&[], &plan.to_string());
    let schedule = json_of(&output);
    assert!(
        text(&output.stderr)
            .contains("the phases of the parallel group b, d do not follow each other"),
        "{}",
        text(&output.stderr)
    );
    assert_eq!(
        schedule["entries"],
        json!([{"phases": ["a"]}, {"phases": ["b", "d"], "parallel": true}, {"phases": ["c"]}])
    );
    let starts = |ids: [&str; 4]| ids.map(|id| start(&schedule, id));
    assert_eq!(starts(["a1", "a2", "b1", "b2"]), [0.0, 10.0, 20.0, 30.0]);
    assert_eq!(starts(["d1", "d2", "c1", "c2"]), [20.0, 30.0, 40.0, 50.0]);
    assert_eq!(schedule["tasks"]["b1"]["lane"], "b");
    assert_eq!(
        schedule["worktrees"],
        json!([
            {"unit": "b", "project": "x", "branch": "orchestrate/work/p/b"},
            {"unit": "d", "project": "x", "branch": "orchestrate/work/p/d"},
        ])
    );
    let critical = &schedule["criticalPath"];
    assert_eq!(
        (critical["minutes"].as_f64(), critical["tasks"][0].as_str()),
        (Some(30.0), Some("a1"))
    );
}

#[test]
fn a_checkpoint_in_a_group_is_after_the_whole_group() {
    let mut plan = phased();
    plan["checkpoints"] = json!(["b"]);
    plan["tasks"]
        .as_array_mut()
        .unwrap()
        .push(task("d3", json!({"phase": "d", "project": "x"})));
    let schedule = schedule(&[], &plan);
    assert_eq!(schedule["entries"][1]["pauseAfter"], true);
    assert_eq!(
        (start(&schedule, "d3"), start(&schedule, "c1")),
        (40.0, 50.0)
    );
}

#[test]
fn a_task_of_a_group_may_insist_on_the_folder_and_a_phase_on_one_at_a_time() {
    let mut plan = phased();
    plan["tasks"][2]["isolation"] = json!("none");
    plan["phases"][3]["parallel"] = json!(false);
    plan["tasks"][6]["isolation"] = json!("worktree");
    let schedule = schedule(&[], &plan);
    assert_eq!(schedule["tasks"]["b1"]["lane"], "x");
    assert!(
        lanes(&schedule).contains(&lane("phase d", &["d1", "d2"])),
        "{:?}",
        lanes(&schedule)
    );
}

/// Three tasks in worktrees: two may touch one file, two need one database.
fn conflicting() -> Value {
    json!({
        "planId": "p",
        "projects": [{"name": "x"}],
        "defaults": {"isolation": "worktree"},
        "tasks": [
            task("t1", json!({"paths": ["src/auth/*.ts"]})),
            task("t2", json!({"paths": ["src/auth/login.ts"], "resources": ["staging"]})),
            task("t3", json!({"resources": ["staging"], "ports": [8080]})),
            task("t4", json!({"ports": [8080, 9090]})),
            task("t5", json!({"paths": ["src/auth/logout.js"]})),
        ],
    })
}

#[test]
fn conflicting_tasks_never_overlap_by_lanes_of_their_own() {
    let schedule = schedule(&[], &conflicting());
    assert_eq!(
        lanes(&schedule),
        [
            lane("files src/auth/*.ts", &["t1", "t2"]),
            lane("port 8080", &["t3", "t4"]),
            lane("resource staging", &["t3", "t2"]),
        ]
    );
    let starts = ["t1", "t2", "t3", "t4", "t5"].map(|id| start(&schedule, id));
    assert_eq!(starts, [0.0, 10.0, 0.0, 10.0, 0.0]);
    let conflicts = |id: &str| schedule["tasks"][id]["conflictsWith"].clone();
    assert_eq!(conflicts("t2"), json!(["t1", "t3"]));
    assert_eq!(conflicts("t5"), json!([]));
    // No invented dependency: nothing but the lane orders them.
    assert_eq!(schedule["criticalPath"]["minutes"], 10);
}

#[test]
fn why_not_names_the_conflict() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.json");
    let busy = json!({"kind": "state", "version": 1, "planId": "p", "status": "in_progress", "tasks": {
        "t1": {"status": "running"}, "t4": {"status": "gating"}}});
    std::fs::write(&state, busy.to_string()).unwrap();
    let args = ["--ready", "--state", state.to_str().unwrap()];
    let answer = schedule(&args, &conflicting());
    assert_eq!(answer["ready"], json!(["t5"]));
    assert_eq!(
        answer["waiting"],
        json!({"t2": "conflicts with t1 on src/auth/*.ts", "t3": "conflicts with t4 on port 8080"})
    );
}

#[test]
fn phases_wait_for_the_entry_before_them() {
    let answer = schedule(&["--ready"], &phased());
    assert_eq!(answer["ready"], json!(["a1"]));
    assert_eq!(answer["waiting"]["a2"], "lane x busy with a1");
    assert_eq!(answer["waiting"]["d1"], "waiting for phase a");
}

#[test]
fn what_is_done_already_takes_no_time_and_no_worktree_and_asks_nobody() {
    let mut plan = phased();
    plan["checkpoints"] = json!([]);
    for task in plan["tasks"].as_array_mut().unwrap() {
        if task["phase"] != "c" {
            task["outcome"] = json!("succeeded");
        }
    }
    let whole = schedule(&[], &plan);
    let minutes = ["c1", "c2"].map(|id| whole["tasks"][id]["minutes"].as_f64().unwrap());
    assert_eq!(
        whole["estimate"]["serialMinutes"].as_f64(),
        Some(minutes.iter().sum())
    );
    assert_eq!(whole["worktrees"], json!([]));
    // The pause before the last phase is still to come: nobody has gone on behind it. That after the first is passed.
    let answer = schedule(&["--ready"], &plan);
    assert_eq!(answer["waiting"]["c1"], "checkpoint b pending");
    plan["checkpoints"] = json!(["a"]);
    assert_eq!(schedule(&["--ready"], &plan)["ready"], json!(["c1"]));
}

#[test]
fn what_one_project_keeps_apart_needs_no_lane_beside() {
    let mut plan = conflicting();
    plan["defaults"] = json!({});
    let schedule = schedule(&[], &plan);
    assert_eq!(lanes(&schedule).len(), 1);
    assert_eq!(schedule["tasks"]["t2"]["conflictsWith"], json!([]));
}

#[test]
fn checks_and_what_is_there_for_failures_make_nothing_later() {
    let plan = json!({
        "planId": "p",
        "projects": [{"name": "a"}, {"name": "b"}],
        "tasks": [
            task("build", json!({})),
            task("ship", json!({"dependsOn": ["build"]})),
            task("audit", json!({"dependsOn": ["build"], "readOnly": true, "estimatedMinutes": 90})),
            task("rescue", json!({"dependsOn": ["ship"], "runIf": "failed", "estimatedMinutes": 500})),
            task("report", json!({"dependsOn": ["ship", "rescue"], "runIf": "always", "estimatedMinutes": 1})),
        ],
    });
    let schedule = schedule(&[], &plan);
    assert_eq!(
        schedule["criticalPath"],
        json!({"tasks": ["build", "ship"], "minutes": 20})
    );
    let estimate = &schedule["estimate"];
    assert_eq!(estimate["serialMinutes"], 111);
    assert_eq!(
        (&estimate["makespanMinutes"], &estimate["lowerBoundMinutes"]),
        (&json!(100), &json!(100))
    );
    let task = |id: &str| schedule["tasks"][id].clone();
    assert_eq!(task("audit")["check"], true);
    assert_eq!(task("rescue")["onlyAfterFailure"], true);
    assert_eq!(
        (
            task("rescue")["minutes"].clone(),
            start(&schedule, "report")
        ),
        (json!(0), 20.0)
    );
    assert_eq!(task("build")["check"], Value::Null);
}

#[test]
fn the_estimate_tells_bound_gap_and_how_many_slots_are_of_use() {
    // Five tasks of 10 for two slots: 30 instead of the 25 that the work shared evenly would take.
    let tasks: Vec<Value> = (1..=5)
        .map(|number| task(&format!("t{number}"), json!({})))
        .collect();
    let plan = json!({"planId": "p", "tasks": tasks});
    let estimate = schedule(&["--jobs", "2"], &plan)["estimate"].clone();
    assert_eq!(
        estimate,
        json!({
            "serialMinutes": 50, "criticalPathMinutes": 10, "makespanMinutes": 30, "maxConcurrent": 2, "speedup": 1.667,
            "lowerBoundMinutes": 25, "gapPercent": 20.0, "usefulSlots": 5,
        })
    );
}

#[test]
fn minutes_of_complexities_can_be_changed() {
    let plan = json!({"planId": "p", "projects": [{"name": "a"}, {"name": "b"}], "tasks": [
        {"id": "t1", "title": "", "complexity": "low"},
        {"id": "t2", "title": "", "complexity": "vast"},
        {"id": "t3", "title": ""},
        {"id": "t4", "title": "", "complexity": "low", "estimatedMinutes": 2},
    ]});
    let minutes = |args: &[&str]| {
        let schedule = schedule(args, &plan);
        ["t1", "t2", "t3", "t4"].map(|id| schedule["tasks"][id]["minutes"].clone())
    };
    assert_eq!(minutes(&[]), [10, 15, 15, 2].map(Value::from));
    assert_eq!(
        minutes(&["--minutes", "low=4,vast=600,other=1"]),
        [4, 600, 1, 2].map(Value::from)
    );
    let output = run(&["--minutes", "low"], &plan.to_string());
    assert_eq!(output.status.code(), Some(2));
}
