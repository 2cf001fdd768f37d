//! Size, acceptance, reviews, totals: when they are told, and when not.

use serde_json::{Value, json};

use super::{plan, said, task};
use crate::levels::Levels;
use crate::outline::{self, Notes};
use crate::rules::check;

fn messages(code: &str, plan: &Value) -> Vec<String> {
    let outline = outline::read(plan, &Notes::default()).expect("a value is always read");
    let problems = check(&outline, &Levels::default()).problems.into_iter();
    problems
        .filter(|p| p.code == code)
        .map(|p| p.message)
        .collect()
}

#[test]
fn tasks_without_a_way_to_tell_that_they_are_done_are_told_once() {
    let bare = |id: &str, more: Value| {
        let mut task = task(id, more);
        task.as_object_mut().expect("an object").remove("gates");
        task
    };
    let missing =
        |tasks: Vec<Value>, more: Value| messages("missing-acceptance", &plan(tasks, more));
    let two = || vec![bare("a", json!({})), bare("b", json!({}))];
    assert_eq!(
        missing(two(), json!({})),
        ["no task says how to tell that it is done: `a`, `b`"]
    );
    assert_eq!(
        missing(two(), json!({"gates": {"after": ["make"]}})),
        [""; 0]
    );
    let one = vec![
        bare("a", json!({})),
        bare("b", json!({"acceptance": ["x"]})),
    ];
    assert_eq!(
        missing(one, json!({})),
        ["task `a` does not say how to tell that it is done"]
    );
    let done = vec![
        bare("a", json!({"outcome": "succeeded"})),
        bare("b", json!({"command": "make"})),
    ];
    assert_eq!(missing(done, json!({})), [""; 0]);
    let of_project = vec![
        bare("a", json!({"project": "p"})),
        bare("b", json!({"project": "q"})),
    ];
    let projects = json!({"projects": [{"name": "p", "gates": ["make"]}, {"name": "q"}]});
    assert_eq!(
        missing(of_project, projects),
        ["task `b` does not say how to tell that it is done"]
    );
    let many = (0..30).map(|n| bare(&format!("t{n}"), json!({}))).collect();
    assert!(missing(many, json!({}))[0].ends_with("`t19` and 10 more"));
}

#[test]
fn long_tasks_are_told_once() {
    let with = |minutes: &[f64]| {
        let tasks = minutes.iter().enumerate();
        let tasks =
            tasks.map(|(n, minutes)| task(&format!("t{n}"), json!({"estimatedMinutes": minutes})));
        messages("long-task", &plan(tasks.collect(), json!({})))
    };
    assert_eq!(with(&[240.0, 30.0]), [""; 0]);
    assert_eq!(with(&[30.0, 250.0]), ["task `t1` is to take 4.2 hours"]);
    assert_eq!(
        with(&[300.0, 400.0]),
        ["2 tasks are to take over 4 hours each: `t0`, `t1`"]
    );
}

#[test]
fn what_is_sensitive_needs_a_second_look() {
    let pay = |more: Value| {
        let mut it = json!({"sensitive": ["payments"]});
        it.as_object_mut()
            .expect("an object")
            .extend(more.as_object().expect("an object").clone());
        task("pay", it)
    };
    let unseen = |tasks: Vec<Value>, more: Value| {
        !messages("sensitive-without-review", &plan(tasks, more)).is_empty()
    };
    assert!(unseen(vec![pay(json!({}))], json!({})));
    assert!(unseen(vec![pay(json!({"autonomy": 2}))], json!({})));
    for seen in [
        json!({"autonomy": 3}),
        json!({"gates": [{"review": {"file": "r.md"}}]}),
        json!({"gates": [{"manual": "somebody has read it"}]}),
        json!({"gates": ["security review passed"]}),
        json!({"readOnly": true}),
        json!({"outcome": "succeeded"}),
        json!({"sensitive": ["main"]}),
    ] {
        assert!(!unseen(vec![pay(seen.clone())], json!({})), "{seen}");
    }
    let look = task("look", json!({"readOnly": true, "dependsOn": ["pay"]}));
    assert!(!unseen(vec![pay(json!({})), look], json!({})));
    assert!(!unseen(
        vec![pay(json!({}))],
        json!({"gates": {"before_merge": [{"manual": "read"}]}})
    ));
}

#[test]
fn wrong_totals_are_told_where_they_stand() {
    let tasks = vec![
        task("a", json!({"phase": "x", "estimatedMinutes": 10})),
        task("b", json!({"estimatedMinutes": 20})),
    ];
    let more = json!({
        "phases": [{"id": "x", "taskCount": 2}],
        "metadata": {"total_tasks": 2, "totalMinutes": 31, "totals": {"tasks": 9}, "totalPhases": "many"},
        "totalProjects": 1
    });
    assert_eq!(
        said(&plan(tasks, more)),
        [
            (
                "wrong-total".to_owned(),
                "/metadata/totalMinutes".to_owned()
            ),
            ("wrong-total".to_owned(), "/totalProjects".to_owned()),
            ("wrong-total".to_owned(), "/phases/0/taskCount".to_owned()),
        ]
    );
}

#[test]
fn one_repository_for_a_task() {
    let projects = |repo: Value| json!({"projects": [{"name": "p", "repo": repo}, {"name": "q", "repo": repo}]});
    let both = || vec![task("a", json!({"project": "p", "projects": ["q"]}))];
    let told = |repo: Value| messages("several-repositories", &plan(both(), projects(repo)));
    assert_eq!(told(json!(null)), ["task `a` changes 2 repositories"]);
    assert_eq!(told(json!("shop")), [""; 0]);
}
