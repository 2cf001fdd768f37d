//! Fields: those of the types are those of the schemas, and the complete examples use all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use schemas::{
    Agents, Autonomy, AutonomyRule, Check, CheckpointState, CriticalPath, DecisionEntry, Defaults,
    Entry, Estimate, Finding, FindingCounts, GateBaseline, GateObject, GatePaths, GateReview,
    GateSource, GateTests, Gates, Lane, Limits, Lock, Metric, Phase, Plan, Problem, Profile,
    Progress, Project, ProjectState, Question, Related, ReviewResult, Role, Schedule, State, Task,
    TaskLabel, TaskSlot, TaskState, TestCounts, Totals, Usage, Verdict, WorkspaceSetup,
    WorkspaceState, Worktree,
};
use serde::Deserialize;
use serde::de::{self, Visitor};
use serde_json::Value;

use crate::example::{examples, kinds, schema_text};

#[test]
fn the_schemas_have_the_fields_of_the_types() {
    check::<Plan>("plan", "");
    check::<Project>("plan", "project");
    check::<Task>("plan", "task");
    check::<Phase>("plan", "phase");
    check::<Autonomy>("plan", "autonomy");
    check::<AutonomyRule>("plan", "autonomyRule");
    check::<Limits>("plan", "limits");
    check::<Defaults>("plan", "defaults");
    check::<Role>("plan", "role");
    check::<WorkspaceSetup>("plan", "workspaceSetup");
    check::<Agents>("agents", "");
    check::<Profile>("agents", "profile");
    check::<Gates>("gates", "");
    check::<GateObject>("gates", "gate");
    check::<GateSource>("gates", "gateSource");
    check::<GateBaseline>("gates", "gateBaseline");
    check::<GateTests>("gates", "gateTests");
    check::<GatePaths>("gates", "gatePaths");
    check::<GateReview>("gates", "gateReview");
    check::<Schedule>("schedule", "");
    check::<Entry>("schedule", "entry");
    check::<Lane>("schedule", "lane");
    check::<CriticalPath>("schedule", "criticalPath");
    check::<Estimate>("schedule", "estimate");
    check::<TaskSlot>("schedule", "taskSlot");
    check::<Worktree>("schedule", "worktree");
    check::<Verdict>("verdict", "");
    check::<Check>("verdict", "check");
    check::<Metric>("verdict", "metric");
    check::<TestCounts>("verdict", "testCounts");
    check::<ReviewResult>("verdict", "reviewResult");
    check::<Finding>("verdict", "finding");
    check::<FindingCounts>("verdict", "findingCounts");
    check::<Problem>("problem", "");
    check::<Related>("problem", "related");
    check::<State>("state", "");
    check::<TaskState>("state", "taskState");
    check::<WorkspaceState>("state", "workspaceState");
    check::<ProjectState>("state", "projectState");
    check::<CheckpointState>("state", "checkpointState");
    check::<Question>("state", "question");
    check::<Lock>("state", "lock");
    check::<DecisionEntry>("state", "decisionEntry");
    check::<Progress>("state", "progress");
    check::<Totals>("state", "totals");
    check::<TaskLabel>("record", "taskLabel");
    check::<Usage>("record", "usage");
    for (name, fields) in of_records() {
        assert_eq!(fields, of_schema("record", &name), "record {name}");
    }
}

#[test]
fn the_complete_examples_use_every_field_of_the_schemas() {
    for kind in kinds() {
        let root: Value = serde_json::from_str(schema_text(kind)).expect("JSON");
        let documents: Vec<Value> = examples(kind, "valid")
            .iter()
            .filter(|example| match kind {
                "record" => root["$defs"].get(example.stem()).is_some(),
                _ => example.stem() == "complete",
            })
            .flat_map(|example| example.documents())
            .collect();
        let mut unused = Vec::new();
        compare(&root, &root, documents.iter().collect(), kind, &mut unused);
        assert_eq!(unused, [""; 0], "{kind}");
    }
}

/// The fields of every type of record. Serde tells those of structs only, so they are read from the source.
pub(crate) fn of_records() -> BTreeMap<String, BTreeSet<String>> {
    let source = include_str!("../../src/record/body.rs");
    let start = source.find("pub enum Body {").expect("the enum");
    let end = source.find("\nimpl Body").expect("its end");
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut variant = String::new();
    for line in source[start..end].lines() {
        let (indent, word) = (line.len() - line.trim_start().len(), line.trim_start());
        if indent == 4 && word.ends_with(" {") {
            variant = in_case(word.trim_end_matches(" {"), '-');
            found.insert(variant.clone(), BTreeSet::new());
        } else if let Some((field, _)) = word.split_once(": ")
            && indent == 8
            && !word.starts_with(['/', '#'])
        {
            let words = field.split('_').enumerate();
            let field = words
                .map(|(at, word)| match at {
                    0 => word.to_owned(),
                    _ => word[..1].to_uppercase() + &word[1..],
                })
                .collect();
            found.get_mut(&variant).expect("a variant").insert(field);
        }
    }
    found
}

fn in_case(name: &str, between: char) -> String {
    let mut out = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !out.is_empty() {
            out.push(between);
        }
        out.extend(letter.to_lowercase());
    }
    out
}

#[track_caller]
fn check<'de, T: Deserialize<'de>>(kind: &str, part: &str) {
    let Err(Fields(fields)) = T::deserialize(Probe) else {
        panic!("{kind} {part} is no struct");
    };
    let fields: BTreeSet<String> = fields.iter().map(|field| (*field).to_owned()).collect();
    assert_eq!(fields, of_schema(kind, part), "{kind} {part}");
}

fn of_schema(kind: &str, part: &str) -> BTreeSet<String> {
    let root: Value = serde_json::from_str(schema_text(kind)).expect("JSON");
    let object = match part {
        "" => &root,
        part => &root["$defs"][part],
    };
    let properties = object["properties"].as_object();
    let properties = properties.unwrap_or_else(|| panic!("{kind} {part} has no properties"));
    properties.keys().cloned().collect()
}

/// Notes what `values` do not use of `schema`, and what they have beyond it.
/// References to other kinds are not followed: each has its own complete example.
fn compare(root: &Value, schema: &Value, values: Vec<&Value>, at: &str, unused: &mut Vec<String>) {
    if let Some(target) = schema["$ref"].as_str() {
        if let Some(part) = target.strip_prefix('#') {
            let schema = root
                .pointer(part)
                .expect("a reference that leads somewhere");
            compare(root, schema, values, at, unused);
        }
        return;
    }
    let mut known: BTreeSet<&String> = BTreeSet::new();
    for (key, part) in schema["properties"].as_object().into_iter().flatten() {
        known.insert(key);
        let found: Vec<&Value> = values.iter().filter_map(|value| value.get(key)).collect();
        if found.iter().all(|value| value.is_null()) {
            unused.push(format!("{at}.{key} is in no example"));
        } else {
            compare(root, part, found, &format!("{at}.{key}"), unused);
        }
    }
    for branch in schema["allOf"].as_array().into_iter().flatten() {
        let word = branch["if"]["properties"]["type"]["const"].as_str();
        let (chosen, part): (Vec<&Value>, _) = (
            values
                .iter()
                .copied()
                .filter(|value| value["type"].as_str() == word)
                .collect(),
            branch["then"]["$ref"].as_str().expect("a reference"),
        );
        let part = root.pointer(part.trim_start_matches('#')).expect("a part");
        let envelope = ["seq", "time", "type", "run", "source"].map(str::to_owned);
        let beyond = chosen
            .iter()
            .flat_map(|value| value.as_object().into_iter().flatten());
        for (key, _) in beyond.filter(|(key, _)| !envelope.contains(key)) {
            if part["properties"].get(key).is_none() {
                unused.push(format!("{at}.{key} of {word:?} is not in the schema"));
            }
        }
        compare(root, part, chosen, at, unused);
    }
    let others = values
        .iter()
        .filter_map(|value| value.as_object())
        .flatten();
    let others: Vec<(&String, &Value)> = others.filter(|(key, _)| !known.contains(key)).collect();
    if let Some(part) = schema.get("additionalProperties") {
        let found = others.iter().map(|(_, value)| *value).collect();
        compare(root, part, found, &format!("{at}.*"), unused);
    } else if !known.is_empty() && schema.get("allOf").is_none() && !at.starts_with("record") {
        unused.extend(
            others
                .iter()
                .map(|(key, _)| format!("{at}.{key} is not in the schema")),
        );
    }
    if let Some(part) = schema.get("items") {
        let found = values.iter().filter_map(|value| value.as_array()).flatten();
        compare(root, part, found.collect(), &format!("{at}[]"), unused);
    }
}

/// Answers a type that wants to be read with the names of the fields that it asked for.
struct Probe;

#[derive(Debug)]
struct Fields(&'static [&'static str]);

impl<'de> de::Deserializer<'de> for Probe {
    type Error = Fields;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, Fields> {
        Err(Fields(fields))
    }

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Fields> {
        Err(Fields(&[]))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

impl fmt::Display for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl std::error::Error for Fields {}

impl de::Error for Fields {
    fn custom<T: fmt::Display>(_message: T) -> Fields {
        Fields(&[])
    }
}
