//! `verify`: is the journal whole, and do `state.json` and the run's files agree with it?

mod snapshot;
mod walk;

use std::path::Path;

use schemas::journal::{JOURNAL, Journal};
use schemas::source::Source;
use schemas::{Console, Exit, Failure, Problem, Severity, State, TaskStatus, document, render};
use serde::Serialize;

use crate::cli::{Verify, VerifyFormat};
use crate::process::is_alive;
use snapshot::Snapshot;
use walk::Walk;

/// What `verify` found, as a document.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Verification<'a> {
    kind: &'static str,
    version: u32,
    run: &'a str,
    records: u64,
    problems: &'a [Problem],
}

/// Runs `verify`.
pub(crate) fn run(console: &Console, dir: &Path, args: &Verify) -> Result<Exit, Failure> {
    let mut journal = Journal::open_history(dir)?;
    // Before the journal is read: it may only grow meanwhile.
    let snapshot = Snapshot::read(dir);
    let mut walk = Walk::new(snapshot.last_seq(), journal.states()?);
    let damage = read(&mut journal, &mut walk)?;
    let mut problems = walk.take_problems(&journal);
    problems.extend(damage);
    problems.extend(missing(&journal));
    problems.extend(snapshot.compare(&walk, &journal, dir));
    problems.extend(walk.missing_files(dir));
    problems.extend(walk.waiting(dir));
    problems.extend(lost_dispatcher(&walk.state));
    let name = dir.join(JOURNAL).display().to_string();
    for problem in &mut problems {
        problem.file.get_or_insert_with(|| name.clone());
    }
    let bad = problems.iter().any(|p| p.severity == Severity::Error);
    match args.format {
        VerifyFormat::Json => {
            document::write(&Verification {
                kind: "verification",
                version: 1,
                run: &walk.state.run,
                records: walk.state.last_seq,
                problems: &problems,
            })?;
        }
        VerifyFormat::Text => tell(console, &name, &walk.state, &problems),
    }
    Ok(if bad { Exit::No } else { Exit::Yes })
}

/// Walks over every whole record; gives the damage that ended the walk, or the torn line at its end.
fn read(journal: &mut Journal, walk: &mut Walk) -> Result<Option<Problem>, Failure> {
    let mut torn = 0;
    loop {
        let before = journal.last_seq();
        if let Err(failure) = journal.read_lines(|record, _| walk.step(&record)) {
            return damage(journal, failure).map(Some);
        }
        // Either a torn line or records that came since: another look tells.
        if torn > 0 && journal.last_seq() == before {
            return Ok(Some(torn_tail(journal, torn)));
        }
        torn = journal.unread()?;
        if torn == 0 {
            return Ok(None);
        }
    }
}

fn torn_tail(journal: &Journal, torn: u64) -> Problem {
    let mut problem = Problem::warning(
        "torn-tail",
        format!(
            "{torn} bytes at byte {} are no whole line: a writer died while it wrote them",
            journal.offset()
        ),
    )
    .help("the next edit removes them and says so in a note");
    place(&mut problem, journal.here());
    problem
}

fn missing(journal: &Journal) -> Option<Problem> {
    let missing = journal.missing()?;
    let (archive, until) = (&missing.archive, missing.until);
    let message = format!("the records up to {until} are in the archive {archive}, which is gone");
    Some(
        Problem::warning("archive-missing", message)
            .help("the state is known without it; put it back to look at what was before"),
    )
}

fn place(problem: &mut Problem, (path, line): (&Path, u64)) {
    problem.file = Some(path.display().to_string());
    problem.line = u32::try_from(line).ok();
}

fn damage(journal: &Journal, failure: Failure) -> Result<Problem, Failure> {
    if failure.exit != Exit::Input {
        return Err(failure);
    }
    let causes = failure.causes.iter().map(|cause| format!(": {cause}"));
    let message = format!("{}{}", failure.message, causes.collect::<String>());
    let mut problem = Problem::error("journal-damaged", message).help(format!(
        "the {} bytes before it are whole; keep a copy of the folder",
        journal.offset()
    ));
    place(&mut problem, journal.here());
    Ok(problem)
}

/// Tasks that are being worked on, with nobody who would notice their end.
fn lost_dispatcher(state: &State) -> Option<Problem> {
    let active: Vec<&str> = state
        .tasks
        .iter()
        .filter(|(_, task)| {
            use TaskStatus::{Gating, Integrating, Ready, Running};
            matches!(task.status, Ready | Running | Gating | Integrating)
        })
        .map(|(id, _)| id.as_str())
        .collect();
    let who = match state.pid {
        Some(pid) if is_alive(pid) => return None,
        Some(pid) => format!("the dispatcher (process {pid}) is gone"),
        None if active.is_empty() => return None,
        None => "no dispatcher is there".to_owned(),
    };
    let left = match active.len() {
        0 => String::new(),
        1..=8 => format!(", and left {}", active.join(", ")),
        more => format!(", and left {more} tasks"),
    };
    let mut problem = Problem::warning("no-dispatcher", format!("{who}{left}"))
        .help("start it again in the same folder: it takes them up where they are");
    problem.severity = Severity::Info;
    Some(problem)
}

fn tell(console: &Console, name: &str, state: &State, problems: &[Problem]) {
    let told: Vec<Problem> = problems
        .iter()
        .filter(|problem| !console.is_quiet() || problem.severity == Severity::Error)
        .cloned()
        .collect();
    if !told.is_empty() {
        let source = Source::json(name, String::new());
        console.block(&render(&told, &source, console.has_color()));
    }
    if !problems.iter().any(|p| p.severity == Severity::Error) {
        let records = match state.last_seq {
            1 => "1 record".to_owned(),
            count => format!("{count} records"),
        };
        console.info(&format!("{records}, all whole"));
    }
}
