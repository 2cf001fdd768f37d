use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use schemas::Severity;
use serde_json::{Value, json};

use super::*;
use crate::dialect::material::Text;
use crate::examination::examine_dialect;

fn material(text: &str, tag: Option<&str>) -> Material {
    let text = Text {
        path: "tasks.json".to_owned(),
        name: "tasks.json".to_owned(),
        text: text.to_owned(),
    };
    let mut material = Material::new("tasks.json", vec![text], None);
    material.tag = tag.map(str::to_owned);
    material
}

/// The tasks, and problems as `line code`.
fn read_tasks(tasks: &Value) -> (Vec<Value>, Vec<String>) {
    let text = json!({"master": {"tasks": tasks}}).to_string();
    let Draft { plan, found } = read(&material(&text, None));
    let plan = plan.map(|plan| plan.into_parts().0).unwrap_or_default();
    let tasks = plan["tasks"].as_array().cloned().unwrap_or_default();
    let codes = found.problems.into_iter().map(|problem| problem.code);
    (tasks, codes.collect())
}

#[test]
fn bare_ids_of_subtasks_are_those_beside_them_below_a_hundred() {
    let subtask = |id: u64, dependencies: Value| json!({"id": id, "title": "T", "status": "pending", "dependencies": dependencies});
    let task = |id: Value, subtasks: Vec<Value>| json!({"id": id, "title": "T", "status": "pending", "subtasks": subtasks});
    let (tasks, codes) = read_tasks(&json!([
        task(json!(1), vec![]),
        task(json!("2"), vec![]),
        task(json!(150), vec![]),
        task(
            json!(3),
            vec![
                subtask(1, json!([])),
                subtask(2, json!([1])),      // both: the one beside
                subtask(4, json!(["1", 2])), // both, twice
                subtask(5, json!([4])),      // both
                subtask(6, json!(["3.5"])),  // in full
                subtask(7, json!([150])),    // both, from 100 on: the task
                subtask(150, json!([])),
                subtask(8, json!([9])), // neither
            ]
        ),
        task(json!(4), vec![subtask(1, json!([2]))]), // only the task
    ]));
    let depends_on = |id: &str| {
        let task = tasks.iter().find(|task| task["id"] == id);
        task.expect("it is there")["dependsOn"].clone()
    };
    assert_eq!(depends_on("3.2"), json!(["3.1"]));
    assert_eq!(depends_on("3.4"), json!(["3.1", "3.2"]));
    assert_eq!(depends_on("3.5"), json!(["3.4"]));
    assert_eq!(depends_on("3.6"), json!(["3.5"]));
    assert_eq!(depends_on("3.7"), json!(["150"]));
    assert_eq!(depends_on("3.8"), json!(["3.9"]));
    assert_eq!(depends_on("4.1"), json!(["2"]));
    assert_eq!(codes, ["ambiguous-dependency"; 5]);
}

#[test]
fn every_status_says_whether_it_is_to_be_done() {
    for (status, outcome, code) in [
        (json!("pending"), Value::Null, None),
        (json!("in-progress"), Value::Null, None),
        (json!("In Progress"), Value::Null, Some("odd-status")),
        (json!("todo"), Value::Null, Some("odd-status")),
        (Value::Null, Value::Null, Some("odd-status")),
        (json!("done"), json!("succeeded"), None),
        (json!("completed"), json!("succeeded"), None),
        (json!("Done"), json!("succeeded"), Some("odd-status")),
        (json!("cancelled"), json!("cancelled"), None),
        (json!("canceled"), json!("cancelled"), Some("odd-status")),
        (json!("deferred"), json!("cancelled"), Some("held-back")),
        (json!("review"), json!("cancelled"), Some("held-back")),
        (json!("blocked"), json!("cancelled"), Some("held-back")),
        (json!("waiting"), json!("cancelled"), Some("held-back")),
        (json!(7), json!("cancelled"), Some("held-back")),
    ] {
        let (tasks, codes) = read_tasks(&json!([{"id": 1, "title": "T", "status": status}]));
        assert_eq!(
            tasks[0].get("outcome").cloned().unwrap_or_default(),
            outcome,
            "{status}"
        );
        assert_eq!(codes.first().map(String::as_str), code, "{status}");
    }
}

#[test]
fn what_is_blocked_by_an_open_dependency_waits_for_it() {
    for (first, expected) in [("pending", Value::Null), ("done", json!("cancelled"))] {
        let (tasks, _) = read_tasks(&json!([
            {"id": 1, "title": "T", "status": first},
            {"id": 2, "title": "T", "status": "blocked", "dependencies": [1]},
        ]));
        assert_eq!(
            tasks[1].get("outcome").cloned().unwrap_or_default(),
            expected,
            "{first}"
        );
    }
}

#[test]
fn scores_and_words_of_complexity_become_three_words() {
    for (score, word) in [
        (json!(1), "low"),
        (json!(5), "medium"),
        (json!(7.5), "medium"),
        (json!(10), "high"),
        (json!("very-complex"), "high"),
        (json!("simple"), "low"),
    ] {
        let (tasks, _) =
            read_tasks(&json!([{"id": 1, "title": "T", "status": "done", "complexity": score}]));
        assert_eq!(tasks[0]["complexity"], word, "{score}");
    }
}

#[test]
fn plans_of_ours_are_not_taken_for_it() {
    for (text, expected) in [
        (r#"{"master": {"tasks": [], "metadata": {}}}"#, true),
        (r#"{"a": {"tasks": []}, "b": {"tasks": []}}"#, true),
        (
            r#"{"tasks": [{"id": 1, "subtasks": []}], "meta": {}}"#,
            true,
        ),
        (r#"{"tasks": [{"id": 1, "dependencies": []}]}"#, true),
        (
            r#"{"planId": "p", "tasks": [{"id": "1", "dependencies": []}]}"#,
            false,
        ),
        (
            r#"{"tasks": [{"id": "1", "dependsOn": [], "dependencies": []}]}"#,
            false,
        ),
        (r#"{"tasks": ["a"]}"#, false),
        (r#"{"agents": {"a": {}}}"#, false),
        ("[]", false),
        ("{}", false),
    ] {
        assert_eq!(
            recognises(&Glimpse::new("tasks.json", text)),
            expected,
            "{text}"
        );
    }
}

/// The largest real file. Where addresses were masked in it, letters of its escapes went, too: they are put back.
#[test]
fn every_tag_of_the_largest_real_file_is_read() {
    let name = "../../shared/corpus/task-master/eyaltoledano__claude-task-master.tasks.json";
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let Ok(text) = fs::read_to_string(manifest.join(name)) else {
        return crate::dialect::corpus::skipped("the corpus is absent");
    };
    let text = text.replace("\\user@example.com", "\\nuser@example.com");
    let tags: Value = serde_json::from_str(&text).expect("it is mended");
    let mut report = String::new();
    for tag in tags.as_object().expect("tags").keys() {
        let examined = examine_dialect(
            &TASK_MASTER,
            material(&text, Some(tag)),
            &crate::levels::Levels::default(),
        );
        let examined = examined.expect("the schema compiles");
        let plan: Value = serde_json::from_str(examined.canonical()).expect("JSON");
        let tasks = plan["tasks"].as_array().expect("tasks");
        let with = |key: &str| tasks.iter().filter(|task| task.get(key).is_some()).count();
        let errors = examined
            .problems
            .iter()
            .filter(|p| p.severity == Severity::Error);
        let errors: Vec<String> = errors
            .map(|p| format!("{} ({:?})", p.code, p.line))
            .collect();
        writeln!(
            report,
            "{tag}: {} tasks, {} settled, {} joins; {}",
            tasks.len(),
            with("outcome"),
            with("command"),
            errors.join(", ")
        )
        .expect("a string takes it");
    }
    let kept = manifest.join("tests/dialects/task-master/largest.txt");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&kept, &report).expect("it can be written");
    }
    assert_eq!(
        report,
        fs::read_to_string(&kept).expect("BLESS=1 writes it")
    );
}
