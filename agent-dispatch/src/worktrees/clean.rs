//! `--clean`: what earlier runs have left, which of it can go, and its going.

use std::collections::BTreeSet;
use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

use schemas::{Body, Console, Exit, Failure, State};

use super::git::Git;
use super::holder;
use super::lease::Lease;
use super::repository::{Place, common};
use super::tree::{ceiling, git_dir};
use crate::shell::run_dir::RunDir;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask {
    /// Nobody is asked.
    pub(crate) yes: bool,
    /// What is not committed goes, too.
    pub(crate) discard: bool,
}

/// A worktree that a dispatcher has made.
struct Found {
    git: Git,
    path: PathBuf,
    lease: Option<Lease>,
    branch: Option<String>,
    fate: Fate,
}

/// What becomes of it.
enum Fate {
    /// All that is in it is in commits. The branch goes, too, when its work is in the target.
    Remove {
        merged: bool,
    },
    Discard(usize),
    Keep(String),
}

/// Lists what is there, asks, and removes. Worktrees that others have made are not looked at.
pub(crate) fn clean(
    root: &Path,
    dir: &RunDir,
    ask: Ask,
    console: &Console,
) -> Result<Exit, Failure> {
    let state = crate::dry_run::state(dir.path())?;
    let _lock = match dir.path().is_dir() {
        true => Some(dir.lock()?),
        false => None,
    };
    let found = look(root, &state, ask)
        .map_err(|error| Failure::trouble(format!("cannot look for worktrees: {error:#}")))?;
    if found.is_empty() {
        console.info("no worktrees are left");
        return Ok(Exit::Yes);
    }
    for found in &found {
        console.info(&found.line());
    }
    let going: Vec<&Found> = found.iter().filter(|found| found.goes()).collect();
    if going.is_empty() {
        return Ok(Exit::No);
    }
    if !ask.yes && !consent(going.len(), console) {
        return Ok(Exit::Waiting);
    }
    let mut all = found.len() == going.len();
    let mut removed = Vec::new();
    for found in going {
        match found.remove() {
            Ok(()) => removed.push(found.path.display().to_string()),
            Err(error) => {
                all = false;
                console.error(&format!("{} is kept: {error:#}", found.path.display()));
            }
        }
    }
    record(dir, &state, &removed)?;
    console.info(&format!("{} of {} removed", removed.len(), found.len()));
    Ok(if all { Exit::Yes } else { Exit::No })
}

/// The repository of the root and those that the run's journal names.
fn look(root: &Path, state: &State, ask: Ask) -> anyhow::Result<Vec<Found>> {
    let workspaces = state.tasks.values().flat_map(|task| &task.workspaces);
    let named = workspaces.filter_map(|known| known.repository.as_ref());
    let mut tops: BTreeSet<PathBuf> = named
        .map(PathBuf::from)
        .filter(|top| top.is_dir())
        .collect();
    if let Ok(place) = Place::of(&Git::new(root)) {
        tops.insert(place.top);
    }
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for top in tops {
        let git = Git::new(&top);
        if seen.insert(common(&git)?) {
            found.extend(in_repository(&git, ask)?);
        }
    }
    Ok(found)
}

/// How many worktrees runs of other plans have left in a repository.
pub(super) fn left(git: &Git, plan: &str) -> usize {
    let list = git.read(&["worktree", "list", "--porcelain"]);
    let list = list.unwrap_or_default();
    let paths = list
        .lines()
        .filter_map(|line| line.strip_prefix("worktree "));
    let leases = paths.filter_map(|path| Lease::read(&git_dir(Path::new(path))));
    leases
        .filter(|lease| lease.plan != plan && !lease.is_live())
        .count()
}

fn in_repository(git: &Git, ask: Ask) -> anyhow::Result<Vec<Found>> {
    let list = git.read(&["worktree", "list", "--porcelain"])?;
    let mut found = Vec::new();
    for entry in list.split("\n\n") {
        let value = |name: &str| {
            let line = entry.lines().find_map(|line| line.strip_prefix(name));
            line.map(str::to_owned)
        };
        let (Some(path), Some(lock)) = (value("worktree "), value("locked ")) else {
            continue;
        };
        if !lock.starts_with("orchestrate ") {
            continue;
        }
        let path = PathBuf::from(path);
        let branch = value("branch ");
        let inner = ceiling(git, &path);
        let git_dir = inner.read(&["rev-parse", "--absolute-git-dir"]).ok();
        let lease = git_dir.and_then(|git_dir| Lease::read(Path::new(&git_dir)));
        let fate = fate(&inner, &path, lease.as_ref(), branch.as_deref(), ask);
        found.push(Found {
            git: git.clone(),
            path,
            lease,
            branch,
            fate,
        });
    }
    Ok(found)
}

fn fate(inner: &Git, path: &Path, lease: Option<&Lease>, branch: Option<&str>, ask: Ask) -> Fate {
    if lease.is_some_and(Lease::is_live) {
        return Fate::Keep("its dispatcher is at work".to_owned());
    }
    if !path.exists() {
        return Fate::Remove { merged: false };
    }
    let status = ["status", "--porcelain", "--untracked-files=all"];
    let changed = match inner.read(&status) {
        Ok(text) => text.lines().count(),
        Err(error) => return Fate::Keep(format!("{error:#}")),
    };
    match (
        changed,
        branch,
        lease.and_then(|lease| lease.target.as_ref()),
    ) {
        _ if holder::is_holder(path) => Fate::Remove { merged: false },
        // Merges are tried there, and nobody's work is in it.
        (_, None, _) => Fate::Remove { merged: false },
        (0, Some(branch), Some(target)) => Fate::Remove {
            merged: inner
                .holds(&format!("refs/heads/{target}"), branch)
                .unwrap_or(false),
        },
        (0, _, _) => Fate::Remove { merged: false },
        (changed, _, _) if ask.discard => Fate::Discard(changed),
        (changed, _, _) => Fate::Keep(format!(
            "{changed} changes in it are not committed; --discard throws them away"
        )),
    }
}

impl Found {
    fn goes(&self) -> bool {
        !matches!(self.fate, Fate::Keep(_))
    }

    fn line(&self) -> String {
        let path = self.path.display();
        let of = self.lease.as_ref().map_or(String::new(), |lease| {
            format!(" ({}, task {})", lease.plan, lease.task)
        });
        let branch = self.branch.as_deref().map(|branch| {
            let short = branch.strip_prefix("refs/heads/").unwrap_or(branch);
            format!(", its commits stay on {short}")
        });
        let branch = branch.unwrap_or_default();
        match &self.fate {
            Fate::Remove { merged: true } => {
                format!("{path}{of}: to be removed, its work is in the target")
            }
            Fate::Remove { merged: false } => format!("{path}{of}: to be removed{branch}"),
            Fate::Discard(count) => {
                format!(
                    "{path}{of}: to be removed with {count} changes that are not committed{branch}"
                )
            }
            Fate::Keep(why) => format!("{path}{of}: kept, {why}"),
        }
    }

    fn remove(&self) -> anyhow::Result<()> {
        let removed = self.git.remove_worktree(&self.path)?;
        removed.succeeded("worktree remove")?;
        if let Some(parent) = self.path.parent() {
            // Only when it holds nothing more.
            let _ = std::fs::remove_dir(parent);
            let _ = parent.parent().map(std::fs::remove_dir);
        }
        if let (Fate::Remove { merged: true }, Some(branch)) = (&self.fate, &self.branch) {
            self.git.must(&["update-ref", "-d", branch])?;
        }
        Ok(())
    }
}

/// Whoever is not there to be asked has not said yes.
fn consent(count: usize, console: &Console) -> bool {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        console.info("nothing is removed: say --yes");
        return false;
    }
    let noun = if count == 1 { "worktree" } else { "worktrees" };
    let asked = write!(std::io::stderr(), "remove {count} {noun}? [y/N] ");
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    asked.is_ok() && read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
}

/// The run's own journal learns of it.
fn record(dir: &RunDir, state: &State, removed: &[String]) -> Result<(), Failure> {
    let known = state
        .tasks
        .iter()
        .flat_map(|(id, task)| task.workspaces.iter().map(move |known| (id, known)));
    let gone = known.filter(|(_, known)| !known.removed && removed.contains(&known.path));
    let bodies: Vec<Body> = gone
        .map(|(id, known)| Body::WorkspaceRemoved {
            task: id.clone(),
            path: known.path.clone(),
        })
        .collect();
    if bodies.is_empty() {
        return Ok(());
    }
    let (mut state, mut journal) = schemas::journal::load(dir.path())?;
    let appended = journal.append(bodies)?;
    journal.sync()?;
    for record in &appended.own {
        state.apply(record);
    }
    state.refresh();
    state.journal_bytes = journal.offset();
    schemas::journal::save(dir.path(), &state)
}
