//! Who has a place in the journal of their own, and must not lose it.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use schemas::{Failure, State};

use crate::process::is_alive;

/// Refuses while a dispatcher is at work; keeps one from beginning as long as the answer lives.
///
/// Ours has a lock, which ends with it however it ends. Of another the journal names the process.
pub(crate) fn keep_out(dir: &Path, state: &State) -> Result<File, Failure> {
    let at_work = |who: &str| {
        Failure::no(format!("a dispatcher is at work{who}"))
            .help("it has its own place in the journal: end it first")
    };
    if let Some(pid) = state.pid.filter(|pid| is_alive(*pid)) {
        return Err(at_work(&format!(": process {pid}")));
    }
    let path = dir.join("dispatch.lock");
    let failed = |error: &std::io::Error| {
        Failure::trouble(format!("cannot lock {}", path.display())).because(error)
    };
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|e| failed(&e))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(at_work("")),
        Err(TryLockError::Error(error)) => Err(failed(&error)),
    }
}
