//! Gate documents: from any accepted form to the gates in the order of the document.

use std::path::Path;

use schemas::source::{self, Source};
use schemas::{Console, Exit, Failure, Problem, Severity, document, yaml};
use serde_json::{Map, Value};

use crate::planned::{self, Planned};

/// Reads the gates of a document. Everything that is wrong with it is shown, then it fails with code 3.
pub(crate) fn read(
    file: Option<&Path>,
    cwd: &Path,
    console: &Console,
) -> Result<Vec<Planned>, Failure> {
    let input = document::read(file)?;
    let (source, value, mut problems) = parse(input);
    let gates = value.map(|value| gates_of(&value, cwd, &mut problems));
    source.place(&mut problems);
    let failed = problems.iter().any(|p| p.severity == Severity::Error);
    if failed {
        console.block(&schemas::render(&problems, &source, console.has_color()));
        return Err(Failure::told(Exit::Input));
    }
    if !problems.is_empty() && !console.is_quiet() {
        console.block(&schemas::render(&problems, &source, console.has_color()));
    }
    Ok(gates.unwrap_or_default())
}

/// Only the gates of the stages that were asked for, in the order of the document.
pub(crate) fn select(gates: Vec<Planned>, stages: &[String]) -> Result<Vec<Planned>, Failure> {
    let mut known: Vec<&str> = Vec::new();
    for gate in &gates {
        if !known.contains(&gate.stage.as_str()) {
            known.push(&gate.stage);
        }
    }
    if let Some(stage) = stages.iter().find(|stage| !known.contains(&stage.as_str())) {
        let failure = Failure::input(format!("there are no gates for the stage `{stage}`"));
        return Err(match known[..] {
            [] => failure.help("the document has no gates at all"),
            _ => failure.help(format!("the stages are {}", known.join(", "))),
        });
    }
    let wanted = |gate: &Planned| stages.is_empty() || stages.contains(&gate.stage);
    Ok(gates.into_iter().filter(wanted).collect())
}

/// JSON when it begins as JSON does, else YAML; the end of the file's name decides before that.
fn parse(input: document::Input) -> (Source, Option<Value>, Vec<Problem>) {
    let named = |ends: &[&str]| ends.iter().any(|end| input.name.ends_with(end));
    let begins = input.text.trim_start().starts_with(['{', '[']);
    if named(&[".yaml", ".yml"]) || !(begins || named(&[".json"])) {
        return match yaml::parse(input.name, input.text) {
            (source, Ok(value)) => (source, Some(value), Vec::new()),
            (source, Err(problems)) => (source, None, problems),
        };
    }
    let source = Source::json(input.name, input.text);
    match serde_json::from_str(&source.text) {
        Ok(value) => {
            let problems = source::duplicate_keys(&source.text);
            (source, Some(value), problems)
        }
        Err(error) => {
            let problem = source::syntax_problem(&source, &error);
            (source, None, vec![problem])
        }
    }
}

fn gates_of(document: &Value, cwd: &Path, problems: &mut Vec<Problem>) -> Vec<Planned> {
    match document {
        Value::Array(_) => stage_of("default", document, "", cwd, problems),
        Value::Object(object) => gates_of_object(object, cwd, problems),
        _ => {
            problems.push(expected("this is no gate document").at(""));
            Vec::new()
        }
    }
}

fn gates_of_object(
    object: &Map<String, Value>,
    cwd: &Path,
    problems: &mut Vec<Problem>,
) -> Vec<Planned> {
    let said = |key: &str| object.get(key).filter(|value| !value.is_null());
    let kind = said("kind").map(|kind| kind.as_str().unwrap_or_default());
    let is_plan = kind == Some("plan") || object.contains_key("tasks");
    if kind.is_some_and(|kind| kind != "gates" && kind != "plan") {
        problems.push(expected("this is a document of another kind").at("/kind"));
        return Vec::new();
    }
    if kind == Some("gates") && said("version").is_some_and(|version| version != 1) {
        let message = "this version of gate documents is unknown";
        problems.push(Problem::error("version", message).at("/version"));
    }
    let found = ["gates", "quality_gates"]
        .into_iter()
        .find_map(|key| Some((key, said(key)?)));
    match found {
        Some((key, Value::Object(stages))) => stages
            .iter()
            .flat_map(|(stage, gates)| {
                let pointer = format!("/{key}/{}", source::escape(stage));
                stage_of(stage, gates, &pointer, cwd, problems)
            })
            .collect(),
        Some((key, gates)) => stage_of("default", gates, &format!("/{key}"), cwd, problems),
        None if is_plan => Vec::new(),
        None => {
            problems.push(expected("there are no gates here").at(""));
            Vec::new()
        }
    }
}

fn stage_of(
    stage: &str,
    gates: &Value,
    pointer: &str,
    cwd: &Path,
    problems: &mut Vec<Problem>,
) -> Vec<Planned> {
    match gates {
        Value::Array(gates) => gates
            .iter()
            .enumerate()
            .filter_map(|(at, gate)| {
                planned::of_value(stage, gate, &format!("{pointer}/{at}"), cwd, problems)
            })
            .collect(),
        Value::Null => Vec::new(),
        _ => {
            problems.push(expected("the gates of a stage are a list").at(pointer));
            Vec::new()
        }
    }
}

fn expected(message: &str) -> Problem {
    Problem::error("gates", message)
        .help("expected {\"gates\": {STAGE: [GATE, …]}}, {\"gates\": [GATE, …]}, a list of gates, or a plan")
}
