//! The features of a project: `features.yaml`, by priority or as one list.

use std::collections::HashSet;

use super::autonomy;
use crate::dialect::{Draft, Material, Node};

pub(super) struct Features {
    /// The whole file: what else it says, conditions may ask for.
    pub(super) root: Node,
    pub(super) project: Option<Node>,
    pub(super) out_of_scope: Option<Node>,
    pub(super) all: Vec<Feature>,
}

pub(super) struct Feature {
    pub(super) id: Node,
    pub(super) node: Node,
    pub(super) priority: Option<Node>,
    /// The phase it is built in; all dynamic ones when absent.
    pub(super) phase: Option<Node>,
    pub(super) dependencies: Vec<Node>,
    pub(super) autonomy: Option<Node>,
    pub(super) outcome: Option<Node>,
}

impl Features {
    pub(super) fn read(material: &Material, draft: &mut Draft) -> Option<Features> {
        let file = material.features.as_ref()?;
        let root = match Node::from_yaml(material.text(file), file.span.start) {
            Ok(root) => root,
            Err(problems) => {
                draft.found.extend(problems);
                return None;
            }
        };
        Some(Features::of(root, draft))
    }

    pub(super) fn of(root: Node, draft: &mut Draft) -> Features {
        let mut features = Features {
            project: root.some("project_name").cloned(),
            out_of_scope: root.some("out_of_scope").cloned(),
            all: Vec::new(),
            root: Node::map(root.at.clone()),
        };
        let mut ids = HashSet::new();
        let mut add = |list: &Node, priority: Option<&str>, draft: &mut Draft| {
            for node in list.items() {
                let priority = priority.map(|priority| Node::new(priority, node.at.clone()));
                features
                    .all
                    .extend(feature(node, priority, &mut ids, draft));
            }
        };
        if root.is_list() {
            add(&root, None, draft);
        }
        let priorities = root.some("priorities").unwrap_or(&root);
        for (key, priority) in [("p0", "P0"), ("p1", "P1"), ("p2", "P2"), ("p3", "P3")] {
            if let Some(list) = priorities.some(key) {
                add(list, Some(priority), draft);
            }
        }
        if let Some(list) = root.some("features") {
            add(list, None, draft);
        }
        if let Some(out) = priorities.some("out_of_scope") {
            features.out_of_scope = Some(out.clone());
        }
        if features.all.is_empty() {
            let help = "write `features:` or `priorities:` with `p0:`, each a list of mappings with `id` and `name`";
            draft.error(
                "no-features",
                "the file has no features",
                root.at.clone(),
                help,
            );
        }
        features.root = root;
        features
    }
}

fn feature(
    node: &Node,
    priority: Option<Node>,
    ids: &mut HashSet<String>,
    draft: &mut Draft,
) -> Option<Feature> {
    let id = node.some("id").filter(|id| id.text().is_some());
    let Some(id) = id else {
        let help = "give it `id: a_name`";
        draft.error("feature", "the feature has no id", node.at.clone(), help);
        return None;
    };
    let text = id.text().unwrap_or_default();
    let fits = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    if !text.chars().all(fits) || text.is_empty() {
        let help = "an id has small letters, digits and `_`";
        draft.error(
            "feature",
            format!("`{}` is no id", text.escape_debug()),
            id.at.clone(),
            help,
        );
        return None;
    }
    if !ids.insert(text.clone()) {
        let help = "give one of them another id";
        draft.error(
            "feature-twice",
            format!("two features have the id `{text}`"),
            id.at.clone(),
            help,
        );
        return None;
    }
    let own = node.some("priority").and_then(|own| {
        let word = own.text()?.to_uppercase();
        let known = matches!(word.as_str(), "P0" | "P1" | "P2" | "P3");
        known.then(|| Node::new(word, own.at.clone()))
    });
    let dependencies = dependencies(node, draft);
    let level = node
        .some("autonomy")
        .and_then(|autonomy| autonomy.some("level").or(Some(autonomy)));
    let level = level.filter(|level| !level.is_map());
    Some(Feature {
        id: Node::new(text, id.at.clone()),
        priority: own.or(priority),
        phase: node.some("phase").cloned(),
        dependencies,
        autonomy: level.and_then(|node| autonomy::level(node, draft)),
        outcome: outcome(node, draft),
        node: node.clone(),
    })
}

/// What it waits for. A text by itself is a list of one.
fn dependencies(feature: &Node, draft: &mut Draft) -> Vec<Node> {
    let listed = feature.some("dependencies").map(Node::each);
    let mut dependencies = Vec::new();
    for dependency in listed.unwrap_or_default() {
        if dependency
            .text()
            .is_some_and(|text| !text.trim().is_empty())
        {
            dependencies.push(dependency.clone());
            continue;
        }
        let message = match dependency.as_str() {
            Some(_) => "a dependency of the feature is empty".to_owned(),
            None => format!(
                "a dependency is the id of a feature, not {}",
                dependency.kind()
            ),
        };
        let help = "write `dependencies: [accounts]`";
        draft.error("feature", message, dependency.at.clone(), help);
    }
    dependencies
}

fn outcome(feature: &Node, draft: &mut Draft) -> Option<Node> {
    let status = feature.some("status")?;
    match status.as_str().unwrap_or_default() {
        "completed" | "done" => Some(Node::new("succeeded", status.at.clone())),
        "skipped" => Some(Node::new("cancelled", status.at.clone())),
        "pending" | "in_progress" => None,
        "blocked" => {
            draft.warn(
                "blocked",
                "the feature is blocked: it counts as not done",
                status.at.clone(),
            );
            None
        }
        _ => {
            draft.warn_with(
                "unclear-status",
                "the status is not known: the feature counts as not done",
                status.at.clone(),
                "pending, in_progress, completed, skipped or blocked",
            );
            None
        }
    }
}
