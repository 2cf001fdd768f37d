//! Who works in a worktree: a file in git's own folder of it, which goes with it.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The owner of a worktree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Lease {
    /// The run directory.
    pub(crate) dir: PathBuf,
    pub(crate) plan: String,
    pub(crate) task: String,
    /// 0 when nobody has worked in it.
    pub(crate) attempt: u32,
    /// The branch that its work is to reach.
    #[serde(default)]
    pub(crate) target: Option<String>,
    /// The dispatcher.
    pub(crate) pid: u32,
    /// When the dispatcher began, in the kernel's own count: its number may be another's by now.
    pub(crate) born: u64,
}

impl Lease {
    pub(crate) fn new(dir: &Path, plan: &str, task: &str, attempt: u32, target: &str) -> Lease {
        let pid = std::process::id();
        Lease {
            dir: dir.to_owned(),
            plan: plan.to_owned(),
            task: task.to_owned(),
            attempt,
            target: Some(target.to_owned()),
            pid,
            born: born(pid).unwrap_or_default(),
        }
    }

    /// Writes it, whole or not at all: a worktree without a lease is taken for one that nobody has worked in. That nobody
    /// can read who works there is no reason not to work.
    pub(crate) fn write(&self, git_dir: &Path) {
        let write = || {
            let mut file = tempfile::NamedTempFile::new_in(git_dir)?;
            serde_json::to_writer(&mut file, self)?;
            writeln!(file)?;
            file.persist(path(git_dir)).map_err(|error| error.error)
        };
        let _: std::io::Result<std::fs::File> = write();
    }

    pub(crate) fn read(git_dir: &Path) -> Option<Lease> {
        let text = std::fs::read_to_string(path(git_dir)).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Its dispatcher is at work.
    pub(crate) fn is_live(&self) -> bool {
        born(self.pid).is_some_and(|born| born == self.born)
    }
}

fn path(git_dir: &Path) -> PathBuf {
    git_dir.join("orchestrate-lease.json")
}

/// When a process began; 0 where the system does not tell, none when there is no such process.
fn born(pid: u32) -> Option<u64> {
    if !cfg!(target_os = "linux") {
        let known = rustix::process::Pid::from_raw(pid as i32)?;
        return rustix::process::test_kill_process(known).ok().map(|()| 0);
    }
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // After the name, which may hold anything, in parentheses.
    let rest = stat.rsplit_once(')')?.1;
    rest.split_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_lives_as_long_as_its_dispatcher() {
        let folder = tempfile::tempdir().unwrap();
        let lease = Lease::new(folder.path(), "p", "t1", 2, "main");
        lease.write(folder.path());
        let read = Lease::read(folder.path()).unwrap();
        assert_eq!(read, lease);
        assert!(read.is_live());
        let earlier = Lease {
            born: lease.born.wrapping_sub(1),
            ..lease.clone()
        };
        assert!(!earlier.is_live(), "the number is another's by now");
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        assert!(
            !Lease {
                pid: child.id(),
                ..lease
            }
            .is_live()
        );
    }
}
