//! Gate documents: from any accepted form to the gates in the order of the document.

use std::path::Path;

use schemas::source;
use schemas::{Agents, Console, Exit, Failure, Problem, Severity, WhenMissing, document, yaml};
use serde_json::{Map, Value};

use crate::condition::{self, Facts};
use crate::planned::{Planned, Run, Work};
use crate::queue;
use crate::reviewer;
use crate::understanding;

/// A gate and its place in the document.
type Placed = (String, Planned);

/// Reads the gates of a document. Everything that is wrong with it is shown, then it fails with code 3.
pub(crate) fn read(
    input: document::Input,
    cwd: &Path,
    said: &[(String, String)],
    agents: &Agents,
    console: &Console,
) -> Result<Vec<Planned>, Failure> {
    let (source, value, mut problems) = yaml::or_json(input);
    let gates = value.map(|value| {
        let mut gates = gates_of(&value, cwd, &mut problems);
        condition::apply(&mut gates, &Facts::new(&value, said), &mut problems);
        reviewer::appoint(&mut gates, &value, agents, &mut problems);
        gates
    });
    if let Some(gates) = &gates {
        problems.extend(needs(gates));
    }
    let gates = gates.map(|gates| gates.into_iter().map(|(_, gate)| gate).collect());
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

fn gates_of(document: &Value, cwd: &Path, problems: &mut Vec<Problem>) -> Vec<Placed> {
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
) -> Vec<Placed> {
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
        None => others(object, is_plan, problems),
    }
}

/// What stands for gates where there are none: a task's `quality_gate`, `verification`.
fn others(object: &Map<String, Value>, is_plan: bool, problems: &mut Vec<Problem>) -> Vec<Placed> {
    let said = |key: &str| object.get(key).filter(|value| !value.is_null());
    let quality_gate = |pointer: &str, value: &Value| {
        let line = value.as_str().filter(|line| !line.trim().is_empty())?;
        Some(vec![(
            pointer.to_owned(),
            of_line("default", line.to_owned(), line),
        )])
    };
    let inner = || {
        quality_gate(
            "/metadata/quality_gate",
            said("metadata")?.get("quality_gate")?,
        )
    };
    let outer = said("quality_gate").and_then(|value| quality_gate("/quality_gate", value));
    match (outer.or_else(inner), said("verification")) {
        (Some(gates), _) => gates,
        (None, Some(commands)) => verification(commands, problems),
        (None, None) if is_plan => Vec::new(),
        (None, None) => {
            problems.push(expected("there are no gates here").at(""));
            Vec::new()
        }
    }
}

/// `verification: {typecheck, test, lint}`: one after the other in this order, each only after the one before has
/// passed; what the project does not have is skipped.
fn verification(commands: &Value, problems: &mut Vec<Problem>) -> Vec<Placed> {
    let Some(commands) = commands.as_object() else {
        let message = "`verification` names commands: {typecheck, test, lint}";
        problems.push(Problem::error("gates", message).at("/verification"));
        return Vec::new();
    };
    const FIRST: [&str; 3] = ["typecheck", "test", "lint"];
    let others = commands
        .keys()
        .map(String::as_str)
        .filter(|key| !FIRST.contains(key));
    let mut gates: Vec<Placed> = Vec::new();
    for name in FIRST.into_iter().chain(others) {
        let pointer = format!("/verification/{}", source::escape(name));
        match commands.get(name) {
            Some(Value::String(line)) if !line.trim().is_empty() => {
                let mut gate = of_line("verification", name.to_owned(), line);
                gate.needs
                    .extend(gates.last().map(|(_, before)| before.name.clone()));
                if let Work::Check { run: Some(run), .. } = &mut gate.work {
                    run.when_missing = Some(WhenMissing::Skip);
                }
                gates.push((pointer, gate));
            }
            None | Some(Value::Null | Value::String(_)) => {}
            Some(_) => {
                let message = "a verification is one command for the shell";
                problems.push(Problem::error("gates", message).at(pointer));
            }
        }
    }
    gates
}

/// A text that is a command by where it stands.
fn of_line(stage: &str, name: String, line: &str) -> Planned {
    let command = schemas::Command::Shell(line.trim().to_owned());
    let work = Work::Check {
        run: Some(Run::new(command)),
        evidence: Vec::new(),
    };
    Planned::new(stage, name, work)
}

fn stage_of(
    stage: &str,
    gates: &Value,
    pointer: &str,
    cwd: &Path,
    problems: &mut Vec<Problem>,
) -> Vec<Placed> {
    match gates {
        Value::Array(gates) => gates
            .iter()
            .enumerate()
            .filter_map(|(at, gate)| {
                let pointer = format!("{pointer}/{at}");
                let gate = understanding::of_value(stage, gate, &pointer, cwd, problems)?;
                Some((pointer, gate))
            })
            .collect(),
        Value::Null => Vec::new(),
        _ => {
            problems.push(expected("the gates of a stage are a list").at(pointer));
            Vec::new()
        }
    }
}

/// Names that no gate has, and gates that wait for themselves.
fn needs(placed: &[Placed]) -> Vec<Problem> {
    let gates: Vec<&Planned> = placed.iter().map(|(_, gate)| gate).collect();
    let mut problems = Vec::new();
    let mut edges: Vec<Vec<usize>> = Vec::with_capacity(gates.len());
    for (at, (pointer, gate)) in placed.iter().enumerate() {
        let mut wanted = Vec::new();
        for (index, need) in gate.needs.iter().enumerate() {
            let found = queue::named(&gates, at, need);
            if found.is_empty() {
                let message = format!("no other gate is called `{need}`");
                problems
                    .push(Problem::error("needs", message).at(format!("{pointer}/needs/{index}")));
            }
            wanted.extend(found);
        }
        edges.push(wanted);
    }
    // Whoever can be taken away because nothing is left that it waits for is in no circle.
    let mut left: Vec<usize> = (0..gates.len()).collect();
    loop {
        let still: Vec<usize> = left
            .iter()
            .copied()
            .filter(|at| edges[*at].iter().any(|need| left.contains(need)))
            .collect();
        if still.len() == left.len() {
            break;
        }
        left = still;
    }
    if let Some(at) = left.first() {
        let (pointer, gate) = &placed[*at];
        let message = format!("`{}` waits for itself", gate.name);
        let problem = Problem::error("needs", message).at(format!("{pointer}/needs"));
        problems.push(problem.help("needs that go in a circle can never be met"));
    }
    problems
}

fn expected(message: &str) -> Problem {
    Problem::error("gates", message)
        .help("expected {\"gates\": {STAGE: [GATE, …]}}, {\"gates\": [GATE, …]}, {\"verification\": {NAME: COMMAND}}, a list of gates, or a plan")
}
