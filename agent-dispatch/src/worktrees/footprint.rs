//! What a task has changed in its project's folder, where it works beside whatever was there: uncommitted work of the user,
//! and of the tasks before it.
//!
//! What the folder held before the task's first attempt is noted in the run directory, and held against what it holds after
//! each attempt. Nothing is written into the repository: a copy of the work tree in its objects would be the simpler way,
//! and would put files with secrets there.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use schemas::{Boundary, Plan, Task};

use super::{Git, Worktrees, leftovers};
use crate::profiles::{Runner, Runners};

/// Most uncommitted files that are noted.
const MOST: usize = 20_000;

/// Of larger files, size and time of change stand for their content.
const LARGE: u64 = 64 << 20;

/// What a task is held to where it has no worktree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bounds {
    /// Its folder lies in no repository, which alone can tell; or it is a command of the plan's own, without boundaries.
    Nothing,
    /// It is an agent's: no file with secrets.
    Secrets,
    /// Its own boundaries or those of its role, and no file with secrets.
    Declared,
}

/// Where a task works, and where what is known of it is kept.
#[derive(Debug, Clone)]
pub(crate) struct Footprint {
    pub(crate) folder: PathBuf,
    /// Inside of the folder it is no work of the task.
    pub(crate) run_dir: PathBuf,
    /// What there was before.
    pub(crate) before: PathBuf,
    /// Gets the names of what has changed, each ended by NUL.
    pub(crate) changed: PathBuf,
    /// Its first attempt begins.
    pub(crate) is_first: bool,
    /// Only these are looked at.
    pub(crate) secrets: Option<Secrets>,
}

/// Which files hold secrets.
#[derive(Debug, Clone)]
pub(crate) struct Secrets(Arc<Boundary>);

/// A folder at one moment: the commit, and what differs from it.
#[derive(Debug, Default, PartialEq)]
struct Moment {
    head: Option<String>,
    /// By path, relative to the folder; without a digest where there is no file.
    differing: BTreeMap<Vec<u8>, String>,
}

impl Bounds {
    /// By task.
    pub(crate) fn of(
        plan: &Plan,
        root: &Path,
        worktrees: &Worktrees,
        runners: &Runners,
    ) -> Vec<Bounds> {
        let bounds = |(at, task): (usize, &Task)| {
            let folder = crate::graph::folder(plan, task).unwrap_or_default();
            let by_agent = || runners.of(at).iter().any(Runner::is_agent);
            match has_boundaries(plan, task) {
                _ if worktrees.unit(at).is_some() || !is_in_repository(root, folder) => {
                    Bounds::Nothing
                }
                true => Bounds::Declared,
                false if by_agent() => Bounds::Secrets,
                false => Bounds::Nothing,
            }
        };
        plan.tasks.iter().enumerate().map(bounds).collect()
    }
}

impl Secrets {
    pub(crate) fn new(globs: &[String]) -> anyhow::Result<Secrets> {
        leftovers::secrets(globs).map(|list| Secrets(Arc::new(list)))
    }
}

fn has_boundaries(plan: &Plan, task: &Task) -> bool {
    let role = task.role.as_ref().and_then(|name| plan.roles.get(name));
    let says = |paths: &[String], forbidden: &[String]| !paths.is_empty() || !forbidden.is_empty();
    says(&task.paths, &task.forbidden_paths)
        || role.is_some_and(|role| says(&role.paths, &role.forbidden_paths))
}

fn is_in_repository(root: &Path, folder: &str) -> bool {
    let folder = root.join(folder);
    folder
        .ancestors()
        .any(|folder| folder.join(".git").exists())
}

impl Footprint {
    /// Notes what there is, before the first attempt.
    pub(crate) fn begin(&self) -> anyhow::Result<()> {
        if !self.is_first && self.before.exists() {
            return Ok(());
        }
        let moment = self.look()?;
        let mut text = moment.head.unwrap_or_default().into_bytes();
        text.push(0);
        for (path, digest) in moment.differing {
            text.extend(digest.bytes().chain([b' ']).chain(path).chain([0]));
        }
        write(&self.before, &text)
    }

    /// Tells what has changed since.
    pub(crate) fn end(&self) -> anyhow::Result<()> {
        let name = self.before.display();
        let noted = std::fs::read(&self.before).with_context(|| format!("cannot read {name}"))?;
        let (before, now) = (parse(&noted), self.look()?);
        let mut changed: BTreeSet<Vec<u8>> = BTreeSet::new();
        for path in before.differing.keys().chain(now.differing.keys()) {
            let is_same = match before.differing.get(path) {
                // Committed meanwhile, or not: it is the file that counts.
                Some(digest) => *digest == self.digest(path)?,
                None => false,
            };
            if !is_same {
                changed.insert(path.clone());
            }
        }
        for path in self.committed(before.head.as_deref(), now.head.as_deref())? {
            let is_ours = self.whole(&path).starts_with(&self.run_dir);
            if !is_ours && !before.differing.contains_key(&path) {
                changed.insert(path);
            }
        }
        write(
            &self.changed,
            &changed.into_iter().flat_map(ended).collect::<Vec<u8>>(),
        )
    }

    fn look(&self) -> anyhow::Result<Moment> {
        let git = Git::new(&self.folder);
        let prefix = git.read(&["rev-parse", "--show-prefix"])?;
        let names = git.names(&[
            "status",
            "--porcelain=v1",
            "-z",
            "--untracked-files=all",
            "--no-renames",
            "--ignore-submodules=none",
            "--",
            ".",
        ])?;
        let names = names.into_iter().map(OsStringExt::into_vec);
        let names: Vec<Vec<u8>> = names
            .filter(|name| self.counts(below(name, &prefix)))
            .collect();
        if names.len() > MOST {
            bail!(
                "{} uncommitted files in {}: at most {MOST} can be told apart",
                names.len(),
                self.folder.display()
            );
        }
        let mut differing = BTreeMap::new();
        for name in &names {
            let path = below(name, &prefix);
            if !self.whole(path).starts_with(&self.run_dir) {
                differing.insert(path.to_owned(), self.digest(path)?);
            }
        }
        let head = git.commit("HEAD")?;
        Ok(Moment { head, differing })
    }

    /// Files of the folder that differ between two commits.
    fn committed(&self, before: Option<&str>, now: Option<&str>) -> anyhow::Result<Vec<Vec<u8>>> {
        let git = Git::new(&self.folder);
        let names = match (before, now) {
            (Some(before), Some(now)) if before != now => git.names(&[
                "diff",
                "--name-only",
                "-z",
                "--no-renames",
                "--relative",
                before,
                now,
                "--",
                ".",
            ])?,
            (None, Some(now)) => git.names(&["ls-tree", "-r", "-z", "--name-only", now])?,
            _ => Vec::new(),
        };
        let names = names.into_iter().map(OsStringExt::into_vec);
        Ok(names.filter(|name| self.counts(name)).collect())
    }

    fn counts(&self, path: &[u8]) -> bool {
        let path = Path::new(OsStr::from_bytes(path));
        let secrets = self.secrets.as_ref();
        secrets.is_none_or(|Secrets(list)| list.is_secret(path))
    }

    fn digest(&self, path: &[u8]) -> anyhow::Result<String> {
        let path = self.whole(path);
        let cannot = || format!("cannot read {}", path.display());
        let Ok(about) = path.symlink_metadata() else {
            return Ok("none".to_owned());
        };
        if about.is_symlink() {
            let target = std::fs::read_link(&path).with_context(cannot)?;
            return Ok(schemas::digest([target.as_os_str().as_bytes()]));
        }
        if !about.is_file() {
            return Ok("other".to_owned());
        }
        if about.len() > LARGE {
            let changed = about.modified().with_context(cannot)?;
            return Ok(schemas::digest([
                format!("{} {changed:?}", about.len()).as_bytes()
            ]));
        }
        let mut text = Vec::new();
        let file = File::open(&path).with_context(cannot)?;
        file.take(LARGE)
            .read_to_end(&mut text)
            .with_context(cannot)?;
        Ok(schemas::digest([text.as_slice()]))
    }

    fn whole(&self, path: &[u8]) -> PathBuf {
        self.folder.join(OsStr::from_bytes(path))
    }
}

/// The name of a file, relative to the folder, in a line of `git status`: two letters of state and a blank come before it.
fn below<'a>(line: &'a [u8], prefix: &str) -> &'a [u8] {
    let path = line.get(3..).unwrap_or_default();
    path.strip_prefix(prefix.as_bytes()).unwrap_or(path)
}

fn ended(mut path: Vec<u8>) -> Vec<u8> {
    path.push(0);
    path
}

fn parse(text: &[u8]) -> Moment {
    let mut parts = text.split(|byte| *byte == 0);
    let head = String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
    let entry = |part: &[u8]| {
        let blank = part.iter().position(|byte| *byte == b' ')?;
        let digest = String::from_utf8_lossy(&part[..blank]).into_owned();
        Some((part[blank + 1..].to_owned(), digest))
    };
    Moment {
        head: Some(head).filter(|head| !head.is_empty()),
        differing: parts.filter_map(entry).collect(),
    }
}

/// Whole or not at all: what is half there would accuse the task of the rest.
fn write(path: &Path, text: &[u8]) -> anyhow::Result<()> {
    let cannot = || format!("cannot write {}", path.display());
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).with_context(cannot)?;
    let mut file = tempfile::NamedTempFile::new_in(folder).with_context(cannot)?;
    std::io::Write::write_all(&mut file, text).with_context(cannot)?;
    file.persist(path).map(drop).with_context(cannot)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A repository with one commit, and a footprint of its folder `page`.
    fn repository() -> (tempfile::TempDir, Footprint) {
        let root = tempfile::tempdir().unwrap();
        let page = root.path().join("page");
        std::fs::create_dir(&page).unwrap();
        for name in ["kept", "mine", "gone"] {
            std::fs::write(page.join(name), "old\n").unwrap();
        }
        sh(&page, "git init -q .. && git add -A && git commit -qm one");
        let footprint = Footprint {
            run_dir: page.join(".orchestrate"),
            before: page.join(".orchestrate/before"),
            changed: page.join(".orchestrate/changed"),
            folder: page,
            is_first: true,
            secrets: None,
        };
        (root, footprint)
    }

    fn sh(folder: &Path, line: &str) {
        let done = duct::cmd!("sh", "-c", line)
            .dir(folder)
            .env("GIT_AUTHOR_NAME", "t")
            .env("GIT_AUTHOR_EMAIL", "t@example.com")
            .env("GIT_COMMITTER_NAME", "t")
            .env("GIT_COMMITTER_EMAIL", "t@example.com")
            .run();
        done.unwrap();
    }

    fn changed(footprint: &Footprint) -> Vec<String> {
        footprint.end().unwrap();
        let text = std::fs::read_to_string(&footprint.changed).unwrap();
        text.split_terminator('\0').map(str::to_owned).collect()
    }

    #[test]
    fn what_was_changed_before_is_nobodys_and_what_is_committed_counts() {
        let (_root, footprint) = repository();
        let page = footprint.folder.clone();
        sh(
            &page,
            "echo new >mine; echo x >draft; echo outside >../other",
        );
        footprint.begin().unwrap();
        assert_eq!(changed(&footprint), [""; 0]);
        sh(
            &page,
            "echo new >kept; rm gone; echo y >'a b'; git add -A; git commit -qm two; echo z >later",
        );
        // Draft and mine were committed as they had been.
        assert_eq!(changed(&footprint), ["a b", "gone", "kept", "later"]);
        sh(&page, "echo more >>mine; rm draft");
        assert_eq!(
            changed(&footprint),
            ["a b", "draft", "gone", "kept", "later", "mine"]
        );
        // A later attempt has the same ground.
        let later = Footprint {
            is_first: false,
            ..footprint
        };
        later.begin().unwrap();
        assert_eq!(changed(&later).len(), 6);
    }

    #[test]
    fn what_is_ignored_is_no_change() {
        let (_root, footprint) = repository();
        let page = footprint.folder.clone();
        sh(
            &page,
            "echo built >.gitignore; git add -A; git commit -qm two",
        );
        footprint.begin().unwrap();
        sh(&page, "mkdir built; echo x >built/y");
        assert_eq!(changed(&footprint), [""; 0]);
    }
}
