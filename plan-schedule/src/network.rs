//! The tasks of a plan as numbers: who waits for whom, how long each takes, and which share a lane.

use schemas::{Failure, Outcome, compare_ids};

use crate::course::{Course, Facts};
use crate::graph::{Cycle, Graph};
use crate::lanes::{Lanes, Parts, Projects, Workspace};
use crate::minutes::{Minutes, Table};
use crate::names::{Index, Names};
use crate::part;
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
    has_plain_ids: bool,
    /// What each task takes if it runs.
    pub(crate) estimates: Vec<Minutes>,
    /// What each takes when all goes well: nothing, for one that does not run then.
    pub(crate) minutes: Vec<Minutes>,
    pub(crate) course: Course,
    pub(crate) projects: Projects<'a>,
    pub(crate) lanes: Lanes<'a>,
    pub(crate) dependencies: Graph,
    /// All tasks, each behind those that it waits for.
    pub(crate) topological: Vec<u32>,
    pub(crate) stages: Stages<'a>,
    workspaces: Vec<Workspace>,
    /// In a part of a plan: the tasks that do not wait for just what the plan says.
    rewired: Option<Vec<bool>>,
}

/// What a network is built from, for the whole of a plan and for a part.
struct Draft<'a> {
    plan: &'a PlanView<'a>,
    tasks: Vec<&'a TaskView<'a>>,
    ids: Names,
    estimates: Vec<Minutes>,
    edges: Vec<(u32, u32)>,
    projects: Projects<'a>,
    stages: Stages<'a>,
    rewired: Option<Vec<bool>>,
}

impl<'a> Network<'a> {
    /// Fails with code 1 and names what cannot be scheduled. `name` is the document's.
    pub(crate) fn new(
        plan: &'a PlanView<'a>,
        name: &str,
        table: &Table,
    ) -> Result<Network<'a>, Failure> {
        let mut tasks: Vec<&TaskView<'_>> = plan.tasks.iter().collect();
        if !tasks.is_sorted_by(|a, b| compare_ids(&a.id, &b.id).is_le()) {
            tasks.sort_by(|a, b| compare_ids(&a.id, &b.id));
        }
        let mut problems = duplicates(&tasks);
        let ids: Names = tasks.iter().map(|task| &*task.id).collect();
        let draft = Draft {
            plan,
            edges: edges(&tasks, &ids, &mut problems),
            estimates: tasks
                .iter()
                .map(|task| minutes(task, table, &mut problems))
                .collect(),
            tasks,
            ids,
            projects: Projects::new(plan),
            stages: Stages::new(plan),
            rewired: None,
        };
        if plan.limits.max_concurrent == Some(0) {
            problems.push("limits.maxConcurrent is 0: no task could ever start".to_owned());
        }
        draft
            .build(problems)
            .map_err(|problems| refusal(name, problems))
    }

    /// The tasks that `keep` is true for, as a plan of their own. Who waited for a task that is left out waits for what
    /// that one waited for.
    pub(crate) fn part(self, keep: &[bool]) -> Result<Network<'a>, Failure> {
        let part = part::contract(&self.dependencies, &self.topological, keep)?;
        let kept: Vec<usize> = (0..self.len()).filter(|task| keep[*task]).collect();
        let tasks: Vec<&TaskView<'_>> = kept.iter().map(|task| self.tasks[*task]).collect();
        let was = |task: usize| self.rewired.as_ref().is_some_and(|rewired| rewired[task]);
        let draft = Draft {
            plan: self.plan,
            ids: tasks.iter().map(|task| &*task.id).collect(),
            tasks,
            estimates: kept.iter().map(|task| self.estimates[*task]).collect(),
            edges: part.edges,
            rewired: Some(
                kept.iter()
                    .map(|task| part.rewired[*task] || was(*task))
                    .collect(),
            ),
            projects: self.projects,
            stages: self.stages,
        };
        let unsound = |problems| refusal("the part", problems);
        draft.build(Vec::new()).map_err(unsound)
    }

    /// How many tasks there are.
    pub(crate) fn len(&self) -> usize {
        self.tasks.len()
    }

    /// The task's project; in a plan of one project every task is of it.
    pub(crate) fn project(&self, task: u32) -> Option<&'a str> {
        match &self.tasks[task as usize].project {
            Some(project) => Some(project),
            None => self.projects.only(),
        }
    }

    /// Where the task stands between checkpoints.
    pub(crate) fn place(&self, task: u32) -> Option<Place> {
        self.stages
            .place(self.tasks[task as usize].phase.as_deref())
    }

    /// Where the task works.
    pub(crate) fn workspace(&self, task: u32) -> Workspace {
        self.workspaces[task as usize]
    }

    /// Whether this is a part of the plan.
    pub(crate) fn is_partial(&self) -> bool {
        self.rewired.is_some()
    }

    /// Whether the task does not wait for just what the plan says.
    pub(crate) fn is_rewired(&self, task: u32) -> bool {
        self.rewired
            .as_ref()
            .is_some_and(|rewired| rewired[task as usize])
    }

    /// How the task ended before the run, by the plan.
    pub(crate) fn prior(&self, task: u32) -> Option<Outcome> {
        self.tasks[task as usize].outcome.map(Outcome::from)
    }

    /// Whether ids need nothing escaped in JSON.
    pub(crate) fn has_plain_ids(&self) -> bool {
        self.has_plain_ids
    }

    pub(crate) fn id(&self, task: u32) -> &str {
        self.ids.get(task)
    }

    /// The task with this id.
    pub(crate) fn find(&self, id: &str) -> Option<u32> {
        let found = self
            .tasks
            .binary_search_by(|task| compare_ids(&task.id, id));
        found.ok().map(|task| task as u32)
    }

    pub(crate) fn numbers(&self) -> std::ops::Range<u32> {
        0..self.len() as u32
    }
}

impl<'a> Draft<'a> {
    /// Gives the problems that there were before, and the circle if there is one.
    fn build(self, mut problems: Vec<String>) -> Result<Network<'a>, Vec<String>> {
        let dependencies = Graph::new(self.tasks.len(), &self.edges);
        drop(self.edges);
        let topological = dependencies.order().unwrap_or_else(|cycle| {
            problems.push(describe_cycle(&cycle, |task| self.ids.get(task).to_owned()));
            Vec::new()
        });
        if !problems.is_empty() {
            return Err(problems);
        }
        let facts = facts(&self.tasks, &self.stages);
        let course = Course::new(&dependencies, &topological, &facts);
        let mut minutes = self.estimates.clone();
        for (minutes, is_absent) in minutes.iter_mut().zip(&course.is_absent) {
            if *is_absent {
                *minutes = Minutes::ZERO;
            }
        }
        let parts = Parts {
            plan: self.plan,
            tasks: &self.tasks,
            projects: &self.projects,
            stages: &self.stages,
            dependencies: &dependencies,
        };
        let lanes = Lanes::new(&parts);
        let workspaces = (0..self.tasks.len() as u32)
            .map(|task| parts.workspace(task))
            .collect();
        Ok(Network {
            plan: self.plan,
            tasks: self.tasks,
            has_plain_ids: self.ids.are_plain(),
            ids: self.ids,
            estimates: self.estimates,
            minutes,
            course,
            projects: self.projects,
            lanes,
            dependencies,
            topological,
            stages: self.stages,
            workspaces,
            rewired: self.rewired,
        })
    }
}

/// What the part of each task in the plan depends on.
fn facts(tasks: &[&TaskView<'_>], stages: &Stages<'_>) -> Vec<Facts> {
    let stage = |task: &TaskView<'_>| Some(stages.place(task.phase.as_deref())?.stage);
    let last = match stages.ends.is_empty() {
        true => None,
        false => tasks.iter().filter_map(|task| stage(task)).max(),
    };
    let facts = tasks.iter().map(|task| Facts {
        run_if: task.run_if,
        read_only: task.read_only,
        is_awaited: last.is_some_and(|last| stage(task).is_some_and(|stage| stage < last)),
    });
    facts.collect()
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

fn minutes(task: &TaskView<'_>, table: &Table, problems: &mut Vec<String>) -> Minutes {
    if task.outcome.is_some() {
        return Minutes::ZERO;
    }
    let Some(estimate) = task.estimated_minutes else {
        return table.of(task.complexity.as_deref());
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
