//! Mending a damaged journal: what is whole is kept, what is lost is named, and a copy is made before.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::line::{Draft, seal, unseal};
use super::{JOURNAL, Journal, archive, compact};
use crate::{Body, Failure, Record};

/// Records in a row that may be missing: a larger gap is no damage, but another journal's line.
const GAP: u64 = 10_000;

/// What a repair came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Repaired {
    /// Records that stood in damaged lines or were missing; each is a note now.
    pub lost: Vec<u64>,
    /// Records that somebody had appended without a checksum, and that have one now.
    pub adopted: u64,
    /// Lines that could be no record of this journal, and bytes behind the last line.
    pub removed: u64,
    /// The archive from which the first line was made again, which stands for its records.
    pub rebuilt: Option<String>,
    /// The journal as it was.
    pub copy: Option<PathBuf>,
}

impl Repaired {
    /// Whether there is nothing to mend.
    pub fn is_whole(&self) -> bool {
        self.lost.is_empty() && self.adopted == 0 && self.removed == 0 && self.rebuilt.is_none()
    }
}

/// Mends the journal of a run directory, in place and under its lock: a damaged record becomes a note of its number, so
/// that those behind it keep theirs. With `really` unset nothing is written. No dispatcher may be at work.
pub fn repair(dir: &Path, really: bool) -> Result<Repaired, Failure> {
    let mut journal = Journal::open_existing(dir)?;
    journal
        .file
        .lock()
        .map_err(|e| journal.trouble("cannot lock", &e))?;
    let repaired = repair_locked(dir, &mut journal, really);
    let _ = journal.file.unlock();
    repaired
}

fn repair_locked(dir: &Path, journal: &mut Journal, really: bool) -> Result<Repaired, Failure> {
    let length = journal.length()?;
    match journal.read_until(length, |_, _| {}) {
        Err(failure) if failure.exit != crate::Exit::Input => return Err(failure),
        _ if journal.offset == length => return Ok(Repaired::default()),
        _ => {}
    }
    let mut rest = Vec::new();
    let mut file = &journal.file;
    file.seek(SeekFrom::Start(journal.offset))
        .and_then(|_| file.read_to_end(&mut rest))
        .map_err(|e| journal.trouble("cannot read", &e))?;
    let mut mend = Mend {
        last: journal.last_seq,
        run: journal.run.clone(),
        text: String::new(),
        bad: Vec::new(),
        repaired: Repaired::default(),
    };
    let mut lines = rest.split_inclusive(|byte| *byte == b'\n');
    if journal.offset == 0 && mend.begin_anew(journal, lines.clone())? {
        lines.next();
    }
    lines.for_each(|line| mend.line(line));
    mend.end();
    if !really {
        return Ok(mend.repaired);
    }
    let copy = copy(dir, journal)?;
    let name = copy
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    mend.append(Body::Note {
        text: format!("the journal was repaired; as it was before, it is in {name}"),
        task: None,
    });
    file.set_len(journal.offset)
        .and_then(|()| file.write_all(mend.text.as_bytes()))
        .and_then(|()| file.sync_all())
        .map_err(|e| {
            let failed = journal.trouble("cannot repair", &e);
            failed.help(format!("what it was is in {name}"))
        })?;
    mend.repaired.copy = Some(copy);
    Ok(mend.repaired)
}

struct Mend {
    last: u64,
    run: String,
    text: String,
    /// Damaged lines since the last whole one: the record, where it lacks nothing but its checksum.
    bad: Vec<Option<Map<String, Value>>>,
    repaired: Repaired,
}

impl Mend {
    /// Makes the first line of a compacted journal again, from the archive that it stood for; says whether there is one.
    fn begin_anew<'a>(
        &mut self,
        journal: &Journal,
        lines: impl Iterator<Item = &'a [u8]>,
    ) -> Result<bool, Failure> {
        let next = lines.filter_map(whole).map(|(record, _)| record).next();
        let last = next.as_ref().map(|record| record.seq.saturating_sub(1));
        let Some((path, name)) = archive::ending_with(&journal.dir, last) else {
            return Ok(false);
        };
        let state = archive::state_of(&journal.dir, &path)?;
        if next.is_some_and(|next| next.run != state.run) {
            return Ok(false);
        }
        (self.last, self.run) = (state.last_seq, state.run.clone());
        self.text = compact::first_line(&name, state)?;
        self.repaired.rebuilt = Some(name);
        Ok(true)
    }

    fn line(&mut self, line: &[u8]) {
        let Some((record, whole)) = whole(line).filter(|(record, _)| self.may_follow(record.seq))
        else {
            self.bad.push(unsealed(line));
            return;
        };
        self.fill(record.seq - self.last - 1);
        self.text.push_str(whole);
        self.text.push('\n');
        self.last = record.seq;
    }

    fn may_follow(&self, seq: u64) -> bool {
        seq > self.last && seq - self.last <= GAP
    }

    /// The records that are missing: from the damaged lines where those tell, else a note that they are lost.
    fn fill(&mut self, missing: u64) {
        let bad = std::mem::take(&mut self.bad);
        let mut lines = bad.len() as u64;
        let mut bad = bad.into_iter();
        for _ in 0..missing {
            lines = lines.saturating_sub(1);
            match bad
                .next()
                .flatten()
                .and_then(|object| Draft::given(object).ok())
            {
                Some(draft) => self.adopt(draft),
                None => self.lose(),
            }
        }
        self.repaired.removed += lines;
    }

    /// Behind the last whole line there is no number that tells how many are missing.
    fn end(&mut self) {
        for bad in std::mem::take(&mut self.bad) {
            match bad.and_then(|object| Draft::given(object).ok()) {
                Some(draft) => self.adopt(draft),
                None => self.repaired.removed += 1,
            }
        }
    }

    fn adopt(&mut self, draft: Draft) {
        self.repaired.adopted += 1;
        self.push(draft);
    }

    fn lose(&mut self) {
        let seq = self.last + 1;
        self.repaired.lost.push(seq);
        self.append(Body::Note {
            text: format!("record {seq} was damaged and is lost"),
            task: None,
        });
    }

    fn append(&mut self, body: Body) {
        self.push(body.into());
    }

    fn push(&mut self, draft: Draft) {
        self.last += 1;
        let (_, line) = draft.number(self.last, crate::time::now(), self.run.clone());
        seal(&mut self.text, &line);
    }
}

/// A line that is as it was written, and its record.
fn whole(line: &[u8]) -> Option<(Record, &str)> {
    let line = line.strip_suffix(b"\n")?;
    let body = std::str::from_utf8(unseal(line)?).ok()?;
    let record = Record::parse(&format!("{body}}}")).ok()?;
    Some((record, std::str::from_utf8(line).ok()?))
}

/// A record that was appended by somebody who knows no checksums. One whose checksum is wrong is not what was written.
fn unsealed(line: &[u8]) -> Option<Map<String, Value>> {
    let object: Map<String, Value> = serde_json::from_slice(line).ok()?;
    (object.contains_key("type") && !object.contains_key("crc")).then_some(object)
}

/// The journal as it is, beside it, safe from a power cut before anything is changed.
fn copy(dir: &Path, journal: &Journal) -> Result<PathBuf, Failure> {
    let stamp: String = crate::time::now()
        .chars()
        .filter(|c| c.is_ascii_digit())
        .collect();
    let path = dir.join(format!("{JOURNAL}.damaged-{stamp}"));
    let copied = OpenOptions::new()
        .create_new(true)
        .write(true)
        .open(&path)
        .and_then(|mut to| {
            let mut from = &journal.file;
            from.seek(SeekFrom::Start(0))?;
            std::io::copy(&mut from, &mut to)?;
            to.sync_all()?;
            File::open(dir)?.sync_all()
        });
    copied.map_err(|error| {
        let failed = format!("cannot copy the journal to {}", path.display());
        Failure::trouble(failed).because(&error)
    })?;
    Ok(path)
}
