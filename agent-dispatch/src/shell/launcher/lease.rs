//! One attempt at a time, also where nobody sees the dispatcher: a file with the attempt's number, locked as long as it lives.
//!
//! An engine may start an attempt again by itself, or start it after the dispatcher has given it up. The number decides:
//! whoever comes with a lower or the same one is refused, whoever comes with a higher one ends the one before first.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

use super::EndRecord;
use crate::shell::contain;

/// How long one that must go is waited for.
const PATIENCE: Duration = Duration::from_secs(15);

/// How long the file of an attempt that has ended is kept.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

const PAUSE: Duration = Duration::from_millis(20);

/// Largest file that is read, in bytes.
const MAX_SIZE: u64 = 64 << 10;

/// What the file says of the attempt that holds it, or held it last.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Holder {
    attempt: u32,
    pid: u32,
    /// The mark of its processes, by which they are found on the machine on which it ran.
    mark: String,
    host: String,
    started: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    end: Option<EndRecord>,
}

/// A lease that is held. The lock is the kernel's: it ends with us, however we end.
#[derive(Debug)]
pub(crate) struct Lease {
    file: File,
    holder: Holder,
}

impl Lease {
    /// Takes the lease of a name for an attempt.
    pub(crate) fn take(name: &str, attempt: u32, mark: &str) -> anyhow::Result<Lease> {
        Lease::take_in(&folder(), name, attempt, mark)
    }

    fn take_in(folder: &Path, name: &str, attempt: u32, mark: &str) -> anyhow::Result<Lease> {
        let file = format!("{}.json", schemas::digest([name.as_bytes()]));
        let path = folder.join(file);
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .with_context(|| format!("cannot open the lease {}", path.display()))?;
        forget_old(folder);
        let begun = Instant::now();
        let mut ended = false;
        while file.try_lock().is_err() {
            if let Some(other) = read(&file) {
                refuse(&other, attempt)?;
                if !ended && other.host == host() {
                    // Fenced before we begin: its processes first, then the shim that waits for them.
                    contain::end_exactly(&other.mark);
                    ended = true;
                }
            }
            if begun.elapsed() > PATIENCE {
                bail!(
                    "an earlier attempt still holds the lease {}",
                    path.display()
                );
            }
            std::thread::sleep(PAUSE);
        }
        if let Some(other) = read(&file) {
            refuse(&other, attempt)?;
        }
        let holder = Holder {
            attempt,
            pid: std::process::id(),
            mark: mark.to_owned(),
            host: host(),
            started: schemas::time::now(),
            end: None,
        };
        let mut lease = Lease { file, holder };
        lease.write().context("cannot write the lease")?;
        Ok(lease)
    }

    /// What became of the attempt, for whoever looks here later.
    pub(crate) fn close(mut self, end: &EndRecord) {
        self.holder.end = Some(end.clone());
        // The record on the line is what counts.
        let _ = self.write();
    }

    fn write(&mut self) -> std::io::Result<()> {
        let text = format!("{}\n", serde_json::to_string(&self.holder)?);
        self.file.rewind()?;
        self.file.set_len(0)?;
        self.file.write_all(text.as_bytes())?;
        self.file.sync_data()
    }
}

fn refuse(other: &Holder, attempt: u32) -> anyhow::Result<()> {
    if other.attempt >= attempt {
        bail!(
            "attempt {attempt} is refused: attempt {} has been here",
            other.attempt
        );
    }
    Ok(())
}

fn read(mut file: &File) -> Option<Holder> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(MAX_SIZE).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

/// No engine brings an attempt back after that.
fn forget_old(folder: &Path) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        let age = modified.ok().and_then(|time| time.elapsed().ok());
        let free = || File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok());
        if age.is_some_and(|age| age > KEPT) && free() {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Not in the workspace, where it would be somebody's change.
fn folder() -> PathBuf {
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    let state = state.filter(|path| path.is_absolute());
    let home = || std::env::home_dir().map(|home| home.join(".local/state"));
    let base = state.or_else(home).unwrap_or_else(std::env::temp_dir);
    base.join("orchestrate/leases")
}

fn host() -> String {
    let name = rustix::system::uname();
    name.nodename().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_used_once_and_a_higher_one_takes_over() {
        let folder = tempfile::tempdir().unwrap();
        let take = |attempt| Lease::take_in(folder.path(), "run t1", attempt, "no-such-mark");
        let first = take(1).unwrap();
        assert!(take(1).is_err(), "while the first one lives");
        first.close(&EndRecord::default());
        let refused = take(1).unwrap_err().to_string();
        assert_eq!(refused, "attempt 1 is refused: attempt 1 has been here");
        drop(take(3).unwrap());
        assert!(take(2).is_err(), "it comes too late");
        let old = folder.path().join("old.json");
        let time = std::time::SystemTime::now() - 2 * KEPT;
        let made = File::create(&old).and_then(|file| file.set_modified(time));
        made.unwrap();
        assert!(Lease::take_in(folder.path(), "run t2", 1, "m").is_ok());
        assert!(!old.exists(), "and nothing is kept for ever");
    }
}
