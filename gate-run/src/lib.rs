//! `gate-run`: may it pass? Runs gates and answers with one verdict.
//!
//! A gate fails closed: what could not be run, was killed or has no number is never a pass, and a verdict file never
//! holds the pass of an earlier run.

#[cfg(test)]
mod any_input;
mod assertion;
mod attempt;
mod board;
mod cache;
mod check;
mod cli;
mod condition;
mod diagnosis;
mod diff;
mod evidence;
mod excerpt;
mod external;
mod format;
mod gates;
mod git;
mod interrupts;
mod matcher;
mod origin;
mod output;
mod planned;
mod process;
mod project;
mod queue;
mod report;
mod reviewed;
mod reviewer;
mod safety;
mod session;
mod standing;
mod statement;
mod tools;
mod understanding;
mod unit;
mod verdict;

use std::fs;
use std::path::Path;

use schemas::{Agents, Console, Exit, Failure, Verdict, document, program};
use serde_json::json;

use crate::board::Board;
use crate::cache::Cache;
use crate::check::Surroundings;
use crate::cli::Cli;
use crate::interrupts::Interrupts;
use crate::planned::Planned;
use crate::queue::Order;

/// Runs the program.
pub fn run(console: &mut Console) -> Result<Exit, Failure> {
    let cli: Cli = program::arguments()?;
    console.configure(&cli.speech);
    if cli.detect {
        return detect(&cli, console);
    }
    let file = origin::file(&cli);
    if cli.command.is_empty() && document::would_wait(file.as_deref()) {
        return Err(program::short_help::<Cli>(console));
    }
    // A gate that is killed from here on leaves no pass of an earlier run.
    if let Some(file) = cli.verdict.as_ref().filter(|_| !cli.list) {
        keep(&verdict::not_run(&cli.stage), file)?;
    }
    let mut trusted = None;
    let mut gates = if cli.command.is_empty() {
        let origin = origin::read(file.as_deref(), &cli)?;
        let agents = match &cli.agents {
            Some(file) => Agents::read(file, console)?,
            None => Agents::default(),
        };
        let gates = gates::read(origin.input, &cli.cwd, &cli.var, &agents, console)?;
        let mut gates = gates::select(gates, &cli.stage)?;
        if let Some(origin) = origin.trusted {
            gates.insert(0, understanding::of_tampering(origin.tampering, &gates));
            trusted = Some(origin.commit);
        }
        gates
    } else {
        vec![understanding::of_argv(&cli.command)]
    };
    if cli.strict {
        gates.iter_mut().for_each(|gate| gate.required = true);
    }
    if cli.list {
        document::write_text(list(&gates).as_bytes())?;
        return Ok(Exit::Yes);
    }
    if cli.safe {
        refuse(&gates, &cli.cwd, console)?;
    }
    let here = surroundings(&cli, trusted, console)?;
    let order = if cli.fail_fast {
        Order::FailFast
    } else {
        cli.order
    };
    let interrupts = Interrupts::listen()
        .map_err(|error| Failure::trouble("cannot listen for signals").because(&error))?;
    let all = || session::carry_out(&gates, &here, cli.jobs.get(), order, &interrupts);
    let (mut checks, mut attempts) = (all()?, 1);
    if cli.fix && session::fix(&gates, &checks, &here, &interrupts)? {
        console.info("something may be mended: everything again from the start");
        (checks, attempts) = (all()?, 2);
    }
    let verdict = Verdict {
        attempts,
        ..verdict::of(checks, &cli.stage)
    };
    if verdict.checks.is_empty() {
        console.warn("nothing was checked: there are no gates");
    } else {
        console.info(&verdict::summary(&verdict));
    }
    if let Some(file) = &cli.verdict {
        keep(&verdict, file)?;
    }
    for report in &cli.report {
        report.write(&verdict, console)?;
    }
    document::write(&verdict)?;
    Ok(verdict::exit(verdict.verdict))
}

/// Nothing is started when one of the commands must not be.
fn refuse(gates: &[Planned], cwd: &Path, console: &Console) -> Result<(), Failure> {
    let objections = safety::objections(gates, cwd);
    for (name, why) in &objections {
        console.error(&format!("refused: {name}: {why}"));
    }
    if objections.is_empty() {
        return Ok(());
    }
    Err(Failure::input(
        "nothing was run: --safe takes known commands only, and none that may do lasting harm",
    ))
}

fn surroundings(
    cli: &Cli,
    trusted: Option<String>,
    console: &Console,
) -> Result<Surroundings, Failure> {
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
        retries: cli.retries,
        backoff: cli.backoff,
        log_dir: cli.log_dir.clone(),
        metrics: cli.metrics.clone(),
        base: cli
            .base
            .clone()
            .filter(|base| !base.is_empty())
            .or_else(|| trusted.clone()),
        trusted,
        cache: cli
            .cache
            .clone()
            .and_then(|folder| folder.or_else(Cache::default_folder))
            .map(Cache::new),
        allow_no_tests: cli.allow_no_tests,
        record: cli.record_baseline,
        strict: cli.strict,
        parallel: cli.jobs.get() > 1,
        board: Board::new(console.clone()),
    })
}

/// Writes a gate document for the project, and says what it is made from.
fn detect(cli: &Cli, console: &Console) -> Result<Exit, Failure> {
    let detected = project::detect(&cli.cwd);
    for (manifest, count) in &detected.sources {
        let gates = evidence::counted(*count as u64, "gate");
        console.info(&format!("{manifest}: {gates} proposed"));
    }
    if detected.gates.is_empty() {
        return Err(Failure::no("no manifest here says how the project is checked")
            .help("looked for Cargo.toml, package.json, go.mod, pom.xml, pyproject.toml, Makefile, justfile"));
    }
    let gates = json!({"kind": "gates", "version": 1, "gates": {"detected": detected.gates}});
    document::write(&gates)?;
    Ok(Exit::Yes)
}

/// A line per gate: stage, kind, whether it is required, name, what is run or looked at; tabs between them.
fn list(gates: &[Planned]) -> String {
    let plain = |text: &str| schemas::printable(text).replace(['\n', '\t'], " ");
    gates
        .iter()
        .map(|gate| {
            let required = if gate.required {
                "required"
            } else {
                "optional"
            };
            let columns = [
                plain(&gate.stage),
                gate.kind().to_owned(),
                required.to_owned(),
                plain(&gate.name),
                plain(&gate.deed()),
            ];
            columns.join("\t") + "\n"
        })
        .collect()
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
