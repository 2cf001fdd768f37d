//! What the core must know of tasks that work in worktrees: their targets, their groups, whose turn comes first.

use std::collections::BTreeMap;

use schemas::{Plan, compare_ids};

use super::{gates_of, stage_gates};
use crate::core::{Isolated, TaskIdx};
use crate::profiles::Runners;
use crate::worktrees::{Order, Worktrees};

/// How work comes together.
pub(crate) struct Merges<'a> {
    pub(crate) worktrees: &'a Worktrees,
    pub(crate) order: Order,
    /// Conflicts are resolved by an agent.
    pub(crate) resolves: bool,
    pub(crate) runners: &'a Runners,
}

/// One entry per task, and the orders in which they are merged, where there are some. `stages` of tasks are final.
pub(super) fn isolated(
    plan: &Plan,
    merges: &Merges<'_>,
    deps: &[Vec<TaskIdx>],
    sorted: &[TaskIdx],
    stages: &[usize],
) -> (Vec<Option<Isolated>>, Vec<Vec<TaskIdx>>) {
    let is_merge_checked = !stage_gates(plan, "before_merge").is_empty();
    let one = |task: TaskIdx| {
        let targets = merges.worktrees.targets(task)?;
        let phase = plan.tasks[task].phase.as_ref();
        let group = phase.and_then(|phase| {
            let mut groups = plan.parallel_groups.iter();
            groups.position(|group| group.contains(phase))
        });
        let mut candidates = merges.runners.of(task).iter();
        Some(Isolated {
            targets,
            group,
            turn: None,
            is_checked: is_merge_checked || !gates_of(plan, &plan.tasks[task]).is_empty(),
            resolves: merges.resolves,
            resolver: candidates.position(|runner| runner.resolves),
        })
    };
    let mut isolated: Vec<Option<Isolated>> = (0..plan.tasks.len()).map(one).collect();
    if merges.order == Order::Completion {
        return (isolated, Vec::new());
    }
    let mut levels = vec![0usize; deps.len()];
    for task in sorted {
        let below = deps[*task].iter().map(|dep| levels[*dep] + 1).max();
        levels[*task] = below.unwrap_or(0);
    }
    // Those that may run side by side. None of them waits for another: an order among them is always possible.
    let mut turns: BTreeMap<(usize, usize), Vec<TaskIdx>> = BTreeMap::new();
    for task in (0..isolated.len()).filter(|task| isolated[*task].is_some()) {
        let side_by_side = turns.entry((stages[task], levels[task]));
        side_by_side.or_default().push(task);
    }
    let mut turns: Vec<Vec<TaskIdx>> = turns.into_values().collect();
    for (list, tasks) in turns.iter_mut().enumerate() {
        tasks.sort_by(|a, b| compare_ids(&plan.tasks[*a].id, &plan.tasks[*b].id));
        for (place, task) in tasks.iter().enumerate() {
            if let Some(isolated) = &mut isolated[*task] {
                isolated.turn = Some((list, place));
            }
        }
    }
    (isolated, turns)
}
