//! A folder for temporary files of each task's agent, its own `TMPDIR`: agents and their tools leave much behind, some of it
//! whole conversations, and two of them must not meet in one place.
//!
//! It lasts as long as the task: a session that is taken up finds what it had put there. It lies outside the run
//! directory, which may be in a repository, and has a short name, for sockets.

use std::fs::DirBuilder;
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

/// The folders of one run.
#[derive(Debug)]
pub(super) struct Scratch {
    base: PathBuf,
}

impl Scratch {
    pub(super) fn new(run_mark: &str) -> Scratch {
        Scratch {
            base: base(run_mark),
        }
    }

    /// The task's folder, made when it is not there.
    pub(super) fn folder(&self, task: &str) -> std::io::Result<PathBuf> {
        make(&self.base)?;
        let folder = self.of(task);
        make(&folder)?;
        Ok(folder)
    }

    /// The task is settled.
    pub(super) fn remove(&self, task: &str) {
        // The name lists what is there only when there is something: most tasks are commands without one.
        if self.base.exists() {
            let _ = std::fs::remove_dir_all(self.of(task));
        }
    }

    fn of(&self, task: &str) -> PathBuf {
        self.base.join(schemas::digest([task.as_bytes()]))
    }
}

/// One folder, for whoever is alone and removes it.
pub(crate) fn one(name: &str) -> std::io::Result<PathBuf> {
    let folder = base(name);
    make(&folder)?;
    Ok(folder)
}

/// The run has ended, or its dispatcher was killed: the folders of all its tasks go.
pub(crate) fn remove_all(run_mark: &str) {
    let base = base(run_mark);
    if is_own(&base) {
        let _ = std::fs::remove_dir_all(base);
    }
}

fn base(run_mark: &str) -> PathBuf {
    std::env::temp_dir().join(format!("orchestrate-{run_mark}"))
}

/// For nobody else. What stands there already must be ours: the folder above is everybody's.
fn make(folder: &Path) -> std::io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && is_own(folder) => Ok(()),
        made => made,
    }
}

fn is_own(folder: &Path) -> bool {
    let own = rustix::process::geteuid().as_raw();
    std::fs::symlink_metadata(folder).is_ok_and(|found| found.is_dir() && found.uid() == own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_finds_what_it_left_and_nobody_elses_folder_is_taken() {
        let mark = format!("test-{}", std::process::id());
        let scratch = Scratch::new(&mark);
        let folder = scratch.folder("t 1").unwrap();
        std::fs::write(folder.join("kept"), "x").unwrap();
        assert_ne!(scratch.folder("t/1").unwrap(), folder);
        assert!(scratch.folder("t 1").unwrap().join("kept").exists());
        assert_eq!(std::fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
        scratch.remove("t 1");
        assert!(!folder.exists());
        remove_all(&mark);
        std::os::unix::fs::symlink("/", base(&mark)).unwrap();
        assert!(scratch.folder("t 1").is_err(), "a link of somebody else");
        remove_all(&mark);
        assert!(base(&mark).is_symlink(), "what is not ours stays");
        std::fs::remove_file(base(&mark)).unwrap();
    }
}
