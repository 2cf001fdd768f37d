//! What git says of a work tree, asked so that the work under review cannot bend the answer.
//!
//! The repository's own settings are the work's to change: no replaced objects, no grafts, no external programs for
//! diffs, no cached stat data that a setting weakens, no untracked files that a setting hides.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::diff;
use rustix::process::{Pid, Signal, kill_process_group};

/// Largest answer that is taken, in bytes.
const MAX_ANSWER: u64 = 64 << 20;

/// Most of its words on stderr that are read, in bytes.
const MAX_SAID: u64 = 16 << 10;

const SETTINGS: &[&str] = &[
    "--no-replace-objects",
    "--literal-pathspecs",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.untrackedCache=false",
    "-c",
    "core.trustctime=true",
    "-c",
    "core.checkStat=default",
    "-c",
    "core.quotePath=false",
    "-c",
    "status.showUntrackedFiles=all",
    "-c",
    "diff.ignoreSubmodules=none",
    "-c",
    "status.relativePaths=false",
];

/// One file that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    /// Relative to the top of the work tree.
    pub(crate) path: PathBuf,
    /// Lines added and taken away; of a binary file none are counted.
    pub(crate) lines: u64,
}

/// A work tree.
#[derive(Debug)]
pub(crate) struct Git {
    top: PathBuf,
    patience: Duration,
}

impl Git {
    /// The work tree that holds `folder`. No answer takes longer than `patience`.
    pub(crate) fn open(folder: &Path, patience: Duration) -> Result<Git, String> {
        let mut git = Git {
            top: folder.to_path_buf(),
            patience,
        };
        let mut top = git.ask(["rev-parse", "--show-toplevel"])?;
        while top.last() == Some(&b'\n') {
            top.pop();
        }
        if top.is_empty() {
            return Err(format!("{} is no work tree of git", folder.display()));
        }
        git.top = OsString::from_vec(top).into();
        // A repository's own `core.worktree` may name another folder, where nothing has changed.
        let inside = std::fs::canonicalize(folder).is_ok_and(|folder| folder.starts_with(&git.top));
        if !inside {
            let (folder, top) = (folder.display(), git.top.display());
            return Err(format!("git takes {top} for the work tree of {folder}"));
        }
        Ok(git)
    }

    /// Its top folder.
    pub(crate) fn top(&self) -> &Path {
        &self.top
    }

    /// The id of the commit that a name means.
    pub(crate) fn commit(&self, name: &str) -> Result<String, String> {
        let commit = format!("{name}^{{commit}}");
        let id = self
            .ask([
                "rev-parse",
                "--verify",
                "--quiet",
                "--end-of-options",
                &commit,
            ])
            .map_err(|_| format!("there is no commit `{name}`"))?;
        Ok(String::from_utf8_lossy(&id).trim().to_owned())
    }

    /// Where the work began: the newest commit that `base` and HEAD have in common. `None`: they have none.
    pub(crate) fn fork_point(&self, base: &str) -> Result<Option<String>, String> {
        self.commit("HEAD")?;
        let (code, answer) = self.run(["merge-base", base, "HEAD"])?;
        let id = String::from_utf8_lossy(&answer).trim().to_owned();
        Ok((code == 0 && !id.is_empty()).then_some(id))
    }

    /// All that differs from a commit: committed, staged, changed and untracked files, each once, by path.
    pub(crate) fn changes(&self, commit: &str) -> Result<Vec<Change>, String> {
        let mut found: BTreeMap<PathBuf, u64> = BTreeMap::new();
        const DIFF: [&str; 7] = [
            "diff",
            "--numstat",
            "-z",
            "--no-renames",
            "--no-ext-diff",
            "--no-textconv",
            "--ignore-submodules=none",
        ];
        // What is staged and taken back in the work tree is still going to be committed.
        for cached in [&["--cached"][..], &[]] {
            let arguments = DIFF.iter().chain(cached).chain([&commit, &"--"]);
            for entry in records(&self.ask(arguments.copied())?) {
                let mut fields = entry.splitn(3, |byte| *byte == b'\t');
                let mut count = || {
                    let field = fields.next().unwrap_or_default();
                    String::from_utf8_lossy(field).parse::<u64>().unwrap_or(0)
                };
                let lines = count() + count();
                if let Some(path) = fields.next() {
                    let most = found.entry(path_of(path)).or_default();
                    *most = lines.max(*most);
                }
            }
        }
        for path in records(&self.ask(UNTRACKED)?) {
            let path = path_of(path);
            let lines = lines_of(&self.top.join(&path));
            found.insert(path, lines);
        }
        let found = found.into_iter();
        Ok(found.map(|(path, lines)| Change { path, lines }).collect())
    }

    /// Every file that a commit since `commit` has touched, also when a later one took that back.
    pub(crate) fn touched(&self, commit: &str) -> Result<Vec<PathBuf>, String> {
        let range = format!("{commit}..HEAD");
        let log = [
            "log",
            "-z",
            "-m",
            "--name-only",
            "--no-renames",
            "--format=",
            &range,
            "--",
        ];
        let mut paths: Vec<PathBuf> = records(&self.ask(log)?)
            .map(|path| path_of(path.strip_prefix(b"\n").unwrap_or(path)))
            .collect();
        paths.sort();
        paths.dedup();
        Ok(paths)
    }

    /// What `git status` tells, one entry a file: its two letters and its path.
    pub(crate) fn status(&self) -> Result<Vec<(String, PathBuf)>, String> {
        let status = [
            "status",
            "--porcelain=v1",
            "-z",
            "--no-renames",
            "--untracked-files=all",
            "--ignore-submodules=none",
        ];
        let answer = self.ask(status)?;
        let entries = records(&answer).filter(|entry| entry.len() > 3);
        Ok(entries
            .map(|entry| {
                let letters = String::from_utf8_lossy(&entry[..2]).trim().to_owned();
                (letters, path_of(&entry[3..]))
            })
            .collect())
    }

    /// Files that are there and that git was told not to look at (`update-index --assume-unchanged`).
    pub(crate) fn hidden(&self) -> Result<Vec<PathBuf>, String> {
        let answer = self.ask(["ls-files", "-v", "-z"])?;
        let entries = records(&answer).filter(|entry| entry.len() > 2);
        Ok(entries
            .filter(|entry| entry[0] == b'S' || entry[0].is_ascii_lowercase())
            .map(|entry| path_of(&entry[2..]))
            .filter(|path| self.top.join(path).symlink_metadata().is_ok())
            .collect())
    }

    /// A file as a commit has it; `None` when it has no such file. The path is relative to the top.
    pub(crate) fn show(&self, commit: &str, path: &Path) -> Result<Option<Vec<u8>>, String> {
        let mut name = OsString::from(format!("{commit}:"));
        name.push(path);
        let (code, answer) = self.run([OsStr::new("show"), OsStr::new("--no-textconv"), &name])?;
        Ok((code == 0).then_some(answer))
    }

    /// What has changed since a commit in files that git knows, without context.
    pub(crate) fn diff(&self, commit: &str) -> Result<Vec<u8>, String> {
        self.diff_with(commit, "--unified=0")
    }

    /// The same, with the lines around each change.
    pub(crate) fn diff_to_read(&self, commit: &str) -> Result<Vec<u8>, String> {
        self.diff_with(commit, "--unified=3")
    }

    fn diff_with(&self, commit: &str, context: &str) -> Result<Vec<u8>, String> {
        self.ask([
            "diff",
            context,
            "--no-color",
            "--no-renames",
            "--no-ext-diff",
            "--no-textconv",
            "--no-prefix",
            commit,
            "--",
        ])
    }

    /// The lines that are new or changed since a commit, by file.
    pub(crate) fn changed_lines(
        &self,
        commit: &str,
    ) -> Result<BTreeMap<PathBuf, Vec<u32>>, String> {
        let mut changed = diff::added_lines(&self.diff(commit)?);
        for path in records(&self.ask(UNTRACKED)?) {
            let path = path_of(path);
            let lines = u32::try_from(lines_of(&self.top.join(&path))).unwrap_or(u32::MAX);
            changed.insert(path, (1..=lines).collect());
        }
        Ok(changed)
    }

    fn ask<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<Vec<u8>, String> {
        let arguments: Vec<A> = arguments.into_iter().collect();
        let verb = arguments.first().map(|verb| verb.as_ref().to_owned());
        match self.run_saying(arguments)? {
            (0, answer, _) => Ok(answer),
            (code, _, said) => {
                // Hints may stand before it and behind it.
                let reason = said.lines().find(|line| line.starts_with("fatal:"));
                let said = reason.or(said.lines().last()).unwrap_or_default();
                let verb = verb.unwrap_or_default();
                Err(format!("git {} failed ({code}) {said}", verb.display())
                    .trim_end()
                    .to_owned())
            }
        }
    }

    /// Exit code and what it wrote to stdout.
    fn run<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<(i32, Vec<u8>), String> {
        self.run_saying(arguments)
            .map(|(code, answer, _)| (code, answer))
    }

    /// The same, with what it wrote to stderr.
    fn run_saying<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<(i32, Vec<u8>, String), String> {
        let cannot = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound if !self.top.is_dir() => {
                format!("there is no folder {}", self.top.display())
            }
            std::io::ErrorKind::NotFound => "program not found: git".to_owned(),
            _ => format!("cannot run git: {error}"),
        };
        let mut child = Command::new("git")
            .args(SETTINGS)
            .args(arguments)
            .current_dir(&self.top)
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_GRAFT_FILE", "/dev/null")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(cannot)?;
        let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let pipe = child.stdout.take();
        let errors = child.stderr.take();
        let said = thread::spawn(move || {
            let mut said = Vec::new();
            let mut errors = errors?;
            errors.by_ref().take(MAX_SAID).read_to_end(&mut said).ok()?;
            std::io::copy(&mut errors, &mut std::io::sink()).ok()?;
            Some(schemas::terminal::plain(&said))
        });
        let (sender, read) = mpsc::channel();
        thread::spawn(move || {
            let mut answer = Vec::new();
            let size = pipe.map(|pipe| pipe.take(MAX_ANSWER + 1).read_to_end(&mut answer));
            let _ = sender.send(size.is_some_and(|size| size.is_ok()).then_some(answer));
        });
        let answer = read.recv_timeout(self.patience);
        let whole = |answer: &Vec<u8>| answer.len() as u64 <= MAX_ANSWER;
        let answer = match answer {
            Ok(Some(answer)) if whole(&answer) => Ok(answer),
            Ok(_) => Err("git: the answer is too large".to_owned()),
            Err(_) => Err("git took too long".to_owned()),
        };
        if let (Err(_), Some(group)) = (&answer, group) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let status = child.wait().map_err(cannot)?;
        let said = said.join().ok().flatten().unwrap_or_default();
        Ok((status.code().unwrap_or(-1), answer?, said))
    }
}

const UNTRACKED: [&str; 4] = ["ls-files", "--others", "--exclude-standard", "-z"];

fn records(answer: &[u8]) -> impl Iterator<Item = &[u8]> {
    let entries = answer.split(|byte| *byte == 0);
    entries.filter(|entry| !entry.is_empty())
}

pub(crate) fn path_of(bytes: &[u8]) -> PathBuf {
    let bytes = bytes.strip_suffix(b"/").unwrap_or(bytes);
    OsStr::from_bytes(bytes).into()
}

/// How many lines a file has; 0 when it cannot be read or is no file.
fn lines_of(path: &Path) -> u64 {
    let is_file = path.symlink_metadata().is_ok_and(|about| about.is_file());
    let Some(mut file) = std::fs::File::open(path).ok().filter(|_| is_file) else {
        return 0;
    };
    let (mut piece, mut lines, mut last) = ([0; 64 << 10], 0, b'\n');
    while let Ok(size @ 1..) = file.read(&mut piece) {
        let read = &piece[..size];
        lines += read.iter().filter(|byte| **byte == b'\n').count() as u64;
        last = read[size - 1];
    }
    lines + u64::from(last != b'\n')
}
