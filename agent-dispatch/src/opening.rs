//! How a life of the dispatcher begins in the journal.

use std::collections::BTreeMap;

use schemas::{AgentLabel, Body, Plan, State, Task, TaskLabel, TaskState};

use crate::core::{Graph, Spec, changed};

/// The first record of this life of the dispatcher.
pub(crate) fn opening(
    plan: &Plan,
    (graph, is_partial): (&Graph, bool),
    state: &State,
    fresh: Option<(u64, String)>,
    jobs: u32,
    containment: String,
    agents: Vec<AgentLabel>,
) -> Body {
    let label = |task: &Task| TaskLabel {
        id: task.id.clone(),
        title: task.title.clone(),
        project: task.project.clone(),
        phase: task.phase.clone(),
    };
    let tasks = plan.tasks.iter().map(label).collect();
    let pid = std::process::id();
    if let Some((seed, mark)) = fresh {
        let (plan_id, summary) = (plan.plan_id.clone(), plan.summary.clone());
        return Body::RunStarted {
            plan_id,
            summary,
            seed,
            mark,
            pid,
            jobs,
            containment,
            tasks,
            agents,
        };
    }
    let known: BTreeMap<&str, &Spec> = graph
        .specs
        .iter()
        .map(|spec| (spec.id.as_str(), spec))
        .collect();
    let is_changed = |id: &String, task: &TaskState| {
        let is_new = |spec: &&Spec| {
            changed::is_changed(spec, task) || changed::skip_is_void(graph, state, spec)
        };
        task.outcome.is_some() && known.get(id.as_str()).is_some_and(is_new)
    };
    let tasks_before = state.tasks.iter();
    let changed = tasks_before
        .filter(|(id, task)| is_changed(id, task))
        .map(|(id, _)| id.clone())
        .collect();
    // What a schedule of a part leaves out stays as it is.
    let removed = state
        .tasks
        .keys()
        .filter(|id| !is_partial && !known.contains_key(id.as_str()))
        .cloned()
        .collect();
    Body::RunResumed {
        pid,
        jobs,
        containment,
        tasks,
        agents,
        changed,
        removed,
    }
}
