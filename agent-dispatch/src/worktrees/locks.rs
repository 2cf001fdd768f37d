//! Lock files of gits that were killed.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// So long is a lock left alone that somebody may hold: git itself holds those of refs for a moment.
const PATIENCE: Duration = Duration::from_secs(2);

/// Removes the locks of these names, below git's own folder, that nobody who lives seems to hold: the same ones, untouched,
/// after a while. Where there are none, which is the rule, nothing is waited for.
pub(super) fn clear(common: &Path, names: impl Iterator<Item = String>) {
    let paths = names.map(|name| common.join(format!("{name}.lock")));
    let mut known: Vec<(PathBuf, SystemTime)> = paths
        .filter_map(|path| Some((path.clone(), touched(&path)?)))
        .collect();
    let end = SystemTime::now() + PATIENCE;
    while !known.is_empty() && SystemTime::now() < end {
        std::thread::sleep(Duration::from_millis(20));
        known.retain(|(path, at)| touched(path).as_ref() == Some(at));
    }
    for (path, _) in known {
        let _ = std::fs::remove_file(path);
    }
}

fn touched(path: &Path) -> Option<SystemTime> {
    path.symlink_metadata().ok()?.modified().ok()
}
