//! The tasks of a plan as numbers: who waits for whom, how long each takes, and which share a lane.

use std::collections::HashMap;

use schemas::{Failure, Isolation, compare_ids};

use crate::graph::{Cycle, Graph};
use crate::minutes::Minutes;
use crate::names::{Index, Names};
use crate::stages::{Place, Stages};
use crate::view::{PlanView, TaskView};

/// A plan that can be scheduled: its tasks are unique, what they wait for exists, and no task waits for itself.
///
/// Tasks are numbered in the order of their ids, so that nothing below depends on their order in the document.
#[derive(Debug)]
pub(crate) struct Network<'a> {
    pub(crate) plan: &'a PlanView<'a>,
    pub(crate) tasks: Vec<&'a TaskView<'a>>,
    ids: Names,
    pub(crate) minutes: Vec<Minutes>,
    /// An index of `lanes`, for the tasks that have one.
    pub(crate) lane_of: Vec<Option<u32>>,
    /// Names of projects, in order.
    pub(crate) lanes: Vec<&'a str>,
    pub(crate) dependencies: Graph,
    /// All tasks, each behind those that it waits for.
    pub(crate) topological: Vec<u32>,
    pub(crate) stages: Stages<'a>,
    only_project: Option<&'a str>,
}

impl<'a> Network<'a> {
    /// Fails with code 1 and names what cannot be scheduled. `name` is the document's.
    pub(crate) fn new(plan: &'a PlanView<'a>, name: &str) -> Result<Network<'a>, Failure> {
        let mut tasks: Vec<&TaskView<'_>> = plan.tasks.iter().collect();
        tasks.sort_by(|a, b| compare_ids(&a.id, &b.id));
        let mut problems = duplicates(&tasks);
        let ids: Names = tasks.iter().map(|task| &*task.id).collect();
        let edges = edges(&tasks, &ids, &mut problems);
        let minutes = tasks
            .iter()
            .map(|task| minutes(task, &mut problems))
            .collect();
        if plan.limits.max_concurrent == Some(0) {
            problems.push("limits.maxConcurrent is 0: no task could ever start".to_owned());
        }
        let dependencies = Graph::new(tasks.len(), &edges);
        let topological = dependencies.order().unwrap_or_else(|cycle| {
            problems.push(describe_cycle(&cycle, |task| ids.get(task).to_owned()));
            Vec::new()
        });
        if !problems.is_empty() {
            return Err(refusal(name, problems));
        }
        let projects = projects(plan);
        let mut network = Network {
            plan,
            ids,
            minutes,
            lane_of: Vec::with_capacity(tasks.len()),
            lanes: Vec::new(),
            dependencies,
            topological,
            stages: Stages::new(plan),
            only_project: match projects[..] {
                [only] => Some(only),
                _ => None,
            },
            tasks,
        };
        network.take_lanes(&projects);
        Ok(network)
    }

    /// How many tasks there are.
    pub(crate) fn len(&self) -> usize {
        self.tasks.len()
    }

    /// The task's project; in a plan of one project every task is of it.
    pub(crate) fn project(&self, task: u32) -> Option<&'a str> {
        match &self.tasks[task as usize].project {
            Some(project) => Some(project),
            None => self.only_project,
        }
    }

    /// Where the task stands between checkpoints.
    pub(crate) fn place(&self, task: u32) -> Option<Place> {
        self.stages
            .place(self.tasks[task as usize].phase.as_deref())
    }

    /// Whether the task works in a worktree of its own.
    pub(crate) fn is_isolated(&self, task: u32) -> bool {
        let own = self.tasks[task as usize].isolation;
        own.or(self.plan.defaults.isolation) == Some(Isolation::Worktree)
    }

    /// The task's own level, else the plan's. With overrides by path the level shows only when files are touched.
    pub(crate) fn autonomy(&self, task: u32) -> Option<u8> {
        let plan = self.plan.autonomy.as_ref();
        let general = plan.filter(|plan| plan.overrides.is_empty());
        let own = self.tasks[task as usize].autonomy;
        own.or(general.map(|plan| plan.default_level))
    }

    pub(crate) fn id(&self, task: u32) -> &str {
        self.ids.get(task)
    }

    pub(crate) fn numbers(&self) -> std::ops::Range<u32> {
        0..self.len() as u32
    }

    fn take_lanes(&mut self, projects: &[&'a str]) {
        let numbers: HashMap<&str, u32> = projects.iter().copied().zip(0..).collect();
        let lane_of = |task: u32| {
            let project = self.project(task).filter(|_| !self.is_isolated(task))?;
            numbers.get(project).copied()
        };
        let lane_of: Vec<Option<u32>> = self.numbers().map(lane_of).collect();
        self.lane_of = lane_of;
        self.lanes = projects.to_vec();
    }
}

/// The failure of a plan that cannot be scheduled.
pub(crate) fn refusal(name: &str, mut problems: Vec<String>) -> Failure {
    const SHOWN: usize = 8;
    let more = problems.len().saturating_sub(SHOWN);
    problems.truncate(SHOWN);
    if more > 0 {
        problems.push(format!("{more} more problems of this kind"));
    }
    let mut failure = Failure::no(format!("cannot schedule {name}"))
        .help("plan-validate shows every problem with its place");
    failure.causes = problems;
    failure
}

fn duplicates(tasks: &[&TaskView<'_>]) -> Vec<String> {
    tasks
        .chunk_by(|a, b| *a.id == *b.id)
        .filter(|same| same.len() > 1)
        .map(|same| format!("{} tasks have the id {}", same.len(), &*same[0].id))
        .collect()
}

fn edges(tasks: &[&TaskView<'_>], ids: &Names, problems: &mut Vec<String>) -> Vec<(u32, u32)> {
    let index = Index::new(ids);
    let mut own = Vec::new();
    let mut edges = Vec::with_capacity(tasks.len() * 2);
    for (task, number) in tasks.iter().zip(0..) {
        for dependency in &task.depends_on {
            match index.find(dependency) {
                Some(before) => own.push(before),
                None => problems.push(format!(
                    "{} depends on {}, which is no task of the plan",
                    &*task.id, &**dependency
                )),
            }
        }
        own.sort_unstable();
        own.dedup();
        edges.extend(own.drain(..).map(|before| (before, number)));
    }
    edges
}

fn minutes(task: &TaskView<'_>, problems: &mut Vec<String>) -> Minutes {
    let Some(estimate) = task.estimated_minutes else {
        return Minutes::of_complexity(task.complexity.as_deref());
    };
    Minutes::new(estimate).unwrap_or_else(|| {
        problems.push(format!(
            "{} is estimated at {estimate} minutes: that is no length of a task",
            &*task.id
        ));
        Minutes::ZERO
    })
}

/// The whole circle, each with what it waits for behind it; a long one is cut.
pub(crate) fn describe_cycle(cycle: &Cycle, name: impl Fn(u32) -> String) -> String {
    const SHOWN: usize = 20;
    let mut names: Vec<String> = cycle.0.iter().take(SHOWN).map(|node| name(*node)).collect();
    if cycle.0.len() > SHOWN {
        names.push(format!("… {} more", cycle.0.len() - SHOWN));
    }
    names.extend(cycle.0.first().map(|node| name(*node)));
    format!("these wait for each other: {}", names.join(" → "))
}

/// Every project that is listed or named by a task, in order.
fn projects<'a>(plan: &'a PlanView<'a>) -> Vec<&'a str> {
    let listed = plan.projects.iter().map(|project| &*project.name);
    let named = plan.tasks.iter().filter_map(|task| task.project.as_deref());
    let mut seen = std::collections::HashSet::new();
    let mut projects: Vec<&str> = listed
        .chain(named)
        .filter(|name| seen.insert(*name))
        .collect();
    projects.sort_by(|a, b| compare_ids(a, b));
    projects
}
