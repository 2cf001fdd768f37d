//! From a schedule to what the core works on: dependencies, lanes, stages, priorities as indices.

mod boundaries;
mod isolation;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use schemas::{Failure, Isolation, OnFailure, Plan, Schedule, Task, compare_ids, digest};

use crate::candidates::Candidates;
use crate::core::{Graph, Spec, TaskIdx};
use crate::worktrees::{Bounds, Worktrees};

pub(crate) use boundaries::{Ground, boundaries};
pub(crate) use isolation::Merges;

/// What the flags and the profiles say about tasks, beside the plan itself.
pub(crate) struct Rules<'a> {
    /// Who may do each task.
    pub(crate) candidates: Candidates,
    /// Instead of what the plan says.
    pub(crate) fix_limit: Option<u8>,
    pub(crate) merges: Merges<'a>,
    /// By task: its changes in its project's folder are held against its boundaries.
    pub(crate) bounds: &'a [Bounds],
}

/// Longest id, in bytes: file names end at 255.
const LONGEST_ID: usize = 200;

/// Builds the graph. Fails with code 1 for a plan that could never end; `plan-validate` tells where and why.
pub(crate) fn build(schedule: &Schedule, plan: &Plan, rules: Rules<'_>) -> Result<Graph, Failure> {
    let index = index(plan)?;
    let deps = dependencies(schedule, plan, &index)?;
    let worktrees = rules.merges.worktrees;
    let (lanes, names) = lanes(schedule, plan, &index, worktrees);
    let (mut stages, boundaries) = stages(schedule, plan, &index);
    let sorted = topological(&deps).ok_or_else(|| unsound("its dependencies form a cycle"))?;
    for task in sorted.iter().copied() {
        // A task cannot be in an earlier stage than what it waits for.
        let floor = deps[task].iter().map(|dep| stages[*dep]).max().unwrap_or(0);
        stages[task] = stages[task].max(floor);
    }
    let (isolated, turns) = isolation::isolated(plan, &rules.merges, &deps, &sorted, &stages);
    let mut isolated = isolated.into_iter();
    let Candidates { of_task, routes } = rules.candidates;
    let who = plan.tasks.iter().zip(of_task).enumerate();
    let specs = who.map(|(at, (task, candidates))| Spec {
        id: task.id.clone(),
        deps: deps[at].clone(),
        run_if: task.run_if,
        lanes: lanes[at].clone(),
        stage: stages[at],
        // Boundaries are a gate of every worktree, and of a folder where there are any.
        has_gates: worktrees.unit(at).is_some()
            || rules.bounds[at] != Bounds::Nothing
            || !gates_of(plan, task).is_empty(),
        isolated: isolated.next().flatten(),
        candidates,
        max_cost_usd: task.max_cost_usd,
        max_tokens: task.max_tokens,
        fix_limit: u32::from(
            rules
                .fix_limit
                .or(task.fix_limit)
                .or(plan.limits.fix_limit)
                .unwrap_or(2)
                .min(5),
        ),
        stops_run: task.on_failure == Some(OnFailure::Stop),
        prior: task.outcome.map(Into::into),
        digest: digest_of(plan, task),
    });
    Ok(Graph {
        specs: specs.collect(),
        order: order(schedule, plan, &index),
        lanes: names.len(),
        targets: worktrees.repositories.len(),
        turns,
        routes,
        boundaries,
    })
}

/// Minutes of a document as milliseconds; what is no time is none.
pub(crate) fn milliseconds(minutes: Option<f64>) -> Option<u64> {
    minutes
        .filter(|minutes| minutes.is_finite() && *minutes > 0.0)
        .map(|minutes| (minutes * 60_000.0) as u64)
}

/// The gates of a stage of the plan, raw.
pub(crate) fn stage_gates<'a>(plan: &'a Plan, stage: &str) -> Vec<&'a str> {
    let gates = plan.gates.get(stage).map(|gates| gates.get());
    let gates =
        gates.and_then(|text| serde_json::from_str::<Vec<&serde_json::value::RawValue>>(text).ok());
    let gates = gates.into_iter().flatten();
    gates.map(serde_json::value::RawValue::get).collect()
}

/// All gates of a task, raw: the plan's `after_task` stage, its project's, its own.
pub(crate) fn gates_of<'a>(plan: &'a Plan, task: &'a Task) -> Vec<&'a str> {
    let project = task.project.as_deref().and_then(|name| plan.project(name));
    let of_project = project
        .map(|project| project.gates.iter())
        .into_iter()
        .flatten();
    stage_gates(plan, "after_task")
        .into_iter()
        .chain(of_project.chain(&task.gates).map(|gate| gate.get()))
        .collect()
}

fn unsound(what: &str) -> Failure {
    Failure::no(format!("cannot dispatch the plan: {what}"))
        .help("plan-validate shows every problem with its place")
}

fn index(plan: &Plan) -> Result<HashMap<&str, TaskIdx>, Failure> {
    let mut index = HashMap::with_capacity(plan.tasks.len());
    for (at, task) in plan.tasks.iter().enumerate() {
        let unsafe_name = task.id.contains(['/', '\0'])
            || task.id.starts_with('.')
            || task.id.is_empty()
            || task.id.len() > LONGEST_ID;
        if unsafe_name {
            return Err(unsound(&format!(
                "the id {:?} cannot name a folder",
                task.id
            )));
        }
        if index.insert(task.id.as_str(), at).is_some() {
            return Err(unsound(&format!("the id {:?} stands twice", task.id)));
        }
    }
    Ok(index)
}

fn dependencies(
    schedule: &Schedule,
    plan: &Plan,
    index: &HashMap<&str, TaskIdx>,
) -> Result<Vec<Vec<TaskIdx>>, Failure> {
    let of = |task: &Task| {
        // A schedule of a part says what its tasks wait for where the plan names some that are left out.
        let slot = schedule.tasks.get(&task.id).filter(|_| schedule.partial);
        let waits = slot.and_then(|slot| slot.depends_on.as_ref());
        let waits = waits.unwrap_or(&task.depends_on);
        let mut deps = Vec::with_capacity(waits.len());
        for dep in waits {
            let known = index.get(dep.as_str());
            let dep = known.ok_or_else(|| {
                unsound(&format!("{} depends on {dep:?}, which is no task", task.id))
            })?;
            deps.push(*dep);
        }
        deps.sort_unstable();
        deps.dedup();
        Ok(deps)
    };
    plan.tasks.iter().map(of).collect()
}

/// Leaves the plan the tasks that the schedule is of.
pub(crate) fn select(plan: &mut Plan, schedule: &Schedule) {
    if schedule.partial {
        let order: HashSet<&str> = schedule.order.iter().map(String::as_str).collect();
        plan.tasks.retain(|task| order.contains(task.id.as_str()));
    }
}

/// Lanes as the schedule names them. A schedule without any gets one per project: two agents in one folder
/// are never safe, and a scheduler of three lines of jq should not have to know.
fn lanes<'a>(
    schedule: &'a Schedule,
    plan: &'a Plan,
    index: &HashMap<&str, TaskIdx>,
    worktrees: &Worktrees,
) -> (Vec<Vec<usize>>, Vec<&'a str>) {
    let mut of_task = vec![Vec::new(); plan.tasks.len()];
    let mut names = Vec::new();
    if let Some(lanes) = &schedule.lanes {
        for (lane, named) in lanes.iter().enumerate() {
            names.push(named.name.as_str());
            for task in named.tasks.iter().filter_map(|id| index.get(id.as_str())) {
                // The scheduler did not know that it would have a worktree.
                let of_folder = is_lane_of_folder(plan, &plan.tasks[*task], &named.name);
                if worktrees.unit(*task).is_some() && of_folder {
                    continue;
                }
                if !of_task[*task].contains(&lane) {
                    of_task[*task].push(lane);
                }
            }
        }
    }
    // A task that was taken out of its lane for a worktree and gets none works in the project's folder all the same: its
    // folder is a lane again.
    let asking = ask_for_worktrees(plan);
    let shared: BTreeSet<&str> = plan
        .tasks
        .iter()
        .enumerate()
        .filter(|(at, task)| asking.contains(task.id.as_str()) && worktrees.unit(*at).is_none())
        .filter_map(|(_, task)| folder(plan, task))
        .collect();
    let mut known: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, task) in plan.tasks.iter().enumerate() {
        if worktrees.unit(at).is_some() {
            continue;
        }
        let binds = |folder: &&str| schedule.lanes.is_none() || shared.contains(folder);
        let Some(folder) = folder(plan, task).filter(binds) else {
            continue;
        };
        let lane = *known.entry(folder).or_insert_with(|| {
            names.push(folder);
            names.len() - 1
        });
        of_task[at].push(lane);
    }
    let mut shared: BTreeMap<&std::path::Path, usize> = BTreeMap::new();
    for (at, lanes) in of_task.iter_mut().enumerate() {
        let trees = worktrees.unit(at).into_iter().flat_map(|unit| &unit.trees);
        for tree in trees.filter(|tree| tree.shared) {
            let lane = *shared.entry(tree.path.as_path()).or_insert_with(|| {
                names.push("a shared worktree");
                names.len() - 1
            });
            lanes.push(lane);
        }
    }
    (of_task, names)
}

/// Whether it is for itself that a task asks for a worktree, and not as one of a phase.
pub(crate) fn asks_for_worktree(plan: &Plan, task: &Task) -> bool {
    task.isolation.or(plan.defaults.isolation) == Some(Isolation::Worktree)
}

/// The tasks that ask for a worktree of their own: also those in phases of a parallel group.
pub(crate) fn ask_for_worktrees(plan: &Plan) -> HashSet<&str> {
    let grouped: HashSet<&str> = schemas::Phase::entries(&plan.phases, &plan.parallel_groups)
        .iter()
        .filter(|entry| entry.len() > 1)
        .flat_map(|entry| entry.iter().map(|phase| phase.id.as_str()))
        .collect();
    let asks = |task: &&Task| {
        let in_group = || task.phase.as_deref().is_some_and(|id| grouped.contains(id));
        asks_for_worktree(plan, task) || (task.isolation.is_none() && in_group())
    };
    plan.tasks
        .iter()
        .filter(asks)
        .map(|task| task.id.as_str())
        .collect()
}

/// Whether a lane keeps tasks from working in one folder at once: it is named after the project or its folder.
fn is_lane_of_folder(plan: &Plan, task: &Task, lane: &str) -> bool {
    task.project.as_deref() == Some(lane) || folder(plan, task).unwrap_or(".") == lane
}

/// Where a task works, relative to the root; `None` for the root itself.
pub(crate) fn folder<'a>(plan: &'a Plan, task: &'a Task) -> Option<&'a str> {
    match (&task.project, plan.projects.as_slice()) {
        (Some(name), _) => Some(
            plan.project(name)
                .map_or(name.as_str(), schemas::Project::folder),
        ),
        (None, [only]) => Some(only.folder()),
        (None, _) => None,
    }
}

/// The stage of each task, and what must be approved between two stages. Stages come from checkpoints after
/// phases, from the entries of a plan with parallel groups, and from waves where the schedule makes them barriers.
fn stages(
    schedule: &Schedule,
    plan: &Plan,
    index: &HashMap<&str, TaskIdx>,
) -> (Vec<usize>, Vec<Option<String>>) {
    let mut segment_of_phase = HashMap::new();
    // What must be approved before the next segment begins, if anything.
    let mut ends: Vec<Option<String>> = Vec::new();
    let has_groups = plan.parallel_groups.iter().any(|group| !group.is_empty());
    for entry in schemas::Phase::entries(&plan.phases, &plan.parallel_groups) {
        for phase in &entry {
            segment_of_phase.insert(phase.id.as_str(), ends.len());
        }
        // A checkpoint inside a group is reached after the whole group.
        let before = ends.len();
        let pauses = entry.iter().filter(|phase| plan.pauses_after(phase));
        ends.extend(pauses.map(|phase| Some(phase.id.clone())));
        if has_groups && ends.len() == before {
            ends.push(None);
        }
    }
    // Nothing waits for the last entry.
    ends.pop_if(|end| end.is_none());
    let mut wave_of = vec![0; plan.tasks.len()];
    if schedule.barriers {
        for (wave, ids) in schedule.waves.iter().enumerate() {
            for task in ids.iter().filter_map(|id| index.get(id.as_str())) {
                wave_of[*task] = wave;
            }
        }
    }
    let key = |task: TaskIdx| {
        let phase = plan.tasks[task].phase.as_deref();
        let segment = phase
            .and_then(|phase| segment_of_phase.get(phase))
            .copied()
            .unwrap_or(0);
        (segment, wave_of[task])
    };
    let mut keys: Vec<(usize, usize)> = (0..plan.tasks.len()).map(key).collect();
    // Every checkpoint is a boundary, also one before or after which there are no tasks.
    keys.extend((0..=ends.len()).map(|segment| (segment, 0)));
    keys.sort_unstable();
    keys.dedup();
    let stage_of = |task| keys.binary_search(&key(task)).unwrap_or(0);
    let boundary = |pair: &[(usize, usize)]| {
        let (before, after) = (pair[0].0, pair[1].0);
        (before != after).then(|| ends[before].clone()).flatten()
    };
    (
        (0..plan.tasks.len()).map(stage_of).collect(),
        keys.windows(2).map(boundary).collect(),
    )
}

/// The schedule's order; tasks that it does not name follow in the order of their ids.
fn order(schedule: &Schedule, plan: &Plan, index: &HashMap<&str, TaskIdx>) -> Vec<TaskIdx> {
    let mut seen = vec![false; plan.tasks.len()];
    let mut order = Vec::with_capacity(plan.tasks.len());
    let mut rest: Vec<TaskIdx> = (0..plan.tasks.len()).collect();
    rest.sort_by(|a, b| compare_ids(&plan.tasks[*a].id, &plan.tasks[*b].id));
    let named = schedule
        .order
        .iter()
        .filter_map(|id| index.get(id.as_str()).copied());
    for task in named.chain(rest) {
        if !std::mem::replace(&mut seen[task], true) {
            order.push(task);
        }
    }
    order
}

fn topological(deps: &[Vec<TaskIdx>]) -> Option<Vec<TaskIdx>> {
    let mut dependents = vec![Vec::new(); deps.len()];
    let mut missing: Vec<usize> = deps.iter().map(Vec::len).collect();
    for (task, deps) in deps.iter().enumerate() {
        for dep in deps {
            dependents[*dep].push(task);
        }
    }
    let mut sorted: Vec<TaskIdx> = (0..deps.len()).filter(|task| missing[*task] == 0).collect();
    let mut next = 0;
    while let Some(task) = sorted.get(next).copied() {
        next += 1;
        for dependent in &dependents[task] {
            missing[*dependent] -= 1;
            if missing[*dependent] == 0 {
                sorted.push(*dependent);
            }
        }
    }
    (sorted.len() == deps.len()).then_some(sorted)
}

/// What makes a task another task: what its agent is asked, how it is checked, where it works. Not how urgent
/// it is or how long it may take.
fn digest_of(plan: &Plan, task: &Task) -> String {
    let mut parts = vec![
        task.title.clone(),
        task.description.clone(),
        text(&task.depends_on),
        text(&task.command),
        text(&task.acceptance),
        text(&task.paths),
        text(&task.forbidden_paths),
        gates_of(plan, task).join("\n"),
        folder(plan, task).unwrap_or_default().to_owned(),
    ];
    parts.extend(task.outcome.as_ref().map(text));
    digest(parts.iter().map(String::as_bytes))
}

fn text(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests;
