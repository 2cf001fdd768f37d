//! Opening a journal: to write, to read on from a state, or to read all that has ever happened.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::{JOURNAL, Journal};
use crate::Failure;

impl Journal {
    /// Opens the journal of a run directory, at its beginning; makes both when they are not there.
    pub fn open(dir: &Path) -> Result<Journal, Failure> {
        let trouble = |error: &std::io::Error| {
            Failure::trouble(format!("cannot open the run directory {}", dir.display()))
                .because(error)
        };
        let is_there = |folder: &&Path| folder.as_os_str().is_empty() || folder.is_dir();
        let above = dir.ancestors().skip(1).find(is_there);
        let above = above.unwrap_or(dir).to_owned();
        std::fs::create_dir_all(dir).map_err(|e| trouble(&e))?;
        let path = dir.join(JOURNAL);
        let mut how = OpenOptions::new();
        let file = how
            .create(true)
            .read(true)
            .append(true)
            .open(&path)
            .map_err(|e| trouble(&e))?;
        if file.metadata().map_err(|e| trouble(&e))?.len() == 0 {
            // The records are synced one by one; the names of the file and the folders they are in only here.
            let folders = dir.ancestors();
            let folders = folders.take_while(|folder| folder.starts_with(&above));
            for folder in folders {
                let folder = match folder.as_os_str().is_empty() {
                    true => Path::new("."),
                    false => folder,
                };
                let synced = File::open(folder).and_then(|folder| folder.sync_all());
                synced.map_err(|e| trouble(&e))?;
            }
        }
        Ok(Journal::at_start(dir, how, file, path))
    }

    /// Opens the journal of a run that has begun. Without one: a failure of code 3, and nothing is made.
    pub fn open_existing(dir: &Path) -> Result<Journal, Failure> {
        Journal::open_as(dir, OpenOptions::new().read(true).append(true))
    }

    /// As [`Journal::open_existing`], only to read: in a folder that cannot be written to, too.
    pub fn open_to_read(dir: &Path) -> Result<Journal, Failure> {
        Journal::open_as(dir, OpenOptions::new().read(true))
    }

    /// As [`Journal::open_to_read`], from the first record that there ever was: archives come first.
    /// What is in archives that are not there is [`Journal::missing`].
    pub fn open_history(dir: &Path) -> Result<Journal, Failure> {
        let mut journal = Journal::open_to_read(dir)?;
        journal.begin_after(0)?;
        Ok(journal)
    }

    fn open_as(dir: &Path, how: &OpenOptions) -> Result<Journal, Failure> {
        let path = dir.join(JOURNAL);
        match how.open(&path) {
            Ok(file) => Ok(Journal::at_start(dir, how.clone(), file, path)),
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

    pub(super) fn at_start(dir: &Path, how: OpenOptions, file: File, path: PathBuf) -> Journal {
        Journal {
            dir: dir.to_owned(),
            how,
            file,
            path,
            ahead: VecDeque::new(),
            run: String::new(),
            offset: 0,
            last_seq: 0,
            given: 0,
            files: Vec::new(),
            missing: None,
        }
    }
}
