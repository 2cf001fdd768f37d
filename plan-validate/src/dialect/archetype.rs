//! Archetypes of OMGKIT: phases of steps and features, with gates and levels of autonomy.
//!
//! A phase begins when the one before it is done; steps run one after the other. A dynamic phase is repeated for every
//! feature of `--features`: these run side by side, but for what they depend on. `command` in an archetype is a word
//! for an agent (`/auto:init`), never one for a shell.

mod autonomy;
mod condition;
mod features;
mod gates;
mod phases;
mod steps;
mod work;

use self::condition::Terms;
use self::features::Features;
use crate::dialect::{Dialect, Draft, Material, Node};

pub(super) const ARCHETYPE: Dialect = Dialect {
    name: "archetype",
    what: "an archetype of OMGKIT",
    layouts: &[],
    recognises: |glimpse| {
        let has = |key: &str| glimpse.lines().any(|line| line.starts_with(key));
        !glimpse.is_json()
            && has("phases:")
            && (has("quality_gates:") || has("autonomy_rules:") || has("autonomy:") && has("id:"))
            && !has("tasks:")
            && !has("planId:")
    },
    takes_features: true,
    read,
};

/// What the phases are made of, beside their own words.
struct Source<'a> {
    features: Option<&'a Features>,
    gates: &'a gates::Gates,
    terms: &'a Terms<'a>,
}

fn read(material: &Material) -> Draft {
    let mut draft = Draft::default();
    let Some(file) = material.files.first() else {
        return draft;
    };
    let archetype = match Node::from_yaml(material.text(file), file.span.start) {
        Ok(archetype) if archetype.is_map() => archetype,
        Ok(other) => {
            let help = "an archetype is a mapping with `id` and `phases`";
            draft.error(
                "archetype",
                format!("the archetype is {}", other.kind()),
                other.at,
                help,
            );
            return draft;
        }
        Err(problems) => {
            draft.found.extend(problems);
            return draft;
        }
    };
    let features = Features::read(material, &mut draft);
    let terms = Terms::new(&archetype, features.as_ref());
    let gates = gates::Gates::read(&archetype, &terms, &mut draft);
    let source = Source {
        features: features.as_ref(),
        gates: &gates,
        terms: &terms,
    };
    let Some(phases) = phases::read(&archetype, &source, &mut draft) else {
        return draft;
    };
    let mut plan = Node::map(archetype.at.clone());
    let id = archetype.some("id").or(archetype.some("name"));
    let project = features
        .as_ref()
        .and_then(|features| features.project.as_ref());
    let named = project.or(id);
    let place = named.map_or(file.top(), |node| node.at.clone());
    let title = named.and_then(Node::text);
    plan.set("planId", Node::new(material.label(title.as_deref()), place));
    let summary = archetype.some("description").or(archetype.some("name"));
    if let Some((summary, text)) = summary.and_then(|node| Some((node, node.text()?))) {
        plan.set("summary", Node::new(text, summary.at.clone()));
    }
    plan.set("projects", project_of(&archetype, id, file.top()));
    plan.set("tasks", Node::list(phases.tasks, archetype.at.clone()));
    plan.set("phases", Node::list(phases.phases, archetype.at.clone()));
    if let Some(stages) = gates.stages() {
        plan.set("gates", stages);
    }
    if let Some(autonomy) = autonomy::read(&archetype, &phases.reviewed, &mut draft) {
        plan.set("autonomy", autonomy);
    }
    plan.set("metadata", metadata(&archetype, &features));
    draft.finish(plan)
}

/// One project, the folder that the run begins in; the recommended technology is its stack.
fn project_of(archetype: &Node, id: Option<&Node>, top: std::ops::Range<usize>) -> Node {
    let at = id.map_or(top, |id| id.at.clone());
    let mut project = Node::map(at.clone());
    let name = id
        .and_then(Node::text)
        .unwrap_or_else(|| "project".to_owned());
    project.set("name", Node::new(name, at.clone()));
    project.set("path", Node::new(".", at.clone()));
    if let Some(defaults) = archetype.some("defaults") {
        let stack = defaults.entries().iter();
        let stack = stack.filter_map(|(key, value)| Some(format!("{key}: {}", value.text()?)));
        let stack = stack.collect::<Vec<String>>().join(", ");
        project.set("techStack", Node::new(stack, defaults.at.clone()));
    }
    Node::list(vec![project], at)
}

/// What has no field of its own.
fn metadata(archetype: &Node, features: &Option<Features>) -> Node {
    let mut rest = Node::map(archetype.at.clone());
    let known = [
        "id",
        "description",
        "phases",
        "quality_gates",
        "autonomy",
        "autonomy_rules",
        "defaults",
    ];
    for (key, value) in archetype.entries() {
        if !known.contains(&key.as_str()) {
            rest.set(key, value.clone());
        }
    }
    if let Some(out_of_scope) = features
        .as_ref()
        .and_then(|features| features.out_of_scope.as_ref())
    {
        rest.set("outOfScope", out_of_scope.clone());
    }
    let mut metadata = Node::map(archetype.at.clone());
    metadata.set("archetype", rest);
    metadata
}
