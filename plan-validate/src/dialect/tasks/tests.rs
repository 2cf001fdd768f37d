use serde_json::{Value, json};

use super::*;
use crate::dialect::material::Text;

fn material(text: &str) -> Material {
    let text = Text {
        path: "tasks.json".to_owned(),
        name: "tasks.json".to_owned(),
        text: text.to_owned(),
    };
    Material::new("tasks.json", vec![text], None)
}

/// The tasks, and the codes of what was said.
fn read_text(text: &str) -> (Vec<Value>, Vec<String>) {
    let Draft { plan, found } = read(&material(text));
    let plan = plan.map(|plan| plan.into_parts().0).unwrap_or_default();
    let tasks = plan["tasks"].as_array().cloned().unwrap_or_default();
    let codes = found.problems.into_iter().map(|problem| problem.code);
    (tasks, codes.collect())
}

#[test]
fn priorities_are_kept_or_read_as_the_nearest_word() {
    for (priority, expected, code) in [
        (json!("P1-revenue"), json!("P1-revenue"), None),
        (json!("P0"), json!("P0"), None),
        (json!("p2-later"), json!("P2-later"), Some("odd-priority")),
        (json!("P3-"), json!("P3"), Some("odd-priority")),
        (json!("high"), json!("P1"), Some("odd-priority")),
        (
            json!("critical-outage"),
            json!("P0-outage"),
            Some("odd-priority"),
        ),
        (json!("P7"), Value::Null, Some("unknown-priority")),
        (json!(1), Value::Null, Some("unknown-priority")),
        (json!(["P1"]), Value::Null, None),
    ] {
        let (tasks, codes) =
            read_text(&json!([{"subject": "T", "metadata": {"priority": priority}}]).to_string());
        assert_eq!(
            tasks[0].get("priority").cloned().unwrap_or_default(),
            expected,
            "{priority}"
        );
        assert_eq!(codes.first().map(String::as_str), code, "{priority}");
        let is_kept = tasks[0].get("metadata").is_some();
        assert_eq!(is_kept, expected.is_null(), "{priority}");
    }
}

#[test]
fn every_status_says_whether_it_is_to_be_done() {
    for (status, outcome, code) in [
        ("pending", Value::Null, None),
        ("in_progress", Value::Null, None),
        ("in-progress", Value::Null, Some("odd-status")),
        ("completed", json!("succeeded"), None),
        ("Done", json!("succeeded"), Some("odd-status")),
        ("cancelled", json!("cancelled"), Some("odd-status")),
        ("blocked", json!("cancelled"), Some("held-back")),
        ("sleeping", json!("cancelled"), Some("held-back")),
    ] {
        let (tasks, codes) = read_text(&json!([{"subject": "T", "status": status}]).to_string());
        assert_eq!(
            tasks[0].get("outcome").cloned().unwrap_or_default(),
            outcome,
            "{status}"
        );
        assert_eq!(codes.first().map(String::as_str), code, "{status}");
    }
}

#[test]
fn links_may_be_said_from_both_ends_and_count_once() {
    let (tasks, codes) = read_text(
        &json!([
            {"subject": "A", "blocks": ["2", "3"]},
            {"subject": "B", "blockedBy": ["1"], "status": "deleted"},
            {"subject": "C", "blockedBy": [1], "metadata": {"addBlockedBy": ["2"]}},
            {"taskId": "3", "addBlockedBy": "1", "subject": null},
        ])
        .to_string(),
    );
    let of = |at: usize| tasks[at].get("dependsOn").cloned().unwrap_or_default();
    assert_eq!((tasks.len(), of(0)), (2, Value::Null));
    assert_eq!(of(1), json!(["1"]));
    assert_eq!(codes, ["out-of-the-way"; 2]);
}

#[test]
fn calls_are_read_where_they_are_whatever_stands_in_their_comments_and_texts() {
    let text = concat!(
        "Prose with TaskCreate( in it.\n",
        "TaskCreate({\n",
        "\ttitle: \"a // b } ü \\\" c\", // a } \"comment\" ü\n",
        "\tdescription: 'it is /* no */ comment', /* { */ metadata: { wave: 2, paths: [\"a/\",], },\n",
        "})\n",
        "- TaskUpdate( { taskId: \"1\", status: \"completed\" } )",
    );
    let (tasks, codes) = read_text(text);
    assert_eq!(codes, [""; 0]);
    assert_eq!(tasks[0]["title"], "a // b } ü \" c");
    assert_eq!(tasks[0]["description"], "it is /* no */ comment");
    assert_eq!(tasks[0]["paths"], json!(["a"]));
    assert_eq!(tasks[0]["metadata"], json!({"wave": 2}));
    assert_eq!(tasks[0]["outcome"], "succeeded");
    let plan = read(&material(text)).plan.expect("a plan");
    let title = plan
        .get("tasks")
        .and_then(|tasks| tasks.items()[0].get("title"))
        .expect("a title");
    assert!(text[title.at.clone()].contains('ü'), "{:?}", title.at);
}

#[test]
fn calls_that_cannot_be_read_are_told_with_their_place() {
    for (text, code) in [
        ("TaskCreate()", "odd-call"),
        ("TaskCreate({ title: \"a\"", "odd-call"),
        ("TaskCreate({ title: \"a\", wave:0 })", "odd-call"),
        ("TaskCreate({ title: `a` })", "syntax"),
        ("TaskUpdate({ taskId: \"1\" })", "no-tasks"),
    ] {
        let Draft { plan, found } = read(&material(text));
        assert!(plan.is_none());
        let problem = found.problems.first().expect("it was told");
        assert_eq!(problem.code, code, "{text}");
        let span = problem.span.clone().expect("it has a place");
        assert!(span.end <= text.len(), "{span:?}");
    }
}

#[test]
fn other_lists_are_not_taken_for_it() {
    for (text, expected) in [
        (
            r#"[{"title": "T", "description": "D", "metadata": {}}]"#,
            true,
        ),
        (r#"[{"subject": "T", "blockedBy": []}]"#, true),
        (r#"{"tasks": [{"subject": "T", "blockedBy": []}]}"#, true),
        (r#"{"subject": "T", "description": "D"}"#, true),
        (r#"{"name": "TaskCreate", "input": {}}"#, true),
        ("# Plan\n- TaskCreate({})\n", true),
        (
            r#"{"planId": "p", "tasks": [{"title": "T", "blockedBy": []}]}"#,
            false,
        ),
        (
            r#"[{"id": "bd-1", "title": "T", "description": "D", "issue_type": "task"}]"#,
            false,
        ),
        (r#"[{"seq": 1}]"#, false),
        ("tasks:\n  - title: TaskCreate\n", false),
    ] {
        assert_eq!(recognises(&Glimpse::new("x", text)), expected, "{text}");
    }
}
