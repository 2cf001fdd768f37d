//! What follows from dependencies, phases and files together.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{plan, said, task};
use crate::levels::Levels;
use crate::outline::{self, Notes};
use crate::rules::{check, redundant};

fn of(codes: &[&str], plan: &Value) -> Vec<(String, String)> {
    let all = said(plan).into_iter();
    all.filter(|(code, _)| codes.contains(&code.as_str()))
        .collect()
}

fn found(code: &str, pointer: &str) -> (String, String) {
    (code.to_owned(), pointer.to_owned())
}

/// Tasks `t0`, `t1` and so on with what each depends on.
fn graph(dependencies: &[&[usize]]) -> Value {
    let tasks = dependencies.iter().enumerate().map(|(number, on)| {
        let on: Vec<String> = on.iter().map(|on| format!("t{on}")).collect();
        task(&format!("t{number}"), json!({"dependsOn": on}))
    });
    plan(tasks.collect(), json!({}))
}

#[test]
fn a_dependency_that_follows_from_another_is_redundant() {
    let redundant = |plan: &Value| of(&["redundant-dependency"], plan);
    let long = graph(&[&[], &[0], &[1], &[0, 2], &[3, 1, 0]]);
    assert_eq!(
        redundant(&long),
        [
            found("redundant-dependency", "/tasks/3/dependsOn/0"),
            found("redundant-dependency", "/tasks/4/dependsOn/1"),
            found("redundant-dependency", "/tasks/4/dependsOn/2"),
        ]
    );
    // Also where the plan is not in the order of its dependencies.
    assert_eq!(
        redundant(&graph(&[&[1, 2], &[2], &[]])),
        [found("redundant-dependency", "/tasks/0/dependsOn/1")]
    );
    assert_eq!(redundant(&graph(&[&[], &[], &[0], &[1, 2]])), []);
}

#[test]
fn many_redundant_dependencies_are_told_in_one() {
    let rows: Vec<Vec<usize>> = (0..8).map(|task| (0..task).collect()).collect();
    let rows: Vec<&[usize]> = rows.iter().map(Vec::as_slice).collect();
    let plan = graph(&rows);
    let outline = outline::read(&plan, &Notes::default()).expect("a value is always read");
    assert_eq!(redundant(&outline).len(), 21);
    let problems = check(&outline, &Levels::default()).problems;
    let [problem] = problems.as_slice() else {
        panic!("{problems:?}")
    };
    assert!(
        problem
            .message
            .starts_with("21 dependencies follow from others; `t2` need not name `t0`"),
        "{}",
        problem.message
    );
    assert_eq!(
        (problem.pointer.as_deref(), problem.related.len()),
        (Some("/tasks/2/dependsOn/0"), 7)
    );
}

#[test]
fn what_runs_after_a_failure_passes_nothing_on() {
    let with = |run_if: &str| {
        plan(
            vec![
                task("a", json!({})),
                task("b", json!({"dependsOn": ["a"], "runIf": run_if})),
                task("c", json!({"dependsOn": ["a", "b"]})),
            ],
            json!({}),
        )
    };
    assert_eq!(of(&["redundant-dependency"], &with("succeeded")).len(), 1);
    assert_eq!(said(&with("always")), []);
    assert_eq!(said(&with("failed")), []);
}

proptest! {
    /// Without what is called redundant the same tasks wait for the same ones, and nothing more can be taken out.
    #[test]
    fn just_what_is_redundant_is_told(edges in proptest::collection::vec((0..9usize, 0..9usize), 0..30)) {
        let mut on: Vec<Vec<usize>> = vec![Vec::new(); 9];
        for (a, b) in edges {
            let (low, high) = (a.min(b), a.max(b));
            if low < high && !on[high].contains(&low) {
                on[high].push(low);
            }
        }
        let rows: Vec<&[usize]> = on.iter().map(Vec::as_slice).collect();
        let plan = graph(&rows);
        let outline = outline::read(&plan, &Notes::default()).expect("a value is always read");
        let told: Vec<(usize, usize)> = redundant(&outline).into_iter().map(|(task, at)| (task, on[task][at])).collect();
        let waits = |without: &[(usize, usize)]| {
            let mut all = vec![[false; 9]; 9];
            for task in 0..9 {
                for to in on[task].iter().filter(|to| !without.contains(&(task, **to))) {
                    all[task][*to] = true;
                    let below = all[*to];
                    for (waits, further) in all[task].iter_mut().zip(below) {
                        *waits |= further;
                    }
                }
            }
            all
        };
        let whole = waits(&[]);
        prop_assert_eq!(&waits(&told), &whole);
        for (task, to) in on.iter().enumerate().flat_map(|(task, on)| on.iter().map(move |to| (task, *to))) {
            if !told.contains(&(task, to)) {
                let more: Vec<(usize, usize)> = told.iter().copied().chain([(task, to)]).collect();
                prop_assert_ne!(&waits(&more), &whole, "{} {}", task, to);
            }
        }
    }
}

#[test]
fn a_dense_graph_is_given_up_and_that_is_said() {
    let mut tasks: Vec<Value> = Vec::new();
    for layer in 0..60 {
        for number in 0..60 {
            let on: Vec<String> = match layer {
                0 => Vec::new(),
                _ => (0..60)
                    .map(|number| format!("t{}-{number}", layer - 1))
                    .collect(),
            };
            tasks.push(task(
                &format!("t{layer}-{number}"),
                json!({"dependsOn": on}),
            ));
        }
    }
    // Found on the first way down; and nowhere, among 200,000 arrows.
    tasks.push(task("x", json!({"dependsOn": ["t59-0", "t0-0"]})));
    tasks.push(task("y", json!({})));
    tasks.push(task("z", json!({"dependsOn": ["t59-0", "y"]})));
    let plan = plan(tasks, json!({}));
    let outline = outline::read(&plan, &Notes::default()).expect("a value is always read");
    let problems = check(&outline, &Levels::default()).problems;
    let [found, problem] = problems.as_slice() else {
        panic!("{problems:?}")
    };
    assert_eq!(found.pointer.as_deref(), Some("/tasks/3600/dependsOn/1"));
    assert!(
        problem
            .message
            .starts_with("1 of 3603 tasks are too entangled"),
        "{}",
        problem.message
    );
    assert_eq!(problem.severity, schemas::Severity::Info);
}

#[test]
fn a_phase_must_not_wait_for_a_later_one_where_phases_are_ordered() {
    let with = |more: Value| {
        let tasks = vec![
            task("a", json!({"phase": "x", "dependsOn": ["b"]})),
            task("b", json!({"phase": "y"})),
            task("c", json!({"phase": "y", "dependsOn": ["b"]})),
        ];
        of(&["phase-dependency"], &plan(tasks, more))
    };
    let told = [found("phase-dependency", "/tasks/0/dependsOn/0")];
    assert_eq!(with(json!({"phases": [{"id": "x"}, {"id": "y"}]})), []);
    assert_eq!(
        with(json!({"phases": [{"id": "y"}, {"id": "x"}], "checkpoints": []})),
        []
    );
    assert_eq!(
        with(json!({"phases": [{"id": "x"}, {"id": "y"}], "checkpoints": []})),
        told
    );
    assert_eq!(
        with(json!({"phases": [{"id": "x", "checkpoint": true}, {"id": "y"}]})),
        told
    );
    assert_eq!(
        with(json!({"phases": [{"id": "x"}, {"id": "y", "checkpoint": true}]})),
        []
    );
    assert_eq!(
        with(json!({"phases": [{"id": "x", "order": 2}, {"id": "y", "order": 1}]})),
        []
    );
    assert_eq!(
        with(json!({"phases": [{"id": "y", "order": 2}, {"id": "x", "order": 1}]})),
        told
    );
    assert_eq!(
        with(json!({"phases": [{"id": "x"}, {"id": "y"}], "parallelGroups": [["x", "y"]]})),
        told
    );
}

#[test]
fn tasks_that_may_change_a_common_file_are_named_once() {
    let of_files = |plan: &Value| of(&["shared-files", "shared-files-in-group"], plan);
    let two =
        |a: Value, b: Value, more: Value| of_files(&plan(vec![task("a", a), task("b", b)], more));
    let paths = |paths: &[&str]| json!({"paths": paths});
    let told = [found("shared-files", "/tasks/1/paths/0")];
    assert_eq!(
        two(
            paths(&["src/**", "x"]),
            paths(&["src/a.ts", "x"]),
            json!({})
        ),
        told
    );
    assert_eq!(
        two(paths(&["src/*.ts"]), paths(&["src/a.rs"]), json!({})),
        []
    );
    let after = json!({"paths": ["src/a.ts"], "dependsOn": ["a"]});
    assert_eq!(two(paths(&["src/**"]), after, json!({})), []);
    let look = json!({"paths": ["src/a.ts"], "readOnly": true});
    assert_eq!(two(paths(&["src/**"]), look, json!({})), []);
    let projects = json!({"projects": [{"name": "p", "path": "."}, {"name": "q", "path": "src"}]});
    let of_project = |project: &str, path: &str| json!({"project": project, "paths": [path]});
    assert_eq!(
        two(
            of_project("p", "src/a.ts"),
            of_project("q", "a.ts"),
            projects.clone()
        ),
        told
    );
    assert_eq!(
        two(of_project("p", "a.ts"), of_project("q", "a.ts"), projects),
        []
    );
}

#[test]
fn phases_order_files_unless_they_run_side_by_side() {
    let with = |more: Value| {
        let tasks = ["x", "y"].map(|phase| task(phase, json!({"phase": phase, "paths": ["src"]})));
        of(
            &["shared-files", "shared-files-in-group"],
            &plan(tasks.to_vec(), more),
        )
    };
    let phases = json!([{"id": "x"}, {"id": "y"}, {"id": "z"}, {"id": "u"}]);
    assert_eq!(
        with(json!({"phases": phases})),
        [found("shared-files", "/tasks/1/paths/0")]
    );
    assert_eq!(
        with(json!({"phases": phases, "parallelGroups": [["z", "u"]]})),
        []
    );
    assert_eq!(
        with(json!({"phases": phases, "parallelGroups": [["x", "y"]]})),
        [found("shared-files-in-group", "/tasks/1/paths/0")]
    );
}

#[test]
fn a_row_of_strangers_is_needless() {
    let row = |titles: [&str; 4], more: Value| {
        let tasks = titles.iter().enumerate().map(|(number, title)| {
            let on: Vec<String> = (number > 0).then(|| format!("t{}", number - 1)).into_iter().collect();
            let mut it = json!({"project": format!("p{number}"), "dependsOn": on, "description": format!("{title}: as it stands in the report")});
            it["title"] = json!(title);
            task(&format!("t{number}"), it)
        });
        let projects: Vec<Value> = (0..4)
            .map(|number| json!({"name": format!("p{number}"), "repo": more.get(number)}))
            .collect();
        of(
            &["needless-serialisation"],
            &plan(tasks.collect(), json!({"projects": projects})),
        )
    };
    let fixes = [
        "Wrong month in the picker",
        "Requests counted twice",
        "Umlauts cut short",
        "Slow start",
    ];
    assert_eq!(
        row(fixes, json!([])),
        [found("needless-serialisation", "/tasks/1/dependsOn/0")]
    );
    // The second speaks of what the first is about: two are left, which is no row.
    let endpoint = [
        "Login endpoint",
        "Login page",
        "Umlauts cut short",
        "Slow start",
    ];
    assert_eq!(
        row(endpoint, json!([])),
        [found("needless-serialisation", "/tasks/2/dependsOn/0")]
    );
    let chain = [
        "Login endpoint",
        "Login page",
        "Manual of the login",
        "Slow start",
    ];
    assert_eq!(row(chain, json!([])), []);
    assert_eq!(row(fixes, json!(["r", "r", "r", "r"])), []);
}
