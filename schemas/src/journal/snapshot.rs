//! `state.json`: the fold, kept so that nobody has to read the journal from its beginning.
//!
//! It is never the truth. Missing, torn, foreign or behind: it is made again from the journal.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::Journal;
use crate::{Failure, State};

/// Name of the state in the run directory.
const STATE: &str = "state.json";

/// The state of a run as its journal has it now, and the journal, at the end of what was read.
pub fn load(dir: &Path) -> Result<(State, Journal), Failure> {
    let mut journal = Journal::open(dir)?;
    let mut state = read(dir)
        .filter(|state| fits(&journal, state))
        .unwrap_or_default();
    journal.seek(state.journal_bytes, state.last_seq);
    journal.name_run(&state.run);
    journal.read_each(|record| state.apply(&record))?;
    state.journal_bytes = journal.offset();
    state.refresh();
    Ok((state, journal))
}

/// Writes the state so that a reader finds the old one or the new one, never neither, whatever happens:
/// temporary file in the same folder, fsync, rename, fsync of the folder.
pub fn save(dir: &Path, state: &State) -> Result<(), Failure> {
    let path = dir.join(STATE);
    let failed = |error: &std::io::Error| {
        Failure::trouble(format!("cannot write {}", path.display())).because(error)
    };
    let mut text = serde_json::to_vec_pretty(state)
        .map_err(|error| Failure::trouble("cannot write the state as JSON").because(&error))?;
    text.push(b'\n');
    let mut file = tempfile::Builder::new()
        .prefix(".state-")
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .tempfile_in(dir)
        .map_err(|e| failed(&e))?;
    file.write_all(&text).map_err(|e| failed(&e))?;
    file.as_file().sync_all().map_err(|e| failed(&e))?;
    file.persist(&path).map_err(|e| failed(&e.error))?;
    File::open(dir)
        .and_then(|folder| folder.sync_all())
        .map_err(|e| failed(&e))
}

/// Brings `state.json` up to the journal's end, unless somebody else is doing so.
///
/// Whoever appends calls this afterwards. One of many callers does the work for all: it looks at the journal's
/// length again after letting the lock go, so a record that was appended meanwhile is never left out.
pub fn refresh_snapshot(dir: &Path) -> Result<(), Failure> {
    let path = dir.join("state.lock");
    let lock = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|e| Failure::trouble(format!("cannot open {}", path.display())).because(&e))?;
    loop {
        if lock.try_lock().is_err() {
            return Ok(());
        }
        let (state, journal) = load(dir)?;
        let saved = save(dir, &state);
        let _ = lock.unlock();
        saved?;
        // A torn tail is not ours to mend here: it stays until the next append.
        if journal.length()? == journal.offset() || load(dir)?.0.last_seq == state.last_seq {
            return Ok(());
        }
    }
}

fn read(dir: &Path) -> Option<State> {
    let text = std::fs::read(dir.join(STATE)).ok()?;
    let state: State = serde_json::from_slice(&text).ok()?;
    (state.kind == "state" && state.version == 1).then_some(state)
}

/// Whether the journal has the state's last record where the state says that it ends.
fn fits(journal: &Journal, state: &State) -> bool {
    if state.last_seq == 0 || state.journal_bytes == 0 {
        return false;
    }
    // The record's `seq` is at the start of its line; 64 KiB back there is one, or the state is made anew.
    let start = state.journal_bytes.saturating_sub(64 << 10);
    let mut tail = Vec::new();
    let mut file = &journal.file;
    let read = file.seek(SeekFrom::Start(start)).and_then(|_| {
        file.take(state.journal_bytes - start)
            .read_to_end(&mut tail)
    });
    if read.is_err() || tail.len() as u64 != state.journal_bytes - start {
        return false;
    }
    let Some(body) = tail.strip_suffix(b"\n") else {
        return false;
    };
    let from = body
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    journal
        .parse(&body[from..])
        .is_ok_and(|record| record.seq == state.last_seq)
}
