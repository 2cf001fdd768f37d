//! The worktree in which merges are made: on no branch, and nobody works there. Targets move from it.

use std::path::PathBuf;
use std::sync::{MutexGuard, PoisonError};

use anyhow::{Context, bail};

use super::git::Git;
use super::lease::Lease;
use super::repository::Repository;
use super::stop::Stop;
use super::strategy;
use super::tree::{Tree, ceiling};

/// The worktree of one repository in which merges are made.
pub(super) struct Ground<'r> {
    pub(super) repository: &'r Repository,
    pub(super) git: Git,
    /// Where the target stands.
    pub(super) good: String,
    /// What has been put on top of it and not been verified.
    pub(super) now: String,
    /// Somebody may have been there since the last merge, and it was not put in order.
    pub(super) is_as_left: bool,
}

impl Ground<'_> {
    /// Nothing has run in it after the merge: the next one need not put it in order, which takes git a look at every file.
    /// Whatever somebody does there meanwhile gets into no merge, for `git merge` refuses an index that holds anything else
    /// than the commit; it can make one fail, which is tried again then.
    pub(super) fn rests(&self) {
        *self.resting() = Some(self.good.clone());
    }

    fn resting(&self) -> MutexGuard<'_, Option<String>> {
        resting(self.repository)
    }
}

fn resting(repository: &Repository) -> MutexGuard<'_, Option<String>> {
    let resting = repository.resting.lock();
    resting.unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn back(grounds: &mut [Ground<'_>]) -> anyhow::Result<()> {
    for ground in grounds {
        strategy::reset(&ground.git, &ground.good)?;
        ground.now.clone_from(&ground.good);
        ground.is_as_left = false;
    }
    Ok(())
}

/// The folder in which merges into this repository's target are made.
pub(crate) fn path(repository: &Repository) -> PathBuf {
    repository.root.join(".integration")
}

/// The worktree for merges, at that commit, and whether it is as the last merge left it. What a former dispatcher left there
/// is used again.
pub(super) fn ground(
    repository: &Repository,
    tip: &str,
    stop: &Stop,
    lease: &Lease,
) -> anyhow::Result<(Git, bool)> {
    let is_as_left = resting(repository).take();
    let path = path(repository);
    let tree = Tree {
        repository: 0,
        folder: path.clone(),
        source: repository.top.clone(),
        branch: String::new(),
        shared: false,
        setup: schemas::WorkspaceSetup::default(),
        path: path.clone(),
    };
    let git = ceiling(&repository.git, &path)
        .stopped_by(stop)
        // It may know how a conflict was solved once; whether that holds here, nobody has looked.
        .config("rerere.autoUpdate=false")
        .config("advice.mergeConflict=false");
    if path.exists() {
        if let Ok(standing) = tree.verify(repository) {
            let other = Lease::read(&standing.git_dir).filter(|known| known.pid != lease.pid);
            if other.is_some_and(|other| other.is_live()) {
                bail!("another dispatcher merges in {}", path.display());
            }
            let is_as_left = is_as_left.as_deref() == Some(tip);
            if is_as_left || strategy::reset(&git, tip).is_ok() {
                lease.write(&standing.git_dir);
                return Ok((git, is_as_left));
            }
        }
        if stop.is_asked() {
            bail!("stopped");
        }
    }
    let turn = repository.turn();
    let shown = path.to_str().context("its path is not UTF-8")?;
    let _ = repository.git.remove_worktree(&path);
    if path.exists() {
        // Half made by somebody who was killed: git does not know it, and nobody works there.
        std::fs::remove_dir_all(&path).with_context(|| format!("cannot remove {shown}"))?;
    }
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)
            .with_context(|| format!("cannot make {}", parent.display()))?;
    }
    let reason = format!("orchestrate {} {}", lease.plan, lease.task);
    let add = [
        "worktree", "add", "--quiet", "--force", "--force", "--lock", "--reason", &reason,
        "--detach", shown, tip,
    ];
    repository.git.quiet().must(&add)?;
    drop(turn);
    let standing = tree.verify(repository)?;
    lease.write(&standing.git_dir);
    Ok((git, false))
}

/// By compare-and-set. A checkout that somebody has made of the target meanwhile moves with it, or keeps it from moving.
pub(super) fn move_target(ground: &Ground<'_>) -> anyhow::Result<bool> {
    let Ground {
        repository,
        good,
        now,
        ..
    } = ground;
    let git = &repository.git;
    let message = "agent-dispatch: merged";
    let is_itself = repository.tip_ref.starts_with("refs/heads/");
    let folder = match is_itself {
        true => repository.checkouts()?.into_iter().next(),
        false => None,
    };
    let moved = match &folder {
        None => git.run(&["update-ref", "-m", message, &repository.tip_ref, now, good])?,
        Some(folder) => {
            if repository.tip()? != *good {
                return Ok(false);
            }
            git.at(folder).fast_forward(now)?
        }
    };
    if moved.is_ok() && folder.is_none() {
        return Ok(true);
    }
    match repository.tip()? {
        tip if tip == *now => Ok(true),
        tip if tip != *good => Ok(false),
        _ => bail!(
            "{} cannot be moved: {}",
            repository.target,
            moved.complaint()
        ),
    }
}
