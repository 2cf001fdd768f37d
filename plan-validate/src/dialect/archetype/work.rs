//! The tasks of a phase: its steps, its features, those of the list, or the phase itself.

use super::features::{Feature, Features};
use super::gates::{self, Gates};
use super::steps::Step;
use crate::dialect::{Draft, Node};

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

/// What a task waits for within its phase.
pub(super) enum After<'a> {
    Previous,
    Feature(&'a Feature),
}

impl After<'_> {
    pub(super) fn feature(&self) -> Option<&str> {
        match self {
            After::Previous => None,
            After::Feature(feature) => feature.id.as_str(),
        }
    }
}

/// The tasks of a phase.
pub(super) fn of<'a>(
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

pub(super) fn items<'a>(node: &'a Node, key: &str) -> &'a [Node] {
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

/// What must hold when the phase is done stands at its last task: outputs, and the gates before a checkpoint or before
/// the phase that comes next (`before_deploy` before `deployment`).
pub(super) fn closed<'a>(
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
