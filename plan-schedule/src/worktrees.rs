//! The worktrees that a run of the plan would make.

use std::collections::HashSet;

use crate::lanes::Workspace;
use crate::network::Network;
use schemas::work_branch;

/// A worktree.
#[derive(Debug)]
pub(crate) struct Worktree<'a> {
    /// The task or phase that it is for.
    pub(crate) unit: &'a str,
    pub(crate) project: Option<&'a str>,
    pub(crate) branch: String,
}

/// Of tasks that ask for one, and of phases of parallel groups, one for each repository that they work in.
pub(crate) fn worktrees<'a>(network: &'a Network<'a>) -> Vec<Worktree<'a>> {
    let plan = &*network.plan.plan_id;
    let mut phases = HashSet::new();
    let of_task = |task: u32| {
        let unit = match network.workspace(task) {
            Workspace::Folder => return None,
            Workspace::Own => network.id(task),
            Workspace::Phase => {
                let phase = network.tasks[task as usize].phase.as_deref()?;
                let is_first = phases.insert((phase, network.lanes.folder_of(task)));
                is_first.then_some(phase)?
            }
        };
        Some(Worktree {
            unit,
            project: network.project(task),
            branch: work_branch(plan, unit),
        })
    };
    let runs = |task: &u32| network.prior(*task).is_none();
    network.numbers().filter(runs).filter_map(of_task).collect()
}
