//! A folder for temporary files of each task's agent, its own `TMPDIR`: agents and their tools leave much behind, some of it
//! whole conversations, and two of them must not meet in one place.
//!
//! It lasts as long as the task, and no longer than the dispatcher: a session that is taken up finds what it had put there.
//! It lies outside the run directory, which may be in a repository, and has a short name, for sockets.

use std::fs::DirBuilder;
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

/// How the names of folders begin.
const PREFIX: &str = "orchestrate-";

/// The folders of one dispatcher. Whoever cleans up after one that was killed must not find those of the next.
#[derive(Debug)]
pub(super) struct Scratch {
    base: PathBuf,
}

impl Scratch {
    pub(super) fn new(name: &str) -> Scratch {
        Scratch { base: base(name) }
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

/// The dispatcher has ended, or was killed: the folders of all its tasks go.
pub(crate) fn remove_all(name: &str) {
    let base = base(name);
    if is_own(&base) {
        let _ = std::fs::remove_dir_all(base);
    }
}

/// What earlier dispatchers of a run have left.
pub(crate) fn remove_run(run_mark: &str) {
    let begin = format!("{PREFIX}{run_mark}.");
    for entry in std::fs::read_dir(place()).into_iter().flatten().flatten() {
        let is_of_run = entry.file_name().to_string_lossy().starts_with(&begin);
        if is_of_run && is_own(&entry.path()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

fn base(name: &str) -> PathBuf {
    place().join(format!("{PREFIX}{name}"))
}

/// Where temporary files go. A path that is not absolute would be another one for an agent, which works in its own folder.
fn place() -> PathBuf {
    let place = std::env::temp_dir();
    if place.is_absolute() {
        place
    } else {
        PathBuf::from("/tmp")
    }
}

/// For nobody else. What stands there already must be ours: the folder above is everybody's.
fn make(folder: &Path) -> std::io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && is_own(folder) => Ok(()),
        made => made.map_err(|error| {
            let message = format!("{}: {error}", folder.display());
            std::io::Error::new(error.kind(), message)
        }),
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
        let failed = scratch.folder("t 1").unwrap_err().to_string();
        assert!(failed.contains(&mark), "a link of somebody else: {failed}");
        remove_all(&mark);
        assert!(base(&mark).is_symlink(), "what is not ours stays");
        std::fs::remove_file(base(&mark)).unwrap();
    }

    #[test]
    fn who_cleans_up_after_one_dispatcher_leaves_the_next_alone() {
        let run = format!("test-run-{}", std::process::id());
        let [first, next] = ["a", "b"].map(|session| format!("{run}.{session}"));
        for name in [&first, &next] {
            Scratch::new(name).folder("t1").unwrap();
        }
        remove_all(&first);
        assert!(!base(&first).exists() && base(&next).exists());
        remove_run(&run);
        assert!(!base(&next).exists());
    }
}
