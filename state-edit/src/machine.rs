//! `machine`: the transition table of a run, or of one's own, checked and drawn.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use schemas::machine::TRANSITIONS;
use schemas::source::Source;
use schemas::{Console, Exit, Failure, Problem, Severity, document, render};
use serde::{Deserialize, Serialize};

use crate::cli::{Machine, MachineFormat};

/// A table of transitions, as a document.
#[derive(Debug, Serialize, Deserialize)]
struct Table {
    /// Where it begins; otherwise where the first transition does.
    #[serde(default)]
    initial: Option<String>,
    /// Where it may end; otherwise every state must be left.
    #[serde(default, rename = "final", skip_serializing_if = "Vec::is_empty")]
    last: Vec<String>,
    transitions: Vec<Transition>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Transition {
    from: String,
    event: String,
    to: String,
}

/// Runs `machine`.
pub(crate) fn run(console: &Console, args: &Machine) -> Result<Exit, Failure> {
    let (table, name) = match args.file.as_deref() {
        Some(path) => (read(path)?, path.display().to_string()),
        None => (own(), "the machine of a run".to_owned()),
    };
    let problems = check(&table);
    if !problems.is_empty() {
        let source = Source::json(&name, String::new());
        console.block(&render(&problems, &source, console.has_color()));
    }
    if problems.iter().any(|it| it.severity == Severity::Error) {
        return Err(Failure::told(Exit::No));
    }
    match args.format {
        MachineFormat::Json => document::write(&table)?,
        MachineFormat::Mermaid => document::write_text(mermaid(&table).as_bytes())?,
        MachineFormat::Dot => document::write_text(dot(&table).as_bytes())?,
    };
    Ok(Exit::Yes)
}

fn read(path: &Path) -> Result<Table, Failure> {
    let text = document::read(Some(path))?.text;
    serde_json::from_str(&text).map_err(|error| {
        let failed = format!("{} is no table of transitions", path.display());
        Failure::input(failed).because(&error)
    })
}

fn own() -> Table {
    let transitions = TRANSITIONS.iter().map(|it| Transition {
        from: it.from.as_str().to_owned(),
        event: it.event.to_owned(),
        to: it.to.as_str().to_owned(),
    });
    Table {
        initial: Some("ready".to_owned()),
        last: Vec::new(),
        transitions: transitions.collect(),
    }
}

impl Table {
    fn initial(&self) -> &str {
        let first = || self.transitions.first().map(|it| it.from.as_str());
        self.initial.as_deref().or_else(first).unwrap_or_default()
    }

    /// In the order in which they are named first.
    fn states(&self) -> Vec<&str> {
        let mut states = vec![self.initial()];
        for it in &self.transitions {
            for state in [it.from.as_str(), it.to.as_str()] {
                if !states.contains(&state) {
                    states.push(state);
                }
            }
        }
        states
    }
}

/// States that nothing leads to or that nothing leads out of, and events that lead to two places.
fn check(table: &Table) -> Vec<Problem> {
    let mut problems = Vec::new();
    if table.transitions.is_empty() {
        problems.push(Problem::error(
            "no-transitions",
            "the machine has no transitions",
        ));
        return problems;
    }
    let mut reached = BTreeSet::from([table.initial()]);
    loop {
        let before = reached.len();
        let from = table
            .transitions
            .iter()
            .filter(|it| reached.contains(it.from.as_str()));
        let new: Vec<&str> = from.map(|it| it.to.as_str()).collect();
        reached.extend(new);
        if reached.len() == before {
            break;
        }
    }
    for state in table.states() {
        if !reached.contains(state) {
            let text = format!("nothing leads from {} to {state}", table.initial());
            problems.push(Problem::error("unreachable-state", text));
        }
        let left = table
            .transitions
            .iter()
            .any(|it| it.from == state && it.to != state);
        if !left && !table.last.iter().any(|last| last == state) {
            let problem = Problem::error("dead-end", format!("nothing leads out of {state}"));
            problems.push(problem.help("name it in `final` when it may end there"));
        }
    }
    let mut seen = BTreeSet::new();
    for it in &table.transitions {
        if !seen.insert((&it.from, &it.event)) {
            let text = format!("{} leads from {} to two places", it.event, it.from);
            problems.push(Problem::error("ambiguous-event", text));
        }
    }
    problems
}

fn mermaid(table: &Table) -> String {
    let mut text = String::from("stateDiagram-v2\n");
    let states = table.states();
    let id = |state: &str| {
        states
            .iter()
            .position(|it| *it == state)
            .unwrap_or_default()
    };
    for (at, state) in states.iter().enumerate() {
        let _ = writeln!(text, "    state \"{}\" as s{at}", plain(state));
    }
    let _ = writeln!(text, "    [*] --> s{}", id(table.initial()));
    for it in &table.transitions {
        let _ = writeln!(
            text,
            "    s{} --> s{}: {}",
            id(&it.from),
            id(&it.to),
            plain(&it.event)
        );
    }
    for last in table
        .last
        .iter()
        .filter(|last| states.contains(&last.as_str()))
    {
        let _ = writeln!(text, "    s{} --> [*]", id(last));
    }
    text
}

/// Without what means something in a diagram.
fn plain(text: &str) -> String {
    let safe = |c: char| c.is_alphanumeric() || " _-.".contains(c);
    text.chars()
        .map(|c| if safe(c) { c } else { ' ' })
        .collect()
}

fn dot(table: &Table) -> String {
    let quoted = |text: &str| {
        let text: String = text.chars().filter(|c| !c.is_control()).collect();
        format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
    };
    let mut text = String::from("digraph machine {\n  node [shape=box, style=rounded];\n");
    for last in &table.last {
        let _ = writeln!(text, "  {} [peripheries=2];", quoted(last));
    }
    let _ = writeln!(
        text,
        "  start [shape=point];\n  start -> {};",
        quoted(table.initial())
    );
    for it in &table.transitions {
        let (from, to, event) = (quoted(&it.from), quoted(&it.to), quoted(&it.event));
        let _ = writeln!(text, "  {from} -> {to} [label={event}];");
    }
    text.push_str("}\n");
    text
}
