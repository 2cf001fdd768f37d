//! `record`: takes in the records of another dispatcher, as they come.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use schemas::document::{self, Reader};
use schemas::journal::{self, Draft, Journal};
use schemas::{Body, Console, Exit, Failure, State, program};
use serde_json::{Map, Value};

use crate::cli::{Cli, Record};
use crate::expect::{self, Expectation};
use crate::stream::Lines;
use crate::{near, store};

/// So long `state.json` may be behind while records keep coming.
const BEHIND: Duration = Duration::from_secs(1);

/// Runs `record`.
pub(crate) fn run(console: &Console, dir: &Path, args: &Record) -> Result<Exit, Failure> {
    if document::would_wait(args.file.as_deref()) {
        return Err(program::short_help::<Cli>(console));
    }
    match args.file.as_deref().filter(|file| *file != Path::new("-")) {
        None => take_in(console, dir, args, io::stdin().lock(), "stdin"),
        Some(path) => {
            let name = path.display().to_string();
            let file = File::open(path)
                .map_err(|error| Failure::input(format!("cannot read {name}")).because(&error))?;
            take_in(console, dir, args, file, &name)
        }
    }
}

fn take_in(
    console: &Console,
    dir: &Path,
    args: &Record,
    from: impl Read + AsFd,
    name: &str,
) -> Result<Exit, Failure> {
    let mut lines = Lines::new(from, name);
    let mut batch = lines.next_batch()?;
    if batch.is_empty() {
        return Err(match name {
            "stdin" => Failure::input("cannot read stdin: the stage before this one wrote nothing"),
            _ => Failure::input(format!("cannot read {name}: the file is empty")),
        });
    }
    // Only now: who has nothing to say makes no run directory.
    if !dir.exists()
        && let Some((number, line)) = batch.first()
    {
        draft(line, args.allow_unknown).map_err(|failure| at(name, *number, failure))?;
    }
    let (state, journal) = journal::load(dir)?;
    let mut intake = Intake {
        state,
        journal,
        name,
        allow_unknown: args.allow_unknown,
        expectations: &args.expect,
        reader: Reader::There,
    };
    let mut refreshed = Instant::now();
    while !batch.is_empty() {
        let taken = intake.append(&batch);
        if taken.is_err() || refreshed.elapsed() > BEHIND || !is_ready(lines.source()) {
            store::refresh(console, dir);
            refreshed = Instant::now();
        }
        taken?;
        batch = lines.next_batch()?;
    }
    store::refresh(console, dir);
    Ok(Exit::Yes)
}

struct Intake<'a> {
    state: State,
    journal: Journal,
    name: &'a str,
    allow_unknown: bool,
    /// Of the call: they hold for its first records and are done with.
    expectations: &'a [Expectation],
    reader: Reader,
}

impl Intake<'_> {
    /// Appends the lines up to the first that is no record, and fails there.
    fn append(&mut self, batch: &[(usize, Vec<u8>)]) -> Result<(), Failure> {
        let mut bad = None;
        let mut drafts = Vec::new();
        for (number, line) in batch {
            match draft(line, self.allow_unknown) {
                Ok(draft) => drafts.push((*number, draft)),
                Err(failure) => {
                    bad = Some(at(self.name, *number, failure));
                    break;
                }
            }
        }
        let known = match (self.journal.run(), drafts.first()) {
            ("", Some((_, given))) => given.run.clone(),
            (run, _) => run.to_owned(),
        };
        self.journal.name_run(&known);
        let (state, expectations) = (&mut self.state, std::mem::take(&mut self.expectations));
        let mut stranger = None;
        let appended = self.journal.transact_drafts(|foreign| {
            if !expectations.is_empty() {
                foreign.iter().for_each(|record| state.apply(record));
                state.refresh();
                expect::check(expectations, state)?;
            }
            let run = foreign.last().map_or(known.as_str(), |record| &record.run);
            let ours = |given: &Given| given.run.is_empty() || run.is_empty() || given.run == run;
            let mut own = Vec::with_capacity(drafts.len());
            for (number, given) in drafts {
                if !ours(&given) {
                    stranger = Some((number, given.run, run.to_owned()));
                    break;
                }
                own.push(given.draft);
            }
            Ok(own)
        })?;
        self.journal.sync()?;
        if self.reader == Reader::There && !appended.lines.is_empty() {
            // The records matter more than who reads their echo.
            self.reader = store::print(&appended.lines)?;
        }
        if let Some((number, given, run)) = stranger {
            let failure = Failure::input(format!("it is of the run {given}, the journal of {run}"));
            return Err(at(self.name, number, failure));
        }
        bad.map_or(Ok(()), Err)
    }
}

fn at(name: &str, number: usize, failure: Failure) -> Failure {
    Failure {
        message: format!("{name} line {number}: {}", failure.message),
        ..failure
    }
    .help("the lines before it are appended; it and those after it are not")
}

fn draft(line: &[u8], allow_unknown: bool) -> Result<Given, Failure> {
    let object: Map<String, Value> = serde_json::from_slice(line)
        .map_err(|error| Failure::input("not a JSON object").because(&error))?;
    let Some(kind) = object.get("type").and_then(Value::as_str) else {
        return Err(Failure::input("not a record: it has no `type`"));
    };
    let kind = kind.to_owned();
    let run = object
        .get("run")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let run = run.to_owned();
    let draft = Draft::given(object)
        .map_err(|error| Failure::input(format!("not a {kind} record")).because(&error))?;
    check(draft.body(), &kind, allow_unknown)?;
    Ok(Given { draft, run })
}

/// A record as it was given.
struct Given {
    draft: Draft,
    run: String,
}

fn check(body: &Body, kind: &str, allow_unknown: bool) -> Result<(), Failure> {
    if *body == Body::Unknown && !allow_unknown {
        let meant = near::nearest(kind, schemas::RECORD_TYPES)
            .map(|near| format!(" (did you mean {near}?)"));
        return Err(Failure::input(format!(
            "unknown type {kind}{}; --allow-unknown appends it all the same",
            meant.unwrap_or_default()
        )));
    }
    if body.task().is_some_and(str::is_empty) {
        return Err(Failure::input("its `task` is empty"));
    }
    if matches!(body, Body::Progress { percent: Some(percent), .. } if *percent > 100) {
        return Err(Failure::input("its `percent` is more than 100"));
    }
    Ok(())
}

/// Whether there is more to read now.
fn is_ready(source: &impl AsFd) -> bool {
    let mut fds = [PollFd::new(source, PollFlags::IN)];
    poll(&mut fds, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
}
