//! Phases, each with its tasks, and what waits for what.

use std::collections::{BTreeSet, HashMap};

use super::features::{Feature, Features};
use super::gates::{self, Gates};
use super::steps::Step;
use crate::dialect::{Draft, Node};

/// Most dependencies of one plan.
const MOST: usize = 1_000_000;

/// Phases in which nothing is built yet: gates that run commands have nothing to run there.
const PAPER: &[&str] = &[
    "discovery",
    "planning",
    "design",
    "modeling",
    "exploration",
    "architecture",
    "requirements",
];

/// What the phases come to.
#[derive(Default)]
pub(super) struct Phases {
    pub(super) phases: Vec<Node>,
    pub(super) tasks: Vec<Node>,
    /// Globs that ask for a review.
    pub(super) reviewed: Vec<Node>,
}

/// Tasks of features by phase and feature, for what features depend on.
type Built = HashMap<String, String>;

pub(super) fn read(
    archetype: &Node,
    features: Option<&Features>,
    gates: &Gates,
    draft: &mut Draft,
) -> Option<Phases> {
    let listed = archetype.some("phases").filter(|phases| phases.is_list());
    let Some(listed) = listed else {
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
        match phase.some("id").and_then(Node::text) {
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
    check_features(&sources, features, draft);
    let mut all = Phases::default();
    let mut built = Built::new();
    let mut barrier: Vec<String> = Vec::new();
    let mut count = 0;
    for (index, (phase, id)) in sources.iter().enumerate() {
        all.phases.push(node_of_phase(phase, id, index + 1, draft));
        if let Some(conditions) = phase
            .some("per_feature")
            .and_then(|node| node.some("checkpoint_conditions"))
        {
            let patterns = conditions
                .items()
                .iter()
                .filter_map(|condition| condition.some("pattern"));
            all.reviewed.extend(patterns.cloned());
        }
        let steps = steps(phase, id, features, gates, draft);
        let next = sources.get(index + 1).map_or("", |(_, next)| next.as_str());
        let steps = closed(steps, phase, id, next, gates);
        let id = phase
            .get("id")
            .cloned()
            .unwrap_or_else(|| Node::new(id.as_str(), phase.at.clone()));
        let id = Node::new(id.text().unwrap_or_default(), id.at);
        let mut ends: BTreeSet<usize> = BTreeSet::new();
        let names: Vec<String> = steps.iter().map(|(step, _)| step.id.clone()).collect();
        let cancelled: Vec<bool> = steps.iter().map(|(step, _)| step.is_cancelled).collect();
        let here: HashMap<&str, usize> = steps
            .iter()
            .enumerate()
            .filter_map(|(at, (_, after))| Some((after.feature()?, at)))
            .collect();
        let mut tasks = Vec::with_capacity(steps.len());
        let mut later = Vec::new();
        for (at, (step, after)) in steps.iter().enumerate() {
            let mut waits: Vec<Node> = Vec::new();
            let mut is_first = true;
            let place = step.node.at.clone();
            match after {
                After::Previous if at > 0 => {
                    ends.remove(&(at - 1));
                    is_first = false;
                    waits.push(Node::new(names[at - 1].as_str(), place.clone()));
                }
                After::Previous => {}
                After::Feature(feature) => {
                    for dependency in &feature.dependencies {
                        let name = dependency.text().unwrap_or_default();
                        match here.get(name.as_str()) {
                            Some(other) => {
                                later.push(*other);
                                is_first = false;
                                waits
                                    .push(Node::new(names[*other].as_str(), dependency.at.clone()));
                            }
                            // Of no feature at all a rule will tell.
                            None => {
                                let known = built.get(&name).unwrap_or(&name);
                                waits.push(Node::new(known.as_str(), dependency.at.clone()));
                            }
                        }
                    }
                }
            }
            if is_first {
                waits.splice(
                    0..0,
                    barrier
                        .iter()
                        .map(|name| Node::new(name.as_str(), place.clone())),
                );
            }
            count += waits.len();
            if count > MOST {
                let message = format!("more than {MOST} dependencies between tasks");
                draft.error(
                    "too-large",
                    message,
                    phase.at.clone(),
                    "have fewer features",
                );
                return None;
            }
            if !cancelled[at] {
                ends.insert(at);
            }
            tasks.push(waits);
        }
        for other in later {
            ends.remove(&other);
        }
        for ((step, after), waits) in steps.into_iter().zip(tasks) {
            if let Some(feature) = after.feature() {
                built.insert(feature.to_owned(), step.id.clone());
            }
            all.tasks.push(step.task(&id, waits));
        }
        if !ends.is_empty() {
            barrier = ends.into_iter().map(|at| names[at].clone()).collect();
        }
    }
    Some(all)
}

/// What a task waits for within its phase.
enum After<'a> {
    Previous,
    Feature(&'a Feature),
}

impl After<'_> {
    fn feature(&self) -> Option<&str> {
        match self {
            After::Previous => None,
            After::Feature(feature) => feature.id.as_str(),
        }
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
    if let Some(condition) = phase.some("condition") {
        draft.warn_with(
            "condition",
            format!(
                "the phase {id} has a condition, which is not evaluated: it is part of the plan"
            ),
            condition.at.clone(),
            "take the phase out of a copy of the archetype if it does not apply",
        );
    } else if let Some(optional) = phase
        .some("optional")
        .filter(|node| node.as_bool() == Some(true))
    {
        draft.warn(
            "condition",
            format!("the phase {id} is optional: it is part of the plan"),
            optional.at.clone(),
        );
    }
    node
}

/// The tasks of a phase.
fn steps<'a>(
    phase: &Node,
    id: &str,
    features: Option<&'a Features>,
    gates: &Gates,
    draft: &mut Draft,
) -> Vec<(Step, After<'a>)> {
    let mut all = Vec::new();
    for (number, step) in items(phase, "steps").iter().enumerate() {
        let name = step
            .some("id")
            .and_then(Node::text)
            .unwrap_or_else(|| (number + 1).to_string());
        let step = match step.as_str() {
            Some(_) => Step::named(format!("{id}.{name}"), step),
            None => Step::new(format!("{id}.{name}"), step).confirmed(step),
        };
        all.push((step, After::Previous));
    }
    for (number, feature) in items(phase, "features").iter().enumerate() {
        static_feature(feature, id, number, gates, &mut all, draft);
    }
    let is_dynamic = phase.get("dynamic").and_then(Node::as_bool) == Some(true)
        || phase.some("per_feature").is_some();
    if is_dynamic {
        let Some(features) = features else {
            draft.error(
                "no-features",
                format!(
                    "the phase {id} is repeated for every feature, and there is no list of features"
                ),
                phase
                    .get("dynamic")
                    .map_or(phase.at.clone(), |node| node.at.clone()),
                "give it: --features features.yaml",
            );
            return all;
        };
        dynamic(phase, id, features, gates, &mut all, draft);
    }
    if all.is_empty() && !is_dynamic {
        for workflow in items(phase, "workflows") {
            let name = workflow.text().unwrap_or_default();
            let mut step = Step::named(format!("{id}.{name}"), workflow);
            step.line(format!(
                "Workflow {name} of the phase: {}",
                title(phase, id)
            ));
            all.push((step, After::Previous));
        }
    }
    if all.is_empty() && !is_dynamic {
        let mut step = Step::new(id.to_owned(), phase);
        step.line(format!("All of the phase: {}", title(phase, id)));
        all.push((step, After::Previous));
    }
    all
}

fn items<'a>(node: &'a Node, key: &str) -> &'a [Node] {
    node.some(key).map(Node::items).unwrap_or_default()
}

fn title(phase: &Node, id: &str) -> String {
    phase
        .some("name")
        .and_then(Node::text)
        .unwrap_or_else(|| id.to_owned())
}

/// A feature that the archetype has itself: a task for every step, the gates of features behind the last.
fn static_feature<'a>(
    feature: &Node,
    phase: &str,
    number: usize,
    gates: &Gates,
    all: &mut Vec<(Step, After<'a>)>,
    draft: &mut Draft,
) {
    let name = feature
        .some("id")
        .and_then(Node::text)
        .unwrap_or_else(|| (number + 1).to_string());
    if let Some(condition) = feature.some("condition") {
        draft.warn_with(
            "condition",
            format!(
                "the feature {name} has a condition, which is not evaluated: it is part of the plan"
            ),
            condition.at.clone(),
            "take the feature out of a copy of the archetype if it does not apply",
        );
    }
    let steps = items(feature, "steps");
    let mut whole = Step::new(format!("{phase}.{name}"), feature).confirmed(feature);
    whole.gates(gates.of("after_code_change"));
    whole.gates(gates.of("after_feature"));
    let label = feature
        .some("name")
        .and_then(Node::text)
        .unwrap_or_else(|| name.clone());
    let same_agent = |step: &Node| {
        step.some("agent").and_then(Node::text)
            == steps.first().and_then(|step| step.some("agent")?.text())
    };
    if steps.iter().all(same_agent) {
        if let Some(agent) = steps.first().and_then(|step| step.some("agent")) {
            whole.node.set("role", agent.clone());
        }
        for step in steps {
            let text = ["action", "name", "description"]
                .iter()
                .find_map(|key| step.some(key)?.text());
            whole.line(format!("- {}", text.or(step.text()).unwrap_or_default()));
        }
        all.push((whole, After::Previous));
        return;
    }
    // Another agent is another task.
    for (number, step) in steps.iter().enumerate() {
        let mut task = Step::new(format!("{phase}.{name}.{}", number + 1), step);
        task.line(format!("Part of the feature: {label}"));
        if number + 1 == steps.len() {
            task.take_gates(&mut whole);
        }
        all.push((task, After::Previous));
    }
}

/// One task for every feature of the list.
fn dynamic<'a>(
    phase: &Node,
    id: &str,
    features: &'a Features,
    gates: &Gates,
    all: &mut Vec<(Step, After<'a>)>,
    draft: &mut Draft,
) {
    let per_feature = phase.some("per_feature");
    let own = per_feature.and_then(|node| node.some("quality_gates"));
    let own = own
        .map(|list| gates::list_of(list, draft))
        .unwrap_or_default();
    let before = all.len();
    for feature in &features.all {
        let wanted = feature.phase.as_ref().and_then(Node::text);
        if wanted.is_some_and(|wanted| wanted != id) {
            continue;
        }
        let name = feature.id.text().unwrap_or_default();
        let mut step = Step::new(format!("{id}.{name}"), &feature.node);
        step.list(
            "Workflows",
            per_feature.and_then(|node| node.some("workflows")),
        );
        for action in per_feature
            .map(|node| items(node, "steps"))
            .unwrap_or_default()
        {
            let text = ["action", "name", "description"]
                .iter()
                .find_map(|key| action.some(key)?.text());
            step.line(format!("- {}", text.or(action.text()).unwrap_or_default()));
        }
        step.feature(feature);
        let common = gates
            .of("after_code_change")
            .iter()
            .chain(gates.of("after_feature"));
        let common: Vec<Node> = match own.is_empty() {
            true => common.cloned().collect(),
            false => own.clone(),
        };
        step.gates(&common);
        all.push((step, After::Feature(feature)));
    }
    if all.len() == before {
        draft.warn(
            "empty-phase",
            format!("no feature is built in the phase {id}"),
            phase.at.clone(),
        );
    }
}

/// A feature that names a phase which is not repeated for features would be lost.
fn check_features(phases: &[(&Node, String)], features: Option<&Features>, draft: &mut Draft) {
    for feature in features
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

/// What must hold when the phase is done stands at its last task: outputs, and the gates before a checkpoint or before
/// the phase that comes next (`before_deploy` before `deployment`).
fn closed<'a>(
    mut steps: Vec<(Step, After<'a>)>,
    phase: &Node,
    id: &str,
    next: &str,
    gates: &Gates,
) -> Vec<(Step, After<'a>)> {
    let Some((last, _)) = steps.last_mut() else {
        return steps;
    };
    for output in items(phase, "outputs") {
        if let Some(path) = output
            .as_str()
            .filter(|path| !path.contains('*') && !path.is_empty())
        {
            let mut gate = Node::map(output.at.clone());
            gate.set("artifact", Node::new(path, output.at.clone()));
            last.gates(&[gate]);
        }
    }
    last.list("Outputs of the phase", phase.some("outputs"));
    if phase.get("checkpoint").and_then(Node::as_bool) == Some(true) && !PAPER.contains(&id) {
        last.gates(gates.of("before_checkpoint"));
    }
    for (stage, names) in [
        ("before_deploy", ["deploy", "release"]),
        ("before_publish", ["publish", "packaging"]),
    ] {
        if names.iter().any(|name| next.starts_with(name)) {
            last.gates(gates.of(stage));
        }
    }
    steps
}
