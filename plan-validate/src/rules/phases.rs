//! Phases: unique, and known wherever they are named.

use std::collections::HashMap;

use schemas::{Problem, Severity};

use crate::found::Found;
use crate::outline::Outline;
use crate::suggestion::Suggestions;

pub(super) fn check(plan: &Outline, found: &mut Found) {
    let ids = declared(plan, found);
    let mut phases = Phases {
        suggestions: Suggestions::new(ids.keys().copied()),
        ids,
    };
    for (index, task) in plan.tasks.iter().enumerate() {
        if let Some(phase) = task.phase.as_deref()
            && let Some(mut problem) =
                phases.unknown(phase, || format!("task {}", super::name(plan, index)))
        {
            // Phases that are only names, in a plan that declares none, order nothing but harm nothing.
            if plan.phases.is_empty() {
                problem.severity = Severity::Warning;
            }
            found.push(problem.at(format!("/tasks/{index}/phase")));
        }
    }
    for (index, phase) in plan.checkpoints.iter().flatten().enumerate() {
        if let Some(phase) = phase.as_deref()
            && let Some(problem) = phases.unknown(phase, || "`checkpoints`".to_owned())
        {
            found.push(problem.at(format!("/checkpoints/{index}")));
        }
    }
    groups(plan, &mut phases, found);
}

fn declared<'p>(plan: &'p Outline, found: &mut Found) -> HashMap<&'p str, usize> {
    let mut ids: HashMap<&str, usize> = HashMap::new();
    for (index, phase) in plan.phases.iter().enumerate() {
        let Some(id) = phase.id.as_deref() else {
            continue;
        };
        if let Some(first) = ids.get(id) {
            found.push(
                Problem::error(
                    "duplicate-phase-id",
                    format!("two phases have the id `{id}`"),
                )
                .help("give one of them another id, and look at which tasks belong to it")
                .at(format!("/phases/{index}/id"))
                .see(format!("/phases/{first}/id"), "the first one"),
            );
        } else {
            ids.insert(id, index);
        }
    }
    ids
}

fn groups(plan: &Outline, phases: &mut Phases, found: &mut Found) {
    for (row, group) in plan.parallel_groups.iter().enumerate() {
        for (position, phase) in group.iter().enumerate() {
            if let Some(phase) = phase.as_deref()
                && let Some(problem) = phases.unknown(phase, || "`parallelGroups`".to_owned())
            {
                found.push(problem.at(format!("/parallelGroups/{row}/{position}")));
            }
        }
    }
}

struct Phases<'p> {
    ids: HashMap<&'p str, usize>,
    suggestions: Suggestions<'p>,
}

impl Phases<'_> {
    /// A problem, still without a place, when `who` names a phase that there is not.
    fn unknown(&mut self, id: &str, who: impl Fn() -> String) -> Option<Problem> {
        if self.ids.contains_key(id) {
            return None;
        }
        let message = format!("{} names the phase `{id}`, which is not in `phases`", who());
        let help = self
            .suggestions
            .help(id, "add the phase to `phases`, or take the name out");
        Some(Problem::error("unknown-phase", message).help(help))
    }
}
