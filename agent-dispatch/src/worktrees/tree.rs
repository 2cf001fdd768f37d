//! One worktree of one task: made, taken up again, verified.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use schemas::WorkspaceSetup;

use super::git::Git;
use super::lease::Lease;
use super::repository::Repository;

/// A worktree that a task has, or is to have.
#[derive(Debug, Clone)]
pub(crate) struct Tree {
    /// Index of its repository.
    pub(crate) repository: usize,
    pub(crate) path: PathBuf,
    /// The project's folder in it: where the task works.
    pub(crate) folder: PathBuf,
    /// The same folder in the user's checkout.
    pub(crate) source: PathBuf,
    pub(crate) branch: String,
    /// Other tasks of its phase work in it before or after.
    pub(crate) shared: bool,
    pub(crate) setup: WorkspaceSetup,
}

/// A worktree that is there and verified.
pub(crate) struct Standing {
    pub(crate) git: Git,
    /// git's own folder of it.
    pub(crate) git_dir: PathBuf,
    /// The commit that its work began from.
    pub(crate) base: String,
    /// What it holds now.
    pub(crate) head: String,
}

impl Tree {
    pub(crate) fn full_branch(&self) -> String {
        format!("refs/heads/{}", self.branch)
    }

    /// Makes it from the tip of the target, unless it is there. Answers whether it was.
    pub(crate) fn make(
        &self,
        repository: &Repository,
        reason: &str,
        notes: &mut Vec<String>,
    ) -> anyhow::Result<bool> {
        let git = &repository.git;
        let _turn = repository.turn();
        if self.is_whole(repository)? {
            return Ok(true);
        }
        let tip = repository.tip()?;
        if let Some(parent) = self.path.parent() {
            std::fs::create_dir_all(parent)
                .with_context(|| format!("cannot make {}", parent.display()))?;
        }
        let has_branch = git.commit(&self.full_branch())?.is_some();
        let (branch, from) = (self.branch.as_str(), tip.as_str());
        let path = self.path.to_str().context("its path is not UTF-8")?;
        // Forced: git may still have it on its list, locked, though somebody has deleted the folder.
        let mut args = vec!["worktree", "add", "--quiet", "--force", "--force"];
        args.extend(["--lock", "--reason", reason, "--no-track"]);
        match has_branch {
            true => args.extend([path, branch]),
            false => args.extend(["-b", branch, path, from]),
        }
        let args: Vec<&str> = match has_branch {
            // Nothing to track where no branch is made.
            true => args
                .into_iter()
                .filter(|arg| *arg != "--no-track")
                .collect(),
            false => args,
        };
        let added = git.run(&args)?;
        if !added.is_ok() && !self.is_made(repository)? {
            added.succeeded("worktree add")?;
        }
        if !added.is_ok() {
            notes.push(format!(
                "a hook failed when its worktree was made: {}",
                added.complaint()
            ));
        }
        Ok(false)
    }

    /// Whether all of it is there: what has failed was said afterwards, by a hook.
    fn is_made(&self, repository: &Repository) -> anyhow::Result<bool> {
        let Ok(standing) = self.verify(repository) else {
            return Ok(false);
        };
        let git = &standing.git;
        let on = git.run(&["symbolic-ref", "--quiet", "HEAD"])?;
        let on = String::from_utf8_lossy(&on.stdout).trim().to_owned();
        let whole = git.run(&["diff", "--quiet", "HEAD"])?;
        Ok(on == self.full_branch() && whole.is_ok())
    }

    /// Whether it is there. What somebody who was killed has left half made is removed: nobody has worked in it.
    fn is_whole(&self, repository: &Repository) -> anyhow::Result<bool> {
        let git_file = self.path.join(".git");
        if git_file.symlink_metadata().is_err() {
            // Nothing, or a folder that git fills if it is empty and complains of if it is not.
            return Ok(false);
        }
        let git_dir = git_dir(&self.path);
        if git_dir.parent() != Some(repository.common.join("worktrees").as_path()) {
            bail!("{} is no worktree of this repository", self.path.display());
        }
        if Lease::read(&git_dir).is_some() {
            return Ok(true);
        }
        let lock = std::fs::read_to_string(git_dir.join("locked")).unwrap_or_default();
        let lock = lock.trim();
        if git_dir.is_dir() && !lock.starts_with("orchestrate ") && lock != "initializing" {
            bail!("{} is somebody else's worktree", self.path.display());
        }
        std::fs::remove_dir_all(&self.path).with_context(|| {
            format!("cannot remove {}, which is half made", self.path.display())
        })?;
        Ok(false)
    }

    /// It is there: it must be the right one, on its branch. One without work of its own is brought up to the target. `base`
    /// is what the journal says its work began from.
    pub(crate) fn take_up(
        &self,
        repository: &Repository,
        base: Option<&str>,
    ) -> anyhow::Result<Standing> {
        let tip = repository.tip()?;
        let tip = tip.as_str();
        let standing = self.verify(repository)?;
        let on = standing.git.run(&["symbolic-ref", "--quiet", "HEAD"])?;
        if String::from_utf8_lossy(&on.stdout).trim() != self.full_branch() {
            let quiet = standing.git.quiet();
            quiet.must(&["checkout", "--quiet", &self.branch])?;
        }
        let mut head = self.head(&standing.git)?;
        let has_work = !standing.git.holds(tip, &head)?;
        if !has_work && head != tip {
            standing.git.fast_forward(tip)?.succeeded("merge")?;
            head = tip.to_owned();
        }
        let base = match (has_work, base) {
            (true, Some(base)) if standing.git.holds(&head, base).unwrap_or(false) => {
                base.to_owned()
            }
            (true, _) => standing.git.read(&["merge-base", tip, &head])?,
            (false, _) => head.clone(),
        };
        Ok(Standing {
            base,
            head,
            ..standing
        })
    }

    /// Another task has worked in it. What of its work is not in the target stays on a branch of that task's own; the rest
    /// of the branch begins at the target's tip.
    pub(crate) fn pass_on(
        &self,
        repository: &Repository,
        other: &Lease,
        notes: &mut Vec<String>,
    ) -> anyhow::Result<()> {
        let git = self.verify(repository)?.git;
        let (tip, head) = (repository.tip()?, self.head(&git)?);
        if !git.holds(&tip, &head)? {
            let branch = schemas::work_branch(&other.plan, &other.task);
            git.must(&["update-ref", &format!("refs/heads/{branch}"), &head])?;
            notes.push(format!("the work of {} is kept on {branch}", other.task));
        }
        let branch = [
            "checkout",
            "--quiet",
            "-B",
            &self.branch,
            "--no-track",
            &tip,
        ];
        git.quiet().must(&branch)
    }

    /// Who has worked in it last.
    pub(crate) fn lease(&self) -> Option<Lease> {
        Lease::read(&git_dir(&self.path))
    }

    /// Whether the folder is the top of a worktree of this repository, and nothing else: git in a folder that has lost its
    /// worktree works on whatever lies above it. Removes what a killed git has locked.
    pub(crate) fn verify(&self, repository: &Repository) -> anyhow::Result<Standing> {
        let git = ceiling(&repository.git, &self.path);
        let path = self.path.display();
        let asked = [
            "rev-parse",
            "--path-format=absolute",
            "--show-toplevel",
            "--git-common-dir",
            "--absolute-git-dir",
        ];
        let answer = git.run(&asked)?;
        let said = String::from_utf8_lossy(&answer.stdout);
        let said: Vec<&Path> = said.lines().map(Path::new).collect();
        // A name with a line break in it would be two lines: git's own files of worktrees do not stand that, either.
        let [top, common, git_dir] = said[..] else {
            bail!("{path} is not a worktree");
        };
        let asked = self.path.canonicalize();
        let is_top = matches!((top.canonicalize(), &asked), (Ok(top), Ok(asked)) if top == *asked);
        if !answer.is_ok() || !is_top {
            bail!("{path} is not a worktree");
        }
        if common.canonicalize().ok() != repository.common.canonicalize().ok() {
            bail!("{path} is a worktree of another repository");
        }
        let git_dir = git_dir.to_owned();
        if git_dir.canonicalize().ok() == repository.common.canonicalize().ok() {
            bail!("{path} is the repository's own checkout");
        }
        let files = std::fs::read_dir(&git_dir).into_iter().flatten().flatten();
        for file in files.map(|file| file.path()) {
            if file.extension().is_some_and(|kind| kind == "lock") {
                let _ = std::fs::remove_file(file);
            }
        }
        Ok(Standing {
            head: String::new(),
            base: String::new(),
            git,
            git_dir,
        })
    }

    pub(crate) fn head(&self, git: &Git) -> anyhow::Result<String> {
        let head = git.commit("HEAD")?;
        head.with_context(|| format!("{} has no commit", self.path.display()))
    }
}

/// git's own folder of a worktree, as the worktree says; empty where that is none.
pub(super) fn git_dir(worktree: &Path) -> PathBuf {
    let pointer = std::fs::read_to_string(worktree.join(".git")).unwrap_or_default();
    PathBuf::from(pointer.trim().strip_prefix("gitdir: ").unwrap_or_default())
}

/// git in that folder, which looks no further up for a repository.
pub(crate) fn ceiling(git: &Git, folder: &Path) -> Git {
    let above = folder.parent().unwrap_or(folder);
    git.at(folder).env("GIT_CEILING_DIRECTORIES", above)
}
