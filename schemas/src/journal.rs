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

mod snapshot;

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

pub use snapshot::{load, refresh_snapshot, save};

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
        Ok(Journal {
            file,
            path,
            run: String::new(),
            offset: 0,
            last_seq: 0,
        })
    }

    /// Goes to where a state stands, which has taken in everything before.
    pub fn seek(&mut self, offset: u64, last_seq: u64) {
        (self.offset, self.last_seq) = (offset, last_seq);
    }

    /// Names the run that appended records belong to, when it is not in the journal yet.
    pub fn name_run(&mut self, run: &str) {
        run.clone_into(&mut self.run);
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

    /// Reads the whole records that came since. Needs no lock: a line that is being written has no end yet.
    pub fn read_new(&mut self) -> Result<Vec<Record>, Failure> {
        let mut records = Vec::new();
        self.read_each(|record| records.push(record))?;
        Ok(records)
    }

    /// As [`Journal::read_new`], one at a time.
    pub fn read_each(&mut self, mut take: impl FnMut(Record)) -> Result<(), Failure> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(self.offset))
            .map_err(|e| self.trouble("cannot read", &e))?;
        let mut reader = BufReader::with_capacity(1 << 18, file);
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
            let record = self.parse(&line[..size - 1])?;
            if record.seq != self.last_seq + 1 {
                let text = format!("record {} follows record {}", record.seq, self.last_seq);
                return Err(self.damage(&text));
            }
            (self.last_seq, self.offset) = (record.seq, self.offset + size as u64);
            if !record.run.is_empty() {
                self.run.clone_from(&record.run);
            }
            take(record);
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
        decide: impl FnOnce(&[Record]) -> Result<Vec<Body>, Failure>,
    ) -> Result<Appended, Failure> {
        let mut foreign = self.read_new()?;
        let mut own = Vec::new();
        if let Some(note) = self.mend_tail(&mut foreign)? {
            own.push(note);
        }
        own.extend(decide(&foreign)?);
        let own = self.write(own)?;
        Ok(Appended { foreign, own })
    }

    /// Makes everything up to now survive a power cut.
    pub fn sync(&self) -> Result<(), Failure> {
        self.file
            .sync_data()
            .map_err(|e| self.trouble("cannot sync", &e))
    }

    fn write(&mut self, bodies: Vec<Body>) -> Result<Vec<Record>, Failure> {
        let time = crate::time::now();
        let mut text = String::new();
        let mut records = Vec::with_capacity(bodies.len());
        for (seq, body) in (self.last_seq + 1..).zip(bodies) {
            let record = Record {
                seq,
                time: time.clone(),
                run: self.run_of(&body),
                body,
            };
            text.push_str(&seal(&record.to_line()));
            text.push('\n');
            records.push(record);
        }
        if records.is_empty() {
            return Ok(records);
        }
        if let Err(error) = (&self.file).write_all(text.as_bytes()) {
            // Half a line would be torn for the next reader; the records did not happen.
            let _ = self.file.set_len(self.offset);
            return Err(self.trouble("cannot append to", &error));
        }
        self.offset += text.len() as u64;
        self.last_seq += records.len() as u64;
        Ok(records)
    }

    fn run_of(&mut self, body: &Body) -> String {
        if let (true, Body::RunStarted { plan_id, .. }) = (self.run.is_empty(), body) {
            self.run.clone_from(plan_id);
        }
        self.run.clone()
    }

    /// Under the lock nobody else writes, so a line without an end is what a dead writer left.
    fn mend_tail(&mut self, foreign: &mut Vec<Record>) -> Result<Option<Body>, Failure> {
        let torn = self.length()?.saturating_sub(self.offset);
        if torn == 0 {
            return Ok(None);
        }
        let mut file = &self.file;
        let mut tail = Vec::new();
        file.seek(SeekFrom::Start(self.offset))
            .map_err(|e| self.trouble("cannot read", &e))?;
        file.take(MAX_LINE as u64)
            .read_to_end(&mut tail)
            .map_err(|e| self.trouble("cannot read", &e))?;
        let whole = self
            .parse(&tail)
            .ok()
            .filter(|record| record.seq == self.last_seq + 1);
        if let Some(record) = whole {
            file.write_all(b"\n")
                .map_err(|e| self.trouble("cannot append to", &e))?;
            (self.last_seq, self.offset) = (record.seq, self.offset + torn + 1);
            foreign.push(record);
            return Ok(None);
        }
        self.file
            .set_len(self.offset)
            .map_err(|e| self.trouble("cannot repair", &e))?;
        let text =
            format!("removed a torn last line of {torn} bytes, which a writer that died had left");
        Ok(Some(Body::Note { text, task: None }))
    }

    fn parse(&self, line: &[u8]) -> Result<Record, Failure> {
        let Ok(text) = std::str::from_utf8(line) else {
            return Err(self.damage("a line is not UTF-8"));
        };
        if sum_of(line).is_none_or(|(body, sum)| crc32fast::hash(body) != sum) {
            return Err(self.damage("a line does not match its checksum"));
        }
        Record::parse(text).map_err(|error| self.damage("a line is not a record").because(&error))
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
        .help("state-edit verify shows the place; a copy of the folder keeps what can be saved")
    }
}

/// The record's line with its checksum as the last field.
fn seal(line: &str) -> String {
    let body = line.strip_suffix('}').unwrap_or(line);
    format!(
        "{body},\"crc\":\"{:08x}\"}}",
        crc32fast::hash(body.as_bytes())
    )
}

/// What the checksum is over, and the checksum, when the line has one.
fn sum_of(line: &[u8]) -> Option<(&[u8], u32)> {
    let (body, tail) = line.split_at_checked(line.len().checked_sub(18)?)?;
    let digits = tail.strip_prefix(b",\"crc\":\"")?.strip_suffix(b"\"}")?;
    let sum = u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    Some((body, sum))
}

#[cfg(test)]
mod tests;
