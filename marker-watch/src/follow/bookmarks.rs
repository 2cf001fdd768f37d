//! How far files have been read, for the next time (`--state FILE`).
//!
//! A file is known by its device, its inode and its first bytes: inodes are given to other files again. Written after the
//! records that it stands for, so that what was lost in between comes twice rather than never.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use schemas::Failure;
use serde::{Deserialize, Serialize};

/// Writing may take this part of the time.
const SHARE: u32 = 10;

/// What the file holds.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Bookmarks {
    pub(super) kind: String,
    pub(super) version: u32,
    /// The last record's number: the next run goes on from there.
    pub(crate) seq: u64,
    pub(crate) files: Vec<Bookmark>,
}

/// One file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Bookmark {
    pub(crate) path: PathBuf,
    pub(crate) device: u64,
    pub(crate) inode: u64,
    /// The beginning of the first line that was not read to its end.
    pub(crate) position: u64,
    /// Its first bytes, in hexadecimal.
    pub(crate) head: String,
    /// The fence that is open there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fence: Option<String>,
}

/// The file that they are kept in.
#[derive(Debug)]
pub(crate) struct Keeper {
    path: PathBuf,
    /// Not written again before this time, so that many files and many records do not make it the main work.
    rests_until: Option<Instant>,
    is_due: bool,
}

impl Keeper {
    /// Reads what was kept. No file is no bookmarks.
    pub(crate) fn open(path: &Path) -> Result<(Keeper, Bookmarks), Failure> {
        let name = path.display();
        let kept = match fs::read_to_string(path) {
            Ok(text) => serde_json::from_str(&text).map_err(|error| {
                let help = "remove it to read everything from the beginning";
                Failure::input(format!("cannot read {name}: not bookmarks"))
                    .because(&error)
                    .help(help)
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Bookmarks::default(),
            Err(error) => return Err(Failure::input(format!("cannot read {name}")).because(&error)),
        };
        let keeper = Keeper {
            path: path.to_owned(),
            rests_until: None,
            is_due: false,
        };
        Ok((keeper, kept))
    }

    /// Something has been read.
    pub(crate) fn touch(&mut self) {
        self.is_due = true;
    }

    /// When it must be written.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let now = Instant::now();
        self.is_due
            .then(|| self.rests_until.map_or(now, |until| until.max(now)))
    }

    /// Writes, when it is due and not too often; `at_once` always.
    pub(crate) fn keep(
        &mut self,
        at_once: bool,
        marks: impl FnOnce() -> Bookmarks,
    ) -> Result<(), Failure> {
        let begun = Instant::now();
        if !at_once && (!self.is_due || self.rests_until.is_some_and(|until| begun < until)) {
            return Ok(());
        }
        let failed = |error: &dyn std::error::Error| {
            Failure::trouble(format!("cannot write {}", self.path.display())).because(error)
        };
        let marks = Bookmarks {
            kind: "bookmarks".to_owned(),
            version: 1,
            ..marks()
        };
        let text = serde_json::to_string(&marks).map_err(|error| failed(&error))?;
        let folder = self
            .path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        // Not synced: it need only be as durable as the output that it stands for, and survives our own end as it is.
        let mut fresh = tempfile::NamedTempFile::new_in(folder).map_err(|error| failed(&error))?;
        fresh
            .write_all(text.as_bytes())
            .map_err(|error| failed(&error))?;
        fresh
            .persist(&self.path)
            .map_err(|error| failed(&error.error))?;
        self.is_due = false;
        self.rests_until =
            Some(Instant::now() + begun.elapsed().max(Duration::from_micros(100)) * SHARE);
        Ok(())
    }
}

/// Bytes as text.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Text as bytes; none when it is not that.
pub(crate) fn bytes(hexadecimal: &str) -> Option<Vec<u8>> {
    let pairs = hexadecimal.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    pairs.map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_found_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state");
        let (mut keeper, none) = Keeper::open(&path).expect("no file is fine");
        assert!(none.files.is_empty());
        let mark = Bookmark {
            path: "a.log".into(),
            position: 7,
            head: hexadecimal(b"a\xff"),
            ..Bookmark::default()
        };
        let marks = || Bookmarks {
            seq: 3,
            files: vec![mark.clone()],
            ..Bookmarks::default()
        };
        keeper
            .keep(false, || unreachable!("nothing is due"))
            .expect("nothing to do");
        keeper.touch();
        keeper.keep(false, marks).expect("it is written");
        let (_, kept) = Keeper::open(&path).expect("it is read");
        assert_eq!((kept.seq, &kept.files[..]), (3, &[mark][..]));
        assert_eq!(bytes(&kept.files[0].head).as_deref(), Some(&b"a\xff"[..]));
        assert_eq!(bytes("x"), None);
        fs::write(&path, "{").expect("it is written");
        assert!(Keeper::open(&path).is_err());
    }
}
