//! The target belongs to the run: a worktree without files has it checked out, so that git refuses it to every agent that
//! would work on it instead of on its own branch. What goes into it goes by compare-and-set, which asks no checkout.

use std::path::{Path, PathBuf};

use anyhow::Context;

use super::lease::Lease;
use super::removal;
use super::repository::Repository;
use super::tree::git_dir;

/// Its name among the worktrees of a plan.
const NAME: &str = ".target";

/// Where it is.
pub(super) fn path(root: &Path) -> PathBuf {
    root.join(NAME)
}

/// Whether a worktree is one that holds a target.
pub(super) fn is_holder(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == NAME)
}

/// Makes it, or takes up what a dispatcher that was killed has left.
pub(super) fn hold(repository: &Repository, lease: &Lease) -> anyhow::Result<()> {
    let path = path(&repository.root);
    let head = std::fs::read_to_string(git_dir(&path).join("HEAD")).unwrap_or_default();
    if head.trim() != format!("ref: refs/heads/{}", repository.target) {
        release(repository);
        let _turn = repository.turn();
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)
                .with_context(|| format!("cannot make {}", parent.display()))?;
        }
        let shown = path.to_str().context("its path is not UTF-8")?;
        let reason = format!("orchestrate {} target", lease.plan);
        let mut args = vec![
            "worktree",
            "add",
            "--quiet",
            "--no-checkout",
            "--force",
            "--force",
        ];
        args.extend(["--lock", "--reason", &reason, shown, &repository.target]);
        repository.git.quiet().must(&args)?;
    }
    lease.write(&git_dir(&path));
    Ok(())
}

/// Anybody may check the target out again.
pub(super) fn release(repository: &Repository) {
    let path = path(&repository.root);
    if path.symlink_metadata().is_err() {
        let _ = removal::forget(repository, &path);
        return;
    }
    let turn = repository.turn();
    let _ = repository.git.remove_worktree(&path);
    // Half made by somebody who was killed; it never has files.
    let _ = std::fs::remove_file(path.join(".git"));
    let _ = std::fs::remove_dir(&path);
    drop(turn);
    // Whatever git had against it, there is nothing of it now.
    let _ = removal::forget(repository, &path);
}
