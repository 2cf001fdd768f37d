//! Worktrees whose work is durable are removed; all others are kept.

use std::path::Path;

use anyhow::bail;

use super::git::Git;
use super::repository::Repository;
use super::tree::Tree;
use super::{Unit, Worktrees, ground};

/// What became of a task's worktrees.
#[derive(Debug, Default)]
pub(crate) struct Removal {
    pub(crate) removed: Vec<String>,
    /// What was kept, and why.
    pub(crate) notes: Vec<String>,
}

impl Worktrees {
    /// Removes the worktrees of a task whose work is in its targets.
    pub(crate) fn remove(&self, unit: &Unit) -> Removal {
        let mut removal = Removal::default();
        for tree in &unit.trees {
            let repository = &self.repositories[tree.repository];
            let path = tree.path.display().to_string();
            match remove(tree, repository) {
                Ok(()) => removal.removed.push(path),
                Err(error) => removal.notes.push(format!("{path} is kept: {error:#}")),
            }
        }
        removal
    }
}

/// Nothing is removed that holds anything which is not in a commit, and no branch that is not in the target.
fn remove(tree: &Tree, repository: &Repository) -> anyhow::Result<()> {
    let git = &repository.git;
    if tree.path.exists() {
        let standing = tree.verify(repository)?;
        let changed = standing
            .git
            .read(&["status", "--porcelain", "--untracked-files=all"])?;
        if let Some(first) = changed.lines().next() {
            let more = changed.lines().count() - 1;
            let more = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            bail!(
                "{} is not committed{more}",
                schemas::printable(first.get(3..).unwrap_or(first))
            );
        }
        if let Some(name) = sole_holder(&standing.git)? {
            bail!("nothing else holds the commits of its submodule {name}");
        }
        let _turn = repository.turn();
        // Forced for its lock, and for submodules: that nothing is lost has been seen.
        let removed = git.remove_worktree(&tree.path)?;
        if !removed.is_ok() {
            clear(&tree.path);
            let again = git.remove_worktree(&tree.path)?;
            again.succeeded("worktree remove")?;
        }
    } else {
        forget(repository, &tree.path)?;
    }
    if let Some(parent) = tree.path.parent() {
        // Only when it holds nothing more.
        let _ = std::fs::remove_dir(parent);
    }
    let full = tree.full_branch();
    if let Some(commit) = git.commit(&full)?
        && git.holds(&repository.tip()?, &commit)?
    {
        git.must(&["update-ref", "-d", &full, &commit])?;
    }
    Ok(())
}

/// A git that was killed between the folder and its own entry of it has left the entry.
pub(super) fn forget(repository: &Repository, path: &Path) -> anyhow::Result<()> {
    let entries = std::fs::read_dir(repository.common.join("worktrees"));
    let pointer = path.join(".git");
    let is_of_it = |entry: std::fs::DirEntry| {
        let said = std::fs::read_to_string(entry.path().join("gitdir"));
        said.is_ok_and(|said| Path::new(said.trim_end_matches('\n')) == pointer)
    };
    if !entries.into_iter().flatten().flatten().any(is_of_it) {
        return Ok(());
    }
    let _turn = repository.turn();
    let forgotten = repository.git.remove_worktree(path)?;
    forgotten.succeeded("worktree remove")
}

/// A submodule with commits that its remotes do not have, as far as is known here: git keeps its repository in the
/// worktree's own folder, with which it goes.
fn sole_holder(git: &Git) -> anyhow::Result<Option<String>> {
    let listed = git.names(&["ls-files", "--stage", "-z"])?;
    let links = listed.iter().filter_map(|entry| {
        let entry = entry.to_str()?.strip_prefix("160000 ")?;
        entry.split_once('\t').map(|(_, name)| name)
    });
    for name in links {
        let folder = git.folder().join(name);
        if !folder.join(".git").exists() {
            continue;
        }
        let own = [
            "rev-list",
            "--max-count=1",
            "HEAD",
            "--all",
            "--not",
            "--remotes",
        ];
        if !git.at(folder).read(&own)?.is_empty() {
            return Ok(Some(schemas::printable(name)));
        }
    }
    Ok(None)
}

/// Caches are written read-only by some.
fn clear(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            let _ = std::fs::set_permissions(entry.path(), std::fs::Permissions::from_mode(0o700));
            clear(&entry.path());
        }
    }
}

/// The worktree for merges is ours alone: nothing of anybody's work is in it.
pub(super) fn remove_ground(repository: &Repository) {
    let path = ground::path(repository);
    if !path.exists() {
        let _ = forget(repository, &path);
        return;
    }
    let _turn = repository.turn();
    let _ = repository.git.remove_worktree(&path);
    if let Some(parent) = path.parent() {
        let _ = std::fs::remove_dir(parent);
        let _ = parent.parent().map(std::fs::remove_dir);
    }
}
