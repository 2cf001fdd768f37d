//! Copies that a rotation makes before it cuts a file off (`copytruncate`): what has been read is not read again.
//!
//! A copy is known by its name, which is the original's with a number, a date or a word, and by its bytes. As long as it
//! has nothing but those of its original, nothing is told of it. What the original had, and was cut off before anybody read
//! it, is read in the copy.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crc32fast::Hasher;
use schemas::Failure;

use super::Follower;
use super::followed::{Followed, Life};
use crate::intake::{Ending, Intake, Opening};

/// Words that a rotation, an editor or a person puts behind the name of a copy.
const WORDS: [&str; 7] = ["old", "bak", "backup", "orig", "prev", "save", "copy"];

/// The shortest date, as in `a-20260101.log`.
const DATE: usize = 8;

/// Bytes that are compared at once.
const PIECE: usize = 64 << 10;

/// What a file with the name of a copy is.
#[derive(Debug, PartialEq, Eq)]
enum Kind {
    /// Up to here a copy; nothing is to be told of it yet.
    Copy(u64),
    /// To be read from here on, as what its original had.
    Rest(u64),
    /// A file of its own.
    Own,
}

impl Follower {
    /// Finds out whether a file is a copy. If it is none, it has a stream from then on.
    pub(super) fn judge(&mut self, number: usize, intake: &mut dyn Intake) -> Result<(), Failure> {
        let Some(copy) = self.files.get(number) else {
            return Ok(());
        };
        let (path, before) = (copy.path.clone(), size(copy));
        // Its original may have forgotten by now that it was this.
        if before > 0 && before == copy.position {
            return Ok(());
        }
        let mut names = originals(&path).into_iter();
        let Some(original) = names.find_map(|name| self.files.at_path(&name)) else {
            self.begin(number, None, intake);
            return Ok(());
        };
        // Asked after the size of the copy: by then, all that was copied has been read, or was cut off.
        self.read(original, intake)?;
        let (Some(copy), Some(original)) = (self.files.get(number), self.files.get(original))
        else {
            self.files.mark(number);
            return Ok(());
        };
        let is_behind = original.is_dirty;
        let kind = kind(copy, before, original);
        let is_cut = || original.look().is_ok_and(|look| !look.is_the_same);
        if is_behind || kind == Kind::Own && is_cut() {
            self.files.mark(number);
            return Ok(());
        }
        let name = original.name.clone();
        let Some(copy) = self.files.get_mut(number) else {
            return Ok(());
        };
        match kind {
            Kind::Copy(known) => {
                copy.pass_over(known);
                return Ok(());
            }
            Kind::Rest(known) => copy.pass_over(known),
            Kind::Own => copy.begin_anew(),
        }
        let name = matches!(kind, Kind::Rest(_)).then_some(name);
        self.begin(number, name, intake);
        Ok(())
    }

    /// A file was cut off: what comes is another stream.
    pub(super) fn begin_again(
        &mut self,
        number: usize,
        intake: &mut dyn Intake,
    ) -> Result<(), Failure> {
        self.read_in_copy(number, intake)?;
        if let Some(file) = self.files.get_mut(number) {
            if let Some(stream) = file.stream {
                intake.end(stream, Ending::Cut)?;
            }
            file.begin_anew();
        }
        self.begin(number, None, intake);
        Ok(())
    }

    /// What a file had when it was cut off, and nobody has read, is read in its copy, as if it were still there.
    fn read_in_copy(&mut self, number: usize, intake: &mut dyn Intake) -> Result<(), Failure> {
        let Some(file) = self.files.get(number) else {
            return Ok(());
        };
        let now = Life {
            position: file.position,
            head: file.head.clone(),
            sum: file.sum.clone().map(Hasher::finalize),
        };
        let is_copy = |copy: &&Followed| {
            copy.stream.is_none()
                && originals(&copy.path).contains(&file.path)
                && matches!(of_life(&now, copy, size(copy)), Some(Kind::Rest(_)))
        };
        let copy = self.files.iter().find(is_copy);
        let Some(copy) = copy.and_then(|copy| copy.file.try_clone().ok()) else {
            return Ok(());
        };
        let (Some(file), mut buffer) = (self.files.get_mut(number), vec![0; PIECE]) else {
            return Ok(());
        };
        while let Some(stream) = file.stream {
            let read = copy.read_at(&mut buffer, file.position).unwrap_or(0);
            if read == 0 {
                break;
            }
            intake.piece(stream, &buffer[..read])?;
            file.have_read(&buffer[..read]);
        }
        Ok(())
    }

    /// From here on, what a file has is told; as another one's, when a name is given.
    pub(super) fn begin(&mut self, number: usize, name: Option<String>, intake: &mut dyn Intake) {
        if let Some(file) = self.files.get_mut(number) {
            file.name = name.unwrap_or_else(|| std::mem::take(&mut file.name));
            file.stream = Some(intake.begin(Opening {
                name: &file.name,
                is_named: self.sources[file.source].name.is_some(),
                ..Opening::default()
            }));
        }
    }
}

fn kind(copy: &Followed, size: u64, original: &Followed) -> Kind {
    let known = if copy.position <= size {
        copy.position
    } else {
        0
    };
    let mut lives = original.lives.iter().rev();
    let before = lives.find_map(|life| of_life(life, copy, size));
    before.unwrap_or_else(|| {
        if size <= original.position && are_equal(&copy.file, &original.file, known, size) {
            Kind::Copy(size)
        } else {
            Kind::Own
        }
    })
}

/// What a file is, if it is a copy of what another one was before.
fn of_life(life: &Life, copy: &Followed, size: u64) -> Option<Kind> {
    if !copy.begins_with(&life.head) {
        return None;
    }
    if size <= life.position {
        return Some(Kind::Copy(size));
    }
    let is_same = |sum| sums_to(&copy.file, life.position, sum);
    let is_same = life.sum.is_none_or(is_same);
    is_same.then_some(Kind::Rest(life.position))
}

fn size(file: &Followed) -> u64 {
    file.file.metadata().map_or(0, |metadata| metadata.len())
}

/// Names of files that one of this name may be a copy of.
pub(super) fn originals(path: &Path) -> Vec<PathBuf> {
    let Some(name) = path.file_name().and_then(OsStr::to_str) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (at, mark) in name.match_indices(['.', '-', '_', '~']) {
        let (before, after) = (&name[..at], &name[at + 1..]);
        if before.is_empty() {
            continue;
        }
        if is_number(after) || WORDS.contains(&after) || mark == "~" && after.is_empty() {
            found.push(path.with_file_name(before));
        }
        if let Some((date, end)) = after.rsplit_once('.')
            && date.len() >= DATE
            && is_number(date)
        {
            found.push(path.with_file_name(format!("{before}.{end}")));
        }
    }
    found
}

/// A number or a date.
fn is_number(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_digit() || "-_.:T".contains(c);
    text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(fits)
}

fn are_equal(one: &File, other: &File, from: u64, to: u64) -> bool {
    let (mut a, mut b) = (vec![0; PIECE], vec![0; PIECE]);
    pieces(from, to).all(|(at, size)| {
        let (a, b) = (&mut a[..size], &mut b[..size]);
        one.read_exact_at(a, at).is_ok() && other.read_exact_at(b, at).is_ok() && a == b
    })
}

fn sums_to(file: &File, size: u64, wanted: u32) -> bool {
    let mut piece = vec![0; PIECE];
    let mut sum = Hasher::new();
    let is_there = pieces(0, size).all(|(at, size)| {
        let read = file.read_exact_at(&mut piece[..size], at);
        sum.update(&piece[..size]);
        read.is_ok()
    });
    is_there && sum.finalize() == wanted
}

fn pieces(from: u64, to: u64) -> impl Iterator<Item = (u64, usize)> {
    let size = move |at: u64| usize::try_from(to - at).map_or(PIECE, |left| left.min(PIECE));
    (from..to).step_by(PIECE).map(move |at| (at, size(at)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_copies_are_told_from_others() {
        for (name, of) in [
            ("logs/a.log.1", &["logs/a.log"][..]),
            ("a.log-20260101", &["a.log"]),
            ("a.log.2026-01-01T12:00.2", &["a.log"]),
            ("a-20260101.log", &["a.log"]),
            ("a.log~", &["a.log"]),
            ("a.log.old", &["a.log"]),
            ("t1-2.log", &[]),
            ("t1.2.log", &[]),
            ("a.log", &[]),
            (".1", &[]),
            ("t-1", &["t"]),
        ] {
            let found = originals(Path::new(name));
            assert!(
                of.iter().all(|of| found.contains(&PathBuf::from(of))),
                "{name}: {found:?}"
            );
            assert_eq!(found.is_empty(), of.is_empty(), "{name}: {found:?}");
        }
    }
}
