//! The tasks of a phase: its steps, its features, those of the list, or the phase itself.

use super::Source;
use super::condition::Applies;
use super::features::Feature;
use super::gates;
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

/// The tasks of a phase; none when there are too many.
pub(super) fn of<'a>(
    phase: &Node,
    id: &str,
    source: &Source<'a>,
    draft: &mut Draft,
) -> Option<Vec<(Step, After<'a>)>> {
    let mut all = Vec::new();
    for (number, step) in items(phase, "steps").iter().enumerate() {
        let name = step
            .some("id")
            .and_then(Node::text)
            .unwrap_or_else(|| (number + 1).to_string());
        let id = format!("{id}.{name}");
        if source
            .terms
            .apply(step, &format!("the step {id}"), None, draft)
            == Applies::No
        {
            continue;
        }
        let step = match step.as_str() {
            Some(_) => Step::named(id, step),
            None => Step::new(id, step).confirmed(step),
        };
        all.push((step, After::Previous));
    }
    for (number, feature) in items(phase, "features").iter().enumerate() {
        static_feature(feature, id, number, source, &mut all, draft);
    }
    let is_dynamic = phase.get("dynamic").and_then(Node::as_bool) == Some(true)
        || phase.some("per_feature").is_some();
    if is_dynamic {
        dynamic(phase, id, source, &mut all, draft)?;
        return Some(all);
    }
    if items(phase, "steps").is_empty() && items(phase, "features").is_empty() {
        for workflow in items(phase, "workflows") {
            let name = workflow.text().unwrap_or_default();
            let mut step = Step::named(format!("{id}.{name}"), workflow);
            step.line(format!(
                "Workflow {name} of the phase: {}",
                title(phase, id)
            ));
            all.push((step, After::Previous));
        }
        if all.is_empty() {
            let mut step = Step::new(id.to_owned(), phase);
            step.line(format!("All of the phase: {}", title(phase, id)));
            all.push((step, After::Previous));
        }
    }
    if all.is_empty() {
        let message = format!("nothing is left to do in the phase {id}");
        draft.warn("empty-phase", message, phase.at.clone());
    }
    Some(all)
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
    source: &Source<'a>,
    all: &mut Vec<(Step, After<'a>)>,
    draft: &mut Draft,
) {
    let name = feature
        .some("id")
        .and_then(Node::text)
        .unwrap_or_else(|| (number + 1).to_string());
    let what = format!("the feature {name}");
    if source.terms.apply(feature, &what, Some(feature), draft) == Applies::No {
        return;
    }
    let gates = source.gates;
    let steps = items(feature, "steps").iter().filter(|step| {
        let what = format!("a step of the feature {name}");
        source.terms.apply(step, &what, Some(feature), draft) != Applies::No
    });
    let steps: Vec<&Node> = steps.collect();
    if steps.is_empty() && !items(feature, "steps").is_empty() {
        let message = format!("nothing is left to do of the feature {name}");
        draft.warn("empty-phase", message, feature.at.clone());
        return;
    }
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
    if steps.iter().all(|step| same_agent(step)) {
        if let Some(agent) = steps.first().and_then(|step| step.some("agent")) {
            whole.node.set("role", agent.clone());
        }
        for step in &steps {
            whole.line(format!("- {}", text_of(step)));
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

/// More lines of features times steps nobody would read.
const MOST: usize = 1_000_000;

/// One task for every feature of the list; none when there are too many.
fn dynamic<'a>(
    phase: &Node,
    id: &str,
    source: &Source<'a>,
    all: &mut Vec<(Step, After<'a>)>,
    draft: &mut Draft,
) -> Option<()> {
    let Some(features) = source.features else {
        let at = phase.get("dynamic").unwrap_or(phase).at.clone();
        let message = format!(
            "the phase {id} is repeated for every feature, and there is no list of features"
        );
        draft.error(
            "no-features",
            message,
            at,
            "give it: --features features.yaml",
        );
        return Some(());
    };
    let nothing = Node::map(phase.at.clone());
    let per_feature = phase.some("per_feature").unwrap_or(&nothing);
    let own = per_feature.some("quality_gates");
    let own = own.map(|list| gates::list_of(list, source.terms, draft));
    let own = own.unwrap_or_default();
    let actions = items(per_feature, "steps");
    if features.all.len().saturating_mul(actions.len()) > MOST {
        let message = format!("more than {MOST} steps of features");
        draft.error(
            "too-large",
            message,
            phase.at.clone(),
            "have fewer features",
        );
        return None;
    }
    let before = all.len();
    for feature in &features.all {
        let wanted = feature.phase.as_ref().and_then(Node::text);
        let name = feature.id.text().unwrap_or_default();
        let what = format!("the feature {name}");
        if wanted.is_some_and(|wanted| wanted != id)
            || source
                .terms
                .apply(&feature.node, &what, Some(&feature.node), draft)
                == Applies::No
        {
            continue;
        }
        let mut step = Step::new(format!("{id}.{name}"), &feature.node);
        step.list("Workflows", per_feature.some("workflows"));
        for action in actions {
            let what = format!("a step of {id}.{name}");
            let applies = source
                .terms
                .apply(action, &what, Some(&feature.node), draft);
            if applies == Applies::No {
                continue;
            }
            step.line(format!("- {}", text_of(action)));
        }
        step.feature(feature);
        let common = source.gates.of("after_code_change").iter();
        let common = common.chain(source.gates.of("after_feature"));
        let common: Vec<Node> = match own.is_empty() {
            true => common.cloned().collect(),
            false => own.clone(),
        };
        step.gates(&common);
        step.reviewed(feature, items(per_feature, "checkpoint_conditions"));
        all.push((step, After::Feature(feature)));
    }
    if all.len() == before {
        let message = format!("no feature is built in the phase {id}");
        draft.warn("empty-phase", message, phase.at.clone());
    }
    Some(())
}

/// A step in a line.
fn text_of(step: &Node) -> String {
    let keys = ["action", "name", "description"];
    let text = keys.iter().find_map(|key| step.some(key)?.text());
    text.or(step.text()).unwrap_or_default()
}

/// What must hold when the phase is done stands at its last task: outputs, and the gates before a checkpoint or before
/// the phase that comes next (`before_deploy` before `deployment`).
pub(super) fn closed<'a>(
    mut steps: Vec<(Step, After<'a>)>,
    phase: &Node,
    id: &str,
    next: &str,
    source: &Source,
    draft: &mut Draft,
) -> Vec<(Step, After<'a>)> {
    let gates = source.gates;
    let Some((last, _)) = steps.last_mut() else {
        return steps;
    };
    let mut outputs = Vec::new();
    for output in items(phase, "outputs") {
        // `{path, required, condition}` in some.
        let path = output.some("path").unwrap_or(output);
        let Some(text) = path.as_str().filter(|text| !text.is_empty()) else {
            continue;
        };
        let what = format!("the output {}", text.escape_debug());
        if source.terms.apply(output, &what, None, draft) == Applies::No {
            continue;
        }
        outputs.push(path.clone());
        if !text.contains('*') {
            let mut gate = Node::map(path.at.clone());
            gate.set("artifact", path.clone());
            if output.get("required").and_then(Node::as_bool) == Some(false) {
                gate.set("required", Node::new(false, path.at.clone()));
            }
            last.gates(&[gate]);
        }
    }
    let outputs = Node::list(outputs, phase.at.clone());
    last.list("Outputs of the phase", Some(&outputs));
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
