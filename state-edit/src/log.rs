//! `log`: the journal's records, as they were written.

use std::collections::VecDeque;
use std::path::Path;

use schemas::document::Reader;
use schemas::{Body, Console, Exit, Failure, Record};
use serde::Deserialize;

use crate::cli::Log;
use crate::watch::Watch;
use crate::{history, store};

/// Printed at once, in bytes: a journal may be larger than the memory.
const AT_ONCE: usize = 1 << 18;

/// Runs `log`.
pub(crate) fn run(console: &Console, dir: &Path, args: &Log) -> Result<Exit, Failure> {
    let mut journal = history::open(console, dir)?;
    let watch = Watch::on(dir);
    let mut tail = args.tail;
    loop {
        let mut lines = VecDeque::new();
        let mut finished = false;
        let mut size = 0;
        let mut printed = Ok(Reader::There);
        let read = journal.read_lines(|record, line| {
            finished =
                ends(finished, &record) || args.until.is_some_and(|until| record.seq >= until);
            if !matches!(printed, Ok(Reader::There)) || !is_wanted(args, &record, line) {
                return;
            }
            lines.push_back(line.to_owned());
            size += line.len();
            match tail {
                Some(tail) if lines.len() > tail => drop(lines.pop_front()),
                None if size > AT_ONCE => {
                    printed = print(&mut lines);
                    size = 0;
                }
                _ => {}
            }
        });
        if printed? == Reader::Gone || print(&mut lines)? == Reader::Gone {
            return Ok(Exit::Yes);
        }
        read?;
        if !args.follow || finished || !watch.wait(None) {
            return Ok(Exit::Yes);
        }
        // The last N were asked for of what there was; what comes is printed whole.
        tail = None;
    }
}

fn print(lines: &mut VecDeque<String>) -> Result<Reader, Failure> {
    if lines.is_empty() {
        return Ok(Reader::There);
    }
    let printed = store::print(lines.make_contiguous());
    lines.clear();
    printed
}

/// Whether the run is over after this record: what a person has done again begins it anew.
fn ends(finished: bool, record: &Record) -> bool {
    match &record.body {
        Body::RunFinished { .. } => true,
        Body::RunStarted { .. } | Body::RunResumed { .. } => false,
        Body::StateTransition { event, .. } => finished && event != "retry" && event != "reopen",
        _ => finished,
    }
}

/// What a line is about; in lines of types that are not known here, too.
#[derive(Deserialize)]
struct About {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    task: Option<String>,
    #[serde(default)]
    by: Option<String>,
}

fn is_in_time(args: &Log, record: &Record) -> bool {
    if args.after.is_none() && args.before.is_none() {
        return true;
    }
    // A record without a time that can be read is of no time.
    schemas::time::parse(&record.time).is_some_and(|time| {
        args.after.is_none_or(|after| time >= after)
            && args.before.is_none_or(|before| time < before)
    })
}

fn is_wanted(args: &Log, record: &Record, line: &str) -> bool {
    if record.seq <= args.since
        || args.until.is_some_and(|until| record.seq > until)
        || !is_in_time(args, record)
    {
        return false;
    }
    if args.task.is_empty() && args.types.is_empty() && args.by.is_empty() {
        return true;
    }
    let Ok(about) = serde_json::from_str::<About>(line) else {
        return false;
    };
    let task = about.task.unwrap_or_default();
    let by = about.by.unwrap_or_default();
    (args.by.is_empty() || args.by.contains(&by))
        && (args.task.is_empty() || args.task.contains(&task))
        && (args.types.is_empty() || args.types.contains(&about.kind))
}
