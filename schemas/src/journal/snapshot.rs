//! `state.json`: the fold, kept so that nobody has to read the journal from its beginning.
//!
//! It is never the truth. Missing, torn, foreign or behind: it is made again from the journal.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::Journal;
use crate::{Failure, State};

/// Name of the state in the run directory.
const STATE: &str = "state.json";

/// Where the state is written before it gets its name. There is one, as there is one writer: whoever has the
/// lock. So a writer that is killed leaves nothing that piles up.
const FRESH: &str = ".state.json.new";

/// The state of a run as its journal has it now, and the journal, at the end of what was read.
pub fn load(dir: &Path) -> Result<(State, Journal), Failure> {
    fold(dir, Journal::open(dir)?)
}

/// As [`load`], for those who only look: nothing is made or written, and without a run it fails with code 3.
pub fn view(dir: &Path) -> Result<(State, Journal), Failure> {
    fold(dir, Journal::open_to_read(dir)?)
}

/// The state as it was saved last, when the journal bears it out.
pub fn saved(dir: &Path, journal: &Journal) -> Option<State> {
    let text = std::fs::read(dir.join(STATE)).ok()?;
    let state: State = serde_json::from_slice(&text).ok()?;
    (state.kind == "state" && state.version == 1 && fits(journal, &state)).then_some(state)
}

fn fold(dir: &Path, mut journal: Journal) -> Result<(State, Journal), Failure> {
    let mut state = saved(dir, &journal).unwrap_or_default();
    journal.seek(state.journal_bytes, state.last_seq);
    journal.name_run(&state.run);
    journal.read_each(|record| state.apply(&record))?;
    state.journal_bytes = journal.offset();
    state.refresh();
    Ok((state, journal))
}

/// Writes the state, with what others appended since it was folded: a newer one is never replaced by an older.
pub fn save(dir: &Path, state: &State) -> Result<(), Failure> {
    let lock = open_lock(dir)?;
    lock.lock()
        .map_err(|e| Failure::trouble("cannot lock state.lock").because(&e))?;
    let caught_up = catch_up(dir, state);
    let newer = caught_up.as_ref().and_then(|(newer, _)| newer.as_ref());
    let written = write(dir, newer.unwrap_or(state));
    let _ = lock.unlock();
    written?;
    match caught_up {
        Some((_, journal)) if journal.unread()? > 0 => refresh_snapshot(dir),
        _ => Ok(()),
    }
}

/// The state with the records that came since, where there are any: a copy of a large state for nothing would be dear.
/// None when the journal is not the state's.
fn catch_up(dir: &Path, state: &State) -> Option<(Option<State>, Journal)> {
    let mut journal = Journal::open_to_read(dir).ok()?;
    journal.seek(state.journal_bytes, state.last_seq);
    let mut newer: Option<State> = None;
    let caught_up = journal.read_each(|record| {
        let newer = newer.get_or_insert_with(|| state.clone());
        newer.apply(&record);
    });
    caught_up.ok()?;
    if let Some(newer) = &mut newer {
        newer.journal_bytes = journal.offset();
        newer.refresh();
    }
    Some((newer, journal))
}

/// Writes the state so that a reader finds the old one or the new one, never neither, whatever happens:
/// temporary file in the same folder, fsync, rename, fsync of the folder.
fn write(dir: &Path, state: &State) -> Result<(), Failure> {
    let path = dir.join(STATE);
    let failed = |error: &std::io::Error| {
        Failure::trouble(format!("cannot write {}", path.display())).because(error)
    };
    let fresh = dir.join(FRESH);
    let written = File::create(&fresh).and_then(|file| {
        let mut text = BufWriter::with_capacity(1 << 16, file);
        serde_json::to_writer_pretty(&mut text, state)?;
        text.write_all(b"\n")?;
        text.into_inner()?.sync_all()
    });
    if let Err(error) = written {
        // On a full disk half a state is in the way of those who could still write.
        let _ = std::fs::remove_file(&fresh);
        return Err(failed(&error));
    }
    std::fs::rename(&fresh, &path).map_err(|e| failed(&e))?;
    File::open(dir)
        .and_then(|folder| folder.sync_all())
        .map_err(|e| failed(&e))
}

/// Brings `state.json` up to the journal's end, unless somebody else is doing so.
///
/// Whoever appends calls this afterwards. One of many callers does the work for all: it looks at the journal's
/// length again after letting the lock go, so a record that was appended meanwhile is never left out.
pub fn refresh_snapshot(dir: &Path) -> Result<(), Failure> {
    let lock = open_lock(dir)?;
    loop {
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(()),
            Err(TryLockError::Error(error)) => {
                return Err(Failure::trouble("cannot lock state.lock").because(&error));
            }
        }
        let saved = load(dir).and_then(|(state, journal)| {
            write(dir, &state)?;
            Ok((state, journal))
        });
        let _ = lock.unlock();
        let (state, journal) = saved?;
        // A torn tail is not ours to mend here: it stays until the next append.
        if journal.length()? == journal.offset() || load(dir)?.0.last_seq == state.last_seq {
            return Ok(());
        }
    }
}

fn open_lock(dir: &Path) -> Result<File, Failure> {
    let path = dir.join("state.lock");
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|e| Failure::trouble(format!("cannot open {}", path.display())).because(&e))
}

/// Whether the journal has the state's last record where the state says that it ends.
fn fits(journal: &Journal, state: &State) -> bool {
    if state.last_seq == 0 || state.journal_bytes == 0 {
        return false;
    }
    // 64 KiB back the last record's line begins, or the state is made anew.
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
    // The time too: after a power cut, or in a folder that was used again, another record may have the same
    // number and end at the same byte.
    journal.parse(&body[from..]).is_ok_and(|(record, _)| {
        record.seq == state.last_seq && Some(&record.time) == state.updated_at.as_ref()
    })
}
