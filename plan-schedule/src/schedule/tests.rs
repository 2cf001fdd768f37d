use std::collections::BTreeMap;

use proptest::prelude::*;
use schemas::document::Input;
use serde_json::{Value, json};

use super::*;
use crate::minutes::Table;
use crate::view::PlanView;

/// Schedules a plan and gives what is read off with `look`.
pub(super) fn scheduled<T>(
    plan: &Value,
    options: Options,
    look: impl FnOnce(&Schedule<'_>) -> T,
) -> T {
    let input = Input {
        name: "plan.json".to_owned(),
        text: plan.to_string(),
    };
    let plan = PlanView::read(&input).unwrap();
    let network = Network::new(&plan, &input.name, &Table::default()).unwrap();
    look(&Schedule::new(&network, options).unwrap())
}

pub(super) fn slots(slots: u32) -> Options {
    Options {
        slots,
        barriers: false,
    }
}

fn ids(schedule: &Schedule<'_>, tasks: &[u32]) -> Vec<String> {
    tasks
        .iter()
        .map(|task| schedule.network.id(*task).to_owned())
        .collect()
}

fn plan(tasks: Value) -> Value {
    json!({"planId": "p", "tasks": tasks})
}

/// Start and end of every task.
fn times(schedule: &Schedule<'_>) -> BTreeMap<String, (f64, f64)> {
    let network = schedule.network;
    network
        .numbers()
        .map(|task| {
            let start = schedule.timetable.start[task as usize];
            let end = start.plus(network.minutes[task as usize]);
            (network.id(task).to_owned(), (start.as_f64(), end.as_f64()))
        })
        .collect()
}

#[test]
fn weights_decide_and_hops_do_not() {
    // One long task beside a chain of three short ones and a crowd: who counts hops starts the chain and the crowd first.
    let plan = plan(json!([
        {"id": "long", "title": "", "project": "a", "estimatedMinutes": 3},
        {"id": "c1", "title": "", "project": "b", "estimatedMinutes": 0.5},
        {"id": "c2", "title": "", "project": "c", "estimatedMinutes": 0.5, "dependsOn": ["c1"]},
        {"id": "c3", "title": "", "project": "d", "estimatedMinutes": 0.5, "dependsOn": ["c2"]},
        {"id": "x1", "title": "", "project": "e", "estimatedMinutes": 0.5},
        {"id": "x2", "title": "", "project": "f", "estimatedMinutes": 0.5},
        {"id": "x3", "title": "", "project": "g", "estimatedMinutes": 0.5},
    ]));
    scheduled(&plan, slots(2), |schedule| {
        assert_eq!(ids(schedule, &schedule.order)[0], "long");
        assert_eq!(schedule.timetable.makespan.as_f64(), 3.0);
    });
}

#[test]
fn declared_priority_comes_before_length_and_length_before_ids() {
    let plan = plan(json!([
        {"id": "t1", "title": "", "estimatedMinutes": 5},
        {"id": "t2", "title": "", "estimatedMinutes": 50},
        {"id": "t10", "title": "", "estimatedMinutes": 5},
        {"id": "t3", "title": "", "estimatedMinutes": 1, "priority": "P1-revenue"},
        {"id": "t4", "title": "", "estimatedMinutes": 1, "priority": "P0"},
        {"id": "t5", "title": "", "estimatedMinutes": 5, "dependsOn": ["t4"]},
    ]));
    scheduled(&plan, slots(1), |schedule| {
        assert_eq!(
            ids(schedule, &schedule.order),
            ["t4", "t3", "t2", "t1", "t5", "t10"]
        );
    });
}

#[test]
fn a_lane_runs_one_task_at_a_time_and_a_worktree_leaves_it() {
    let tasks = |isolation: &str| {
        plan(json!([
            {"id": "t1", "title": "", "project": "a", "estimatedMinutes": 10},
            {"id": "t2", "title": "", "project": "a", "estimatedMinutes": 10, "isolation": isolation},
        ]))
    };
    let makespan = |plan: &Value| scheduled(plan, slots(5), |s| s.timetable.makespan.as_f64());
    assert_eq!(makespan(&tasks("none")), 20.0);
    assert_eq!(makespan(&tasks("worktree")), 10.0);
}

#[test]
fn tasks_without_a_project_share_the_only_one() {
    let tasks = json!([{"id": "t1", "title": ""}, {"id": "t2", "title": ""}]);
    let lanes = |projects: Value| {
        let plan = json!({"planId": "p", "projects": projects, "tasks": tasks});
        scheduled(&plan, slots(5), |s| s.lanes().len())
    };
    assert_eq!(lanes(json!([{"name": "a"}])), 1);
    assert_eq!(lanes(json!([{"name": "a"}, {"name": "b"}])), 0);
    assert_eq!(lanes(json!([])), 0);
}

#[test]
fn a_checkpoint_holds_later_phases_back_and_nothing_else() {
    let plan = json!({
        "planId": "p",
        "phases": [{"id": "build"}, {"id": "ship"}],
        "checkpoints": ["build"],
        "tasks": [
            {"id": "t1", "title": "", "phase": "build", "estimatedMinutes": 10},
            {"id": "t2", "title": "", "phase": "ship", "estimatedMinutes": 5},
            {"id": "t3", "title": "", "estimatedMinutes": 1},
        ],
    });
    scheduled(&plan, slots(5), |schedule| {
        let times = times(schedule);
        assert_eq!((times["t2"].0, times["t3"].0), (10.0, 0.0));
        // What holds a task back is on the way to the end, whatever it is.
        assert_eq!(schedule.paths.longest.as_f64(), 15.0);
        assert_eq!(ids(schedule, &schedule.critical), ["t1", "t2"]);
        assert_eq!(schedule.waves.of, [0, 1, 0]);
    });
}

#[test]
fn waves_are_barriers_only_when_asked_for() {
    let plan = json!({
        "planId": "p",
        "executionOrder": [["t1", "t2"], ["t3"]],
        "tasks": [
            {"id": "t1", "title": "", "estimatedMinutes": 1},
            {"id": "t2", "title": "", "estimatedMinutes": 10},
            {"id": "t3", "title": "", "estimatedMinutes": 1, "dependsOn": ["t1"]},
        ],
    });
    let start = |barriers| scheduled(&plan, Options { slots: 5, barriers }, |s| times(s)["t3"].0);
    assert_eq!(start(false), 1.0);
    assert_eq!(start(true), 10.0);
}

#[test]
fn a_checkpoint_that_waits_for_what_follows_it_is_refused() {
    let plan = json!({
        "planId": "p",
        "phases": [{"id": "a", "checkpoint": true}, {"id": "b"}],
        "tasks": [
            {"id": "t1", "title": "", "phase": "a", "dependsOn": ["t2"]},
            {"id": "t2", "title": "", "phase": "b"},
        ],
    })
    .to_string();
    let plan: PlanView<'_> = serde_json::from_str(&plan).unwrap();
    let network = Network::new(&plan, "plan.json", &Table::default()).unwrap();
    assert_eq!(
        Schedule::new(&network, slots(5)).unwrap_err(),
        ["these wait for each other: t1 → t2 → the checkpoint after a → t1"]
    );
}

/// A task as a test makes it: minutes, project and which of the former tasks it waits for.
type Made = (u32, Option<u8>, u8);

fn made() -> impl Strategy<Value = Vec<Made>> {
    let task = (0u32..20, proptest::option::of(0u8..3), any::<u8>());
    proptest::collection::vec(task, 1..=8)
}

fn plan_of(made: &[Made]) -> Value {
    let tasks: Vec<Value> = made
        .iter()
        .enumerate()
        .map(|(index, (minutes, project, mask))| {
            let before: Vec<String> = (0..index)
                .filter(|at| mask >> at & 1 == 1 && (mask >> ((at + 3) % 8)) & 1 == 0)
                .map(|at| format!("t{at}"))
                .collect();
            json!({
                "id": format!("t{index}"),
                "title": "",
                "project": project.map(|number| format!("p{number}")),
                "estimatedMinutes": minutes,
                "dependsOn": before,
            })
        })
        .collect();
    // Two projects are always listed, so that a task without one has no lane.
    json!({"planId": "p", "projects": [{"name": "p0"}, {"name": "p1"}], "tasks": tasks})
}

/// The shortest schedule there is: every order of the tasks, each started as early as it can be.
pub(super) fn shortest(schedule: &Schedule<'_>) -> f64 {
    fn search(
        schedule: &Schedule<'_>,
        ends: &mut Vec<Option<f64>>,
        slots: &mut Vec<f64>,
        lanes: &mut Vec<f64>,
        best: &mut f64,
    ) {
        let network = schedule.network;
        let so_far = ends.iter().flatten().copied().fold(0.0, f64::max);
        if so_far >= *best {
            return;
        }
        if ends.iter().all(Option::is_some) {
            *best = so_far;
            return;
        }
        for task in network.numbers() {
            let at = task as usize;
            let before = network.dependencies.before(task);
            if ends[at].is_some() || before.iter().any(|b| ends[*b as usize].is_none()) {
                continue;
            }
            let own: Vec<usize> = network
                .lanes
                .of(task)
                .iter()
                .map(|lane| *lane as usize)
                .collect();
            let after = before
                .iter()
                .filter_map(|b| ends[*b as usize])
                .fold(0.0, f64::max);
            let after = own
                .iter()
                .fold(after, |after, lane| lanes[*lane].max(after));
            let slot = (0..slots.len())
                .min_by(|a, b| slots[*a].total_cmp(&slots[*b]))
                .unwrap();
            let end = slots[slot].max(after) + network.minutes[at].as_f64();
            let old: (f64, Vec<f64>) = (slots[slot], own.iter().map(|lane| lanes[*lane]).collect());
            (slots[slot], ends[at]) = (end, Some(end));
            for lane in &own {
                lanes[*lane] = end;
            }
            search(schedule, ends, slots, lanes, best);
            (slots[slot], ends[at]) = (old.0, None);
            for (lane, old) in own.iter().zip(old.1) {
                lanes[*lane] = old;
            }
        }
    }
    let network = schedule.network;
    let mut best = schedule.bounds.serial.as_f64() + 1.0;
    let slots = schedule.options.slots as usize;
    search(
        schedule,
        &mut vec![None; network.len()],
        &mut vec![0.0; slots],
        &mut vec![0.0; network.lanes.len()],
        &mut best,
    );
    best
}

fn check(schedule: &Schedule<'_>) {
    let network = schedule.network;
    let (makespan, m) = (
        schedule.timetable.makespan.as_f64(),
        f64::from(schedule.options.slots),
    );
    let times: Vec<(f64, f64)> = network
        .numbers()
        .map(|task| {
            let start = schedule.timetable.start[task as usize];
            (
                start.as_f64(),
                start.plus(network.minutes[task as usize]).as_f64(),
            )
        })
        .collect();
    for task in network.numbers() {
        for before in network.dependencies.before(task) {
            assert!(times[*before as usize].1 <= times[task as usize].0);
        }
    }
    for (_, tasks) in schedule.lanes() {
        for pair in tasks.windows(2) {
            assert!(times[pair[0] as usize].1 <= times[pair[1] as usize].0);
        }
    }
    for (at, _) in &times {
        let running = times
            .iter()
            .filter(|(start, end)| start <= at && at < end)
            .count();
        assert!(running as f64 <= m);
    }
    let least = schedule.bounds.least.as_f64();
    assert!(makespan >= least - 1e-5, "{makespan} < {least}");
    let best = shortest(schedule);
    assert!(
        makespan >= best - 1e-5,
        "{makespan} is better than the best, {best}"
    );
    if network.lanes.rows().total() == 0 {
        let bound = (2.0 - 1.0 / m) * best;
        assert!(makespan <= bound + 1e-5, "{makespan} > {bound}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_schedule_is_legal_and_not_far_from_the_best(made in made(), m in 1u32..4) {
        scheduled(&plan_of(&made), slots(m), check);
    }

    #[test]
    fn without_lanes_it_keeps_the_bound_of_list_scheduling(mut made in made(), m in 1u32..4) {
        made.iter_mut().for_each(|task| task.1 = None);
        scheduled(&plan_of(&made), slots(m), check);
    }

    #[test]
    fn the_order_of_the_document_does_not_matter(made in made(), m in 1u32..4, seed in any::<u64>()) {
        let plan = plan_of(&made);
        let mut shuffled = plan.clone();
        let tasks = shuffled["tasks"].as_array_mut().unwrap();
        let places = tasks.len() as u64;
        tasks.sort_by_key(|task| {
            let id: u64 = task["id"].as_str().unwrap()[1..].parse().unwrap();
            seed.wrapping_mul(id * 2 + 1) % (places * 7 + 1)
        });
        for task in tasks {
            task["dependsOn"].as_array_mut().unwrap().reverse();
        }
        let look = |s: &Schedule<'_>| {
            (times(s), ids(s, &s.order), ids(s, &s.critical), ids(s, &s.timetable.started), s.waves.rows.clone())
        };
        prop_assert_eq!(scheduled(&plan, slots(m), look), scheduled(&shuffled, slots(m), look));
    }
}
