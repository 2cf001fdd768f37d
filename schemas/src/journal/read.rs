//! Reading: whole records only, in their order, from one file into the next.

use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};

use super::{Journal, MAX_LINE};
use crate::{Body, Failure, Record};

impl Journal {
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
    pub fn read_lines(&mut self, mut take: impl FnMut(Record, &str)) -> Result<(), Failure> {
        loop {
            // An archive does not grow.
            let end = match self.ahead.is_empty() {
                true => self.settled()?,
                false => self.length()?,
            };
            self.read_until(end, &mut take)?;
            if !self.ahead.is_empty() {
                self.go_ahead(end)?;
            } else if self.is_replaced()? {
                self.begin_after(self.last_seq.max(self.given))?;
            } else {
                return Ok(());
            }
        }
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

    pub(super) fn read_until(
        &mut self,
        end: u64,
        mut take: impl FnMut(Record, &str),
    ) -> Result<(), Failure> {
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
            if !self.may_follow(&record) {
                let text = format!("record {} follows record {}", record.seq, self.last_seq);
                return Err(self.damage(&text));
            }
            if self.offset == 0 {
                self.files.push((self.path.clone(), record.seq));
            }
            (self.last_seq, self.offset) = (record.seq, self.offset + size as u64);
            if !record.run.is_empty() {
                self.run.clone_from(&record.run);
            }
            if record.seq > self.given {
                take(record, &text);
            }
        }
    }

    /// Whether a record may stand where we are. One that stands for those before it can only be the first, and has the
    /// number of the last record of the archive, when that was read.
    pub(super) fn may_follow(&self, record: &Record) -> bool {
        match record.body {
            Body::Compacted { .. } => {
                self.offset == 0 && (self.last_seq == 0 || record.seq == self.last_seq)
            }
            _ => record.seq == self.last_seq + 1,
        }
    }
}
