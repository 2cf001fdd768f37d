use schemas::schema::Schema;
use schemas::source::duplicate_keys;
use serde_json::{Value, json};

use super::*;

fn notes(text: &str) -> Notes {
    let notes = Notes::default();
    let mut reader = serde_json::Deserializer::from_str(text);
    let outline = read(&mut reader, &notes).expect("JSON");
    let tasks = outline.tasks.iter().any(|task| task.is_doubtful);
    let parts = tasks || outline.is_doubtful || outline.has_doubtful_order;
    assert_eq!(notes.doubts() > 0, parts, "{text}");
    notes
}

/// Values that a key may and may not have.
fn values() -> Vec<Value> {
    let objects = [
        json!({}),
        json!({"a": 1}),
        json!({"id": "x"}),
        json!({"name": "x"}),
        json!({"agent": "x", "model": null, "isolation": "none"}),
        json!({"maxConcurrent": 5, "fixLimit": 6, "stallMinutes": 0}),
        json!({"maxConcurrent": 5, "fixLimit": 2, "stallMinutes": null}),
        json!({"after": ["make"]}),
        json!({"after": [" "]}),
        json!({"r": {"paths": ["a"]}}),
        json!({"r": {"paths": [1]}}),
        json!({"totalTasks": "many"}),
        json!({"defaultLevel": 7}),
    ];
    let others = [
        json!(null),
        json!(""),
        json!(" "),
        json!("x"),
        json!("P1"),
        json!("worktree"),
        json!("succeeded"),
        json!("failed"),
        json!("team"),
        json!("stop"),
        json!("\u{1}\"ä"),
        json!(0),
        json!(-1),
        json!(1),
        json!(3),
        json!(0.5),
        json!(5.0),
        json!(u64::MAX),
        json!(true),
        json!([]),
        json!([""]),
        json!([" "]),
        json!(["x"]),
        json!(["x", null]),
        json!([1]),
        json!([["x"]]),
        json!([["x", ""]]),
        json!([[]]),
    ];
    let lists = objects.clone().map(|object| json!([object]));
    objects.into_iter().chain(others).chain(lists).collect()
}

#[test]
fn what_is_not_doubted_is_of_the_schema() {
    let schema = Schema::of("plan").expect("a schema");
    let plain = json!({
        "planId": "p", "summary": "s", "projects": [{"name": "a", "path": "x"}], "limits": {"maxConcurrent": 3},
        "tasks": [{"id": "t1", "project": "a", "title": "T", "description": "D", "dependsOn": ["t0"], "complexity": "low",
            "estimatedMinutes": 5, "paths": ["x"], "gates": ["make"], "acceptance": ["x"], "free": {"a": [1]}}],
        "executionOrder": [["t1"]], "phases": [{"id": "x", "order": 1.5}], "parallelGroups": [["x", "y"]],
    });
    assert_eq!(notes(&plain.to_string()).doubts(), 0);
    let (mut certain, mut doubted) = (0, 0);
    for (keys, pointer) in [
        (keys::PLAN, ""),
        (keys::TASK, "/tasks/0"),
        (keys::PROJECT, "/projects/0"),
        (keys::PHASE, "/phases/0"),
        (keys::LIMITS, "/limits"),
    ] {
        for key in keys {
            for value in values().into_iter().map(Some).chain([None]) {
                let mut plan = plain.clone();
                let at = plan.pointer_mut(pointer).expect("it is there");
                let object = at.as_object_mut().expect("an object");
                match value {
                    Some(value) => drop(object.insert((*key).to_owned(), value)),
                    None => drop(object.remove(*key)),
                }
                if notes(&plan.to_string()).doubts() > 0 {
                    doubted += 1;
                    continue;
                }
                certain += 1;
                assert!(schema.accepts(&plan), "{plan}");
            }
        }
    }
    assert!(certain > 400 && doubted > 400, "{certain} {doubted}");
}

#[test]
fn a_key_that_stands_twice_is_noted_wherever_it_is() {
    let many: String = (0..40).map(|n| format!("\"k{n}\": 0,")).collect();
    for (twice, text) in [
        (
            false,
            r#"{"planId": "p", "tasks": [{"id": "a"}, {"id": "a"}]}"#.to_owned(),
        ),
        (
            true,
            r#"{"planId": "p", "planId": "p", "tasks": []}"#.to_owned(),
        ),
        (
            true,
            r#"{"planId": "p", "tasks": [{"id": "a", "title": "x", "id": "a"}]}"#.to_owned(),
        ),
        (
            true,
            r#"{"planId": "p", "tasks": [], "x": [{"y": {"a": 1, "\u0061": 2}}]}"#.to_owned(),
        ),
        (
            true,
            r#"{"planId": "p", "tasks": [7, {"dependsOn": {"a": 1, "a": 2}}]}"#.to_owned(),
        ),
        (
            true,
            r#"{"planId": "p", "tasks": [], "gates": {"a": [], "a": []}}"#.to_owned(),
        ),
        (
            true,
            r#"{"planId": "p", "tasks": [], "metadata": {"a": {"b": 1, "b": 1}}}"#.to_owned(),
        ),
        (
            true,
            r#"{"planId": "p", "tasks": [], "phases": [{"id": "x", "id": "x"}]}"#.to_owned(),
        ),
        (
            true,
            r#"{"planId": "p", "tasks": [], "limits": {"fixLimit": 1, "fixLimit": 1}}"#.to_owned(),
        ),
        (false, format!("{{{many} \"k40\": 0}}")),
        (true, format!("{{{many} \"k39\": 0}}")),
        (true, format!("{{{many} \"k3\": 0}}")),
    ] {
        assert_eq!(notes(&text).has_duplicate(), twice, "{text}");
        assert_eq!(!duplicate_keys(&text).is_empty(), twice, "{text}");
    }
}
