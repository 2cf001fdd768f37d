//! What a plan that has changed means for what was settled under the old one.

use schemas::{Outcome, RunIf, State, TaskState, TaskStatus};

use super::{Graph, Spec, TaskIdx};

/// Whether the plan asks for something else than what was settled. That it is done is no news of what is.
pub(crate) fn is_changed(spec: &Spec, task: &TaskState) -> bool {
    let done = Some(Outcome::Succeeded);
    !task.digest.is_empty()
        && task.digest != spec.digest
        && !(spec.prior == done && task.outcome == done)
}

/// Whether a person wants a task done again that had been settled. What the plan says of it is what they do not believe.
pub(super) fn is_wanted_again(task: &TaskState) -> bool {
    task.status == TaskStatus::Pending && !task.digest.is_empty() && task.last_result.is_none()
}

/// Whether a task was skipped because of a dependency, and the plan as it is now no longer asks for that.
pub(crate) fn skip_is_void(graph: &Graph, state: &State, spec: &Spec) -> bool {
    let Some(task) = state.tasks.get(&spec.id) else {
        return false;
    };
    if task.outcome != Some(Outcome::Skipped) {
        return false;
    }
    let mut deps = spec.deps.iter().map(|dep| &graph.specs[*dep].id);
    if !deps.any(|id| task.dependency.as_ref() == Some(id)) {
        // A failure that stopped the run: no condition of its own changes that.
        return false;
    }
    let is_bad = |dep: &TaskIdx| {
        let spec = &graph.specs[*dep];
        let is_done = |task| spec.prior == Some(Outcome::Succeeded) && is_changed(spec, task);
        state.tasks.get(&spec.id).is_some_and(|task| {
            !task.waived
                && !is_done(task)
                && task
                    .outcome
                    .is_some_and(|outcome| outcome != Outcome::Succeeded)
        })
    };
    match spec.run_if {
        RunIf::Succeeded => !spec.deps.iter().any(is_bad),
        RunIf::Failed => spec.deps.iter().any(is_bad),
        RunIf::Always => true,
    }
}
