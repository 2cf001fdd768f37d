//! The run directory: which file is where, and the lock that keeps a second dispatcher out.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use schemas::Failure;

/// The files of a run. Names in records are relative to it.
#[derive(Debug, Clone)]
pub(crate) struct RunDir {
    path: PathBuf,
}

/// What gates are run for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The work of one task, where it was done.
    Task,
    /// What the target would be with it.
    Merge,
}

impl Stage {
    fn word(self, word: &str) -> String {
        match self {
            Stage::Task => word.to_owned(),
            Stage::Merge => format!("merge-{word}"),
        }
    }

    /// As it stands in a document of gates.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Stage::Task => "task",
            Stage::Merge => "before_merge",
        }
    }
}

impl RunDir {
    /// The run directory at an absolute path, so that an agent in another folder finds its prompt.
    pub(crate) fn new(path: &Path) -> Result<RunDir, Failure> {
        let path = std::path::absolute(path)
            .map_err(|error| Failure::trouble("cannot find the run directory").because(&error))?;
        Ok(RunDir { path })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn log(task: &str, attempt: u32) -> String {
        format!("logs/{task}/{attempt}.log")
    }

    pub(crate) fn gate_log(task: &str, attempt: u32, stage: Stage) -> String {
        format!("logs/{task}/{attempt}.{}.log", stage.word("gate"))
    }

    /// What the commands print that make its worktree ready.
    pub(crate) fn setup_log(task: &str, attempt: u32) -> String {
        format!("logs/{task}/{attempt}.setup.log")
    }

    pub(crate) fn prompt(task: &str, attempt: u32) -> String {
        format!("prompts/{task}/{attempt}.md")
    }

    /// What was too large for the prompt.
    pub(crate) fn context(task: &str, attempt: u32) -> String {
        format!("prompts/{task}/{attempt}.context.md")
    }

    /// What people say to a running attempt, one JSON object a line.
    pub(crate) fn answers(task: &str, attempt: u32) -> String {
        format!("prompts/{task}/{attempt}.answers.ndjson")
    }

    pub(crate) fn verdict(task: &str, attempt: u32, stage: Stage) -> String {
        match stage {
            Stage::Task => format!("verdicts/{task}/{attempt}.json"),
            Stage::Merge => format!("verdicts/{task}/{attempt}.merge.json"),
        }
    }

    pub(crate) fn gates(task: &str, attempt: u32, stage: Stage) -> String {
        format!("verdicts/{task}/{attempt}.{}.json", stage.word("gates"))
    }

    /// What its folder held before its first attempt.
    pub(crate) fn before(task: &str) -> String {
        format!("verdicts/{task}/before")
    }

    /// Names of what has changed in its folder since, each ended by NUL.
    pub(crate) fn changed(task: &str, attempt: u32) -> String {
        format!("verdicts/{task}/{attempt}.changed")
    }

    /// What the command of the n-th `--on` prints.
    pub(crate) fn notice_log(number: usize) -> String {
        format!("notices/{number}.log")
    }

    /// The whole path of a file of the run.
    pub(crate) fn whole(&self, file: &str) -> PathBuf {
        self.path.join(file)
    }

    /// Makes a file new, with its folder and its text. A run directory that cannot be written ends the dispatcher:
    /// no task is to blame for it.
    pub(crate) fn create(&self, file: &str, text: &[u8]) -> Result<File, Failure> {
        let path = self.whole(file);
        let made = match File::create(&path) {
            // Only the first file of a folder makes it: to look for it each time costs as much as the file.
            Err(error) if error.kind() == ErrorKind::NotFound => path
                .parent()
                .map_or(Ok(()), std::fs::create_dir_all)
                .and_then(|()| File::create(&path)),
            made => made,
        };
        made.and_then(|mut file| {
            file.write_all(text)?;
            Ok(file)
        })
        .map_err(|error| {
            Failure::trouble(format!("cannot write {}", path.display())).because(&error)
        })
    }

    /// An agent that commits all that there is does not commit its own run. Where it cannot be hidden, the run goes on.
    fn hide(&self) {
        let file = self.path.join(".gitignore");
        let _ = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(file)
            .and_then(|mut file| file.write_all(b"*\n"));
    }

    /// Keeps every other dispatcher out as long as the answer lives. The lock is the kernel's: it ends with us,
    /// however we end. What the file says is for people only.
    pub(crate) fn lock(&self) -> Result<File, Failure> {
        let path = self.path.join("dispatch.lock");
        let failed = |error: &std::io::Error| {
            Failure::trouble(format!("cannot lock {}", path.display())).because(error)
        };
        std::fs::create_dir_all(&self.path).map_err(|error| failed(&error))?;
        self.hide();
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(|error| failed(&error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => {
                let mut owner = String::new();
                let _ = (&mut file).take(200).read_to_string(&mut owner);
                let message = format!(
                    "another dispatcher ({}) is at work in {}",
                    owner.trim(),
                    self.path.display()
                );
                return Err(Failure::no(message));
            }
            Err(std::fs::TryLockError::Error(error)) => return Err(failed(&error)),
        }
        let _ = file.set_len(0);
        let _ = writeln!(
            file,
            "pid {}, since {}",
            std::process::id(),
            schemas::time::now()
        );
        Ok(file)
    }
}
