mod care;
mod graph;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;
use crate::catalogue::Rule;
use crate::keys;
use crate::levels::Levels;
use crate::outline::{self, Notes};

/// Code and pointer of everything that the rules say.
pub(super) fn said(plan: &Value) -> Vec<(String, String)> {
    let outline = outline::read(plan, &Notes::default()).expect("a value is always read");
    let problems = check(&outline, &Levels::default()).problems;
    for problem in &problems {
        assert!(problem.help.is_some(), "{} has no help", problem.code);
        let rule = Rule::find(&problem.code).unwrap_or_else(|| panic!("no rule {}", problem.code));
        let is_lenient = problem.code == "unknown-phase"
            || rule.weight.word() == format!("{:?}", problem.severity).to_lowercase();
        assert!(is_lenient, "{}: {:?}", problem.code, problem.severity);
    }
    problems
        .into_iter()
        .map(|p| (p.code, p.pointer.unwrap_or_default()))
        .collect()
}

pub(super) fn task(id: &str, more: Value) -> Value {
    let mut task = json!({"id": id, "title": "Title", "description": "Build the thing so that its tests pass", "gates": ["make test"]});
    if let (Some(task), Value::Object(more)) = (task.as_object_mut(), more) {
        task.extend(more);
    }
    task
}

pub(super) fn plan(tasks: Vec<Value>, more: Value) -> Value {
    let mut plan = json!({"planId": "p", "tasks": tasks});
    if let (Some(plan), Value::Object(more)) = (plan.as_object_mut(), more) {
        plan.extend(more);
    }
    plan
}

/// Every rule once, each with a plan that breaks it and no other.
fn defects() -> Vec<(&'static str, &'static str, Value)> {
    let projects = json!([{"name": "a"}, {"name": "b"}]);
    let two = |a: Value, b: Value, more: Value| plan(vec![task("t1", a), task("t2", b)], more);
    let one = |a: Value, more: Value| plan(vec![task("t1", a)], more);
    let none = || json!({});
    vec![
        (
            "case-only-id",
            "/tasks/1/id",
            plan(vec![task("a", none()), task("A", none())], none()),
        ),
        (
            "dependency-cycle",
            "/tasks/0/dependsOn/0",
            two(
                json!({"dependsOn": ["t2"]}),
                json!({"dependsOn": ["t1"]}),
                none(),
            ),
        ),
        (
            "duplicate-dependency",
            "/tasks/1/dependsOn/1",
            two(none(), json!({"dependsOn": ["t1", "t1"]}), none()),
        ),
        (
            "duplicate-phase-id",
            "/phases/1/id",
            one(none(), json!({"phases": [{"id": "x"}, {"id": "x"}]})),
        ),
        (
            "duplicate-project",
            "/projects/1/name",
            one(
                none(),
                json!({"projects": [{"name": "a"}, {"name": "a", "path": "x"}]}),
            ),
        ),
        (
            "duplicate-project-path",
            "/projects/1/path",
            one(
                json!({"project": "a"}),
                json!({"projects": [{"name": "a", "path": "./x/"}, {"name": "b", "path": "x"}]}),
            ),
        ),
        (
            "duplicate-task-id",
            "/tasks/1/id",
            plan(vec![task("a", none()), task("a", none())], none()),
        ),
        (
            "empty-gate",
            "/tasks/0/gates/1",
            one(json!({"gates": ["make", {"name": "x"}]}), none()),
        ),
        (
            "empty-gate",
            "/gates/s/0",
            one(none(), json!({"gates": {"s": [" "]}})),
        ),
        (
            "empty-gate",
            "/projects/0/gates/0",
            one(
                none(),
                json!({"projects": [{"name": "a", "gates": [{"command": []}]}]}),
            ),
        ),
        (
            "empty-gates",
            "/gates/before~1deploy",
            one(none(), json!({"gates": {"before/deploy": []}})),
        ),
        (
            "missing-project",
            "/tasks/0/project",
            one(none(), json!({"projects": projects})),
        ),
        (
            "misspelt-key",
            "/tasks/1/depends_on",
            two(none(), json!({"depends_on": ["t1"]}), none()),
        ),
        (
            "misspelt-key",
            "/execution_order",
            one(none(), json!({"execution_order": []})),
        ),
        (
            "misspelt-key",
            "/limits/maxConcurent",
            one(none(), json!({"limits": {"maxConcurent": 2}})),
        ),
        (
            "order-dependency",
            "/executionOrder/0/1",
            two(
                none(),
                json!({"dependsOn": ["t1"]}),
                json!({"executionOrder": [["t1", "t2"]]}),
            ),
        ),
        (
            "order-dependency",
            "/executionOrder/0/0",
            two(
                none(),
                json!({"dependsOn": ["t1"]}),
                json!({"executionOrder": [["t2"], ["t1"]]}),
            ),
        ),
        (
            "order-duplicate-task",
            "/executionOrder/1/0",
            one(none(), json!({"executionOrder": [["t1"], ["t1"]]})),
        ),
        (
            "order-missing-task",
            "/executionOrder",
            one(none(), json!({"executionOrder": []})),
        ),
        (
            "order-shared-project",
            "/executionOrder/0/1",
            two(
                json!({"project": "a"}),
                json!({"project": "a"}),
                json!({"projects": projects, "executionOrder": [["t1", "t2"]]}),
            ),
        ),
        (
            "order-unknown-task",
            "/executionOrder/0/1",
            one(none(), json!({"executionOrder": [["t1", "t7"]]})),
        ),
        (
            "phase-in-two-groups",
            "/parallelGroups/1/0",
            one(
                none(),
                json!({"phases": [{"id": "y"}, {"id": "x"}, {"id": "z"}], "parallelGroups": [["y", "x"], ["x", "z"]]}),
            ),
        ),
        (
            "project-path-outside",
            "/projects/0/path",
            one(none(), json!({"projects": [{"name": "a", "path": "../a"}]})),
        ),
        (
            "self-dependency",
            "/tasks/0/dependsOn/0",
            one(json!({"dependsOn": ["t1"]}), none()),
        ),
        (
            "thin-description",
            "/tasks/0/description",
            one(json!({"description": "do it"}), none()),
        ),
        (
            "thin-description",
            "/tasks/0/description",
            one(
                json!({"title": "Build the whole backend of the shop", "description": "Build the whole backend of the shop"}),
                none(),
            ),
        ),
        (
            "unknown-agent",
            "/tasks/0/agent",
            one(json!({"agent": "nobody"}), none()),
        ),
        (
            "unknown-agent",
            "/defaults/agent",
            one(none(), json!({"defaults": {"agent": "nobody"}})),
        ),
        (
            "unknown-dependency",
            "/tasks/0/dependsOn/0",
            one(json!({"dependsOn": ["t7"]}), none()),
        ),
        (
            "unknown-phase",
            "/tasks/0/phase",
            one(json!({"phase": "y"}), json!({"phases": [{"id": "x"}]})),
        ),
        (
            "unknown-phase",
            "/checkpoints/0",
            one(none(), json!({"checkpoints": ["y"]})),
        ),
        (
            "unknown-phase",
            "/parallelGroups/0/1",
            one(
                none(),
                json!({"phases": [{"id": "x"}], "parallelGroups": [["x", "y"]]}),
            ),
        ),
        (
            "unknown-project",
            "/tasks/0/project",
            one(json!({"project": "c"}), json!({"projects": projects})),
        ),
        (
            "unsafe-id",
            "/tasks/0/id",
            plan(vec![task("a/b", none())], none()),
        ),
        (
            "unsafe-id",
            "/tasks/0/id",
            plan(vec![task("..", none())], none()),
        ),
        (
            "unsafe-id",
            "/tasks/0/id",
            plan(vec![task("-rf", none())], none()),
        ),
        (
            "unsafe-id",
            "/tasks/0/id",
            plan(vec![task("a\u{1b}[31m", none())], none()),
        ),
    ]
}

#[test]
fn each_rule_reports_its_defect_and_nothing_else() {
    for (code, pointer, plan) in defects() {
        assert_eq!(
            said(&plan),
            [(code.to_owned(), pointer.to_owned())],
            "{plan}"
        );
    }
}

#[test]
fn what_is_in_order_is_not_reported() {
    let fine = [
        plan(vec![], json!({})),
        plan(
            vec![task("t1", json!({"project": null, "dependsOn": []}))],
            json!({"checkpoints": [], "executionOrder": null}),
        ),
        plan(
            vec![task("t1", json!({"description": "", "command": "make"}))],
            json!({}),
        ),
        plan(
            vec![task(
                "t1",
                json!({"description": "", "acceptance": ["The login page shows an error for a wrong password"]}),
            )],
            json!({}),
        ),
        plan(
            vec![task(
                "t1",
                json!({"description": "ユーザー認証のログインページを作成する"}),
            )],
            json!({}),
        ),
        plan(
            vec![
                task("t1", json!({"agent": "claude"})),
                task("t2", json!({"agent": "mine"})),
            ],
            json!({"agents": {"mine": {"argv": ["x"]}}}),
        ),
        plan(
            vec![task("t1", json!({"tags": ["x"], "x-depends_on": []}))],
            json!({"owner": "x"}),
        ),
        plan(
            vec![
                task("t1", json!({"project": "a"})),
                task("t2", json!({"project": "a", "isolation": "worktree"})),
            ],
            json!({"projects": [{"name": "a"}], "executionOrder": [["t1", "t2"]]}),
        ),
    ];
    for plan in fine {
        assert_eq!(said(&plan), [], "{plan}");
    }
}

#[test]
fn values_of_wrong_types_do_not_hide_the_rest() {
    let tasks = json!([7, {"id": 1, "dependsOn": "t1"}, task("t1", json!({"dependsOn": [null, "t1", {"x": []}]}))]);
    let plan = json!({"planId": [], "projects": "none", "tasks": tasks, "executionOrder": [1, ["t1", 2]], "gates": 3});
    assert_eq!(
        said(&plan),
        [(
            "self-dependency".to_owned(),
            "/tasks/2/dependsOn/1".to_owned()
        )]
    );
    assert_eq!(said(&json!(null)), []);
}

#[test]
fn the_known_keys_are_those_of_the_schema() {
    let mut kinds = schemas::schema::KINDS.iter();
    let plan = kinds.find(|(kind, _)| *kind == "plan");
    let (_, text) = plan.expect("there is a plan");
    let schema: Value = serde_json::from_str(text).expect("a schema is JSON");
    let keys = |pointer: &str| -> BTreeSet<String> {
        let object = schema.pointer(pointer).and_then(Value::as_object);
        object
            .into_iter()
            .flat_map(|object| object.keys().cloned())
            .collect()
    };
    for (known, pointer) in [
        (keys::PLAN, "/properties"),
        (keys::PROJECT, "/$defs/project/properties"),
        (keys::TASK, "/$defs/task/properties"),
        (keys::PHASE, "/$defs/phase/properties"),
        (keys::LIMITS, "/$defs/limits/properties"),
        (keys::DEFAULTS, "/$defs/defaults/properties"),
    ] {
        let known: BTreeSet<String> = known.iter().map(|key| (*key).to_owned()).collect();
        assert_eq!(known, keys(pointer), "{pointer}");
    }
}

#[test]
fn a_repeated_dependency_is_found_among_many() {
    let mut tasks: Vec<Value> = (0..40).map(|n| task(&format!("d{n}"), json!({}))).collect();
    let mut all: Vec<String> = (0..40).map(|n| format!("d{n}")).collect();
    all.extend(["d3".to_owned(), "d39".to_owned()]);
    tasks.push(task("last", json!({"dependsOn": all})));
    let at = |position: usize| {
        (
            "duplicate-dependency".to_owned(),
            format!("/tasks/40/dependsOn/{position}"),
        )
    };
    assert_eq!(said(&plan(tasks, json!({}))), [at(40), at(41)]);
}
