//! Archives: what a journal was before it was compacted. They are never changed, and never deleted here.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{JOURNAL, Journal, MAX_LINE};
use crate::{Body, Failure, Record, State};

/// A line begins with `seq`, `time` and `type`, which end before.
const TYPE_WITHIN: usize = 128;

/// Records that cannot be read because their archive is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The archive's name.
    pub archive: String,
    /// The last record in it.
    pub until: u64,
}

/// Name of an archive of the records from one to another.
pub(super) fn name(first: u64, last: u64) -> String {
    format!("journal.{first}-{last}.ndjson")
}

/// What a name says of an archive: its first and its last record. None when it is no archive's name.
pub(super) fn named(name: &str) -> Option<(u64, u64)> {
    let (first, last) = name
        .strip_prefix("journal.")?
        .strip_suffix(".ndjson")?
        .split_once('-')?;
    let whole = (first.parse().ok()?, last.parse().ok()?);
    // `+1` is a number, too, and a path is none.
    (self::name(whole.0, whole.1) == name).then_some(whole)
}

impl Journal {
    /// The newest records that are in an archive which is not there; `None` when nothing is missing.
    pub fn missing(&self) -> Option<&Missing> {
        self.missing.as_ref()
    }

    /// Whether another file has the journal's name by now: it was compacted.
    pub(super) fn is_replaced(&self) -> Result<bool, Failure> {
        let here = self
            .file
            .metadata()
            .map_err(|e| self.trouble("cannot read", &e))?;
        match std::fs::metadata(self.dir.join(JOURNAL)) {
            Ok(there) => Ok((here.dev(), here.ino()) != (there.dev(), there.ino())),
            // Somebody took it away: what they want is not known, and what we have is whole.
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(self.trouble("cannot find", &error)),
        }
    }

    /// Goes to the beginning of the file that has the first record after `seq`: the journal, or an archive of it.
    pub(super) fn begin_after(&mut self, seq: u64) -> Result<(), Failure> {
        let path = self.dir.join(JOURNAL);
        let opened = self.how.open(&path);
        self.file = opened.map_err(|e| self.trouble("cannot open again", &e))?;
        self.path = path;
        self.ahead.clear();
        self.files.clear();
        self.missing = None;
        let mut before = u64::MAX;
        while let Some((archive, last)) = self.stands_for()?.filter(|(_, last)| *last > seq) {
            // Nor does a chain that somebody has tied to itself go on for ever.
            if last >= before {
                return Err(self.damage("its first line names an archive of later records"));
            }
            before = last;
            let path = self.dir.join(&archive);
            match File::open(&path) {
                Ok(file) => {
                    let later = std::mem::replace(&mut self.file, file);
                    let later = (std::mem::replace(&mut self.path, path), later);
                    self.ahead.push_front(later);
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    let until = last;
                    self.missing = Some(Missing { archive, until });
                    break;
                }
                Err(error) => {
                    let failed = format!("cannot open {}", path.display());
                    return Err(Failure::trouble(failed).because(&error));
                }
            }
        }
        (self.offset, self.last_seq, self.given) = (0, 0, seq);
        Ok(())
    }

    /// Goes on in the next file, the one that we are in having been read to its `end`.
    pub(super) fn go_ahead(&mut self, end: u64) -> Result<(), Failure> {
        if self.offset < end {
            return Err(self.damage("the archive ends amid a line"));
        }
        if let Some((path, file)) = self.ahead.pop_front() {
            (self.path, self.file, self.offset) = (path, file, 0);
            self.given = self.given.max(self.last_seq);
        }
        Ok(())
    }

    /// The archive that the first line of the file stands for, and the last record in it.
    fn stands_for(&self) -> Result<Option<(String, u64)>, Failure> {
        let Some(record) = self.first_if_compacted(&self.file)? else {
            return Ok(None);
        };
        let Body::Compacted { archive, .. } = record.body else {
            return Ok(None);
        };
        let fits = named(&archive).filter(|(first, last)| *last == record.seq && first <= last);
        match fits {
            Some((_, last)) => Ok(Some((archive, last))),
            None => Err(self.damage("its first line names no archive that could come before it")),
        }
    }

    /// The states that files begin with, from the one that we are in up to the journal, each with the record that it is after.
    pub fn states(&self) -> Result<Vec<(u64, State)>, Failure> {
        let files = std::iter::once(&self.file).chain(self.ahead.iter().map(|(_, file)| file));
        let mut states = Vec::new();
        for file in files {
            if let Some(record) = self.first_if_compacted(file)?
                && let Body::Compacted { state, .. } = record.body
            {
                states.push((record.seq, *state));
            }
        }
        Ok(states)
    }

    /// The record on the first line of a file, when it stands for others. One that is damaged is told of when it is read.
    pub(super) fn first_if_compacted(&self, mut file: &File) -> Result<Option<Record>, Failure> {
        let failed = |e| self.trouble("cannot read", &e);
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        let mut reader = BufReader::with_capacity(1 << 16, file.take(MAX_LINE as u64));
        // Other first lines may be long, and nobody wants to read them twice.
        let begin = reader.fill_buf().map_err(failed)?;
        let begin = &begin[..begin.len().min(TYPE_WITHIN)];
        if memchr::memmem::find(begin, br#""type":"compacted""#).is_none() {
            return Ok(None);
        }
        let mut line = Vec::new();
        reader.read_until(b'\n', &mut line).map_err(failed)?;
        let line = line.strip_suffix(b"\n").unwrap_or_default();
        Ok(self.parse(line).ok().map(|(record, _)| record))
    }
}

/// The archive in a folder that ends with this record, or else the newest one: its path and its name.
pub(super) fn ending_with(dir: &Path, seq: Option<u64>) -> Option<(PathBuf, String)> {
    let names = std::fs::read_dir(dir).ok()?.flatten();
    let archives = names.filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        let (first, last) = named(&name)?;
        Some((last, first, name))
    });
    let fitting = archives.filter(|(last, ..)| seq.is_none_or(|seq| seq == *last));
    let (_, _, name) = fitting.max()?;
    Some((dir.join(&name), name))
}

/// What the records of an archive, and those before it, add up to.
pub(super) fn state_of(dir: &Path, path: &Path) -> Result<State, Failure> {
    let file = File::open(path).map_err(|error| {
        Failure::trouble(format!("cannot open {}", path.display())).because(&error)
    })?;
    let how = OpenOptions::new();
    let mut archive = Journal::at_start(dir, how, file, path.to_owned());
    let (mut state, end) = (State::default(), archive.length()?);
    archive.read_until(end, |record, _| state.apply(&record))?;
    archive.go_ahead(end)?;
    Ok(state)
}
