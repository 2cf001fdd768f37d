//! Which files the work has changed since its base, against what it may change.

use std::io::Read;
use std::path::{Path, PathBuf};

use schemas::{Boundary, Breach, Finding, GatePaths};

use super::{Place, Seen, counted};
use crate::git::{Change, Git, path_of};

/// Longest list of changed files, in bytes.
const MAX_LIST: u64 = 64 << 20;

/// What may have changed.
#[derive(Debug)]
pub(crate) struct Paths {
    base: Option<String>,
    /// Names what has changed.
    list: Option<PathBuf>,
    boundary: Boundary,
    max_files: Option<u64>,
    max_lines: Option<u64>,
    max_file_bytes: Option<u64>,
}

impl Paths {
    pub(crate) fn new(paths: &GatePaths, boundary: Boundary) -> Paths {
        Paths {
            base: paths.base.clone(),
            list: paths.list.as_ref().map(PathBuf::from),
            boundary,
            max_files: paths.max_files,
            max_lines: paths.max_lines,
            max_file_bytes: paths.max_file_bytes,
        }
    }

    pub(super) fn look(&self, place: &Place<'_>) -> Seen {
        match self.compare(place) {
            Ok(findings) if findings.is_empty() => Seen::passed(),
            Ok(findings) => {
                let reason = match &findings[..] {
                    [only] => only.message.clone(),
                    all => format!(
                        "{} of the boundaries",
                        counted(all.len() as u64, "breach").replace("breachs", "breaches")
                    ),
                };
                Seen::failed(reason, findings)
            }
            Err(why) => Seen::infrastructure(why),
        }
    }

    fn compare(&self, place: &Place<'_>) -> Result<Vec<Finding>, String> {
        if let Some(list) = &self.list {
            return self.compare_listed(&place.cwd.join(list), place.cwd);
        }
        let base = place
            .base
            .or(self.base.as_deref())
            .ok_or("nothing says which commit to compare with: give --base REV or set GATE_BASE")?;
        let git = Git::open(place.cwd, place.patience)?;
        let base = git.commit(base)?;
        let Some(fork) = git.fork_point(&base)? else {
            let message = format!(
                "the history was replaced: it has nothing in common with {}",
                short(&base)
            );
            return Ok(vec![finding("critical", "paths/history", message, None)]);
        };
        let changes = git.changes(&fork)?;
        let mut findings = Vec::new();
        for change in &changes {
            findings.extend(self.breach(&change.path));
        }
        let changed = |path: &Path| changes.iter().any(|change| change.path == path);
        for path in git.touched(&fork)? {
            if self.boundary.is_secret(&path) && !changed(&path) {
                let message = "a commit has touched this file, which may hold a secret; it stays in the history".to_owned();
                findings.push(finding("critical", "paths/secret", message, Some(&path)));
            }
        }
        for path in git.hidden()? {
            let message =
                "git was told not to look at this file (assume-unchanged or skip-worktree)"
                    .to_owned();
            findings.push(finding("important", "paths/hidden", message, Some(&path)));
        }
        self.size(&changes, git.top(), &mut findings);
        Ok(findings)
    }

    /// What somebody else has found to have changed; how many lines, nobody knows.
    fn compare_listed(&self, list: &Path, top: &Path) -> Result<Vec<Finding>, String> {
        let cannot = |why: &str| format!("cannot read {}: {why}", list.display());
        let file = std::fs::File::open(list).map_err(|error| cannot(&error.to_string()))?;
        let mut text = Vec::new();
        let read = file.take(MAX_LIST + 1).read_to_end(&mut text);
        read.map_err(|error| cannot(&error.to_string()))?;
        if text.len() as u64 > MAX_LIST {
            return Err(cannot("too large"));
        }
        let end = if text.contains(&0) { 0 } else { b'\n' };
        let names = text
            .split(|byte| *byte == end)
            .filter(|name| !name.is_empty());
        let changes: Vec<Change> = names
            .map(|name| Change {
                path: path_of(name),
                lines: 0,
            })
            .collect();
        let mut findings: Vec<Finding> = changes
            .iter()
            .filter_map(|change| self.breach(&change.path))
            .collect();
        self.size(&changes, top, &mut findings);
        Ok(findings)
    }

    fn breach(&self, path: &Path) -> Option<Finding> {
        let (severity, rule, message) = match self.boundary.breach(path)? {
            Breach::Secret => (
                "critical",
                "paths/secret",
                "this file may hold a secret and must not be changed",
            ),
            Breach::Forbidden => (
                "important",
                "paths/forbidden",
                "this file must not be changed",
            ),
            Breach::Outside => (
                "important",
                "paths/outside",
                "this file is outside of what may be changed",
            ),
        };
        Some(finding(severity, rule, message.to_owned(), Some(path)))
    }

    fn size(&self, changes: &[Change], top: &Path, findings: &mut Vec<Finding>) {
        let files = changes.len() as u64;
        let lines = changes.iter().map(|change| change.lines).sum();
        for (found, limit, noun) in [
            (files, self.max_files, "file"),
            (lines, self.max_lines, "line"),
        ] {
            if let Some(limit) = limit.filter(|limit| found > *limit) {
                let message = format!("{} changed, at most {limit} may", counted(found, noun));
                findings.push(finding("important", "paths/size", message, None));
            }
        }
        let Some(limit) = self.max_file_bytes else {
            return;
        };
        for change in changes {
            let about = top.join(&change.path).symlink_metadata();
            let size = about.map_or(0, |about| if about.is_file() { about.len() } else { 0 });
            if size > limit {
                let message = format!("{size} bytes, at most {limit} may be in one file");
                findings.push(finding(
                    "important",
                    "paths/size",
                    message,
                    Some(&change.path),
                ));
            }
        }
    }
}

fn finding(severity: &str, rule: &str, message: String, path: Option<&Path>) -> Finding {
    Finding {
        severity: severity.to_owned(),
        message,
        file: path.map(|path| path.display().to_string()),
        rule: Some(rule.to_owned()),
        ..Finding::default()
    }
}

/// A commit as people write it.
pub(crate) fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}
