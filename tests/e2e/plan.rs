//! Plans for tests, and what became of their tasks.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

/// A plan of one project per task, so that no lane keeps tasks from running side by side.
pub(crate) fn plan(tasks: impl IntoIterator<Item = Value>) -> String {
    let mut tasks: Vec<Value> = tasks.into_iter().collect();
    let mut projects = Vec::new();
    for task in &mut tasks {
        let id = task["id"].as_str().expect("a task has an id").to_owned();
        if task.get("project").is_none() {
            task["project"] = json!(format!("project-{id}"));
            projects.push(json!({"name": format!("project-{id}"), "path": format!("./{id}")}));
        }
    }
    json!({
        "planId": "e2e",
        "summary": "A plan for a test",
        "createdAt": "2026-01-01T00:00:00Z",
        "projects": projects,
        "tasks": tasks,
    })
    .to_string()
}

/// A task that runs a line of shell.
pub(crate) fn task(id: &str, depends_on: &[&str], command: &str) -> Value {
    json!({
        "id": id,
        "title": format!("Do {id}"),
        "description": format!("Do what {id} is there for, and nothing else, so that its dependents can go on."),
        "dependsOn": depends_on,
        "complexity": "low",
        "estimatedMinutes": 5,
        "command": command,
    })
}

/// Outcome of every task of a state document; `null` for one that is not settled.
pub(crate) fn outcomes(state: &Value) -> BTreeMap<String, Value> {
    let tasks = state["tasks"].as_object().expect("a state has tasks");
    tasks
        .iter()
        .map(|(id, task)| (id.clone(), task["outcome"].clone()))
        .collect()
}

/// Tasks that records say succeeded.
pub(crate) fn succeeded(records: &[Value]) -> BTreeSet<String> {
    of_type(records, "task-settled")
        .filter(|record| record["outcome"] == "succeeded")
        .filter_map(|record| Some(record["task"].as_str()?.to_owned()))
        .collect()
}

/// The records of one type.
pub(crate) fn of_type<'a>(
    records: &'a [Value],
    kind: &'a str,
) -> impl Iterator<Item = &'a Value> + 'a {
    records.iter().filter(move |record| record["type"] == kind)
}
