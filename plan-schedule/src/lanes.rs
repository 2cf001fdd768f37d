//! Lanes: sets of tasks of which no two overlap.
//!
//! First those of folders: a project's, that of a repository that several projects share, or the worktree of a phase. A
//! task is in one of them at most. Then what tasks share beside that: files, resources, ports, a phase that is not parallel.

use std::borrow::Cow;
use std::collections::HashMap;

use foldhash::fast::RandomState;
use schemas::{Isolation, compare_ids};

use crate::conflicts::{Claims, What, conflicts};
use crate::graph::Graph;
use crate::rows::Rows;
use crate::stages::Stages;
use crate::view::{PlanView, TaskView};

/// All lanes, and those of each task.
#[derive(Debug)]
pub(crate) struct Lanes<'a> {
    all: Vec<Lane<'a>>,
    /// The first so many are of folders.
    folders: usize,
    of_task: Rows,
}

/// A lane.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Lane<'a> {
    pub(crate) name: Cow<'a, str>,
    /// What its tasks share, when that is not a folder.
    pub(crate) shared: Option<What>,
}

/// Where a task works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Workspace {
    /// In a worktree of its own.
    Own,
    /// In a worktree that it shares with the other tasks of its phase.
    Phase,
    /// In the project's folder.
    Folder,
}

/// The projects of a plan, by name.
#[derive(Debug)]
pub(crate) struct Projects<'a> {
    names: Vec<&'a str>,
    numbers: HashMap<&'a str, u32, RandomState>,
    folders: Vec<&'a str>,
    /// The lane of each, and what it is called.
    lanes: Vec<u32>,
    lane_names: Vec<&'a str>,
}

impl<'a> Projects<'a> {
    /// Every project that is listed or named by a task, in order.
    pub(crate) fn new(plan: &'a PlanView<'a>) -> Projects<'a> {
        let mut numbers: HashMap<&str, u32, RandomState> = HashMap::default();
        let listed = plan.projects.iter().map(|project| &*project.name);
        let named = plan.tasks.iter().filter_map(|task| task.project.as_deref());
        let mut names: Vec<&str> = Vec::new();
        let mut last = "";
        for name in listed.chain(named) {
            // Tasks of one project often follow each other.
            if std::mem::replace(&mut last, name) != name || names.is_empty() {
                numbers.entry(name).or_insert_with(|| {
                    names.push(name);
                    0
                });
            }
        }
        names.sort_by(|a, b| compare_ids(a, b));
        for (name, number) in names.iter().zip(0..) {
            numbers.insert(name, number);
        }
        let mut folders = names.clone();
        let mut repositories: Vec<Option<&str>> = vec![None; names.len()];
        for project in plan.projects.iter().rev() {
            let at = numbers[&*project.name] as usize;
            folders[at] = project.path.as_deref().unwrap_or(&project.name);
            repositories[at] = project.repo.as_deref();
        }
        let mut projects = Projects {
            names,
            numbers,
            folders,
            lanes: Vec::new(),
            lane_names: Vec::new(),
        };
        projects.take_lanes(&repositories);
        projects
    }

    /// Projects of one repository, or of one folder, share their lane: there are one index and one checked-out branch.
    fn take_lanes(&mut self, repositories: &[Option<&'a str>]) {
        let mut lane_of: HashMap<&str, u32> = HashMap::new();
        let mut sizes = Vec::new();
        for (at, repository) in repositories.iter().enumerate() {
            let key = repository.unwrap_or(self.folders[at]);
            let key = key.trim_start_matches("./").trim_end_matches('/');
            let next = self.lane_names.len() as u32;
            let lane = *lane_of.entry(key).or_insert(next);
            if lane == next {
                self.lane_names.push(self.names[at]);
                sizes.push(0);
            }
            sizes[lane as usize] += 1;
            if sizes[lane as usize] == 2 {
                self.lane_names[lane as usize] = if key.is_empty() { "." } else { key };
            }
            self.lanes.push(lane);
        }
    }

    pub(crate) fn only(&self) -> Option<&'a str> {
        match self.names[..] {
            [only] => Some(only),
            _ => None,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    /// Where a project is; a name that is no project's is a folder.
    pub(crate) fn folder<'n>(&self, name: &'n str) -> &'n str
    where
        'a: 'n,
    {
        let number = self.numbers.get(name);
        number.map_or(name, |number| self.folders[*number as usize])
    }

    fn lane(&self, name: &str) -> Option<u32> {
        self.numbers
            .get(name)
            .map(|number| self.lanes[*number as usize])
    }

    /// Whether two projects work in one repository.
    pub(crate) fn share_repository(&self, a: &str, b: &str) -> bool {
        self.lane(a) == self.lane(b)
    }

    /// Every project and its folder.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.names.iter().copied().zip(self.folders.iter().copied())
    }
}

/// What lanes are made of.
pub(crate) struct Parts<'p, 'a> {
    pub(crate) plan: &'a PlanView<'a>,
    pub(crate) tasks: &'p [&'a TaskView<'a>],
    pub(crate) projects: &'p Projects<'a>,
    pub(crate) stages: &'p Stages<'a>,
    pub(crate) dependencies: &'p Graph,
}

impl<'a> Parts<'_, 'a> {
    pub(crate) fn project(&self, task: u32) -> Option<&'a str> {
        match &self.tasks[task as usize].project {
            Some(project) => Some(project),
            None => self.projects.only(),
        }
    }

    pub(crate) fn workspace(&self, task: u32) -> Workspace {
        let view = self.tasks[task as usize];
        let place = self.stages.place(view.phase.as_deref());
        match view.isolation.or(self.plan.defaults.isolation) {
            Some(Isolation::Worktree) => Workspace::Own,
            // The phases of a group run side by side, which one folder does not allow; a task may insist on it.
            _ if view.isolation.is_none() && place.is_some_and(|place| place.is_grouped) => {
                Workspace::Phase
            }
            _ => Workspace::Folder,
        }
    }
}

impl<'a> Lanes<'a> {
    pub(crate) fn new(parts: &Parts<'_, 'a>) -> Lanes<'a> {
        let tasks = parts.tasks.len() as u32;
        let mut all: Vec<Lane<'a>> = parts
            .projects
            .lane_names
            .iter()
            .map(|name| folder(Cow::Borrowed(*name)))
            .collect();
        let folder_of = folders(parts, &mut all);
        let folders = all.len();
        let mut pairs: Vec<(u32, u32)> = (0..tasks)
            .zip(&folder_of)
            .filter_map(|(task, lane)| Some((task, (*lane)?)))
            .collect();
        for shared in serial_phases(parts).into_iter().chain(claimed(parts)) {
            let (lane, tasks) = shared;
            if binds(&tasks, &folder_of, parts.dependencies) {
                pairs.extend(tasks.iter().map(|task| (*task, all.len() as u32)));
                all.push(lane);
            }
        }
        Lanes {
            folders,
            of_task: Rows::new(tasks as usize, pairs.iter().copied()),
            all,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    pub(crate) fn get(&self, lane: u32) -> &Lane<'a> {
        &self.all[lane as usize]
    }

    /// The lanes of a task, that of its folder first.
    pub(crate) fn of(&self, task: u32) -> &[u32] {
        self.of_task.row(task)
    }

    /// The lane of the task's folder.
    pub(crate) fn folder_of(&self, task: u32) -> Option<u32> {
        let first = self.of(task).first().copied();
        first.filter(|lane| (*lane as usize) < self.folders)
    }

    pub(crate) fn rows(&self) -> &Rows {
        &self.of_task
    }
}

fn folder(name: Cow<'_, str>) -> Lane<'_> {
    Lane { name, shared: None }
}

/// The lane of each task's folder; those of phases are added to `all`.
fn folders<'a>(parts: &Parts<'_, 'a>, all: &mut Vec<Lane<'a>>) -> Vec<Option<u32>> {
    let mut phases: HashMap<(&str, Option<u32>), u32> = HashMap::new();
    let lane_of = |task: u32| {
        let lane = parts
            .project(task)
            .and_then(|project| parts.projects.lane(project));
        match parts.workspace(task) {
            Workspace::Own => None,
            Workspace::Folder => lane,
            Workspace::Phase => {
                let phase = parts.tasks[task as usize].phase.as_deref()?;
                Some(*phases.entry((phase, lane)).or_insert_with(|| {
                    let name = match lane.filter(|_| parts.projects.len() > 1) {
                        Some(lane) => Cow::Owned(format!(
                            "{phase} in {}",
                            parts.projects.lane_names[lane as usize]
                        )),
                        None => Cow::Borrowed(phase),
                    };
                    all.push(folder(name));
                    all.len() as u32 - 1
                }))
            }
        }
    };
    (0..parts.tasks.len() as u32).map(lane_of).collect()
}

/// Phases whose tasks run one after the other.
fn serial_phases<'a>(parts: &Parts<'_, 'a>) -> Vec<(Lane<'a>, Vec<u32>)> {
    let mut phases: Vec<(Lane<'a>, Vec<u32>)> = Vec::new();
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    for (task, view) in (0..).zip(parts.tasks) {
        let Some(phase) = view.phase.as_deref() else {
            continue;
        };
        if parts
            .stages
            .place(Some(phase))
            .is_some_and(|place| place.is_serial)
        {
            let at = *numbers.entry(phase).or_insert_with(|| {
                phases.push((folder(Cow::Owned(format!("phase {phase}"))), Vec::new()));
                phases.len() - 1
            });
            phases[at].1.push(task);
        }
    }
    phases
}

/// What tasks share by what they claim.
fn claimed<'a>(parts: &Parts<'_, 'a>) -> Vec<(Lane<'a>, Vec<u32>)> {
    let claims = (0..).zip(parts.tasks).filter_map(|(task, view)| {
        if view.paths.is_empty() && view.resources.is_empty() && view.ports.is_empty() {
            return None;
        }
        let project = parts.project(task).unwrap_or_default();
        let claims = Claims {
            folder: parts.projects.folder(project),
            // Two that only read do not disturb each other, and who reads what another writes is in the same folder.
            paths: if view.read_only { &[] } else { &view.paths[..] },
            resources: &view.resources[..],
            ports: &view.ports[..],
        };
        Some((task, claims))
    });
    let lane = |what: What| {
        let name = match &what {
            What::Files(pattern) => format!("files {pattern}"),
            What::Resource(name) => format!("resource {name}"),
            What::Port(port) => format!("port {port}"),
        };
        Lane {
            name: Cow::Owned(name),
            shared: Some(what),
        }
    };
    let mut lanes: Vec<(Lane<'_>, Vec<u32>)> = conflicts(claims)
        .into_iter()
        .map(|shared| (lane(shared.what), shared.tasks))
        .collect();
    lanes.sort_by(|a, b| compare_ids(&a.0.name, &b.0.name).then_with(|| a.1.cmp(&b.1)));
    // Two lanes of one pattern, for different neighbours or in different projects, are two names.
    let mut same = 0;
    for at in 1..lanes.len() {
        let is_next = lanes[at].0.shared == lanes[at - 1].0.shared;
        same = if is_next { same + 1 } else { 0 };
        if same > 0 {
            lanes[at].0.name = Cow::Owned(format!("{} ({})", lanes[at].0.name, same + 1));
        }
    }
    lanes
}

/// Whether a lane keeps apart what nothing else does: its tasks are neither all in one folder, nor a chain of which each
/// waits for the one before.
fn binds(tasks: &[u32], folder_of: &[Option<u32>], dependencies: &Graph) -> bool {
    let folder = tasks.first().and_then(|task| folder_of[*task as usize]);
    let is_one_folder =
        folder.is_some() && tasks.iter().all(|task| folder_of[*task as usize] == folder);
    let is_chain = || {
        tasks
            .windows(2)
            .all(|pair| dependencies.before(pair[1]).contains(&pair[0]))
    };
    tasks.len() > 1 && !is_one_folder && !is_chain()
}
