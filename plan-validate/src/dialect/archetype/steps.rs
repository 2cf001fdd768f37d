//! Tasks: of steps, of features, of phases that have neither.

use super::features::Feature;
use crate::dialect::Node;

/// A task in the making, with what its texts are put together from.
pub(super) struct Step {
    pub(super) id: String,
    pub(super) node: Node,
    title: String,
    lines: Vec<String>,
    gates: Vec<Node>,
    pub(super) is_cancelled: bool,
}

impl Step {
    pub(super) fn new(id: String, source: &Node) -> Step {
        let name = ["name", "action", "title", "id"]
            .iter()
            .find_map(|key| source.some(key)?.text());
        let mut step = Step {
            title: name.unwrap_or_else(|| id.clone()),
            node: Node::map(source.at.clone()),
            lines: Vec::new(),
            gates: Vec::new(),
            is_cancelled: false,
            id,
        };
        if let Some(text) = source.some("description").and_then(Node::text) {
            step.lines.push(text.trim().to_owned());
        }
        if let Some(agent) = source
            .some("agent")
            .filter(|agent| agent.as_str().is_some())
        {
            step.node.set("role", agent.clone());
        }
        for (key, label) in [
            ("workflow", "Workflow"),
            ("command", "Command of the agent"),
        ] {
            if let Some(text) = source.some(key).and_then(Node::text) {
                step.lines.push(format!("{label}: {text}"));
            }
        }
        step.list("Workflows", source.some("workflows"));
        step
    }

    /// With a look by a person at its end, where the source has a checkpoint there.
    pub(super) fn confirmed(mut self, source: &Node) -> Step {
        if source.get("checkpoint").and_then(Node::as_bool) == Some(true) {
            self.confirm(source);
        }
        self
    }

    /// A step that is only a word, or a workflow.
    pub(super) fn named(id: String, name: &Node) -> Step {
        let mut step = Step::new(id, &Node::map(name.at.clone()));
        step.title = name.text().unwrap_or_default();
        step
    }

    pub(super) fn line(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }

    pub(super) fn list(&mut self, label: &str, list: Option<&Node>) {
        let items = list.map(Node::items).unwrap_or_default();
        let items: Vec<String> = items.iter().filter_map(Node::prose).collect();
        if !items.is_empty() {
            self.lines.push(format!("{label}: {}", items.join(", ")));
        }
    }

    pub(super) fn gates(&mut self, gates: &[Node]) {
        self.gates.extend(gates.iter().cloned());
    }

    /// Those of a feature stand behind its last step.
    pub(super) fn take_gates(&mut self, whole: &mut Step) {
        self.gates.append(&mut whole.gates);
    }

    /// A person looks at it when it is done.
    fn confirm(&mut self, source: &Node) {
        let message = source.some("checkpoint_message").and_then(Node::text);
        let message = message.filter(|text| !text.trim().is_empty());
        let statement = message.unwrap_or_else(|| format!("{} is complete", self.title));
        let at = source
            .get("checkpoint")
            .map_or(source.at.clone(), |node| node.at.clone());
        let mut gate = Node::map(at.clone());
        gate.set("manual", Node::new(statement.trim(), at));
        self.gates.push(gate);
    }

    /// A look by a person, where the phase asks for it for features with one of these flags.
    pub(super) fn reviewed(&mut self, feature: &Feature, conditions: &[Node]) {
        let flags = ["flags", "tags", "flag"].iter();
        let flags = flags.filter_map(|key| feature.node.some(key));
        let flags: Vec<String> = flags.flat_map(Node::each).filter_map(Node::text).collect();
        for condition in conditions {
            let Some(flag) = condition.some("flag").and_then(Node::text) else {
                continue;
            };
            if flags.contains(&flag) {
                let message = condition.some("message").and_then(Node::text);
                let message = message.filter(|text| !text.trim().is_empty());
                let statement =
                    message.unwrap_or_else(|| format!("{flag}: a person has looked at it"));
                let mut gate = Node::map(condition.at.clone());
                gate.set("manual", Node::new(statement.trim(), condition.at.clone()));
                self.gates.push(gate);
            }
        }
    }

    /// The feature that it builds.
    pub(super) fn feature(&mut self, feature: &Feature) {
        let node = &feature.node;
        let text = |key: &str| node.some("implementation")?.some(key)?.text();
        if let Some(approach) = text("approach") {
            self.lines.push(format!("Approach: {approach}"));
        }
        let implementation = node.some("implementation");
        for (key, label) in [
            ("models", "Models"),
            ("apis", "Endpoints"),
            ("components", "Components"),
        ] {
            self.list(label, implementation.and_then(|node| node.some(key)));
        }
        let testing = node.some("testing");
        for (key, label) in [
            ("unit_tests", "Unit tests"),
            ("integration_tests", "Integration tests"),
        ] {
            self.list(label, testing.and_then(|node| node.some(key)));
        }
        let mut paths = Vec::new();
        let files = implementation.and_then(|node| node.some("files"));
        for file in files.map(Node::items).unwrap_or_default() {
            if let Some(path) = file.text() {
                paths.push(Node::new(
                    crate::dialect::paths::glob(&path),
                    file.at.clone(),
                ));
            }
        }
        // Its tests are its own, too, wherever they stand.
        if !paths.is_empty() {
            for key in ["unit_tests", "integration_tests"] {
                let tests = testing
                    .and_then(|node| node.some(key))
                    .map(Node::items)
                    .unwrap_or_default();
                paths.extend(tests.iter().filter_map(|test| {
                    let name = test.text().filter(|name| !name.contains(' '))?;
                    Some(Node::new(
                        format!("**/{}", crate::dialect::paths::glob(&name)),
                        test.at.clone(),
                    ))
                }));
            }
        }
        self.node.set_list("paths", paths, node.at.clone());
        let criteria = testing.and_then(|node| node.some("acceptance_criteria"));
        let criteria = criteria.map(Node::items).unwrap_or_default().iter();
        let criteria = criteria.filter_map(|item| Some(Node::new(item.prose()?, item.at.clone())));
        self.node
            .set_list("acceptance", criteria.collect(), node.at.clone());
        for (key, value) in [
            ("priority", &feature.priority),
            ("autonomy", &feature.autonomy),
            ("outcome", &feature.outcome),
        ] {
            if let Some(value) = value {
                self.node.set(key, value.clone());
            }
        }
        self.is_cancelled = feature.outcome.as_ref().and_then(Node::as_str) == Some("cancelled");
        if let Some(complexity) = node
            .some("estimated_complexity")
            .filter(|node| node.as_str().is_some())
        {
            self.node.set("complexity", complexity.clone());
        }
        if let Some(category) = node
            .some("category")
            .filter(|node| node.as_str() == Some("auth"))
        {
            self.node
                .set_list("sensitive", vec![category.clone()], category.at.clone());
        }
    }

    /// The task, complete.
    pub(super) fn task(mut self, phase: &Node, dependencies: Vec<Node>) -> Node {
        let at = self.node.at.clone();
        self.node.set("id", Node::new(self.id, at.clone()));
        let title = self
            .title
            .lines()
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned();
        self.node
            .set("title", Node::new(title.as_str(), at.clone()));
        let mut lines = self.lines;
        if lines.first().is_none_or(|line| *line == title) {
            lines.insert(0, title);
        }
        self.node
            .set("description", Node::new(lines.join("\n"), at.clone()));
        self.node.set("phase", phase.clone());
        self.node.set_list("dependsOn", dependencies, at.clone());
        self.node.set_list("gates", self.gates, at);
        self.node
    }
}
