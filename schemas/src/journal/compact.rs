//! Compacting: what has happened goes to an archive, and the journal begins anew with what it added up to.
//!
//! Whatever happens between two steps, the journal is the old one or the new one: the archive is whole and durable, its name
//! too, before the new journal takes the old one's place. Both are locked until that is durable, or what somebody appends to
//! the new one could be lost with its name.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::archive;
use super::line::seal;
use super::{JOURNAL, Journal, MAX_LINE};
use crate::{Body, Failure, Record, State};

/// Where the archive and the journal are written before they get their names. There is one writer: whoever has the lock.
const FRESH: &str = ".journal.ndjson.new";

/// What compacting came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Compacted {
    /// The archive that was made; none when there was nothing to put there.
    pub archive: Option<PathBuf>,
    /// Records in it.
    pub records: u64,
    /// Length of the journal in bytes: as it was, and as it is.
    pub bytes: (u64, u64),
}

/// Puts all records of a journal into an archive beside it. No dispatcher may be at work.
pub fn compact(dir: &Path) -> Result<Compacted, Failure> {
    let mut journal = Journal::open_existing(dir)?;
    let mut state = State::default();
    // The most of it before the lock. From the beginning: nobody reads these lines again but to look back.
    journal.read_each(|record| state.apply(&record))?;
    let mut foreign = Vec::new();
    journal.lock(&mut foreign)?;
    let compacted = compact_locked(&mut journal, foreign, state);
    let _ = journal.file.unlock();
    compacted
}

fn compact_locked(
    journal: &mut Journal,
    foreign: Vec<Record>,
    mut state: State,
) -> Result<Compacted, Failure> {
    // A torn last line is noted and does not go into the archive.
    let last = journal.transact_locked(foreign, |_| Ok(Vec::new()))?;
    for record in last.foreign.iter().chain(&last.own) {
        state.apply(record);
    }
    let length = journal.length()?;
    let stands_for = journal
        .first_if_compacted(&journal.file)?
        .map_or(0, |record| record.seq);
    let mut compacted = Compacted {
        bytes: (length, length),
        ..Compacted::default()
    };
    if journal.last_seq == stands_for {
        return Ok(compacted);
    }
    let name = archive::name(stands_for + 1, journal.last_seq);
    let first = first_line(&name, state)?;
    compacted.archive = Some(keep(journal, &name)?);
    replace(journal, &first)?;
    compacted.records = journal.last_seq - stands_for;
    compacted.bytes.1 = first.len() as u64;
    Ok(compacted)
}

/// The line that stands for all before it.
pub(super) fn first_line(archive: &str, mut state: State) -> Result<String, Failure> {
    state.refresh();
    state.journal_bytes = 0;
    let record = Record {
        seq: state.last_seq,
        time: state.updated_at.clone().unwrap_or_default(),
        run: state.run.clone(),
        source: None,
        body: Body::Compacted {
            archive: archive.to_owned(),
            state: Box::new(state),
        },
    };
    let line = record.to_line();
    // From now on it is the truth: what is read must be what was written.
    if Record::parse(&line).ok().as_ref() != Some(&record) {
        return Err(Failure::trouble(
            "the state of the run cannot be written down and read again",
        ));
    }
    let mut text = String::new();
    seal(&mut text, &line);
    if text.len() > MAX_LINE {
        return Err(Failure::input("the state is longer than 256 MiB"));
    }
    Ok(text)
}

/// Makes the archive, durable with its name.
fn keep(journal: &Journal, name: &str) -> Result<PathBuf, Failure> {
    let path = journal.dir.join(name);
    let failed = |error: &std::io::Error| {
        Failure::trouble(format!("cannot write {}", path.display())).because(error)
    };
    if let Ok(there) = File::open(&path) {
        // Whoever was interrupted has left it.
        if !is_same(&journal.file, &there).map_err(|e| failed(&e))? {
            let message = format!("{} is there, and is something else", path.display());
            return Err(Failure::no(message).help("move it away"));
        }
    }
    write(journal, &path, |fresh| {
        let mut from = &journal.file;
        from.seek(SeekFrom::Start(0))?;
        std::io::copy(&mut from, fresh).map(|_| ())
    })
    .map_err(|e| failed(&e))?;
    Ok(path)
}

/// Gives the journal's name to a new file, which is locked meanwhile.
fn replace(journal: &Journal, first: &str) -> Result<(), Failure> {
    let path = journal.dir.join(JOURNAL);
    write(journal, &path, |fresh| fresh.write_all(first.as_bytes())).map_err(|error| {
        Failure::trouble(format!("cannot replace {}", path.display())).because(&error)
    })
}

/// Temporary file in the same folder, fsync, rename, fsync of the folder.
fn write(
    journal: &Journal,
    path: &Path,
    fill: impl FnOnce(&mut File) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let fresh = journal.dir.join(FRESH);
    let written = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .open(&fresh)
        .and_then(|mut file| {
            // A file system without locks: the worst is then a record that a power cut takes back.
            let _ = file.lock();
            fill(&mut file)?;
            file.set_permissions(journal.file.metadata()?.permissions())?;
            file.sync_all()?;
            std::fs::rename(&fresh, path)?;
            Ok(file)
        });
    if written.is_err() {
        let _ = std::fs::remove_file(&fresh);
    }
    let _locked = written?;
    File::open(&journal.dir)?.sync_all()
}

fn is_same(mut a: &File, mut b: &File) -> std::io::Result<bool> {
    if a.metadata()?.len() != b.metadata()?.len() {
        return Ok(false);
    }
    a.seek(SeekFrom::Start(0))?;
    let (mut ours, mut theirs) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        let size = a.read(&mut ours)?;
        b.read_exact(&mut theirs[..size])?;
        if size == 0 || ours[..size] != theirs[..size] {
            return Ok(size == 0);
        }
    }
}

#[cfg(test)]
mod tests;
