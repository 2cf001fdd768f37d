//! `export`: a run as one document, to be kept or read elsewhere: its state, its records, its verdicts.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use schemas::document::{Reader, write_text};
use schemas::journal;
use schemas::{Body, Console, Exit, Failure};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::history;

/// Largest verdict that is taken along.
const VERDICT: u64 = 4 << 20;

/// Bytes that are written at once.
const CHUNK: usize = 64 << 10;

/// Runs `export`. The records are written as they are read: a run may be longer than there is memory.
pub(crate) fn run(console: &Console, dir: &Path) -> Result<Exit, Failure> {
    let not_json = |error| Failure::trouble("cannot write the run as JSON").because(&error);
    let (state, _) = journal::view(dir)?;
    let state = serde_json::to_string(&state).map_err(not_json)?;
    let mut text = format!("{{\"kind\":\"export\",\"version\":1,\"state\":{state},\"records\":[");
    let mut verdicts = BTreeSet::new();
    let (mut written, mut separator) = (Ok(Reader::There), "\n");
    history::open(console, dir)?.read_lines(|record, line| {
        verdicts.extend(verdict_of(&record.body).map(str::to_owned));
        text.push_str(separator);
        text.push_str(line);
        separator = ",\n";
        if text.len() > CHUNK && matches!(written, Ok(Reader::There)) {
            written = write_text(text.as_bytes());
            text.clear();
        }
    })?;
    if written? == Reader::Gone {
        return Ok(Exit::Yes);
    }
    text.push_str("\n],\"verdicts\":{");
    let mut separator = "\n";
    for name in verdicts {
        if let Some(verdict) = verdict(dir, &name) {
            text.push_str(&format!(
                "{separator}{}:{}",
                Value::from(name),
                verdict.get()
            ));
            separator = ",\n";
        }
    }
    text.push_str("\n}}\n");
    write_text(text.as_bytes())?;
    Ok(Exit::Yes)
}

fn verdict_of(body: &Body) -> Option<&str> {
    match body {
        Body::GateFinished { verdict_file, .. }
        | Body::MergeConflict { verdict_file, .. }
        | Body::MergeReverted { verdict_file, .. } => verdict_file.as_deref(),
        _ => None,
    }
}

/// A verdict of the run directory, as it is; never a file outside of it, whatever a record says.
fn verdict(dir: &Path, name: &str) -> Option<Box<RawValue>> {
    let dir: PathBuf = dir.canonicalize().ok()?;
    let path = dir
        .join(name)
        .canonicalize()
        .ok()
        .filter(|path| path.starts_with(&dir))?;
    let mut text = String::new();
    File::open(path)
        .ok()?
        .take(VERDICT)
        .read_to_string(&mut text)
        .ok()?;
    serde_json::from_str(&text).ok()
}
