//! Phases, each with its tasks, and what waits for what.

use std::collections::{BTreeSet, HashMap};

use super::Source;
use super::condition::Applies;
use super::steps::Step;
use super::work::{self, After};
use crate::dialect::{Draft, Node};

/// Most dependencies of one plan.
const MOST: usize = 1_000_000;

/// What the phases come to.
#[derive(Default)]
pub(super) struct Phases {
    pub(super) phases: Vec<Node>,
    pub(super) tasks: Vec<Node>,
    /// Globs that ask for a review.
    pub(super) reviewed: Vec<Node>,
}

pub(super) fn read(archetype: &Node, source: &Source, draft: &mut Draft) -> Option<Phases> {
    let mut sources = sources(archetype, draft)?;
    check_features(&sources, source, draft);
    sources.retain(|(phase, id)| {
        let what = format!("the phase {id}");
        source.terms.apply(phase, &what, None, draft) != Applies::No
    });
    let mut all = Phases::default();
    let mut built = Vec::new();
    for (index, (phase, id)) in sources.iter().enumerate() {
        all.phases.push(node_of_phase(phase, id, index + 1, draft));
        if let Some(per_feature) = phase.some("per_feature") {
            let conditions = work::items(per_feature, "checkpoint_conditions").iter();
            let patterns = conditions.filter_map(|condition| condition.some("pattern"));
            all.reviewed.extend(patterns.cloned());
        }
        let steps = work::of(phase, id, source, draft)?;
        // What must hold before the next phase stands at the last task before it, whichever phase that is of.
        if !steps.is_empty() {
            built.push((phase, id, steps));
        }
    }
    let names: Vec<&str> = built.iter().map(|(_, id, _)| id.as_str()).collect();
    let nexts: Vec<&str> = names.iter().skip(1).copied().chain([""]).collect();
    let mut order = Order::default();
    for ((phase, id, steps), next) in built.into_iter().zip(nexts) {
        let steps = work::closed(steps, phase, id, next, source, draft);
        let Some(waits) = order.of_phase(&steps) else {
            let message = format!("more than {MOST} dependencies between tasks");
            let help = "have fewer features";
            draft.error("too-large", message, phase.at.clone(), help);
            return None;
        };
        let at = phase
            .get("id")
            .map_or(phase.at.clone(), |node| node.at.clone());
        let id = Node::new(id.as_str(), at);
        let tasks = steps.into_iter().zip(waits);
        all.tasks
            .extend(tasks.map(|((step, _), waits)| step.task(&id, waits)));
    }
    Some(all)
}

/// The phases with their ids, in their order.
fn sources<'a>(archetype: &'a Node, draft: &mut Draft) -> Option<Vec<(&'a Node, String)>> {
    let Some(listed) = archetype.some("phases").filter(|phases| phases.is_list()) else {
        let help = "write `phases:` with `- id: discovery`";
        draft.error(
            "no-phases",
            "the archetype has no list of phases",
            archetype.at.clone(),
            help,
        );
        return None;
    };
    let mut sources: Vec<(&Node, String)> = Vec::new();
    for phase in listed.items() {
        match phase
            .some("id")
            .and_then(Node::text)
            .filter(|id| !id.trim().is_empty())
        {
            Some(id) => sources.push((phase, id)),
            None => draft.error(
                "phase",
                "the phase has no id",
                phase.at.clone(),
                "give it `id: a_name`",
            ),
        }
    }
    let order = |phase: &Node| {
        phase
            .some("order")
            .and_then(Node::as_f64)
            .unwrap_or(f64::MAX)
    };
    sources.sort_by(|(a, _), (b, _)| order(a).total_cmp(&order(b)));
    Some(sources)
}

/// What waits for what, phase by phase.
#[derive(Default)]
struct Order {
    /// The last tasks of the phase before.
    barrier: Vec<String>,
    /// The latest task of every feature.
    built: HashMap<String, String>,
    count: usize,
}

impl Order {
    /// The dependencies of the tasks of the next phase; none when there are too many.
    fn of_phase(&mut self, steps: &[(Step, After)]) -> Option<Vec<Vec<Node>>> {
        let positions = steps.iter().enumerate();
        let here: HashMap<&str, usize> = positions
            .filter_map(|(at, (_, after))| Some((after.feature()?, at)))
            .collect();
        let open = (0..steps.len()).filter(|at| !steps[*at].0.is_cancelled);
        let mut ends: BTreeSet<usize> = open.collect();
        let mut all = Vec::with_capacity(steps.len());
        for (at, (step, after)) in steps.iter().enumerate() {
            let place = step.node.at.clone();
            let mut waits: Vec<Node> = Vec::new();
            // Positions of what it waits for in this phase.
            let mut within: Vec<usize> = Vec::new();
            match after {
                After::Previous if at > 0 => {
                    within.push(at - 1);
                    waits.push(Node::new(steps[at - 1].0.id.as_str(), place.clone()));
                }
                After::Previous => {}
                After::Feature(feature) => {
                    for dependency in &feature.dependencies {
                        let name = dependency.text().unwrap_or_default();
                        let other = here.get(name.as_str());
                        within.extend(other);
                        let id = match other {
                            Some(other) => &steps[*other].0.id,
                            // Of no feature at all: a rule will tell.
                            None => self.built.get(&name).unwrap_or(&name),
                        };
                        waits.push(Node::new(id.as_str(), dependency.at.clone()));
                    }
                }
            }
            for other in &within {
                ends.remove(other);
            }
            if within.is_empty() {
                let before = self
                    .barrier
                    .iter()
                    .map(|id| Node::new(id.as_str(), place.clone()));
                waits.splice(0..0, before);
            }
            self.count += waits.len();
            if self.count > MOST {
                return None;
            }
            all.push(waits);
        }
        for (step, after) in steps {
            if let Some(feature) = after.feature() {
                self.built.insert(feature.to_owned(), step.id.clone());
            }
        }
        if !ends.is_empty() {
            self.barrier = ends.into_iter().map(|at| steps[at].0.id.clone()).collect();
        }
        Some(all)
    }
}

fn node_of_phase(phase: &Node, id: &str, order: usize, draft: &mut Draft) -> Node {
    let mut node = Node::map(phase.at.clone());
    let at = phase
        .get("id")
        .map_or(phase.at.clone(), |node| node.at.clone());
    node.set("id", Node::new(id, at.clone()));
    if let Some(name) = phase.some("name").filter(|name| name.as_str().is_some()) {
        node.set("title", name.clone());
    }
    node.set("order", Node::new(order, at));
    if let Some(checkpoint) = phase
        .some("checkpoint")
        .filter(|node| node.as_bool() == Some(true))
    {
        node.set("checkpoint", checkpoint.clone());
    }
    if let Some(optional) = phase
        .some("optional")
        .filter(|node| node.as_bool() == Some(true) && phase.some("condition").is_none())
    {
        draft.warn(
            "condition",
            format!("the phase {id} is optional: it is part of the plan"),
            optional.at.clone(),
        );
    }
    node
}

/// A feature that names a phase which is not repeated for features would be lost.
fn check_features(phases: &[(&Node, String)], source: &Source, draft: &mut Draft) {
    for feature in source
        .features
        .map(|features| &features.all[..])
        .unwrap_or_default()
    {
        let Some(wanted) = &feature.phase else {
            continue;
        };
        let name = wanted.text().unwrap_or_default();
        let is_dynamic = |phase: &Node| {
            phase.get("dynamic").and_then(Node::as_bool) == Some(true)
                || phase.some("per_feature").is_some()
        };
        if !phases
            .iter()
            .any(|(phase, id)| *id == name && is_dynamic(phase))
        {
            draft.error(
                "feature-phase",
                format!("the feature is of the phase `{name}`, which is none that is repeated for features"),
                wanted.at.clone(),
                "leave `phase` out to build it in every such phase",
            );
        }
    }
}
