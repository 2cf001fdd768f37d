//! Worktrees: where tasks work side by side in one repository, and how their work comes together.

pub(crate) mod clean;
mod delivery;
mod footprint;
pub(crate) mod git;
mod ground;
mod halfway;
mod holder;
mod integration;
mod lease;
mod leftovers;
mod locks;
mod names;
mod objections;
mod plan;
mod removal;
mod repository;
mod setup;
mod stop;
mod strategy;
mod tree;

use std::path::{Path, PathBuf};

pub(crate) use self::footprint::{Bounds, Footprint, Secrets};
pub(crate) use self::git::Git;
pub(crate) use self::integration::{Integration, Job, Surroundings};
pub(crate) use self::lease::Lease;
pub(crate) use self::leftovers::{Left, Work};
pub(crate) use self::objections::Found;
pub(crate) use self::plan::{Isolation, Order, Wishes};
use self::repository::Repository;
use self::setup::{Hand, Ports, Variables};
pub(crate) use self::stop::Stop;
pub(crate) use self::strategy::Strategy;
pub(crate) use self::tree::Tree;
use crate::core::{TaskIdx, Workspace};

/// All worktrees of a run, and the repositories that they belong to.
#[derive(Debug, Default)]
pub(crate) struct Worktrees {
    pub(crate) repositories: Vec<Repository>,
    /// By task; none for those that work in their project's folder.
    pub(crate) units: Vec<Option<Unit>>,
    pub(crate) strategy: Strategy,
    pub(crate) at_once: bool,
    ports: Ports,
    plan: String,
}

/// What one task works in.
#[derive(Debug, Clone)]
pub(crate) struct Unit {
    pub(crate) task: String,
    pub(crate) title: String,
    /// One for each repository; it begins in the first.
    pub(crate) trees: Vec<Tree>,
}

/// An attempt that wants to begin.
pub(crate) struct Opening<'a> {
    pub(crate) dir: &'a Path,
    pub(crate) attempt: u32,
    /// What its worktrees began from, where the journal knows.
    pub(crate) bases: &'a [Option<String>],
    /// It is to mend what kept its work from being merged: it gets the target's work beside its own.
    pub(crate) merges: bool,
    pub(crate) stop: &'a Stop,
    /// What set-up commands print.
    pub(crate) log: &'a Path,
    pub(crate) env: &'a [(String, String)],
}

/// Worktrees that are ready.
#[derive(Debug, Default)]
pub(crate) struct Opened {
    pub(crate) made: Vec<Workspace>,
    /// What each holds.
    pub(crate) heads: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) notes: Vec<String>,
}

/// Why they are not.
pub(crate) enum NotOpened {
    /// What was to make them ready has failed.
    Setup(anyhow::Error),
    Failed(anyhow::Error),
}

impl Worktrees {
    pub(crate) fn unit(&self, task: TaskIdx) -> Option<&Unit> {
        self.units.get(task)?.as_ref()
    }

    /// Every git and all that it starts carries this in its environment.
    pub(crate) fn mark(&mut self, name: &str, value: &str) {
        for repository in &mut self.repositories {
            repository.git = repository.git.clone().env(name, value);
        }
    }

    /// Makes the worktrees of an attempt, or takes them up, and verifies that they are what it is to work in.
    pub(crate) fn open(&self, unit: &Unit, opening: &Opening<'_>) -> Result<Opened, NotOpened> {
        let mut opened = Opened::default();
        for (at, tree) in unit.trees.iter().enumerate() {
            let base = opening.bases.get(at).and_then(Option::as_deref);
            self.open_one(unit, tree, base, opening, &mut opened)?;
        }
        Ok(opened)
    }

    fn open_one(
        &self,
        unit: &Unit,
        tree: &Tree,
        base: Option<&str>,
        opening: &Opening<'_>,
        opened: &mut Opened,
    ) -> Result<(), NotOpened> {
        let repository = &self.repositories[tree.repository];
        let reason = format!("orchestrate {} {}", self.plan, unit.task);
        let was_there = tree
            .make(repository, &reason, &mut opened.notes)
            .map_err(NotOpened::Failed)?;
        if was_there {
            self.take_over(unit, tree, base, opening, opened)
                .map_err(NotOpened::Failed)?;
        }
        let standing = tree.take_up(repository, base).map_err(NotOpened::Failed)?;
        let (attempt, target) = (opening.attempt, &repository.target);
        let lease = Lease::new(opening.dir, &self.plan, &unit.task, attempt, target);
        lease.write(&standing.git_dir);
        let git = standing.git.clone().stopped_by(opening.stop);
        let hand = Hand {
            stop: opening.stop,
            log: opening.log,
            env: opening.env,
        };
        let ready = setup::make_ready(tree, &git, &standing.git_dir, &self.ports, &hand);
        let ready = ready.map_err(NotOpened::Setup)?;
        if opening.merges {
            self.bring_target(&git, repository)
                .map_err(NotOpened::Failed)?;
        }
        tell(
            &mut opened.env,
            tree,
            repository,
            &standing.base,
            ready.variables,
        );
        opened.notes.extend(ready.notes);
        opened.heads.push(standing.head);
        opened.made.push(Workspace {
            path: tree.path.display().to_string(),
            branch: tree.branch.clone(),
            target: repository.target.clone(),
            base: standing.base,
            repository: repository.top.display().to_string(),
        });
        Ok(())
    }

    /// Whoever was killed here may have left anything: it is put in order as after an attempt that came to its end.
    fn take_over(
        &self,
        unit: &Unit,
        tree: &Tree,
        base: Option<&str>,
        opening: &Opening<'_>,
        opened: &mut Opened,
    ) -> anyhow::Result<()> {
        let repository = &self.repositories[tree.repository];
        let other = tree.lease().filter(|lease| lease.task != unit.task);
        let mut work = self.work(unit, opening.attempt.saturating_sub(1), false);
        if let Some(other) = &other {
            (work.task, work.attempt) = (&other.task, other.attempt);
        }
        let base = base.filter(|_| other.is_none());
        let branch = repository.git.commit(&tree.full_branch())?;
        let tip = repository.tip()?;
        let start = branch.or(base.map(str::to_owned)).unwrap_or(tip);
        let base = base.unwrap_or(&start).to_owned();
        let left = leftovers::take_stock(tree, repository, &work, (&base, &start))?;
        opened.notes.extend(left.notes);
        opened.notes.extend(left.astray);
        match other {
            Some(other) => tree.pass_on(repository, &other, &mut opened.notes),
            None => Ok(()),
        }
    }

    /// The target's work is merged into the task's branch; what conflicts is left as git leaves it, for the agent.
    fn bring_target(&self, git: &Git, repository: &Repository) -> anyhow::Result<()> {
        let tip = repository.tip()?;
        let git = git.identified()?;
        let message = format!(
            "Merge branch '{}' to resolve what conflicts",
            repository.target
        );
        let merge = [
            "merge",
            "--no-edit",
            "--no-squash",
            "--commit",
            "-m",
            &message,
            &tip,
        ];
        let answer = git.run(&merge)?;
        let unmerged = ["diff", "--name-only", "--diff-filter=U", "-z"];
        // A hook that refuses ends with 1, too.
        if answer.code == Some(1) && !git.names(&unmerged)?.is_empty() {
            return Ok(());
        }
        answer.succeeded("merge")
    }

    /// What an attempt has left, once nothing of it runs.
    pub(crate) fn close(&self, unit: &Unit, attempt: u32, done: bool, opened: &Opened) -> Left {
        let mut all = Left::default();
        let work = self.work(unit, attempt, done);
        for ((tree, made), head) in unit.trees.iter().zip(&opened.made).zip(&opened.heads) {
            let repository = &self.repositories[tree.repository];
            match leftovers::take_stock(tree, repository, &work, (&made.base, head)) {
                Ok(left) => {
                    all.commits.extend(left.commits);
                    all.files.extend(left.files);
                    all.notes.extend(left.notes);
                    all.astray = all.astray.or(left.astray);
                }
                Err(error) => all.astray = Some(format!("{error:#}")),
            }
        }
        all
    }

    fn work<'a>(&'a self, unit: &'a Unit, attempt: u32, done: bool) -> Work<'a> {
        Work {
            plan: &self.plan,
            task: &unit.task,
            title: &unit.title,
            attempt,
            secrets: unit.trees.first().map_or(&[], |tree| &tree.setup.secrets),
            done,
        }
    }

    /// Tasks that work in the same worktree before or after, and the task itself.
    pub(crate) fn sharing(&self, task: TaskIdx) -> Vec<TaskIdx> {
        let first = |task: TaskIdx| Some(&self.unit(task)?.trees.first()?.path);
        let own = first(task);
        let same = |other: &TaskIdx| own.is_some() && first(*other) == own;
        (0..self.units.len()).filter(same).collect()
    }

    /// The folder that a task works in.
    pub(crate) fn folder(&self, task: TaskIdx) -> Option<&PathBuf> {
        Some(&self.unit(task)?.trees.first()?.folder)
    }

    /// Brings checkouts of targets up to what was merged. Answers what people should know of, and whether all of them are.
    pub(crate) fn deliver(&self) -> (Vec<String>, bool) {
        let mut notes = Vec::new();
        let mut all = true;
        for repository in &self.repositories {
            match repository.deliver() {
                Ok(None) => {}
                Ok(Some(note)) => notes.push(note),
                Err(error) => {
                    all = false;
                    notes.push(format!("{error:#}"));
                }
            }
        }
        (notes, all)
    }

    /// Removes what only this life of the dispatcher needed; when the run is at its end, also what only the run needed.
    pub(crate) fn tidy(&self, is_finished: bool) {
        for repository in &self.repositories {
            holder::release(repository);
            removal::remove_ground(repository);
            if is_finished {
                repository.end_staging();
            }
        }
    }
}

/// What those who work in it find in their environment.
fn tell(
    env: &mut Variables,
    tree: &Tree,
    repository: &Repository,
    base: &str,
    variables: Variables,
) {
    if env.is_empty() {
        env.extend(variables);
        env.extend(git::without_housekeeping());
        for (name, value) in [
            ("BRANCH", &tree.branch),
            ("TARGET_BRANCH", &repository.target),
            ("BASE_COMMIT", &base.to_owned()),
        ] {
            env.push((name.to_owned(), value.clone()));
        }
        return;
    }
    // In the order of the task's projects, one a line.
    let folder = tree.folder.display().to_string();
    let known = env
        .iter_mut()
        .find(|(name, _)| name == "FURTHER_WORKSPACES");
    match known {
        Some((_, list)) => list.push_str(&format!("\n{folder}")),
        None => env.push(("FURTHER_WORKSPACES".to_owned(), folder)),
    }
}
