use serde_json::json;

use super::*;

fn check(kind: &str, document: &Value, wanted: &[(&str, &str)]) {
    let schema = Schema::of(kind).expect("the schema compiles");
    let problems = schema.problems(document);
    let found: Vec<(&str, &str)> = problems
        .iter()
        .map(|p| (p.pointer.as_deref().unwrap_or("-"), p.message.as_str()))
        .collect();
    assert_eq!(found, wanted);
    assert_eq!(schema.accepts(document), wanted.is_empty());
}

fn plan_with(task: &Value) -> Value {
    json!({"planId": "p", "tasks": [task]})
}

#[test]
fn every_schema_compiles() {
    for (kind, _) in KINDS {
        assert!(Schema::of(kind).is_ok(), "{kind}");
    }
}

#[test]
fn an_unknown_kind_is_a_mistake_of_the_caller() {
    let failure = Schema::of("plam").err().expect("no such kind");
    assert_eq!(failure.exit, crate::Exit::Usage);
    assert!(failure.to_string().contains("plan, schedule"));
}

#[test]
fn a_missing_property_is_shown_where_it_should_be() {
    check(
        "plan",
        &plan_with(&json!({"id": "t1"})),
        &[("/tasks/0/title", "`title` is missing")],
    );
}

#[test]
fn a_wrong_word_is_answered_with_the_right_ones() {
    let task = json!({"id": "t1", "title": "x", "mode": "solo"});
    let message = "`solo` is not one of `subagent`, `team`";
    check("plan", &plan_with(&task), &[("/tasks/0/mode", message)]);
}

#[test]
fn a_wrong_type_is_answered_with_the_wanted_one() {
    let task = json!({"id": 1, "title": "x", "command": {}, "estimatedMinutes": "ten"});
    check(
        "plan",
        &plan_with(&task),
        &[
            ("/tasks/0/id", "must be a string, not a number"),
            (
                "/tasks/0/command",
                "must be a string or an array, not an object",
            ),
            (
                "/tasks/0/estimatedMinutes",
                "must be a number, not a string",
            ),
        ],
    );
}

#[test]
fn bounds_and_forms_are_told() {
    let task =
        json!({"id": "", "title": "x", "estimatedMinutes": 0, "fixLimit": 6, "priority": "high"});
    check(
        "plan",
        &plan_with(&task),
        &[
            ("/tasks/0/id", "must not be empty"),
            ("/tasks/0/estimatedMinutes", "must be above 0"),
            ("/tasks/0/fixLimit", "must be at most 5"),
            (
                "/tasks/0/priority",
                "`high` does not have the form `^P[0-3](-.+)?$`",
            ),
        ],
    );
}

#[test]
fn the_schema_says_what_a_value_is_for() {
    let schema = Schema::of("plan").expect("the schema compiles");
    let task = json!({"id": "t1", "priority": "high"});
    let mut helps: Vec<String> = schema
        .problems(&plan_with(&task))
        .into_iter()
        .filter_map(|problem| problem.help)
        .collect();
    helps.sort();
    assert_eq!(
        helps,
        [
            "`priority`: `P0` to `P3`, with an optional suffix: `P1-revenue`",
            "`title`: one line that says what is to be done",
        ]
    );
}

#[test]
fn schemas_refer_to_each_other() {
    check(
        "schedule",
        &json!({"kind": "schedule", "version": 2, "plan": {"planId": "p", "tasks": [{"id": "t1", "title": "x", "gates": [{}]}]}}),
        &[
            ("/version", "`2` is not `1`"),
            (
                "/plan/tasks/0/gates/0",
                "needs one of `command`, `assert`, `tests`, `paths`, `cleanTree`, `artifact`, `review`, `manual`",
            ),
        ],
    );
}

#[test]
fn a_record_has_the_fields_of_its_type() {
    check(
        "record",
        &json!({"type": "progress", "percent": 101, "text": "far", "task": "t1"}),
        &[("/percent", "must be at most 100")],
    );
    check(
        "record",
        &json!({"type": "done"}),
        &[
            ("/task", "`task` is missing"),
            ("/text", "`text` is missing"),
        ],
    );
    check("record", &json!({"type": "of-next-year", "task": 7}), &[]);
    check(
        "record",
        &json!({"task": "t1"}),
        &[("/type", "`type` is missing")],
    );
}
