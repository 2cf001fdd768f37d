//! What waits for what: milestones one after the other, phases as they say.

use std::collections::{BTreeSet, HashMap};

use super::config::Config;
use super::milestone::Milestone;
use crate::dialect::{Draft, Node};

/// Most dependencies of one plan.
const MOST: usize = 1_000_000;

/// The dependencies of the phases of every milestone; none when there are too many.
pub(super) fn of(
    milestones: &[Milestone],
    config: &Config,
    draft: &mut Draft,
) -> Option<Vec<Vec<Vec<Node>>>> {
    let sequential = config.sequential();
    if let Some(setting) = sequential {
        let empty = |node: &Node| node.is_list() && node.items().is_empty();
        let mut phases = milestones
            .iter()
            .flat_map(|milestone| milestone.phases.iter().skip(1));
        if phases.any(|phase| phase.dependencies.as_ref().is_some_and(empty)) {
            draft.warn_with(
                "sequential",
                "phases run one after the other, also those with `depends_on: []`",
                setting.at.clone(),
                "`parallel: enabled` lets them start together",
            );
        }
    }
    let mut all = Vec::new();
    let mut barrier: Vec<String> = Vec::new();
    let mut count = 0;
    for milestone in milestones {
        let ids: Vec<String> = milestone
            .phases
            .iter()
            .map(|phase| phase.id(milestone))
            .collect();
        let names = names(milestone);
        let mut ends: BTreeSet<usize> = (0..ids.len()).collect();
        let mut of_milestone = Vec::with_capacity(ids.len());
        for (at, phase) in milestone.phases.iter().enumerate() {
            let mut waits = Vec::new();
            let mut is_first = true;
            for named in listed(phase.dependencies.as_ref(), draft) {
                let name = named.text().unwrap_or_default();
                let name = name.trim().trim_end_matches(".md");
                let id = match names.get(name) {
                    Some(other) => {
                        ends.remove(other);
                        is_first = false;
                        ids[*other].clone()
                    }
                    // A phase of another milestone, or none: a rule will tell.
                    None => name.replace('/', "-"),
                };
                waits.push(Node::new(id, named.at.clone()));
            }
            if at > 0 && (phase.dependencies.is_none() || sequential.is_some()) {
                let before = ids[at - 1].as_str();
                ends.remove(&(at - 1));
                is_first = false;
                if !waits.iter().any(|other| other.as_str() == Some(before)) {
                    waits.push(Node::new(before, phase.at.clone()));
                }
            }
            if is_first {
                waits.extend(
                    barrier
                        .iter()
                        .map(|id| Node::new(id.as_str(), phase.at.clone())),
                );
            }
            count += waits.len();
            if count > MOST {
                let message = format!("more than {MOST} dependencies between phases");
                draft.error(
                    "too-large",
                    message,
                    phase.at.clone(),
                    "divide the milestones",
                );
                return None;
            }
            of_milestone.push(waits);
        }
        if !ids.is_empty() {
            barrier = ends.into_iter().map(|at| ids[at].clone()).collect();
        }
        all.push(of_milestone);
    }
    Some(all)
}

/// What the phases of a milestone may be called: `phase-2`, `2`. The file counts, not the `order`.
fn names(milestone: &Milestone) -> HashMap<String, usize> {
    let mut names = HashMap::new();
    for (at, phase) in milestone.phases.iter().enumerate() {
        if let Some(number) = phase
            .name
            .rsplit('-')
            .next()
            .and_then(|number| number.parse::<u64>().ok())
        {
            names.insert(number.to_string(), at);
            names.insert(format!("phase-{number}"), at);
            names.insert(format!("{}/phase-{number}", milestone.id), at);
        }
        names.insert(phase.name.clone(), at);
    }
    names
}

/// The entries of `depends_on`, which may be one text.
fn listed(dependencies: Option<&Node>, draft: &mut Draft) -> Vec<Node> {
    let Some(node) = dependencies else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for entry in node.each() {
        if entry.text().is_some() {
            all.push(entry.clone());
        } else {
            let message = format!("a phase is named by a text, not by {}", entry.kind());
            draft.error(
                "depends-on",
                message,
                entry.at.clone(),
                "write `depends_on: [phase-1]`",
            );
        }
    }
    all
}
