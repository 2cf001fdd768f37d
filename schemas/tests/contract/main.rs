//! Do schemas, types and examples agree? Every example is a test, a document and a fixture.

mod example;
mod fields;
mod mutation;

use std::collections::BTreeSet;
use std::path::Path;

use example::{Example, examples, kinds, pointers, rewritten};
use schemas::schema::Schema;
use schemas::{Plan, Record, Schedule};
use serde_json::Value;

fn schema(kind: &str) -> Schema {
    Schema::of(kind).unwrap_or_else(|failure| panic!("{failure}"))
}

fn told(schema: &Schema, document: &Value) -> Vec<String> {
    let problems = schema.problems(document).into_iter();
    problems
        .map(|p| format!("{}: {}", p.pointer.unwrap_or_default(), p.message))
        .collect()
}

#[test]
fn the_built_in_agents_are_of_their_schema_and_type() {
    let text = include_str!("../../agents.json");
    let document: Value = serde_json::from_str(text).unwrap();
    assert_eq!(told(&schema("agents"), &document), [""; 0]);
    let agents = schemas::Agents::built_in().agents;
    assert!(agents.values().all(|profile| !profile.argv.is_empty()));
}

#[test]
fn every_kind_has_examples() {
    for kind in kinds() {
        let valid: Vec<String> = examples(kind, "valid").iter().map(Example::name).collect();
        let wanted: &[&str] = match kind {
            // No record has all fields: there is one of each type instead.
            "record" => &["minimal.json", "run.ndjson", "unknown-type.json"],
            _ => &["complete.json", "minimal.json", "unknown-fields.json"],
        };
        for name in wanted {
            assert!(valid.iter().any(|found| found == name), "{kind}: no {name}");
        }
        let least = match kind {
            "plan" | "schedule" | "record" => 6,
            _ => 3,
        };
        assert!(examples(kind, "invalid").len() >= least, "{kind}: too few");
    }
}

#[test]
fn valid_examples_pass_parse_and_pass_again() {
    for kind in kinds() {
        let schema = schema(kind);
        for example in examples(kind, "valid") {
            for document in example.documents() {
                let name = example.path.display();
                assert_eq!(told(&schema, &document), [""; 0], "{name}");
                let text = document.to_string();
                let written = rewritten(kind, &text)
                    .unwrap_or_else(|error| panic!("{name} does not parse: {error}"));
                assert_eq!(told(&schema, &written), [""; 0], "{name}, written again");
                let again = rewritten(kind, &written.to_string()).expect("it parsed before");
                assert_eq!(again, written, "{name}: read and written twice");
            }
        }
    }
}

#[test]
fn invalid_examples_fail_where_their_name_says() {
    for kind in kinds() {
        let schema = schema(kind);
        for example in examples(kind, "invalid") {
            let found: Vec<String> = schema
                .problems(&example.document())
                .into_iter()
                .map(|problem| problem.pointer.unwrap_or_default())
                .collect();
            assert_eq!(found, [example.pointer()], "{}", example.path.display());
        }
    }
}

#[test]
fn types_lose_no_field_of_the_complete_examples() {
    for kind in kinds() {
        for example in examples(kind, "valid") {
            let name = example.name();
            if name.starts_with("unknown") || name == "nulls.json" {
                continue;
            }
            for document in example.documents() {
                let written = rewritten(kind, &document.to_string()).expect("it is valid");
                let lost: Vec<String> = pointers(&document)
                    .difference(&pointers(&written))
                    // An absent cost is written as `null`, and the other way round nothing is lost.
                    .filter(|pointer| document.pointer(pointer) != Some(&Value::Null))
                    .cloned()
                    .collect();
                assert_eq!(lost, [""; 0], "{kind}/{name}");
            }
        }
    }
}

#[test]
fn a_schedule_hands_the_plan_on_as_it_came() {
    let example = examples("schedule", "valid")
        .into_iter()
        .find(|example| example.name() == "unknown-fields.json")
        .expect("the example");
    let schedule: Schedule = serde_json::from_str(&example.text).expect("it is valid");
    let plan = schedule.plan.get();
    assert!(example.text.contains(plan), "every byte as it came");
    let written = serde_json::to_string(&schedule).expect("it can be written");
    assert!(written.contains(plan), "{written}");
    // Numbers that no program could hold, order of keys and spaces among them.
    for part in [r#"[ {"title""#, "123456789012345678901234567890", "1.50"] {
        assert!(plan.contains(part), "{part} is not in {plan}");
    }
}

#[test]
fn a_plan_reads_gates_and_metadata_as_they_stand() {
    let text = r#"{"planId":"p","tasks":[{"id":"t1","title":"x","gates":[{ "command":"true", "x-new":1.0 }],
        "metadata":{ "b":1,"a":2 }}]}"#;
    let plan: Plan = serde_json::from_str(text).expect("it is valid");
    assert_eq!(
        plan.tasks[0].gates[0].get(),
        r#"{ "command":"true", "x-new":1.0 }"#
    );
    let metadata = plan.tasks[0].metadata.as_ref().expect("it has some");
    assert_eq!(metadata.get(), r#"{ "b":1,"a":2 }"#);
}

#[test]
fn every_type_of_record_is_in_the_schema_and_has_an_example() {
    let typed: BTreeSet<String> = fields::of_records().into_keys().collect();
    let schema: Value = serde_json::from_str(example::schema_text("record")).expect("JSON");
    let known: BTreeSet<String> = schema["$defs"]["knownTypes"]["enum"]
        .as_array()
        .expect("the list of types")
        .iter()
        .filter_map(|word| Some(word.as_str()?.to_owned()))
        .collect();
    assert_eq!(known, typed, "the schema's types and the variants of Body");
    let checked: BTreeSet<String> = schema["allOf"]
        .as_array()
        .expect("the branches by type")
        .iter()
        .map(|branch| {
            let word = branch["if"]["properties"]["type"]["const"]
                .as_str()
                .expect("a type");
            assert_eq!(branch["then"]["$ref"], format!("#/$defs/{word}"));
            word.to_owned()
        })
        .collect();
    assert_eq!(checked, typed, "the branches of the schema");
    let shown: BTreeSet<String> = examples("record", "valid")
        .iter()
        .filter(|example| typed.contains(example.stem()))
        .map(|example| {
            let record = Record::parse(&example.text).expect("it is valid");
            assert_eq!(record.body.kind(), example.stem(), "named after its type");
            record.body.kind()
        })
        .collect();
    assert_eq!(shown, typed, "the examples by type");
}

#[test]
fn unknown_types_of_records_are_kept_apart_and_not_refused() {
    let line = r#"{"seq":1,"time":"2026-01-01T12:00:00Z","type":"tea-made","cups":3}"#;
    let record = Record::parse(line).expect("unknown is not wrong");
    assert_eq!(record.body, schemas::Body::Unknown);
}

/// The one published example of the format that plans are exchanged in.
#[test]
fn the_published_plan_is_among_the_examples() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let corpus = root.join("../../shared/corpus/aiter/plan.orch-abc123.json");
    let Ok(text) = std::fs::read_to_string(&corpus) else {
        println!("skipped: {} is not here", corpus.display());
        return;
    };
    let published: Value = serde_json::from_str(&text).expect("JSON");
    let example = examples("plan", "valid")
        .into_iter()
        .find(|example| example.name() == "published.json")
        .expect("the example");
    assert_eq!(example.document(), published);
    assert_eq!(told(&schema("plan"), &published), [""; 0]);
    let plan: Plan = serde_json::from_str(&text).expect("it is valid");
    assert_eq!((plan.projects.len(), plan.tasks.len()), (2, 4));
}
