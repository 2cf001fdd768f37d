//! From a gate as it was written to a gate that can be checked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use schemas::{Command, Gate, GateObject, Problem, WhenMissing};
use serde_json::Value;

use crate::evidence::Evidence;
use crate::evidence::metric::{self, Metric, Source};
use crate::evidence::paths::Paths;
use crate::evidence::review::Review;
use crate::evidence::tampering::Tampering;
use crate::evidence::tests::Tests;
use crate::evidence::threshold::Threshold;
use crate::planned::{Planned, Run, Work};
use crate::reviewer::Reviewer;
use crate::statement::{self, Statement};

/// Why something is manual that a person wrote as manual.
const CONFIRM: &str = "a person must confirm it";

/// What a gate looks like.
const FORMS: &str = "a gate is a string, {\"command\": …}, {\"assert\": \"NAME >= NUMBER\"}, {\"manual\": …} or another that the manual names";

/// What is wrong with a gate: where in it, and why.
pub(crate) type Found = Vec<(String, String)>;

/// One command of the command line as a gate.
pub(crate) fn of_argv(argv: &[String]) -> Planned {
    let command = Command::Argv(argv.to_vec());
    let name = command.to_string();
    let work = Work::Check {
        run: Some(Run::new(command)),
        evidence: Vec::new(),
    };
    Planned::new("default", name, work)
}

/// The gate that looks whether the work has changed the others, or what they compare with.
pub(crate) fn of_tampering(mut tampering: Tampering, gates: &[Planned]) -> Planned {
    for gate in gates {
        if let Work::Check { evidence, .. } = &gate.work {
            let named = evidence.iter().filter_map(Evidence::promise);
            let folder = gate.cwd.clone().unwrap_or_default();
            tampering
                .promises
                .extend(named.map(|file| folder.join(file)));
        }
    }
    let evidence = Evidence::Tampering(tampering);
    let (name, evidence) = (evidence.name(), vec![evidence]);
    Planned::new(
        "gates",
        name,
        Work::Check {
            run: None,
            evidence,
        },
    )
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
            let message = error.to_string();
            let general =
                message.starts_with("a gate needs") || message.contains("expected a gate");
            let problem = Problem::error("gate", message).at(pointer);
            problems.push(match general {
                true => problem.help(FORMS),
                false => problem,
            });
            return None;
        }
    };
    warn_of_timeout(value, pointer, problems);
    match gate {
        Gate::Text(text) => Some(of_text(stage, &text, cwd)),
        Gate::Object(mut object) => {
            let mut found = Found::new();
            auto_fix(value, &mut object, &mut found);
            let planned = of_object(stage, *object, &mut found);
            let failed = !found.is_empty();
            problems.extend(found.into_iter().map(|(key, message)| {
                Problem::error("gate", message).at(format!("{pointer}/{key}"))
            }));
            planned.filter(|_| !failed)
        }
    }
}

/// A bare string, told apart.
pub(crate) fn of_text(stage: &str, text: &str, cwd: &Path) -> Planned {
    let is_program = |word: &str| which::which_in(word, std::env::var_os("PATH"), cwd).is_ok();
    let work = match statement::read(text, is_program) {
        Statement::Assertion(assertion) => Work::Check {
            run: None,
            evidence: vec![Evidence::Metric(Metric {
                assertion,
                source: Source::Metrics,
                baseline: None,
            })],
        },
        Statement::Command { program } => Work::Check {
            run: Some(Run {
                program,
                ..Run::new(Command::Shell(text.to_owned()))
            }),
            evidence: Vec::new(),
        },
        Statement::Manual { doubt } => Work::Manual {
            reason: doubt.unwrap_or_else(|| CONFIRM.to_owned()),
        },
    };
    Planned::new(stage, text.to_owned(), work)
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
    let known = key.starts_with("timeout") || key == "cleanTree";
    if known || !(said.is_boolean() || said.is_number()) {
        return None;
    }
    let name = object.get("name").and_then(Value::as_str);
    let name = name.map_or_else(|| format!("{key}: {said}"), str::to_owned);
    let reason = format!(
        "`{key}` does not say how to find out; write {{\"command\": …}}, {{\"assert\": …, \"from\": …}} or {{\"manual\": …}}"
    );
    Some(Planned {
        required: object.get("required").and_then(Value::as_bool) != Some(false),
        ..Planned::new(stage, name, Work::Manual { reason })
    })
}

/// The key that other tools use for our `timeoutSeconds`, in units of their own.
fn warn_of_timeout(value: &Value, pointer: &str, problems: &mut Vec<Problem>) {
    if value.get("timeout").is_some() {
        let message = "`timeout` of a gate has no meaning here";
        problems.push(
            Problem::warning("ignored-field", message)
                .at(format!("{pointer}/timeout"))
                .help("write timeoutSeconds"),
        );
    }
}

/// `auto_fix`, as archetypes write it: `true` when the gate's own command mends what it finds, or the command that does.
fn auto_fix(value: &Value, gate: &mut GateObject, problems: &mut Found) {
    match value.get("auto_fix") {
        None | Some(Value::Null | Value::Bool(false)) => {}
        Some(Value::Bool(true)) => gate.fix = gate.fix.take().or_else(|| gate.command.clone()),
        Some(command) => match serde_json::from_value(command.clone()) {
            Ok(command) => gate.fix = Some(command),
            Err(_) => {
                let message = "write `fix` and the command that mends it, or `auto_fix: true`";
                problems.push(("auto_fix".to_owned(), message.to_owned()));
            }
        },
    }
}

fn of_object(stage: &str, gate: GateObject, problems: &mut Found) -> Option<Planned> {
    let timeout = gate.timeout_seconds.and_then(|seconds| {
        let timeout = Duration::try_from_secs_f64(seconds).ok();
        let timeout = timeout.filter(|timeout| !timeout.is_zero());
        if timeout.is_none() {
            let message = format!("{seconds} is no time that a check could take");
            problems.push(("timeoutSeconds".to_owned(), message));
        }
        timeout
    });
    if let Err((at, why)) = schemas::globs(&gate.inputs) {
        problems.push((format!("inputs/{at}"), why));
    }
    let reviewer = reviewer(&gate, problems);
    let evidence = evidence(&gate, problems);
    let name = gate.name.clone().or_else(|| derived_name(&gate, &evidence));
    let work = match gate.manual {
        Some(_) if gate.command.is_some() || !evidence.is_empty() => {
            let message = "a statement for a person cannot be run or compared too".to_owned();
            problems.push(("manual".to_owned(), message));
            return None;
        }
        Some(_) => Work::Manual {
            reason: CONFIRM.to_owned(),
        },
        None => Work::Check {
            run: run(gate.command, reviewer, gate.when_missing, gate.env),
            evidence,
        },
    };
    Some(Planned {
        stage: stage.to_owned(),
        name: name.unwrap_or_default(),
        required: gate.required != Some(false),
        needs: gate.needs,
        locks: gate.locks,
        inputs: gate.inputs,
        timeout,
        cwd: gate.cwd.map(PathBuf::from),
        condition: gate.condition,
        ruled_out: None,
        fix: gate.fix,
        work,
    })
}

/// The agent that reviews, when one does.
fn reviewer(gate: &GateObject, problems: &mut Found) -> Option<Reviewer> {
    let review = gate.review.as_ref()?;
    let reviewer = Reviewer::asked_for(review);
    let (key, other) = match () {
        () if reviewer.is_some() && gate.command.is_some() => ("agent", "`command`"),
        () if reviewer.is_some() && review.file.is_some() => ("agent", "`file`"),
        () if reviewer.is_none() && review.prompt.is_some() => {
            let message = "a prompt is for an agent: `agent` is missing".to_owned();
            problems.push(("review/prompt".to_owned(), message));
            return None;
        }
        () => return reviewer,
    };
    let message = format!("a review comes from one place: `{key}` or {other}");
    problems.push((format!("review/{key}"), message));
    None
}

fn run(
    command: Option<Command>,
    reviewer: Option<Reviewer>,
    when_missing: Option<WhenMissing>,
    env: BTreeMap<String, String>,
) -> Option<Run> {
    let named = |reviewer: &Reviewer| Command::Argv(vec![reviewer.agent.clone()]);
    let command = command.or_else(|| reviewer.as_ref().map(named))?;
    Some(Run {
        when_missing,
        env,
        reviewer: reviewer.map(Box::new),
        ..Run::new(command)
    })
}

/// What the gate is about, in its own words.
fn derived_name(gate: &GateObject, evidence: &[Evidence]) -> Option<String> {
    let command = || gate.command.as_ref().map(ToString::to_string);
    let said = gate.manual.clone().or(gate.assert.clone()).or_else(command);
    said.or_else(|| evidence.first().map(Evidence::name))
}

fn evidence(gate: &GateObject, problems: &mut Found) -> Vec<Evidence> {
    let has_command = gate.command.is_some();
    let mut evidence = Vec::new();
    if let Some(tests) = &gate.tests {
        evidence.extend(Tests::new(tests, has_command, problems).map(Evidence::Tests));
    }
    if let Some(threshold) = &gate.threshold {
        let threshold = Threshold::new(threshold, gate, problems);
        evidence.extend(threshold.map(Evidence::Threshold));
    }
    if let Some(assert) = &gate.assert {
        let metric = metric::understand(assert, gate, has_command, problems);
        evidence.extend(metric.map(Evidence::Metric));
    } else if (gate.from.is_some() && gate.threshold.is_none()) || gate.baseline.is_some() {
        let message = "a number is taken for an assertion: `assert` is missing".to_owned();
        let key = if gate.from.is_some() {
            "from"
        } else {
            "baseline"
        };
        problems.push((key.to_owned(), message));
    }
    if let Some(paths) = &gate.paths {
        if paths.list.is_some() && (paths.base.is_some() || paths.max_lines.is_some()) {
            let message =
                "a list says neither a commit nor how many lines: no `base`, no `maxLines`";
            problems.push(("paths/list".to_owned(), message.to_owned()));
        }
        match schemas::Boundary::new(&paths.allowed, &paths.forbidden, &paths.secrets) {
            Ok(boundary) => evidence.push(Evidence::Paths(Paths::new(paths, boundary))),
            Err((list, at, why)) => problems.push((format!("paths/{list}/{at}"), why)),
        }
    }
    if gate.clean_tree == Some(true) {
        evidence.push(Evidence::CleanTree);
    }
    match (&gate.artifact, &gate.schema) {
        (Some(file), schema) => evidence.push(Evidence::Artifact {
            file: file.into(),
            schema: schema.as_ref().map(PathBuf::from),
        }),
        (None, Some(_)) => {
            let message = "a schema is for an artifact: `artifact` is missing".to_owned();
            problems.push(("schema".to_owned(), message));
        }
        (None, None) => {}
    }
    if let Some(review) = &gate.review {
        evidence.extend(Review::new(review, has_command, problems).map(Evidence::Review));
    }
    evidence
}
