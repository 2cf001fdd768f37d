//! `gate-run`: may it pass? Runs gates and answers with one verdict.
//!
//! A gate fails closed: what could not be run, was killed or has no number is never a pass, and a verdict file never
//! holds the pass of an earlier run.

mod assertion;
mod check;
mod cli;
mod gates;
mod metric;
mod output;
mod planned;
mod process;
mod statement;
mod tally;
mod tools;
mod verdict;

use std::fs;
use std::io;
use std::path::Path;

use schemas::{Check, Console, Exit, Failure, Verdict, document, program};

use crate::check::{Interrupted, Surroundings};
use crate::cli::Cli;
use crate::planned::{Planned, Work};
use crate::process::Inbox;

/// Runs the program.
pub fn run(console: &mut Console) -> Result<Exit, Failure> {
    let cli: Cli = program::arguments()?;
    console.configure(&cli.speech);
    let file = cli.file.as_deref().or(cli.gates.as_deref());
    if cli.command.is_empty() && document::would_wait(file) {
        return Err(program::short_help::<Cli>(console));
    }
    if let Some(file) = cli.verdict.as_ref().filter(|_| !cli.list) {
        forget(file)?;
    }
    let mut gates = if cli.command.is_empty() {
        let gates = gates::read(file, &cli.cwd, console)?;
        gates::select(gates, &cli.stage)?
    } else {
        vec![planned::of_argv(&cli.command)]
    };
    if cli.strict {
        gates.iter_mut().for_each(|gate| gate.required = true);
    }
    if cli.list {
        document::write_text(list(&gates).as_bytes())?;
        return Ok(Exit::Yes);
    }
    let here = surroundings(&cli, console)?;
    let checks = carry_out_all(&gates, &here, cli.fail_fast)?;
    let verdict = verdict::of(checks, &cli.stage);
    if verdict.checks.is_empty() {
        console.warn("nothing was checked: there are no gates");
    } else {
        console.info(&verdict::summary(&verdict));
    }
    if let Some(file) = &cli.verdict {
        keep(&verdict, file)?;
    }
    document::write(&verdict)?;
    Ok(verdict::exit(verdict.verdict))
}

fn surroundings(cli: &Cli, console: &Console) -> Result<Surroundings, Failure> {
    let cwd = std::path::absolute(&cli.cwd).map_err(|error| {
        Failure::trouble(format!("cannot find {}", cli.cwd.display())).because(&error)
    })?;
    if let Some(dir) = &cli.log_dir {
        fs::create_dir_all(dir).map_err(|error| {
            Failure::trouble(format!("cannot make {}", dir.display())).because(&error)
        })?;
    }
    Ok(Surroundings {
        cwd,
        timeout: cli.timeout,
        grace: cli.grace,
        log_dir: cli.log_dir.clone(),
        metrics: cli.metrics.clone(),
        allow_no_tests: cli.allow_no_tests,
        console: console.clone(),
    })
}

fn carry_out_all(
    gates: &[Planned],
    here: &Surroundings,
    fail_fast: bool,
) -> Result<Vec<Check>, Failure> {
    let mut inbox = Inbox::open()
        .map_err(|error| Failure::trouble("cannot listen for signals").because(&error))?;
    let mut checks = Vec::with_capacity(gates.len());
    let mut settled = false;
    for (index, gate) in gates.iter().enumerate() {
        let manual = matches!(gate.work, Work::Manual { .. });
        let check = if settled && !manual {
            check::skip(gate)
        } else {
            if let Some(signal) = inbox.interrupted() {
                return Err(interrupted(signal));
            }
            let carried_out = check::carry_out(gate, index + 1, here, &mut inbox);
            carried_out.map_err(|Interrupted(signal)| interrupted(signal))?
        };
        here.console.info(&verdict::line(&check));
        settled |= fail_fast && verdict::settles(&check);
        checks.push(check);
    }
    match inbox.interrupted() {
        Some(signal) => Err(interrupted(signal)),
        None => Ok(checks),
    }
}

fn interrupted(signal: i32) -> Failure {
    let number = u8::try_from(signal).unwrap_or(0);
    let mut failure = Failure::told(Exit::Signal(number));
    failure.message = format!("interrupted by signal {signal}: there is no verdict");
    failure
}

/// A line per gate: stage, kind, whether it is required, name; tabs between them.
fn list(gates: &[Planned]) -> String {
    gates
        .iter()
        .map(|gate| {
            let required = if gate.required {
                "required"
            } else {
                "optional"
            };
            let name = schemas::printable(&gate.name).replace(['\n', '\t'], " ");
            let stage = schemas::printable(&gate.stage).replace(['\n', '\t'], " ");
            format!("{stage}\t{}\t{required}\t{name}\n", gate.work.kind())
        })
        .collect()
}

/// Removes the verdict of an earlier run, so that a gate that is killed leaves no pass.
fn forget(file: &Path) -> Result<(), Failure> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Failure::trouble(format!("cannot remove {}", file.display())).because(&error))
        }
        _ => Ok(()),
    }
}

/// Writes the verdict so that a reader finds all of it or nothing.
fn keep(verdict: &Verdict, file: &Path) -> Result<(), Failure> {
    let failed = |error: &dyn std::error::Error| {
        Failure::trouble(format!("cannot write {}", file.display())).because(error)
    };
    let mut text = serde_json::to_vec(verdict).map_err(|error| failed(&error))?;
    text.push(b'\n');
    let mut name = file.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}", std::process::id()));
    let fresh = file.with_file_name(name);
    let written = fs::write(&fresh, &text).and_then(|()| fs::rename(&fresh, file));
    written.map_err(|error| {
        let _ = fs::remove_file(&fresh);
        failed(&error)
    })
}
