//! The journal: the truth of a run. What is not in it did not happen.
//!
//! Always true:
//!   (1) One record is one line; `seq` counts from 1 without a gap, through the archives and on in the journal.
//!   (2) Lines are written under an exclusive lock of the file, and only whole: a write that fails is taken back.
//!   (3) `append` returns after `fdatasync`. The sync comes after the lock is let go, so that many writers share one:
//!       a reader that acts on somebody's record appends after it, and its own sync then covers both.
//!   (4) Every line ends with the CRC-32 of what stands before it. A line without one, or with a wrong one, is damage
//!       and is never passed over: scripts append through `state-edit record`.
//!   (5) A torn last line can only be what a dead writer left; the next writer removes it and says so.
//!   (6) Readers never see what is taken back later: they ask for the end under a shared lock.
//!   (7) A journal that was compacted begins with a record that stands for all those before it; they are in the archive
//!       that it names. Who has the former file open goes on in the new one.

mod archive;
mod compact;
mod line;
mod open;
mod read;
mod repair;
mod snapshot;

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

pub use archive::Missing;
pub use compact::{Compacted, compact};
pub use line::Draft;
pub use repair::{Repaired, repair};
pub use snapshot::{load, refresh_snapshot, save, saved, view};

use line::{seal, unseal};

use crate::{Body, Failure, Record};

/// Longest line that is read, in bytes. A `run-started` of a million tasks has 100 MB.
pub const MAX_LINE: usize = 256 << 20;

/// Name of the journal in the run directory.
pub const JOURNAL: &str = "journal.ndjson";

/// An open journal, at some place in it.
#[derive(Debug)]
pub struct Journal {
    /// The run directory.
    dir: PathBuf,
    /// How the journal is opened again after it was compacted.
    how: OpenOptions,
    /// Where we are: in the journal, or still in an archive of it.
    file: File,
    path: PathBuf,
    /// What comes after it, up to the journal.
    ahead: VecDeque<(PathBuf, File)>,
    run: String,
    offset: u64,
    last_seq: u64,
    /// Records up to this one are read over: they were given before.
    given: u64,
    /// The files that were read, with the record on the first line of each.
    files: Vec<(PathBuf, u64)>,
    missing: Option<Missing>,
}

/// What an append came to.
#[derive(Debug, Default)]
pub struct Appended {
    /// Records that others had written since this handle looked last.
    pub foreign: Vec<Record>,
    /// The records as they were written.
    pub own: Vec<Record>,
    /// The lines of `own`, without checksum and end.
    pub lines: Vec<String>,
}

impl Journal {
    /// Goes to where a state stands, which has taken in everything before.
    pub fn seek(&mut self, offset: u64, last_seq: u64) {
        (self.offset, self.last_seq) = (offset, last_seq);
    }

    /// Names the run that appended records belong to, when it is not in the journal yet.
    pub fn name_run(&mut self, run: &str) {
        run.clone_into(&mut self.run);
    }

    /// The run that the records belong to, as far as they were read; empty while none is known.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// The seq of the last record that was read or written.
    pub fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// Where the last record that was read or written ends.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// How long the journal is now, in bytes.
    pub fn length(&self) -> Result<u64, Failure> {
        Ok(self
            .file
            .metadata()
            .map_err(|e| self.trouble("cannot read", &e))?
            .len())
    }

    /// Appends, durably.
    pub fn append(&mut self, bodies: Vec<Body>) -> Result<Appended, Failure> {
        let appended = self.transact(|_| Ok(bodies))?;
        self.sync()?;
        Ok(appended)
    }

    /// Appends what `decide` answers to the records that others wrote since, as one step that no other
    /// writer can come between. Not durable before [`Journal::sync`].
    pub fn transact(
        &mut self,
        decide: impl FnOnce(&[Record]) -> Result<Vec<Body>, Failure>,
    ) -> Result<Appended, Failure> {
        self.transact_drafts(|foreign| {
            let bodies = decide(foreign)?;
            Ok(bodies.into_iter().map(Draft::from).collect())
        })
    }

    /// As [`Journal::transact`], for records that others made.
    pub fn transact_drafts(
        &mut self,
        decide: impl FnOnce(&[Record]) -> Result<Vec<Draft>, Failure>,
    ) -> Result<Appended, Failure> {
        let mut foreign = Vec::new();
        self.lock(&mut foreign)?;
        let result = self.transact_locked(foreign, decide);
        let unlocked = self
            .file
            .unlock()
            .map_err(|e| self.trouble("cannot unlock", &e));
        let appended = result?;
        unlocked?;
        Ok(appended)
    }

    /// Locks the journal as it is now, not a file that has become an archive; takes what others wrote there.
    fn lock(&mut self, foreign: &mut Vec<Record>) -> Result<(), Failure> {
        loop {
            self.file
                .lock()
                .map_err(|e| self.trouble("cannot lock", &e))?;
            if !self.is_replaced()? {
                return Ok(());
            }
            self.file
                .unlock()
                .map_err(|e| self.trouble("cannot unlock", &e))?;
            self.read_each(|record| foreign.push(record))?;
        }
    }

    fn transact_locked(
        &mut self,
        mut foreign: Vec<Record>,
        decide: impl FnOnce(&[Record]) -> Result<Vec<Draft>, Failure>,
    ) -> Result<Appended, Failure> {
        let length = self.length()?;
        self.read_until(length, |record, _| foreign.push(record))?;
        let torn = self.torn_tail(length, &mut foreign)?;
        let mut drafts = decide(&foreign)?;
        if torn > 0 {
            // Only now: who is refused has nothing to say that it was removed in.
            self.file
                .set_len(self.offset)
                .map_err(|e| self.trouble("cannot repair", &e))?;
            let text = format!(
                "removed a torn last line of {torn} bytes, which a writer that died had left"
            );
            drafts.insert(0, Body::Note { text, task: None }.into());
        }
        let mut appended = self.write(drafts)?;
        appended.foreign = foreign;
        Ok(appended)
    }

    /// Makes everything up to now survive a power cut.
    pub fn sync(&self) -> Result<(), Failure> {
        self.file
            .sync_data()
            .map_err(|e| self.trouble("cannot sync", &e))
    }

    /// Another handle of the file, for a thread that makes durable what has been appended while others go on.
    ///
    /// Fails when no more files can be opened.
    pub fn handle(&self) -> Result<File, Failure> {
        self.file
            .try_clone()
            .map_err(|e| self.trouble("cannot open again", &e))
    }

    fn write(&mut self, drafts: Vec<Draft>) -> Result<Appended, Failure> {
        let time = crate::time::now();
        let mut text = String::new();
        let mut appended = Appended::default();
        for (seq, draft) in (self.last_seq + 1..).zip(drafts) {
            let run = self.run_of(draft.body());
            let (record, line) = draft.number(seq, time.clone(), run);
            let before = text.len();
            seal(&mut text, &line);
            if text.len() - before > MAX_LINE {
                return Err(Failure::input("a record is longer than 256 MiB"));
            }
            appended.own.push(record);
            appended.lines.push(line);
        }
        if appended.own.is_empty() {
            return Ok(appended);
        }
        if let Err(error) = (&self.file).write_all(text.as_bytes()) {
            // Half a line would be torn for the next reader; the records did not happen.
            let _ = self.file.set_len(self.offset);
            return Err(self.trouble("cannot append to", &error));
        }
        self.offset += text.len() as u64;
        self.last_seq += appended.own.len() as u64;
        Ok(appended)
    }

    fn run_of(&mut self, body: &Body) -> String {
        if let (true, Body::RunStarted { plan_id, .. }) = (self.run.is_empty(), body) {
            self.run.clone_from(plan_id);
        }
        self.run.clone()
    }

    /// Under the lock nobody else writes, so a line without an end is what a dead writer left. Says how long it
    /// is; one that lacks nothing but its end gets that and counts.
    fn torn_tail(&mut self, length: u64, foreign: &mut Vec<Record>) -> Result<u64, Failure> {
        let torn = length.saturating_sub(self.offset);
        if torn == 0 {
            return Ok(0);
        }
        let mut file = &self.file;
        let mut tail = Vec::new();
        file.seek(SeekFrom::Start(self.offset))
            .map_err(|e| self.trouble("cannot read", &e))?;
        file.take(MAX_LINE as u64)
            .read_to_end(&mut tail)
            .map_err(|e| self.trouble("cannot read", &e))?;
        let whole = self.parse(&tail).ok().map(|(record, _)| record);
        let Some(record) = whole.filter(|record| self.may_follow(record)) else {
            return Ok(torn);
        };
        file.write_all(b"\n")
            .map_err(|e| self.trouble("cannot append to", &e))?;
        (self.last_seq, self.offset) = (record.seq, self.offset + torn + 1);
        if !record.run.is_empty() {
            self.run.clone_from(&record.run);
        }
        foreign.push(record);
        Ok(0)
    }

    /// The record in a line, and the line without its checksum.
    fn parse(&self, line: &[u8]) -> Result<(Record, String), Failure> {
        let Some(body) = unseal(line) else {
            return Err(self.damage("a line does not match its checksum"));
        };
        let Ok(body) = std::str::from_utf8(body) else {
            return Err(self.damage("a line is not UTF-8"));
        };
        let text = format!("{body}}}");
        let record = Record::parse(&text)
            .map_err(|error| self.damage("a line is not a record").because(&error))?;
        Ok((record, text))
    }

    /// In which file and on which line a record that was read is.
    pub fn locate(&self, seq: u64) -> (&Path, u64) {
        let begins = |(_, first): &&(PathBuf, u64)| *first <= seq;
        let found = self.files.iter().rev().find(begins);
        let (path, first) = found.map_or((&self.path, 1), |(path, first)| (path, *first));
        (path, seq.saturating_sub(first) + 1)
    }

    /// Whether a record that was read is in an archive.
    pub fn is_archived(&self, seq: u64) -> bool {
        let compacted = self.files.len() > 1 || self.missing.is_some();
        compacted && self.files.last().is_some_and(|(_, first)| seq <= *first)
    }

    /// In which file and on which line the next record is, or what is in its place.
    pub fn here(&self) -> (&Path, u64) {
        match self.offset {
            0 => (&self.path, 1),
            _ => self.locate(self.last_seq + 1),
        }
    }

    fn trouble(&self, what: &str, error: &std::io::Error) -> Failure {
        Failure::trouble(format!("{what} the journal {}", self.path.display())).because(error)
    }

    fn damage(&self, what: &str) -> Failure {
        let place = format!("after record {} (byte {})", self.last_seq, self.offset);
        Failure::input(format!(
            "the journal {} is damaged {place}: {what}",
            self.path.display()
        ))
        .help("state-edit verify shows the place; state-edit repair keeps what can be saved")
    }
}

#[cfg(test)]
mod tests;
