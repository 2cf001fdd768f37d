//! A repository that work is done in: where it is, what its work goes into, where its worktrees lie.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, bail};

use super::git::Git;
use super::holder;
use super::lease::Lease;
use super::{locks, names};

/// One repository of the run.
#[derive(Debug)]
pub(crate) struct Repository {
    /// The checkout in which the project lies.
    pub(crate) top: PathBuf,
    /// What all its worktrees share.
    pub(crate) common: PathBuf,
    /// The branch that work is merged into.
    pub(crate) target: String,
    /// The commit that the target begins from when it is not there.
    pub(crate) base: String,
    /// What is moved from merge to merge: the target, or while that is checked out somewhere, what stands in for it.
    pub(crate) tip_ref: String,
    /// Where the target is checked out.
    pub(crate) checkout: Option<PathBuf>,
    /// The folder of this plan's worktrees.
    pub(crate) root: PathBuf,
    pub(crate) git: Git,
    /// Worktrees are made and removed one at a time: git's own locks make the second one fail.
    turn: Mutex<()>,
    /// The commit that the worktree for merges holds, when the last merge left it there and nothing has run in it since.
    pub(super) resting: Mutex<Option<String>>,
}

/// What is asked for of all repositories.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wish {
    pub(crate) plan: String,
    /// A branch, or `current`.
    pub(crate) target: Option<String>,
    /// The folder of all worktrees.
    pub(crate) root: Option<PathBuf>,
}

/// Where a folder lies in its repository.
pub(crate) struct Place {
    pub(crate) top: PathBuf,
    /// The folder below the top, empty for the top itself.
    pub(crate) prefix: PathBuf,
}

/// Nobody else's turn, in this process or another.
pub(crate) struct Turn<'r> {
    _own: std::sync::MutexGuard<'r, ()>,
    _others: Option<File>,
}

impl Place {
    pub(crate) fn of(git: &Git) -> anyhow::Result<Place> {
        let folder = git.folder().display().to_string();
        let top = git.run(&["rev-parse", "--show-toplevel"])?;
        if !top.is_ok() {
            bail!("{folder} is not in a git work tree: {}", top.complaint());
        }
        let top = git.read(&["rev-parse", "--show-toplevel"])?;
        let prefix = git.read(&["rev-parse", "--show-prefix"])?;
        Ok(Place {
            top: PathBuf::from(top),
            prefix: PathBuf::from(prefix.trim_end_matches('/')),
        })
    }
}

impl Repository {
    /// Looks at a repository, and changes nothing. `base` is the branch that the target begins from.
    pub(crate) fn look(
        git: &Git,
        top: &Path,
        base: Option<&str>,
        wish: &Wish,
    ) -> anyhow::Result<Repository> {
        let git = git.elsewhere(top);
        let common = common(&git)?;
        let name = top.display();
        let current = git.run(&["symbolic-ref", "--quiet", "--short", "HEAD"])?;
        let current = current
            .is_ok()
            .then(|| String::from_utf8_lossy(&current.stdout).trim().to_owned());
        let target = match wish.target.as_deref() {
            Some("current") => current
                .with_context(|| format!("{name} has no current branch: HEAD is detached"))?,
            Some(named) => named
                .strip_prefix("refs/heads/")
                .unwrap_or(named)
                .to_owned(),
            None => schemas::target_branch(&wish.plan),
        };
        let full = format!("refs/heads/{target}");
        let is_odd = target.starts_with('-') || target == "HEAD";
        if is_odd || !git.run(&["check-ref-format", &full])?.is_ok() {
            bail!("{target:?} cannot be the name of a branch");
        }
        let from = base.unwrap_or("HEAD");
        let base = match git.commit(&full)? {
            Some(commit) => commit,
            None => git.commit(from)?.with_context(|| match base {
                Some(branch) => format!("{name} has no branch {branch} to begin from"),
                None => format!("{name} has no commit to begin from"),
            })?,
        };
        let root = root(&git, top, wish)?;
        let checkout = checkouts(&git, &full)?.into_iter().next();
        let tip_ref = match checkout {
            Some(_) => names::staging(&wish.plan, &target),
            None => full,
        };
        Ok(Repository {
            top: top.to_owned(),
            common,
            tip_ref,
            checkout,
            root: root.join(schemas::name_part(&wish.plan)),
            target,
            base,
            git,
            turn: Mutex::default(),
            resting: Mutex::default(),
        })
    }

    /// What is wrong with beginning here, of branches and checkouts.
    pub(crate) fn objections(
        &self,
        branches: &[String],
        known: &BTreeSet<String>,
    ) -> anyhow::Result<Vec<String>> {
        let list =
            self.git
                .read(&["for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads"])?;
        let there: BTreeSet<String> = list.lines().map(str::to_owned).collect();
        let top = self.top.display();
        let mut objections = Vec::new();
        if branches.contains(&self.target) {
            let target = &self.target;
            objections.push(format!(
                "{top}: {target} cannot be the target, for a task works on it"
            ));
        }
        let mut all = there.clone();
        all.insert(self.target.clone());
        for name in std::iter::once(&self.target).chain(branches) {
            if let Some(other) = names::in_the_way(name, &all) {
                objections.push(format!(
                    "{top}: the branch {other} keeps {name} from being made"
                ));
            }
        }
        for name in branches {
            if there.contains(name) && !known.contains(name) && !self.is_empty_handed(name)? {
                objections.push(format!(
                    "{top}: the branch {name} is there already, and not of this run"
                ));
            }
        }
        if let Some(folder) = &self.checkout {
            let git = self.git.at(folder);
            let dirty = git.read(&["status", "--porcelain", "--untracked-files=no"])?;
            if !dirty.is_empty() {
                let folder = folder.display();
                let target = &self.target;
                objections.push(format!(
                    "{folder}: {target} is checked out there with uncommitted changes"
                ));
            }
        }
        Ok(objections)
    }

    /// A branch without commits of its own, as it is left when somebody is killed while a worktree is made.
    fn is_empty_handed(&self, branch: &str) -> anyhow::Result<bool> {
        let tip = self.git.commit(&self.tip_ref)?;
        let from = tip.as_ref().unwrap_or(&self.base);
        self.git.holds(from, &format!("refs/heads/{branch}"))
    }

    /// Makes sure that there is a target, and that what stands in for it holds it. Removes what a killed git has locked.
    pub(crate) fn claim(&self, branches: &[String], lease: &Lease) -> anyhow::Result<()> {
        let target = format!("refs/heads/{}", self.target);
        let ours = branches.iter().map(|branch| format!("refs/heads/{branch}"));
        let shared = [
            target.clone(),
            self.tip_ref.clone(),
            "packed-refs".to_owned(),
        ];
        locks::clear(&self.common, ours.chain(shared));
        if self.git.commit(&target)?.is_none() {
            let message = "agent-dispatch: the target begins";
            let none = "0".repeat(self.base.len());
            self.git
                .must(&["update-ref", "-m", message, &target, &self.base, &none])?;
        }
        if self.tip_ref != target {
            let now = self.git.commit(&target)?.context("the target is gone")?;
            match self.git.commit(&self.tip_ref)? {
                Some(tip) if !self.git.holds(&now, &tip)? => {}
                _ => self.git.must(&["update-ref", &self.tip_ref, &now])?,
            }
        }
        self.hide_root()?;
        if self.tip_ref == target {
            holder::hold(self, lease)?;
        }
        Ok(())
    }

    /// Every folder in which somebody has the target checked out.
    pub(crate) fn checkouts(&self) -> anyhow::Result<Vec<PathBuf>> {
        checkouts(&self.git, &format!("refs/heads/{}", self.target))
    }

    /// The commit that the next work begins from, and that the next merge is made on.
    pub(crate) fn tip(&self) -> anyhow::Result<String> {
        let tip = self.git.commit(&self.tip_ref)?;
        tip.with_context(|| format!("{} is gone", self.tip_ref))
    }

    /// Waits for its turn to make or remove a worktree. A lock that cannot be had is no reason not to work: git has its
    /// own.
    pub(crate) fn turn(&self) -> Turn<'_> {
        let own = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.common.join("orchestrate.lock"));
        Turn {
            _own: own,
            _others: file.ok().filter(|file| file.lock().is_ok()),
        }
    }

    /// Worktrees inside of the checkout would show as untracked files: git is told to overlook them, in a file that is
    /// nobody's work.
    fn hide_root(&self) -> anyhow::Result<()> {
        let Ok(inner) = self.root.strip_prefix(&self.top) else {
            return Ok(());
        };
        let probe = inner.join("x");
        let probe = probe.to_str().unwrap_or("x");
        let ignored = self.git.run(&["check-ignore", "--quiet", probe])?;
        if ignored.is_ok() {
            return Ok(());
        }
        let Some(first) = inner.iter().next() else {
            return Ok(());
        };
        let path = self.common.join("info").join("exclude");
        let known = std::fs::read_to_string(&path).unwrap_or_default();
        let line = format!("/{}/", first.to_string_lossy());
        let gap = if known.is_empty() || known.ends_with('\n') {
            ""
        } else {
            "\n"
        };
        std::fs::create_dir_all(self.common.join("info"))
            .and_then(|()| std::fs::write(&path, format!("{known}{gap}{line}\n")))
            .with_context(|| format!("cannot write {}", path.display()))
    }
}

/// What all worktrees of a repository share.
pub(crate) fn common(git: &Git) -> anyhow::Result<PathBuf> {
    let args = ["rev-parse", "--path-format=absolute", "--git-common-dir"];
    Ok(PathBuf::from(git.read(&args)?))
}

/// Every folder in which somebody has a branch checked out.
pub(crate) fn checkouts(git: &Git, full: &str) -> anyhow::Result<Vec<PathBuf>> {
    let list = git.read(&["worktree", "list", "--porcelain"])?;
    let wanted = format!("branch {full}");
    let mut folders = Vec::new();
    let mut folder = PathBuf::new();
    for line in list.lines() {
        if let Some(path) = line.strip_prefix("worktree ") {
            folder = PathBuf::from(path);
        } else if line == wanted && folder.is_dir() && !holder::is_holder(&folder) {
            folders.push(folder.clone());
        }
    }
    Ok(folders)
}

/// Where worktrees go: as asked for, as git is configured, in a folder that is there for it, or beside the repository.
fn root(git: &Git, top: &Path, wish: &Wish) -> anyhow::Result<PathBuf> {
    let name = top.file_name().unwrap_or(top.as_os_str());
    if let Some(root) = &wish.root {
        return Ok(root.join(name));
    }
    let configured = git.run(&["config", "--type=path", "--get", "orchestrate.worktrees"])?;
    let configured = String::from_utf8_lossy(&configured.stdout)
        .trim()
        .to_owned();
    if !configured.is_empty() {
        return Ok(top.join(configured));
    }
    let there = [".worktrees", "worktrees"].map(|name| top.join(name));
    let there = there.into_iter().find(|folder| folder.is_dir());
    let mut beside = name.to_owned();
    beside.push("-worktrees");
    Ok(there.unwrap_or_else(|| top.with_file_name(beside)))
}
