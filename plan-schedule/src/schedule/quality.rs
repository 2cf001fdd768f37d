//! How good the schedules are: against the best there is, where that can be found, and against the ways in which others
//! order the same tasks. `scripts/bench-schedule --quality` runs the large ones and shows what they print.

use serde_json::{Value, json};

use super::tests::{scheduled, shortest, slots};
use super::*;
use crate::bounds::gap_percent;

/// Numbers from a seed, so that every run sees the same plans.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn one_in(&mut self, odds: u64) -> bool {
        self.below(odds) == 0
    }
}

/// Every partial order of `size` tasks in which none stands behind a later one; as the tasks before each.
///
/// What a schedule may be depends on the order alone, so that these are all directed acyclic graphs.
fn orders(size: usize) -> Vec<Vec<u32>> {
    let mut all = vec![Vec::new()];
    for task in 0..size {
        let mut longer = Vec::new();
        for order in &all {
            for before in 0u32..1 << task {
                let is_closed =
                    (0..task).all(|it| before >> it & 1 == 0 || order[it] & !before == 0);
                if is_closed {
                    let mut order: Vec<u32> = order.clone();
                    order.push(before);
                    longer.push(order);
                }
            }
        }
        all = longer;
    }
    all
}

fn plan_of(order: &[u32], dice: &mut Dice) -> Value {
    let tasks: Vec<Value> = order
        .iter()
        .enumerate()
        .map(|(number, before)| {
            let before = (0..number)
                .filter(|it| before >> it & 1 == 1)
                .map(|it| format!("t{it}"));
            let project = match dice.below(4) {
                0 | 1 => Value::Null,
                lane => json!(format!("p{lane}")),
            };
            json!({
                "id": format!("t{number}"),
                "title": "",
                "estimatedMinutes": 1 + dice.below(9),
                "project": project,
                "dependsOn": before.collect::<Vec<_>>(),
            })
        })
        .collect();
    // Two projects are always listed, so that a task without one has no lane.
    json!({"planId": "p", "projects": [{"name": "p2"}, {"name": "p3"}], "tasks": tasks})
}

/// Holds every order of so many tasks against the best; says how far apart they are.
fn against_brute_force(size: usize) -> String {
    let mut dice = Dice(size as u64);
    let (mut plans, mut best_found, mut sum, mut worst) = (0u32, 0u32, 0.0, 0.0f64);
    for order in orders(size) {
        let plan = plan_of(&order, &mut dice);
        for m in [2, 3] {
            let (ours, best) = scheduled(&plan, slots(m), |s| {
                let ours = s.timetable.makespan;
                // What the bound proves to be the best needs no search.
                let best = if ours == s.bounds.least {
                    ours.as_f64()
                } else {
                    shortest(s)
                };
                (ours.as_f64(), best)
            });
            assert!(
                ours >= best - 1e-9,
                "{ours} is better than the best, {best}: {plan}"
            );
            let gap = (ours / best - 1.0) * 100.0;
            plans += 1;
            best_found += u32::from(gap < 1e-7);
            sum += gap;
            worst = worst.max(gap);
        }
    }
    format!(
        "{size} tasks: {plans} plans, the best found for {:.2} %, gap {:.2} % on average, {worst:.1} % at worst",
        f64::from(best_found) / f64::from(plans) * 100.0,
        sum / f64::from(plans),
    )
}

#[test]
fn no_schedule_of_up_to_five_tasks_is_better_than_the_best() {
    for size in 1..=5 {
        against_brute_force(size);
    }
}

#[test]
#[ignore = "minutes long; scripts/bench-schedule --quality runs it"]
fn quality_against_brute_force() {
    for size in 1..=7 {
        println!("{}", against_brute_force(size));
    }
}

/// A plan as they are: a few projects, layers of work, some in worktrees that claim files, a port, a database.
fn random_plan(dice: &mut Dice, has_lanes: bool) -> Value {
    let size = 20 + dice.below(180);
    let projects = 2 + dice.below(8);
    let tasks: Vec<Value> = (0..size)
        .map(|number| {
            let before = (0..dice.below(4)).filter(|_| number > 0).map(|_| {
                let back = 1 + dice.below(number.min(20));
                format!("t{}", number - back)
            });
            let before: std::collections::BTreeSet<String> = before.collect();
            // Few are long: what people estimate is skewed.
            let minutes = [5, 5, 10, 10, 10, 15, 20, 30, 60, 120][dice.below(10) as usize];
            let mut task = json!({"id": format!("t{number}"), "title": "", "estimatedMinutes": minutes, "dependsOn": before});
            if has_lanes {
                task["project"] = json!(format!("p{}", dice.below(projects)));
                if dice.one_in(3) {
                    task["isolation"] = json!("worktree");
                    task["paths"] = json!([format!("src/m{}/*.rs", dice.below(12)), format!("src/m{}/a.rs", dice.below(12))]);
                }
                if dice.one_in(10) {
                    task["ports"] = json!([8000 + dice.below(3)]);
                }
                if dice.one_in(12) {
                    task["resources"] = json!(["staging"]);
                }
            }
            task
        })
        .collect();
    let listed: Vec<Value> = (0..projects)
        .map(|number| json!({"name": format!("p{number}")}))
        .collect();
    json!({"planId": "p", "projects": listed, "tasks": tasks})
}

/// Tasks by the number of tasks on the longest way from each, as ninja has it since 1.12; then as the plan has them.
fn by_hops(schedule: &Schedule<'_>) -> Vec<u32> {
    let network = schedule.network;
    let mut hops = vec![0u32; network.len()];
    for task in network.topological.iter().rev() {
        for after in network.dependencies.after(*task) {
            hops[*task as usize] = hops[*task as usize].max(hops[*after as usize] + 1);
        }
    }
    let mut order: Vec<u32> = network.numbers().collect();
    order.sort_by_key(|task| (std::cmp::Reverse(hops[*task as usize]), *task));
    order
}

/// Makespans of one plan, as shares of the bound.
struct Shares {
    ours: f64,
    hops: f64,
    plan: f64,
    waves: f64,
}

fn shares(plan: &Value, m: u32) -> Shares {
    let with_barriers = Options {
        slots: m,
        barriers: true,
    };
    let waves = scheduled(plan, with_barriers, |s| s.timetable.makespan.as_f64());
    scheduled(plan, slots(m), |s| {
        let least = s.bounds.least.as_f64();
        let ordered = |order: &[u32]| {
            Timetable::new(&Rules { order, ..s.rules() })
                .makespan
                .as_f64()
        };
        let in_plan: Vec<u32> = s.network.numbers().collect();
        Shares {
            ours: s.timetable.makespan.as_f64() / least,
            hops: ordered(&by_hops(s)) / least,
            plan: ordered(&in_plan) / least,
            waves: waves / least,
        }
    })
}

fn compare(plans: u32, has_lanes: bool) -> String {
    let mut dice = Dice(42);
    let all: Vec<(u32, Shares)> = (0..plans)
        .map(|number| {
            let m = 2 + number % 7;
            (m, shares(&random_plan(&mut dice, has_lanes), m))
        })
        .collect();
    for (m, share) in &all {
        assert!(share.ours >= 1.0 - 1e-9);
        let graham = 2.0 - 1.0 / f64::from(*m);
        assert!(
            has_lanes || share.ours <= graham + 1e-9,
            "{} > {graham}",
            share.ours
        );
    }
    let row = |name: &str, of: fn(&Shares) -> f64| {
        let mean = all.iter().map(|(_, share)| of(share)).sum::<f64>() / f64::from(plans);
        let worst = all.iter().map(|(_, share)| of(share)).fold(0.0, f64::max);
        let better = all
            .iter()
            .filter(|(_, share)| of(share) > share.ours + 1e-9)
            .count();
        let worse = all
            .iter()
            .filter(|(_, share)| of(share) < share.ours - 1e-9)
            .count();
        format!(
            "  {name:28} {mean:.4} on average, {worst:.3} at worst; longer than ours {better} times, shorter {worse}\n"
        )
    };
    let lanes = if has_lanes {
        "with lanes and conflicts"
    } else {
        "without lanes"
    };
    format!("{plans} random plans {lanes}, makespan ÷ bound\n")
        + &row("plan-schedule", |share| share.ours)
        + &row("longest in hops (ninja)", |share| share.hops)
        + &row("as the plan has them (make)", |share| share.plan)
        + &row("wave by wave", |share| share.waves)
}

#[test]
fn no_schedule_breaks_the_bound_of_list_scheduling() {
    compare(60, false);
    compare(60, true);
}

#[test]
#[ignore = "for its figures; scripts/bench-schedule --quality runs it"]
fn quality_of_random_plans() {
    println!("{}", compare(1000, true));
    println!("{}", compare(1000, false));
}

/// Ten chains of three short tasks beside one long: what counts hops starts the long one last.
#[test]
fn quality_of_the_skewed_graph() {
    let mut tasks = vec![json!({"id": "zlong", "title": "", "estimatedMinutes": 3})];
    for chain in 0..10 {
        for link in 0..3 {
            let before: Vec<String> = (link > 0)
                .then(|| format!("c{chain}_{}", link - 1))
                .into_iter()
                .collect();
            tasks.push(json!({"id": format!("c{chain}_{link}"), "title": "", "estimatedMinutes": 0.1, "dependsOn": before}));
        }
    }
    let plan = json!({"planId": "skewed", "tasks": tasks});
    let (ours, hops) = scheduled(&plan, slots(2), |s| {
        let order = by_hops(s);
        let hops = Timetable::new(&Rules {
            order: &order,
            ..s.rules()
        });
        (s.timetable.makespan, hops.makespan)
    });
    assert_eq!(ours.as_f64(), 3.0);
    assert!(hops.as_f64() > 4.4, "{hops}");
    assert_eq!(gap_percent(hops, ours), 50.0);
}
