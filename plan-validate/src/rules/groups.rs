//! Parallel groups: of two phases or more, each phase in one of them, side by side in the plan too.

use std::collections::{HashMap, HashSet};

use schemas::Problem;

use crate::found::Found;
use crate::outline::{Outline, Text};

pub(super) fn check(plan: &Outline, found: &mut Found) {
    twice(plan, found);
    let places = places(plan);
    let pauses = pauses(plan);
    for (row, group) in plan.parallel_groups.iter().enumerate() {
        let at = format!("/parallelGroups/{row}");
        let ids: HashSet<&str> = group.iter().filter_map(|id| id.as_deref()).collect();
        if group.len() < 2 {
            let how_many = if group.is_empty() { "no" } else { "one" };
            found.push(
                Problem::error("group-too-small", format!("the parallel group has {how_many} phase{}", if group.is_empty() { "s" } else { "" }))
                    .help("a group is of two phases at least: a phase that is in none runs by itself, in the order of the phases")
                    .at(at.clone()),
            );
            continue;
        }
        let mut at_of: Vec<usize> = ids
            .iter()
            .filter_map(|id| places.get(id).copied())
            .collect();
        at_of.sort_unstable();
        if let [first, .., last] = at_of.as_slice()
            && last - first >= at_of.len()
        {
            let between = last - first + 1 - at_of.len();
            found.push(
                Problem::warning("scattered-group", format!("{between} other phase{} between those of the parallel group: all of it runs where its first phase stands", if between == 1 { " stands" } else { "s stand" }))
                    .help("give the phases of a group positions that follow each other")
                    .at(at.clone()),
            );
        }
        checkpoint(&pauses, group, &at, found);
    }
}

/// The phases after which the plan says that the run pauses.
fn pauses<'p>(plan: &'p Outline) -> HashSet<&'p str> {
    let named = plan.checkpoints.iter().flatten();
    let own = plan.phases.iter().filter(|phase| phase.pauses);
    named
        .filter_map(|id| id.as_deref())
        .chain(own.filter_map(|phase| phase.id.as_deref()))
        .collect()
}

/// A pause after one phase of a group comes after all of it.
fn checkpoint(pauses: &HashSet<&str>, group: &[Text], at: &str, found: &mut Found) {
    let is_last = |id: &str| group.last().and_then(|last| last.as_deref()) == Some(id);
    for (position, id) in group.iter().enumerate() {
        let Some(id) = id
            .as_deref()
            .filter(|id| pauses.contains(id) && !is_last(id))
        else {
            continue;
        };
        found.push(
            Problem::warning(
                "checkpoint-in-group",
                format!("the run pauses after `{id}` only when all phases of its group are over"),
            )
            .help(
                "set the checkpoint at the group's last phase, or take the phase out of the group",
            )
            .at(format!("{at}/{position}")),
        );
    }
}

fn twice(plan: &Outline, found: &mut Found) {
    let mut grouped: HashMap<&str, (usize, usize)> = HashMap::new();
    for (row, group) in plan.parallel_groups.iter().enumerate() {
        for (position, phase) in group.iter().enumerate() {
            let Some(phase) = phase.as_deref() else {
                continue;
            };
            let Some((first_row, first)) = grouped.get(phase) else {
                grouped.insert(phase, (row, position));
                continue;
            };
            found.push(
                Problem::error(
                    "phase-in-two-groups",
                    format!("the phase `{phase}` stands in `parallelGroups` twice"),
                )
                .help("a phase runs once: keep one of them")
                .at(format!("/parallelGroups/{row}/{position}"))
                .see(
                    format!("/parallelGroups/{first_row}/{first}"),
                    "already here",
                ),
            );
        }
    }
}

/// The position of each phase in the order of the plan.
fn places<'p>(plan: &'p Outline) -> HashMap<&'p str, usize> {
    let mut phases: Vec<_> = plan.phases.iter().collect();
    phases.sort_by(|a, b| {
        let order = |phase: &crate::outline::Phase| phase.order.unwrap_or(f64::MAX);
        order(a).total_cmp(&order(b))
    });
    let ids = phases.into_iter().enumerate();
    ids.filter_map(|(place, phase)| Some((phase.id.as_deref()?, place)))
        .collect()
}
