//! Whatever the plan: nothing that binds its tasks is broken, and equal plans have equal schedules.
//!
//! Checked on what is written, by rules of their own: this file knows nothing of how the schedule is made.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{json_of, run};

#[derive(Debug, Clone)]
struct Made {
    minutes: u32,
    project: u8,
    phase: u8,
    before: u16,
    isolation: u8,
    path: u8,
    port: u8,
    run_if: u8,
}

fn made() -> impl Strategy<Value = Made> {
    (
        (0u32..30, 0u8..4, 0u8..5, any::<u16>()),
        (0u8..6, 0u8..8, 0u8..6, 0u8..12),
    )
        .prop_map(
            |((minutes, project, phase, before), (isolation, path, port, run_if))| Made {
                minutes: minutes + 1,
                project,
                phase,
                before,
                isolation,
                path,
                port,
                run_if,
            },
        )
}

/// Phases rise with the number of the task, so that no entry waits for what comes after it.
fn plan_of(made: &[Made], groups: bool, checkpoints: bool) -> Value {
    let phases = ["a", "b", "c", "d"];
    let size = made.len();
    let tasks = made.iter().enumerate().map(|(number, it)| {
        let before: Vec<String> = (0..number)
            .filter(|other| it.before >> (other % 16) & 1 == 1 && (it.before >> ((other + 5) % 16)) & 3 == 0)
            .map(|other| format!("t{other}"))
            .collect();
        let mut task = json!({"id": format!("t{number}"), "title": "x", "estimatedMinutes": it.minutes, "dependsOn": before});
        if it.project > 0 {
            task["project"] = json!(format!("p{}", it.project));
        }
        if it.phase > 0 {
            task["phase"] = json!(phases[number * phases.len() / size]);
        }
        match it.isolation {
            0 | 1 => task["isolation"] = json!("worktree"),
            2 => task["isolation"] = json!("none"),
            _ => {}
        }
        match it.path {
            0 => task["paths"] = json!(["src/**"]),
            1 => task["paths"] = json!(["src/a.rs"]),
            2 => task["paths"] = json!(["src/b.rs", "docs/*.md"]),
            _ => {}
        }
        if it.port == 0 {
            task["ports"] = json!([8080]);
        }
        match it.run_if {
            0 => task["runIf"] = json!("failed"),
            1 => task["runIf"] = json!("always"),
            _ => {}
        }
        task
    });
    let mut plan = json!({
        "planId": "p",
        "projects": [{"name": "p1"}, {"name": "p2", "repo": "mono"}, {"name": "p3", "repo": "mono"}],
        "tasks": tasks.collect::<Vec<Value>>(),
        "phases": phases.map(|id| json!({"id": id})),
    });
    if groups {
        plan["parallelGroups"] = json!([["b", "c"]]);
    }
    if checkpoints {
        plan["checkpoints"] = json!(["a", "b"]);
    }
    plan
}

struct Seen<'a> {
    plan: &'a Value,
    /// Start and end of each task, in the order of the plan.
    times: Vec<(f64, f64)>,
    runs: Vec<bool>,
}

impl<'a> Seen<'a> {
    fn new(plan: &'a Value, schedule: &Value) -> Seen<'a> {
        let slot = |task: &Value| schedule["tasks"][task["id"].as_str().unwrap()].clone();
        let tasks = plan["tasks"].as_array().unwrap();
        let times = tasks.iter().map(|task| {
            let start = slot(task)["earliestStartMinutes"].as_f64().unwrap();
            (start, start + slot(task)["minutes"].as_f64().unwrap())
        });
        Seen {
            plan,
            times: times.collect(),
            runs: tasks
                .iter()
                .map(|task| slot(task)["onlyAfterFailure"] != true)
                .collect(),
        }
    }

    fn task(&self, at: usize) -> &Value {
        &self.plan["tasks"][at]
    }

    fn overlap(&self, a: usize, b: usize) -> bool {
        let ((a1, a2), (b1, b2)) = (self.times[a], self.times[b]);
        self.runs[a] && self.runs[b] && a1 + 1e-6 < b2 && b1 + 1e-6 < a2
    }

    fn is_grouped(&self, at: usize) -> bool {
        self.plan["parallelGroups"].is_array()
            && ["b", "c"].contains(&self.task(at)["phase"].as_str().unwrap_or(""))
    }

    /// The folder that the task works in, when that is its project's.
    fn folder(&self, at: usize) -> Option<String> {
        let task = self.task(at);
        let project = task["project"].as_str()?;
        let folder = if project == "p1" { "p1" } else { "mono" };
        match task["isolation"].as_str() {
            Some("worktree") => None,
            None if self.is_grouped(at) => Some(format!("{} of {folder}", task["phase"])),
            _ => Some(folder.to_owned()),
        }
    }

    fn stage(&self, at: usize) -> Option<usize> {
        let phase = self.task(at)["phase"].as_str()?;
        let groups = self.plan["parallelGroups"].is_array();
        let checkpoints = self.plan["checkpoints"].is_array();
        Some(match (groups, checkpoints, phase) {
            (true, _, "a") => 0,
            (true, _, "b" | "c") => 1,
            (true, _, _) => 2,
            (false, true, "a") => 0,
            (false, true, "b") => 1,
            (false, true, _) => 2,
            (false, false, _) => 0,
        })
    }

    fn conflict(&self, a: usize, b: usize) -> bool {
        let (one, other) = (self.task(a), self.task(b));
        if one["ports"].is_array() && other["ports"].is_array() {
            return true;
        }
        let same_project = one["project"] == other["project"];
        let paths = |task: &Value| task["paths"].to_string();
        let (one, other) = (paths(one), paths(other));
        same_project
            && one != "null"
            && other != "null"
            && (one == other || one.contains("src/**") || other.contains("src/**"))
    }
}

fn check(plan: &Value, schedule: &Value, slots: usize) -> Result<(), TestCaseError> {
    let seen = Seen::new(plan, schedule);
    let size = seen.times.len();
    let number = |id: &Value| id.as_str().unwrap()[1..].parse::<usize>().unwrap();
    for at in 0..size {
        for before in seen.task(at)["dependsOn"].as_array().unwrap() {
            prop_assert!(
                seen.times[number(before)].1 <= seen.times[at].0 + 1e-6,
                "t{} before {}",
                at,
                before
            );
        }
        let beside = (0..size).filter(|other| {
            let (start, end) = seen.times[*other];
            seen.runs[*other] && start <= seen.times[at].0 + 1e-9 && seen.times[at].0 + 1e-9 < end
        });
        prop_assert!(beside.count() <= slots);
        for other in 0..at {
            let both = seen.overlap(at, other);
            let folder = seen.folder(at);
            prop_assert!(
                !(both && folder.is_some() && folder == seen.folder(other)),
                "t{} and t{} in {:?}",
                at,
                other,
                folder
            );
            prop_assert!(
                !(both && seen.conflict(at, other)),
                "t{} and t{} conflict",
                at,
                other
            );
            if let (Some(a), Some(b)) = (seen.stage(at), seen.stage(other)) {
                let (first, second) = if a < b { (at, other) } else { (other, at) };
                prop_assert!(
                    a == b || seen.times[first].1 <= seen.times[second].0 + 1e-6,
                    "t{} and t{} by phase",
                    at,
                    other
                );
            }
        }
    }
    let estimate = |name: &str| schedule["estimate"][name].as_f64().unwrap();
    let ends = (0..size)
        .filter(|at| seen.runs[*at])
        .map(|at| seen.times[at].1);
    let last = ends.fold(0.0, f64::max);
    prop_assert!((estimate("makespanMinutes") - last).abs() < 1e-5);
    prop_assert!(estimate("lowerBoundMinutes") <= estimate("makespanMinutes") + 1e-5);
    prop_assert!(estimate("criticalPathMinutes") <= estimate("lowerBoundMinutes") + 1e-5);
    Ok(())
}

/// The plan with its tasks in another order.
fn shuffled(plan: &Value, seed: u64) -> Value {
    let mut plan = plan.clone();
    let tasks = plan["tasks"].as_array_mut().unwrap();
    tasks.sort_by_key(|task| {
        let number: u64 = task["id"].as_str().unwrap()[1..].parse().unwrap();
        (seed | 1).wrapping_mul(number * 2 + 1) % 1009
    });
    plan
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn no_constraint_is_broken_and_the_order_of_the_file_changes_nothing(
        made in proptest::collection::vec(made(), 1..14),
        groups in any::<bool>(),
        checkpoints in any::<bool>(),
        slots in 1usize..5,
        seed in any::<u64>(),
    ) {
        let plan = plan_of(&made, groups, checkpoints);
        let jobs = slots.to_string();
        let args = ["--quiet", "--jobs", &jobs];
        let output = run(&args, &plan.to_string());
        // A task of an early phase may wait for one of a later phase by way of one that has none.
        if output.status.code() == Some(1) {
            return Ok(());
        }
        let schedule = json_of(&output);
        check(&plan, &schedule, slots)?;
        prop_assert_eq!(&run(&args, &plan.to_string()).stdout, &output.stdout);
        let without_plan = |mut schedule: Value| {
            schedule.as_object_mut().unwrap().remove("plan");
            schedule
        };
        let other = json_of(&run(&args, &shuffled(&plan, seed).to_string()));
        prop_assert_eq!(without_plan(other).to_string(), without_plan(schedule).to_string());
    }
}

#[test]
fn the_order_of_tasks_is_that_of_ids_with_numbers_as_numbers() {
    let plan =
        json!({"planId": "p", "tasks": [{"id": "t10", "title": ""}, {"id": "t9", "title": ""}]});
    let output = run(&[], &plan.to_string());
    let tasks: BTreeMap<String, Value> =
        serde_json::from_value(json_of(&output)["tasks"].clone()).unwrap();
    assert_eq!(tasks.len(), 2);
    assert_eq!(json_of(&output)["order"], json!(["t9", "t10"]));
}
