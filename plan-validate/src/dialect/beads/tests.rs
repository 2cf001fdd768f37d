use serde_json::{Value, json};

use super::*;
use crate::dialect::material::Text;

fn material(lines: &[Value]) -> Material {
    let lines = lines.iter().map(|line| format!("{line}\n"));
    let text = Text {
        path: "issues.jsonl".to_owned(),
        name: "issues.jsonl".to_owned(),
        text: lines.collect(),
    };
    Material::new("issues.jsonl", vec![text], None)
}

fn issue(id: &str, fields: &Value) -> Value {
    let mut issue = json!({"id": id, "title": "T", "status": "open", "priority": 2});
    for (key, value) in fields.as_object().expect("an object") {
        issue[key] = value.clone();
    }
    issue
}

fn link(id: &str, link_type: &str) -> Value {
    json!([{"depends_on_id": id, "type": link_type}])
}

/// The tasks, and the codes of what was said.
fn read_issues(lines: &[Value]) -> (Vec<Value>, Vec<String>) {
    let Draft { plan, found } = read(&material(lines));
    let plan = plan.map(|plan| plan.into_parts().0).unwrap_or_default();
    let tasks = plan["tasks"].as_array().cloned().unwrap_or_default();
    let codes = found.problems.into_iter().map(|problem| problem.code);
    (tasks, codes.collect())
}

#[test]
fn only_four_types_of_links_say_anything_about_order() {
    for (link_type, expected) in [
        ("blocks", json!({"dependsOn": ["b"]})),
        ("waits-for", json!({"dependsOn": ["b"]})),
        (
            "conditional-blocks",
            json!({"dependsOn": ["b"], "runIf": "failed"}),
        ),
        ("related", json!({})),
        ("discovered-from", json!({})),
        ("tracks", json!({})),
        ("relates-to", json!({})),
        ("our-own-type", json!({})),
    ] {
        let (tasks, codes) = read_issues(&[
            issue("a", &json!({"dependencies": link("b", link_type)})),
            issue("b", &json!({})),
        ]);
        let mut said = json!({});
        for key in ["dependsOn", "runIf"] {
            if let Some(value) = tasks[0].get(key) {
                said[key] = value.clone();
            }
        }
        assert_eq!(said, expected, "{link_type}");
        let is_kept = tasks[0]["metadata"].get("dependencies").is_some();
        assert_eq!(is_kept, expected == json!({}), "{link_type}");
        assert_eq!(codes, [""; 0], "{link_type}");
    }
    // The epic waits for its child, and the child for what the epic waits for.
    let (tasks, _) = read_issues(&[
        issue(
            "a",
            &json!({"issue_type": "epic", "dependencies": link("c", "blocks")}),
        ),
        issue("b", &json!({"dependencies": link("a", "parent-child")})),
        issue("c", &json!({})),
    ]);
    assert_eq!(tasks[0]["dependsOn"], json!(["b"]));
    assert_eq!(tasks[1]["dependsOn"], json!(["c"]));
}

#[test]
fn work_of_its_own_is_done_after_the_parts_and_sums_without_an_agent() {
    for (issue_type, is_join) in [
        ("epic", true),
        ("molecule", true),
        ("milestone", true),
        ("feature", false),
        ("task", false),
    ] {
        let (tasks, _) = read_issues(&[
            issue("a", &json!({"issue_type": issue_type})),
            issue("b", &json!({"dependencies": link("a", "parent-child")})),
        ]);
        assert_eq!(tasks[0]["dependsOn"], json!(["b"]), "{issue_type}");
        assert_eq!(tasks[0].get("command").is_some(), is_join, "{issue_type}");
    }
}

#[test]
fn what_is_no_work_is_not_of_the_plan_and_in_nobodys_way() {
    for other in [
        issue("b", &json!({"status": "tombstone"})),
        issue("b", &json!({"status": "pinned"})),
        issue("b", &json!({"issue_type": "message"})),
        issue("b", &json!({"is_template": true})),
        issue("b", &json!({"ephemeral": true})),
        json!({"_type": "beads-jsonl", "id": "b"}),
    ] {
        let lines = [
            issue("a", &json!({"dependencies": link("b", "blocks")})),
            other.clone(),
        ];
        let (tasks, codes) = read_issues(&lines);
        assert_eq!(tasks.len(), 1, "{other}");
        assert_eq!(tasks[0].get("dependsOn"), None, "{other}");
        assert_eq!(codes, ["out-of-the-way", "skipped"], "{other}");
    }
    let memory = json!({"_type": "memory", "key": "k", "value": "v"});
    assert_eq!(read_issues(&[memory]).1, ["no-tasks", "skipped"]);
}

#[test]
fn a_reason_tells_done_from_given_up() {
    for (reason, outcome) in [
        ("", "succeeded"),
        ("Closed", "succeeded"),
        (
            "Integration: errors.ts has codes, nothing was cancelled",
            "succeeded",
        ),
        ("Duplicated the tests", "succeeded"),
        ("wontfix", "cancelled"),
        ("Won't fix: nobody asked", "cancelled"),
        ("Duplicate of a-1", "cancelled"),
        ("Superseded by b", "cancelled"),
    ] {
        let (tasks, codes) = read_issues(&[issue(
            "a",
            &json!({"status": "closed", "close_reason": reason}),
        )]);
        assert_eq!(tasks[0]["outcome"], outcome, "{reason}");
        assert_eq!(codes, [""; 0]);
    }
}

#[test]
fn what_is_dangling_is_an_error_only_where_somebody_waits() {
    let lines = |status: &str| {
        let links = json!([{"depends_on_id": "b", "type": "blocks"}, {"depends_on_id": "", "type": "blocks"}, {"depends_on_id": "external:x:y", "type": "blocks"}]);
        [issue(
            "a",
            &json!({"status": status, "dependencies": links}),
        )]
    };
    assert_eq!(
        read_issues(&lines("closed")).1,
        ["dangling-link", "dangling-link"]
    );
    let (tasks, codes) = read_issues(&lines("open"));
    assert_eq!(codes, ["odd-link", "external-dependency"]);
    assert_eq!(tasks[0]["dependsOn"], json!(["b"]));
}

#[test]
fn a_gate_is_confirmed_by_a_person() {
    let gate = json!({"issue_type": "gate", "title": "Legal says yes", "await_type": "gh:pr", "await_id": "12"});
    let (tasks, _) = read_issues(&[issue("a", &gate)]);
    assert_eq!(
        tasks[0]["gates"],
        json!([{"manual": "Legal says yes (gh:pr 12)"}])
    );
    assert_eq!(tasks[0]["command"], json!(["true"]));
}

#[test]
fn an_issue_of_two_wholes_is_waited_for_by_both() {
    let links = json!([{"depends_on_id": "a", "type": "parent-child"}, {"depends_on_id": "b", "type": "parent-child"}]);
    let (tasks, codes) = read_issues(&[
        issue("a", &json!({"issue_type": "epic"})),
        issue("b", &json!({"issue_type": "epic"})),
        issue("c", &json!({"dependencies": links})),
    ]);
    assert_eq!(tasks[0]["dependsOn"], json!(["c"]));
    assert_eq!(tasks[1]["dependsOn"], json!(["c"]));
    assert_eq!(tasks[1]["command"], json!(["true"]));
    assert_eq!(codes, ["second-whole"]);
}

#[test]
fn other_lines_of_json_are_not_taken_for_it() {
    for (text, expected) in [
        (
            r#"{"id":"a-1","title":"T","status":"open","issue_type":"task"}"#,
            true,
        ),
        (
            "\n{\"_type\":\"memory\",\"key\":\"k\",\"value\":\"v\"}\n",
            true,
        ),
        (
            r#"{"id":"a-1","title":"T","deps":[],"status":"open"}"#,
            true,
        ),
        (r#"{"planId":"p","tasks":[]}"#, false),
        (r#"{"seq":1,"type":"note","run":"r"}"#, false),
        (
            "{\n  \"id\": \"a\", \"title\": \"T\", \"status\": \"open\", \"priority\": 1\n}",
            false,
        ),
        (
            r#"[{"id":"a-1","title":"T","status":"open","priority":1}]"#,
            false,
        ),
        ("", false),
    ] {
        assert_eq!(
            recognises(&Glimpse::new("issues.jsonl", text)),
            expected,
            "{text}"
        );
    }
}
