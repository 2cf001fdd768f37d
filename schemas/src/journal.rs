//! The journal: the truth of a run. What is not in it did not happen.
//!
//! Always true:
//!   (1) One record is one line; `seq` counts from 1 without a gap.
//!   (2) Lines are written under an exclusive lock of the file, and only whole: a write that fails is taken back.
//!   (3) `append` returns after `fdatasync`. The sync comes after the lock is let go, so that many writers share one:
//!       a reader that acts on somebody's record appends after it, and its own sync then covers both.
//!   (4) Every line ends with the CRC-32 of what stands before it. A line without one, or with a wrong one, is damage
//!       and is never passed over: scripts append through `state-edit record`.
//!   (5) A torn last line can only be what a dead writer left; the next writer removes it and says so.
//!   (6) Readers never see what is taken back later: they ask for the end under a shared lock.

mod line;
mod repair;
mod snapshot;

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

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
    file: File,
    path: PathBuf,
    run: String,
    offset: u64,
    last_seq: u64,
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
    /// Opens the journal of a run directory, at its beginning; makes both when they are not there.
    pub fn open(dir: &Path) -> Result<Journal, Failure> {
        let trouble = |error: &std::io::Error| {
            Failure::trouble(format!("cannot open the run directory {}", dir.display()))
                .because(error)
        };
        std::fs::create_dir_all(dir).map_err(|e| trouble(&e))?;
        let path = dir.join(JOURNAL);
        let file = OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .open(&path)
            .map_err(|e| trouble(&e))?;
        if file.metadata().map_err(|e| trouble(&e))?.len() == 0 {
            // The records are synced one by one; the name of the file they are in only here.
            let synced = File::open(dir).and_then(|folder| folder.sync_all());
            synced.map_err(|e| trouble(&e))?;
        }
        Ok(Journal::at_start(file, path))
    }

    /// Opens the journal of a run that has begun. Without one: a failure of code 3, and nothing is made.
    pub fn open_existing(dir: &Path) -> Result<Journal, Failure> {
        Journal::open_as(dir, OpenOptions::new().read(true).append(true))
    }

    /// As [`Journal::open_existing`], only to read: in a folder that cannot be written to, too.
    pub fn open_to_read(dir: &Path) -> Result<Journal, Failure> {
        Journal::open_as(dir, OpenOptions::new().read(true))
    }

    fn open_as(dir: &Path, how: &OpenOptions) -> Result<Journal, Failure> {
        let path = dir.join(JOURNAL);
        match how.open(&path) {
            Ok(file) => Ok(Journal::at_start(file, path)),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let shown = dir.display();
                let missing = if dir.is_dir() {
                    format!("no run in {shown}: it has no {JOURNAL}")
                } else {
                    format!("no run directory {shown}")
                };
                Err(Failure::input(missing).help(
                    "name the run directory with --dir DIR or ORCHESTRATE_DIR; agent-dispatch makes one",
                ))
            }
            Err(error) => {
                let failed = format!("cannot open {}", path.display());
                Err(Failure::trouble(failed).because(&error))
            }
        }
    }

    fn at_start(file: File, path: PathBuf) -> Journal {
        Journal {
            file,
            path,
            run: String::new(),
            offset: 0,
            last_seq: 0,
        }
    }

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

    /// Reads the whole records that came since. Waits for no more than the write that is going on.
    pub fn read_new(&mut self) -> Result<Vec<Record>, Failure> {
        let mut records = Vec::new();
        self.read_each(|record| records.push(record))?;
        Ok(records)
    }

    /// As [`Journal::read_new`], one at a time.
    pub fn read_each(&mut self, mut take: impl FnMut(Record)) -> Result<(), Failure> {
        self.read_lines(|record, _| take(record))
    }

    /// As [`Journal::read_each`], with each record's line as it was written, without checksum and end:
    /// fields and types that are not known here are in it.
    pub fn read_lines(&mut self, take: impl FnMut(Record, &str)) -> Result<(), Failure> {
        self.read_until(self.settled()?, take)
    }

    /// How many bytes there are behind the last record that was read, leaving out what is being written now.
    /// When [`Journal::read_new`] finds nothing in them: the torn line of a writer that died.
    pub fn unread(&self) -> Result<u64, Failure> {
        Ok(self.settled()?.saturating_sub(self.offset))
    }

    /// Where what cannot be taken back ends.
    fn settled(&self) -> Result<u64, Failure> {
        // A file system without locks: the worst is then a record that a failing write takes back.
        let locked = self.file.lock_shared();
        let end = self.length();
        if locked.is_ok() {
            self.file
                .unlock()
                .map_err(|e| self.trouble("cannot unlock", &e))?;
        }
        end
    }

    fn read_until(&mut self, end: u64, mut take: impl FnMut(Record, &str)) -> Result<(), Failure> {
        if end <= self.offset {
            return Ok(());
        }
        let mut file = &self.file;
        file.seek(SeekFrom::Start(self.offset))
            .map_err(|e| self.trouble("cannot read", &e))?;
        let whole = file.take(end.saturating_sub(self.offset));
        let mut reader = BufReader::with_capacity(1 << 18, whole);
        let mut line = Vec::new();
        loop {
            line.clear();
            let mut limited = (&mut reader).take(MAX_LINE as u64 + 1);
            let size = limited
                .read_until(b'\n', &mut line)
                .map_err(|e| self.trouble("cannot read", &e))?;
            if size > MAX_LINE {
                return Err(self.damage("a line is longer than 256 MiB"));
            }
            if line.last() != Some(&b'\n') {
                return Ok(());
            }
            let (record, text) = self.parse(&line[..size - 1])?;
            if record.seq != self.last_seq + 1 {
                let text = format!("record {} follows record {}", record.seq, self.last_seq);
                return Err(self.damage(&text));
            }
            (self.last_seq, self.offset) = (record.seq, self.offset + size as u64);
            if !record.run.is_empty() {
                self.run.clone_from(&record.run);
            }
            take(record, &text);
        }
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
        self.file
            .lock()
            .map_err(|e| self.trouble("cannot lock", &e))?;
        let result = self.transact_locked(decide);
        let unlocked = self
            .file
            .unlock()
            .map_err(|e| self.trouble("cannot unlock", &e));
        let appended = result?;
        unlocked?;
        Ok(appended)
    }

    fn transact_locked(
        &mut self,
        decide: impl FnOnce(&[Record]) -> Result<Vec<Draft>, Failure>,
    ) -> Result<Appended, Failure> {
        let mut foreign = Vec::new();
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
        let Some(record) = whole.filter(|record| record.seq == self.last_seq + 1) else {
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
