//! Files by a glob, and whether a check has written them.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use globset::GlobSet;

use super::Place;

/// Most files that are looked at.
const MAX_FILES: usize = 200_000;

/// By how much the clock of a file system may be behind ours.
const SLACK: Duration = Duration::from_secs(2);

/// Folders that hold nothing that somebody wrote.
const LEFT_OUT: [&str; 3] = [".git", "node_modules", "target"];

/// The state of report files before a command is run that is to write them.
#[derive(Debug, Default)]
pub(crate) struct Stamp(Vec<(PathBuf, (u64, u64, i64, i64))>);

impl Stamp {
    /// Of those that are there.
    pub(crate) fn of(folder: &Path, files: impl IntoIterator<Item = PathBuf>) -> Stamp {
        let stamps = files.into_iter().filter_map(|path| {
            let stamp = stamp(&folder.join(&path))?;
            Some((path, stamp))
        });
        Stamp(stamps.collect())
    }
}

/// A report that was there before the command and has not changed, or is older than its start, tells of another run.
pub(crate) fn is_stale(place: &Place<'_>, path: &Path, before: Option<&Stamp>) -> bool {
    let Some(started) = place.started else {
        return false;
    };
    let whole = place.cwd.join(path);
    let then = before.and_then(|before| before.0.iter().find(|(known, _)| known == path));
    if then.is_some_and(|(_, then)| stamp(&whole) == Some(*then)) {
        return true;
    }
    let written = fs::metadata(whole).and_then(|about| about.modified());
    written.is_ok_and(|written| written + SLACK < started)
}

fn stamp(path: &Path) -> Option<(u64, u64, i64, i64)> {
    let about = fs::metadata(path).ok()?;
    Some((about.ino(), about.len(), about.mtime(), about.mtime_nsec()))
}

/// Whether a path is a glob and not the name of one file.
pub(crate) fn is_glob(path: &str) -> bool {
    path.contains(['*', '?', '[', '{'])
}

/// The file of that name, or the files that a glob matches, in the order of their names, numbers by their value.
pub(crate) fn matching(folder: &Path, pattern: &str) -> Result<Vec<PathBuf>, String> {
    if !is_glob(pattern) {
        let there = folder.join(pattern).symlink_metadata().is_ok();
        return Ok(there.then(|| PathBuf::from(pattern)).into_iter().collect());
    }
    let globs = schemas::globs(&[pattern.to_owned()]).map_err(|(_, why)| why)?;
    // What stands before the first wildcard need not be looked for.
    let fixed = Path::new(pattern)
        .iter()
        .take_while(|part| !is_glob(&part.to_string_lossy()));
    walk(folder, &fixed.collect::<PathBuf>(), &globs)
}

/// Files below `folder` that the globs match, by their path relative to it.
pub(crate) fn walk(folder: &Path, start: &Path, globs: &GlobSet) -> Result<Vec<PathBuf>, String> {
    let (mut folders, mut found, mut seen) = (vec![start.to_path_buf()], Vec::new(), 0);
    while let Some(inside) = folders.pop() {
        for entry in fs::read_dir(folder.join(&inside))
            .into_iter()
            .flatten()
            .flatten()
        {
            seen += 1;
            if seen > MAX_FILES {
                return Err(format!(
                    "more than {MAX_FILES} files in {}",
                    folder.display()
                ));
            }
            let (path, kind) = (inside.join(entry.file_name()), entry.file_type());
            let Ok(kind) = kind else { continue };
            let left_out = inside != start || start.as_os_str().is_empty();
            if kind.is_dir() {
                let name = entry.file_name();
                if !(left_out && LEFT_OUT.iter().any(|known| name == *known)) {
                    folders.push(path);
                }
            } else if globs.is_match(&path) {
                found.push(path);
            }
        }
    }
    found.sort_by(|a, b| schemas::compare_ids(&a.to_string_lossy(), &b.to_string_lossy()));
    Ok(found)
}
