use serde_json::json;

use crate::levels::Levels;
use crate::outline::{self, Notes};
use crate::rules::check;
use crate::rules::tests::{plan, task};

/// The messages about cycles of a graph: each task with those that it depends on.
fn cycles(tasks: &[(&str, &[&str])]) -> Vec<String> {
    let tasks = tasks
        .iter()
        .map(|(id, deps)| task(id, json!({"dependsOn": deps})));
    let plan = plan(tasks.collect(), json!({}));
    let outline = outline::read(&plan, &Notes::default()).expect("a value is always read");
    let problems = check(&outline, &Levels::default()).problems.into_iter();
    problems
        .filter(|p| p.code == "dependency-cycle")
        .map(|p| p.message)
        .collect()
}

#[test]
fn a_cycle_is_told_whole_and_the_shortest_of_each_knot() {
    assert_eq!(
        cycles(&[("t1", &["t4"]), ("t2", &["t1"]), ("t4", &["t1"])]),
        ["tasks wait for each other: t1 → t4 → t1"]
    );
    let two_knots: &[(&str, &[&str])] = &[
        ("a", &["b"]),
        ("b", &["c"]),
        ("c", &["d"]),
        ("d", &["a", "c"]),
        ("x", &["z", "a"]),
        ("y", &["x"]),
        ("z", &["y"]),
    ];
    assert_eq!(
        cycles(two_knots),
        [
            "tasks wait for each other: c → d → c (the shortest of the cycles that join 4 tasks)",
            "tasks wait for each other: x → z → y → x",
        ]
    );
    assert_eq!(
        cycles(&[("a", &[]), ("b", &["a"]), ("c", &["a", "b"])]),
        [""; 0]
    );
}

#[test]
fn a_cycle_of_a_hundred_thousand_tasks_is_found_without_recursion() {
    let ids: Vec<String> = (0..100_000).map(|n| format!("t{n}")).collect();
    let next = |n: usize| vec![ids[(n + 1) % ids.len()].as_str()];
    let deps: Vec<Vec<&str>> = (0..ids.len()).map(next).collect();
    let tasks: Vec<(&str, &[&str])> = ids
        .iter()
        .map(String::as_str)
        .zip(deps.iter().map(Vec::as_slice))
        .collect();
    let told = cycles(&tasks);
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("tasks wait for each other: t0 → t1 → t2 →"));
    assert!(told[0].ends_with("→ … → t0 (100000 tasks)"), "{}", told[0]);
}
