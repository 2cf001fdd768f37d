//! Which tasks work in worktrees, in which repositories: from plan and flags, before anything is made.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::ValueEnum;
use schemas::{Failure, Plan, Project, State, Task};

use super::git::Git;
use super::lease::Lease;
use super::repository::{Place, Repository, Wish};
use super::strategy::Strategy;
use super::tree::{Tree, git_dir};
use super::{Unit, Worktrees};
use crate::core::TaskIdx;
use crate::graph::{ask_for_worktrees, asks_for_worktree, folder};

/// Where tasks work, whatever the plan says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Isolation {
    /// Each in a worktree of its own
    Worktree,
    /// In their project's folder
    None,
}

/// In which order work is merged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Order {
    /// As soon as it has passed
    #[default]
    Completion,
    /// Of those that may run side by side, in the order of their ids
    Plan,
}

/// What the command line asks for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wishes {
    pub(crate) isolation: Option<Isolation>,
    pub(crate) target: Option<String>,
    pub(crate) root: Option<PathBuf>,
    pub(crate) strategy: Strategy,
    pub(crate) at_once: bool,
}

/// Whether a task gets a worktree.
fn is_isolated(task: &Task, asks: bool, wished: Option<Isolation>) -> bool {
    match wished {
        Some(Isolation::Worktree) => task.isolation != Some(schemas::Isolation::None),
        Some(Isolation::None) => false,
        None => asks,
    }
}

impl Worktrees {
    /// Looks where each isolated task would work. Changes nothing.
    pub(crate) fn plan(plan: &Plan, root: &Path, wishes: &Wishes) -> Result<Worktrees, Failure> {
        let mut look = Look {
            wish: Wish {
                plan: plan.plan_id.clone(),
                target: wishes.target.clone(),
                root: wishes.root.clone(),
            },
            plan,
            root,
            phases: match wishes.isolation {
                None => sharing(plan),
                Some(_) => HashMap::new(),
            },
            repositories: Vec::new(),
            places: HashMap::new(),
        };
        let asking = ask_for_worktrees(plan);
        let mut units = Vec::with_capacity(plan.tasks.len());
        for task in &plan.tasks {
            if !is_isolated(task, asking.contains(task.id.as_str()), wishes.isolation) {
                units.push(None);
                continue;
            }
            if !asks_for_worktree(plan, task) && wishes.isolation.is_none() && !look.is_in_git(task)
            {
                // Its phase is in a parallel group, and nobody has said that it must have one.
                units.push(None);
                continue;
            }
            let unit = look.unit(task).map_err(|error| {
                Failure::trouble(format!("cannot give {} a worktree: {error:#}", task.id))
            })?;
            units.push(Some(unit));
        }
        Ok(Worktrees {
            repositories: look.repositories,
            units,
            strategy: wishes.strategy,
            at_once: wishes.at_once,
            plan: plan.plan_id.clone(),
            ..Worktrees::default()
        })
    }

    /// Indices of the targets of a task, in order.
    pub(crate) fn targets(&self, task: TaskIdx) -> Option<Vec<usize>> {
        let unit = self.unit(task)?;
        Some(unit.trees.iter().map(|tree| tree.repository).collect())
    }

    /// Makes sure that nothing is in the way, and makes the targets. Before the first task. `dir` is the run directory.
    pub(crate) fn claim(&self, state: &State, dir: &Path) -> Result<(), Failure> {
        let recorded = state.tasks.values().flat_map(|task| &task.workspaces);
        let recorded = recorded.filter_map(|workspace| workspace.branch.clone());
        let known: BTreeSet<String> = recorded.chain(self.leased(dir)).collect();
        let mut objections = Vec::new();
        for (at, repository) in self.repositories.iter().enumerate() {
            let branches = self.branches(at);
            let found = repository
                .objections(&branches, &known)
                .map_err(|error| trouble(&error))?;
            objections.extend(found);
        }
        if let Some((first, rest)) = objections.split_first() {
            let mut message = format!("cannot make worktrees: {first}");
            for other in rest {
                message.push_str("; ");
                message.push_str(other);
            }
            return Err(Failure::no(message)
                .help("commit or move what is in the way, name another --target, or see `agent-dispatch --clean`"));
        }
        let lease = |target: &str| Lease::new(dir, &self.plan, "target", 0, target);
        for (at, repository) in self.repositories.iter().enumerate() {
            repository
                .claim(&self.branches(at), &lease(&repository.target))
                .map_err(|error| trouble(&error))?;
        }
        Ok(())
    }

    /// Branches in whose worktrees this run has worked: its last dispatcher may have been killed before it could say so.
    fn leased(&self, dir: &Path) -> impl Iterator<Item = String> {
        let units = self.units.iter().flatten();
        let trees = units.flat_map(|unit| &unit.trees);
        trees.filter_map(move |tree| {
            let lease = Lease::read(&git_dir(&tree.path))?;
            let ours = lease.dir == dir && lease.plan == self.plan;
            ours.then(|| tree.branch.clone())
        })
    }

    fn branches(&self, repository: usize) -> Vec<String> {
        let trees = self.units.iter().flatten().flat_map(|unit| &unit.trees);
        let own = trees.filter(|tree| tree.repository == repository);
        own.map(|tree| tree.branch.clone()).collect()
    }

    /// Warnings before the run, for people.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        for repository in &self.repositories {
            let left = super::clean::left(&repository.git, &self.plan);
            if left > 0 {
                let top = repository.top.display();
                let noun = if left == 1 { "worktree" } else { "worktrees" };
                warnings.push(format!(
                    "{top} has {left} {noun} of other runs, which are over; `agent-dispatch --clean` lists them"
                ));
            }
            let status = repository
                .git
                .read(&["status", "--porcelain", "--untracked-files=no"]);
            let changed = status.map_or(0, |text| text.lines().count());
            if changed > 0 {
                let top = repository.top.display();
                let short = &repository.base[..repository.base.len().min(10)];
                warnings.push(format!(
                    "{top} has {changed} uncommitted changes: worktrees begin from {short}, without them"
                ));
            }
        }
        warnings
    }
}

fn trouble(error: &anyhow::Error) -> Failure {
    Failure::trouble(format!("cannot make worktrees: {error:#}"))
}

/// Tasks in phases of parallel groups that ask for no worktree of their own: a phase has one, and they work in it one after
/// the other.
fn sharing(plan: &Plan) -> HashMap<&str, String> {
    let ids: BTreeSet<&str> = plan.tasks.iter().map(|task| task.id.as_str()).collect();
    let asking = ask_for_worktrees(plan);
    let of_phase =
        |task: &&Task| !asks_for_worktree(plan, task) && asking.contains(task.id.as_str());
    let shared = plan.tasks.iter().filter(of_phase).filter_map(|task| {
        let phase = task.phase.as_deref()?;
        let name = match ids.contains(phase) {
            true => format!("phase {phase}"),
            false => phase.to_owned(),
        };
        Some((task.id.as_str(), name))
    });
    shared.collect()
}

struct Look<'a> {
    plan: &'a Plan,
    root: &'a Path,
    wish: Wish,
    /// Tasks that share the worktree of their phase, and its name.
    phases: HashMap<&'a str, String>,
    repositories: Vec<Repository>,
    /// By project folder: which repository, and where in it.
    places: HashMap<PathBuf, (usize, PathBuf)>,
}

impl<'a> Look<'a> {
    fn unit(&mut self, task: &Task) -> anyhow::Result<Unit> {
        let mut trees: Vec<Tree> = Vec::new();
        let own = self.own_project(task);
        let first = self.tree(task, own)?;
        trees.push(first);
        for name in &task.projects {
            let project = self.plan.project(name);
            let project = project.with_context(|| format!("there is no project {name}"))?;
            let tree = self.tree(task, Some(project))?;
            // Another folder of a repository that it works in already.
            if trees
                .iter()
                .all(|known| known.repository != tree.repository)
            {
                trees.push(tree);
            }
        }
        Ok(Unit {
            task: task.id.clone(),
            title: task.title.clone(),
            trees,
        })
    }

    fn is_in_git(&self, task: &Task) -> bool {
        let folder = self.root.join(folder(self.plan, task).unwrap_or(""));
        folder.is_dir() && Place::of(&Git::new(folder)).is_ok()
    }

    fn own_project(&self, task: &Task) -> Option<&'a Project> {
        match (&task.project, self.plan.projects.as_slice()) {
            (Some(name), _) => self.plan.project(name),
            (None, [only]) => Some(only),
            (None, _) => None,
        }
    }

    fn tree(&mut self, task: &Task, project: Option<&Project>) -> anyhow::Result<Tree> {
        let relative =
            project.map_or_else(|| folder(self.plan, task).unwrap_or(""), Project::folder);
        let source = self.root.join(relative);
        let (repository, prefix) = self.place(&source, project)?;
        let known = &self.repositories[repository];
        let shared = self.phases.get(task.id.as_str());
        let unit = shared.map_or(task.id.as_str(), |phase| phase);
        let path = known.root.join(schemas::name_part(unit));
        Ok(Tree {
            repository,
            folder: below(&path, &prefix),
            source: below(&known.top, &prefix),
            path,
            branch: schemas::work_branch(&self.plan.plan_id, unit),
            shared: shared.is_some(),
            setup: self.plan.workspace_of(project).cloned().unwrap_or_default(),
        })
    }

    fn place(
        &mut self,
        source: &Path,
        project: Option<&Project>,
    ) -> anyhow::Result<(usize, PathBuf)> {
        if let Some(known) = self.places.get(source) {
            return Ok(known.clone());
        }
        let there = source.canonicalize();
        let there = there.with_context(|| format!("cannot enter {}", source.display()))?;
        let git = Git::new(there);
        let place = Place::of(&git)?;
        let base = project.and_then(|project| project.base_branch.as_deref());
        let known = self
            .repositories
            .iter()
            .position(|known| known.top == place.top);
        let index = match known {
            Some(index) => index,
            None => {
                let repository = Repository::look(&git, &place.top, base, &self.wish)?;
                self.repositories.push(repository);
                self.repositories.len() - 1
            }
        };
        let found = (index, place.prefix);
        self.places.insert(source.to_owned(), found.clone());
        Ok(found)
    }
}

/// Without the slash that joining nothing leaves.
fn below(folder: &Path, inner: &Path) -> PathBuf {
    match inner.as_os_str().is_empty() {
        true => folder.to_owned(),
        false => folder.join(inner),
    }
}
