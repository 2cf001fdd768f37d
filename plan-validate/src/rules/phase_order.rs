//! Dependencies against the order of the phases: what waits for a later phase never begins.
//!
//! Only where the order binds: behind a checkpoint, in a plan with parallel groups, or where both phases have an `order`.
//! Tasks of one phase may depend on each other.

use schemas::Problem;

use super::dependencies::Graph;
use super::name;
use super::stages::{Stages, Standing};
use crate::found::Found;
use crate::outline::Outline;

pub(super) fn check(plan: &Outline, graph: &Graph, stages: &Stages, found: &mut Found) {
    if plan.phases.is_empty() {
        return;
    }
    for (index, task) in plan.tasks.iter().enumerate() {
        let Some(phase) = task.phase.as_deref() else {
            continue;
        };
        for edge in graph.of(index) {
            let Some(of) = plan.tasks[edge.to]
                .phase
                .as_deref()
                .filter(|of| *of != phase)
            else {
                continue;
            };
            let (why, help) = if stages.standing(Some(phase), Some(of)) == Standing::SideBySide {
                (
                    "which runs side by side with it",
                    "phases of a parallel group do not see each other's work: take one of them out of the group",
                )
            } else if stages.is_later(phase, of) {
                (
                    "which comes later",
                    "move one of the tasks to another phase, or change the order of the phases",
                )
            } else {
                continue;
            };
            found.push(
                Problem::error(
                    "phase-dependency",
                    format!(
                        "task {} of phase `{phase}` waits for {} of phase `{of}`, {why}",
                        name(plan, index),
                        name(plan, edge.to)
                    ),
                )
                .help(help)
                .at(format!("/tasks/{index}/dependsOn/{}", edge.position))
                .see(format!("/tasks/{}/phase", edge.to), "its phase"),
            );
        }
    }
}
