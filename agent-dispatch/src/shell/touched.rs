//! Which files an attempt has written, by their times. No version control is asked: not every folder has one, and
//! what an agent leaves untracked counts as well. What it deleted is not seen.

use std::fs;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::SystemTime;

/// Folders of tools, not of people: large, and nobody's work.
const SKIPPED: [&str; 8] = [
    ".git",
    ".hg",
    ".orchestrate",
    ".venv",
    "__pycache__",
    "node_modules",
    "target",
    ".worktrees",
];

/// Entries that are looked at, at most: a huge tree must not hold up the end of an attempt.
const MOST_ENTRIES: usize = 20_000;

/// Names that are told, at most.
const MOST_FILES: usize = 200;

/// Files below the folder that were written since, relative to it, in order.
pub(super) fn since(folder: &Path, start: SystemTime) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
    let mut left = MOST_ENTRIES;
    while let Some(inner) = folders.pop() {
        let Ok(entries) = fs::read_dir(&inner) else {
            continue;
        };
        for entry in entries.flatten() {
            if left == 0 {
                break;
            }
            left -= 1;
            // Not through links: they lead out of the folder, or round in it.
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            if kind.is_dir() {
                let name = entry.file_name();
                if !SKIPPED.iter().any(|skipped| name == *skipped) {
                    folders.push(entry.path());
                }
            } else if kind.is_file() && is_newer(&entry, start) {
                found.extend(relative(folder, &entry.path()));
            }
        }
    }
    found.sort();
    found.truncate(MOST_FILES);
    found
}

fn is_newer(entry: &fs::DirEntry, start: SystemTime) -> bool {
    let Ok(metadata) = entry.metadata() else {
        return false;
    };
    let is_new = metadata.modified().is_ok_and(|time| time >= start);
    is_new && !is_ours(&metadata)
}

/// Whether it is where our own stdout or stderr goes: what we say of an agent's silence is no sign of its life.
fn is_ours(metadata: &fs::Metadata) -> bool {
    static OURS: OnceLock<Vec<(u64, u64)>> = OnceLock::new();
    let ours = OURS.get_or_init(|| {
        let streams = [
            std::io::stdout().as_fd().try_clone_to_owned(),
            std::io::stderr().as_fd().try_clone_to_owned(),
        ];
        let files = streams.into_iter().flatten().map(fs::File::from);
        let known = files.filter_map(|file| file.metadata().ok());
        known.map(|file| (file.dev(), file.ino())).collect()
    });
    ours.contains(&(metadata.dev(), metadata.ino()))
}

/// A name that is not UTF-8 is told as well as can be.
fn relative(folder: &Path, path: &Path) -> Option<String> {
    let inner = path.strip_prefix(folder).ok()?;
    Some(inner.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn only_what_is_new_and_the_works_own_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let start = SystemTime::now();
        let write = |name: &str, age: u64| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "x").unwrap();
            let time = start - Duration::from_secs(age);
            fs::File::options()
                .write(true)
                .open(&path)
                .and_then(|file| file.set_modified(time))
                .unwrap();
        };
        for (name, age) in [
            ("src/new.rs", 0),
            ("src/old.rs", 10),
            ("target/made", 0),
            (".git/index", 0),
            ("a.txt", 0),
        ] {
            write(name, age);
        }
        assert_eq!(since(folder.path(), start), ["a.txt", "src/new.rs"]);
    }
}
