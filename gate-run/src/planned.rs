//! A gate that has been understood: what will be done for it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use regex::Regex;
use schemas::{Command, Gate, GateSource, Problem};
use serde_json::Value;

use crate::assertion::Assertion;
use crate::statement::{self, Statement};

/// One gate, ready to be checked.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) stage: String,
    pub(crate) name: String,
    pub(crate) required: bool,
    pub(crate) work: Work,
}

/// What is to be done.
#[derive(Debug)]
pub(crate) enum Work {
    Command(Run),
    Metric {
        assertion: Assertion,
        source: Source,
        run: Option<Run>,
    },
    Manual {
        reason: String,
    },
}

/// A command with all that it needs.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) command: Command,
    /// Looked for before the shell is started: its own "not found" would come too late.
    pub(crate) program: Option<String>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) cwd: Option<PathBuf>,
    pub(crate) env: BTreeMap<String, String>,
}

/// Where the number of a metric comes from.
#[derive(Debug)]
pub(crate) enum Source {
    /// The metrics of the command line.
    Metrics,
    /// A file, relative to where the gate runs.
    File(PathBuf, Place),
    /// What the gate's command printed.
    Output(Place),
}

/// The place of a number in a text.
#[derive(Debug)]
pub(crate) enum Place {
    /// JSON Pointer.
    Pointer(String),
    /// The last match.
    Regex(Regex),
    /// All of the text, or the member of its JSON object that is called as the metric.
    Whole,
}

impl Work {
    /// As the verdict names it.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Work::Command(_) => "command",
            Work::Metric { .. } => "metric",
            Work::Manual { .. } => "manual",
        }
    }
}

/// One command of the command line as a gate.
pub(crate) fn of_argv(argv: &[String]) -> Planned {
    let command = Command::Argv(argv.to_vec());
    Planned {
        stage: "default".to_owned(),
        name: command.to_string(),
        required: true,
        work: Work::Command(Run {
            command,
            program: None,
            timeout: None,
            cwd: None,
            env: BTreeMap::new(),
        }),
    }
}

/// Understands one gate of a document, or adds to `problems` why not.
pub(crate) fn of_value(
    stage: &str,
    value: &Value,
    pointer: &str,
    cwd: &Path,
    problems: &mut Vec<Problem>,
) -> Option<Planned> {
    if let Some(manual) = single_assertion(stage, value) {
        return Some(manual);
    }
    let gate: Gate = match serde_json::from_value(value.clone()) {
        Ok(gate) => gate,
        Err(error) => {
            problems.push(
                Problem::error("gate", error.to_string())
                    .at(pointer)
                    .help("a gate is a string, {\"command\": …}, {\"assert\": \"NAME >= NUMBER\"} or {\"manual\": …}"),
            );
            return None;
        }
    };
    warn_of_ignored(value, pointer, problems);
    let mut found = Vec::new();
    let planned = understand(stage, gate, cwd, &mut found);
    problems.extend(
        found
            .into_iter()
            .map(|(key, message)| Problem::error("gate", message).at(format!("{pointer}/{key}"))),
    );
    planned
}

/// `{all_tests_pass: true}`, `{coverage_threshold: 80}`: said of the work, with nothing that says how to find out.
fn single_assertion(stage: &str, value: &Value) -> Option<Planned> {
    let object = value.as_object()?;
    let mut own = object
        .iter()
        .filter(|(key, _)| !matches!(key.as_str(), "name" | "required"));
    let (Some((key, said)), None) = (own.next(), own.next()) else {
        return None;
    };
    if key.starts_with("timeout") || !(said.is_boolean() || said.is_number()) {
        return None;
    }
    let name = object.get("name").and_then(Value::as_str);
    Some(Planned {
        stage: stage.to_owned(),
        name: name.map_or_else(|| format!("{key}: {said}"), str::to_owned),
        required: object.get("required").and_then(Value::as_bool) != Some(false),
        work: Work::Manual {
            reason: format!(
                "`{key}` does not say how to find out; write {{\"command\": …}}, {{\"assert\": …, \"from\": …}} or {{\"manual\": …}}"
            ),
        },
    })
}

/// Keys that other tools give a meaning: whoever wrote them expects more than happens.
fn warn_of_ignored(value: &Value, pointer: &str, problems: &mut Vec<Problem>) {
    let ignored = [
        (
            "threshold",
            "write {\"assert\": \"NAME >= NUMBER\", \"from\": …} to have a number compared",
        ),
        ("condition", "the gate runs always"),
        ("timeout", "write timeoutSeconds"),
    ];
    for (key, help) in ignored {
        if value.get(key).is_some() {
            problems.push(
                Problem::warning(
                    "ignored-field",
                    format!("`{key}` of a gate has no meaning here"),
                )
                .at(format!("{pointer}/{key}"))
                .help(help),
            );
        }
    }
}

type Found = Vec<(&'static str, String)>;

fn understand(stage: &str, gate: Gate, cwd: &Path, problems: &mut Found) -> Option<Planned> {
    let before = problems.len();
    let timeout = gate.timeout_seconds.and_then(|seconds| {
        let timeout = Duration::try_from_secs_f64(seconds)
            .ok()
            .filter(|t| !t.is_zero());
        if timeout.is_none() {
            problems.push((
                "timeoutSeconds",
                format!("{seconds} is no time that a check could take"),
            ));
        }
        timeout
    });
    let (text, folder) = (gate.text.clone(), gate.cwd.clone());
    let run = |command: Command, program| Run {
        command,
        program,
        timeout,
        cwd: folder.map(PathBuf::from),
        env: gate.env.clone(),
    };
    let (name, work) = match (text, gate.command, gate.assert, gate.manual) {
        (Some(text), ..) => {
            let work = match statement::read(&text, |word| {
                which::which_in(word, std::env::var_os("PATH"), cwd).is_ok()
            }) {
                Statement::Assertion(assertion) => Work::Metric {
                    assertion,
                    source: Source::Metrics,
                    run: None,
                },
                Statement::Command { program } => {
                    Work::Command(run(Command::Shell(text.clone()), program))
                }
                Statement::Manual { doubt } => Work::Manual {
                    reason: doubt.unwrap_or_else(|| CONFIRM.to_owned()),
                },
            };
            (text, work)
        }
        (None, None, None, Some(manual)) => {
            let reason = CONFIRM.to_owned();
            (manual, Work::Manual { reason })
        }
        (None, command, Some(assert), None) => {
            let assertion = Assertion::parse(&assert);
            if assertion.is_none() {
                problems.push((
                    "assert",
                    "this is no assertion: NAME OP NUMBER[%], OP one of >= > <= < == !=".to_owned(),
                ));
            }
            let source = source(gate.from.unwrap_or_default(), command.is_some(), problems);
            let work = Work::Metric {
                assertion: assertion?,
                source: source?,
                run: command.map(|command| run(command, None)),
            };
            (assert, work)
        }
        (None, Some(command), None, None) => {
            (command.to_string(), Work::Command(run(command, None)))
        }
        (None, _, _, _) => {
            problems.push((
                "manual",
                "a statement for a person cannot be run or compared too".to_owned(),
            ));
            return None;
        }
    };
    (problems.len() == before).then(|| Planned {
        stage: stage.to_owned(),
        name: gate.name.unwrap_or(name),
        required: gate.required,
        work,
    })
}

const CONFIRM: &str = "a person must confirm it";

fn source(from: GateSource, has_command: bool, problems: &mut Found) -> Option<Source> {
    let place = match (from.pointer, from.regex) {
        (Some(_), Some(_)) => {
            problems.push((
                "from",
                "a number has one place: pointer or regex".to_owned(),
            ));
            return None;
        }
        (Some(pointer), None) if pointer.is_empty() || pointer.starts_with('/') => {
            Some(Place::Pointer(pointer))
        }
        (Some(_), None) => {
            problems.push(("from/pointer", "a JSON Pointer begins with `/`".to_owned()));
            return None;
        }
        (None, Some(regex)) => match regex::RegexBuilder::new(&regex).multi_line(true).build() {
            Ok(regex) => Some(Place::Regex(regex)),
            Err(error) => {
                let text = error.to_string();
                let last = text.lines().last().unwrap_or_default();
                problems.push((
                    "from/regex",
                    format!(
                        "not a regular expression: {}",
                        last.trim_start_matches("error: ")
                    ),
                ));
                return None;
            }
        },
        (None, None) => None,
    };
    Some(match (from.file, place) {
        (Some(file), place) => Source::File(file.into(), place.unwrap_or(Place::Whole)),
        (None, Some(place)) if has_command => Source::Output(place),
        (None, Some(_)) => {
            problems.push((
                "from",
                "a number needs a file or a command that it comes from".to_owned(),
            ));
            return None;
        }
        (None, None) => Source::Metrics,
    })
}
