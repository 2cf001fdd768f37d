//! What a schema accepts, its type must be able to read: every value of every example is spoilt in every way.

use serde_json::{Value, json};

use crate::example::{Example, examples, kinds, pointers, rewritten};
use crate::schema;

#[test]
fn a_type_reads_whatever_its_schema_accepts() {
    for kind in kinds() {
        let schema = schema(kind);
        for example in single(kind) {
            for (mutant, what) in mutants(&example.document()) {
                if let Err(error) = rewritten(kind, &mutant.to_string())
                    && schema.accepts(&mutant)
                {
                    let name = example.path.display();
                    panic!("{name}, {what}: the schema accepts it, but {error}");
                }
            }
        }
    }
}

/// The other way round for absence: what may be absent or `null` is the same in both.
#[test]
fn schemas_require_what_their_types_require() {
    for kind in kinds().filter(|kind| *kind != "gates") {
        let schema = schema(kind);
        for example in single(kind) {
            let document = example.document();
            for pointer in pointers(&document) {
                if is_raw(kind, &pointer) {
                    continue;
                }
                for (mutant, what) in [
                    (without(&document, &pointer), "absent"),
                    (with(&document, &pointer, Value::Null), "null"),
                ] {
                    if !schema.accepts(&mutant) && rewritten(kind, &mutant.to_string()).is_ok() {
                        let name = example.path.display();
                        panic!("{name}: {pointer} may be {what} in the type, not in the schema");
                    }
                }
            }
        }
    }
}

/// Streams hold nothing that the single examples do not.
fn single(kind: &str) -> Vec<Example> {
    let mut examples = examples(kind, "valid");
    examples.retain(|example| !example.is_stream());
    examples
}

/// Parts that a type hands on unread. Their schemas are those of the programs that own them.
fn is_raw(kind: &str, pointer: &str) -> bool {
    let unread = ["/gates/", "/externalIds/", "/metadata/"];
    let unread = unread.iter().any(|part| pointer.contains(part));
    match kind {
        "plan" => unread,
        "schedule" => unread && pointer.starts_with("/plan/"),
        _ => false,
    }
}

fn mutants(document: &Value) -> Vec<(Value, String)> {
    let values = [
        json!(null),
        json!(""),
        json!("x"),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(300),
        json!(5_000_000_000_u64),
        json!(1e300),
        json!(true),
        json!([]),
        json!([null]),
        json!(["x"]),
        json!({}),
    ];
    let mut mutants = Vec::new();
    for pointer in pointers(document) {
        mutants.push((without(document, &pointer), format!("{pointer} absent")));
        for value in &values {
            let what = format!("{pointer} as {value}");
            mutants.push((with(document, &pointer, value.clone()), what));
        }
    }
    mutants
}

fn with(document: &Value, pointer: &str, value: Value) -> Value {
    let mut mutant = document.clone();
    if let Some(place) = mutant.pointer_mut(pointer) {
        *place = value;
    }
    mutant
}

fn without(document: &Value, pointer: &str) -> Value {
    let mut mutant = document.clone();
    if let Some((parent, key)) = pointer.rsplit_once('/') {
        match mutant.pointer_mut(parent) {
            Some(Value::Object(object)) => {
                object.shift_remove(&key.replace("~1", "/").replace("~0", "~"));
            }
            // How many items there must be is for the schema to say.
            _ => return document.clone(),
        }
    }
    mutant
}
