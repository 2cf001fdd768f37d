//! Quality gates, in the four shapes that archetypes have: a command, an object with one, a statement, and a single key
//! such as `coverage_threshold: 80`.

use crate::dialect::{Draft, Node};

/// Gates by stage, in our form.
#[derive(Default)]
pub(super) struct Gates {
    stages: Vec<(String, Node)>,
}

impl Gates {
    pub(super) fn read(archetype: &Node, draft: &mut Draft) -> Gates {
        let mut gates = Gates::default();
        for (stage, list) in archetype
            .some("quality_gates")
            .map(Node::entries)
            .unwrap_or_default()
        {
            let items = list_of(list, draft);
            gates
                .stages
                .push((stage.clone(), Node::list(items, list.at.clone())));
        }
        gates
    }

    /// Those of a stage.
    pub(super) fn of(&self, stage: &str) -> &[Node] {
        let found = self.stages.iter().find(|(name, _)| name == stage);
        found.map(|(_, gates)| gates.items()).unwrap_or_default()
    }

    /// All of them, as a plan has them.
    pub(super) fn stages(&self) -> Option<Node> {
        let first = self.stages.first()?;
        let mut all = Node::map(first.1.at.clone());
        for (stage, gates) in &self.stages {
            all.set(stage, gates.clone());
        }
        Some(all)
    }
}

/// A list of gates in any of their shapes.
pub(super) fn list_of(list: &Node, draft: &mut Draft) -> Vec<Node> {
    if !list.is_list() && !list.is_null() {
        draft.error(
            "gates",
            format!("the gates of a stage are a list, not {}", list.kind()),
            list.at.clone(),
            "write `- npm test`",
        );
    }
    let mut gates = Vec::new();
    for gate in list.items() {
        one(gate, &mut gates, draft);
    }
    gates
}

fn one(gate: &Node, gates: &mut Vec<Node>, draft: &mut Draft) {
    // gate-run tells assertions, commands and statements apart, and never runs what may be either.
    if gate.as_str().is_some_and(|text| !text.trim().is_empty()) {
        gates.push(gate.clone());
    } else if gate.get("command").is_some() {
        command(gate, gates, draft);
    } else if let [(key, value)] = gate.entries() {
        gates.extend(assertion(key, value, draft));
    } else {
        draft.error(
            "gates",
            format!(
                "the gate is {}, and neither a command nor a statement",
                gate.kind()
            ),
            gate.at.clone(),
            "write a command, a statement, or `command:` with `required:`",
        );
    }
}

/// Keys that mean something else in a gate of ours.
const OURS: &[&str] = &[
    "assert",
    "from",
    "baseline",
    "tests",
    "paths",
    "cleanTree",
    "artifact",
    "schema",
    "review",
    "manual",
    "whenMissing",
    "needs",
    "locks",
    "inputs",
    "timeoutSeconds",
    "cwd",
    "env",
    "threshold",
    "condition",
    "fix",
    "name",
    "required",
    "command",
];

/// `{command, name, required, threshold, condition}`; what else it has is kept.
fn command(gate: &Node, gates: &mut Vec<Node>, draft: &mut Draft) {
    let mut ours = Node::map(gate.at.clone());
    let command = gate
        .get("command")
        .filter(|node| node.as_str().is_some_and(|text| !text.trim().is_empty()));
    let Some(command) = command else {
        let help = "write `command: npm test`";
        draft.error(
            "gates",
            "the command of the gate is no text",
            gate.at.clone(),
            help,
        );
        return;
    };
    if let Some((name, text)) = gate
        .some("name")
        .and_then(|name| Some((name, name.text()?)))
    {
        ours.set("name", Node::new(text, name.at.clone()));
    }
    ours.set("command", command.clone());
    if let Some(required) = gate.some("required") {
        match (required.as_bool(), required.as_str()) {
            (Some(word), _) => ours.set("required", Node::new(word, required.at.clone())),
            (None, Some("yes" | "no")) => {
                let word = required.as_str() == Some("yes");
                draft.warn("required", format!("read as {word}"), required.at.clone());
                ours.set("required", Node::new(word, required.at.clone()));
            }
            _ => {
                let help = "a gate that is not required only warns";
                draft.error(
                    "gates",
                    "`required` is true or false",
                    required.at.clone(),
                    help,
                );
            }
        }
    }
    for (key, value) in gate
        .entries()
        .iter()
        .filter(|(key, _)| !OURS.contains(&key.as_str()))
    {
        ours.set(key, value.clone());
    }
    if let Some(condition) = gate.some("condition").and_then(Node::text) {
        let at = gate.some("condition").map(|node| node.at.clone());
        let at = at.unwrap_or_else(|| gate.at.clone());
        draft.warn_with(
            "gate-condition",
            "nothing here says whether the condition of the gate holds: without `gate-run --var` it runs",
            at.clone(),
            "take the gate out if it does not apply",
        );
        ours.set("condition", Node::new(condition, at));
    }
    if let Some(threshold) = gate.some("threshold") {
        let numbers = threshold.entries().iter();
        let named = !threshold.entries().is_empty()
            && numbers
                .map(|(_, least)| least)
                .all(|least| least.as_f64().is_some());
        if named || threshold.as_f64().is_some() {
            ours.set("threshold", threshold.clone());
        } else {
            draft.error(
                "gates",
                "the threshold of the gate is neither a number nor numbers by name",
                threshold.at.clone(),
                "write `threshold: 80` or `threshold: {lines: 80, branches: 70}`",
            );
        }
    }
    gates.push(ours);
}

/// `coverage >= 80%`, when it is a number that is given.
fn at_least(metric: &str, least: &Node) -> Option<Node> {
    least.as_f64()?;
    let metric: String = metric.chars().filter(|c| !"<>=!".contains(*c)).collect();
    let metric = metric.trim();
    let text = format!("{metric} >= {}%", least.text()?);
    (!metric.is_empty()).then(|| Node::new(text, least.at.clone()))
}

/// `{all_tests_pass: true}` is for a person to confirm, `{coverage_threshold: 80}` a number to compare.
fn assertion(key: &str, value: &Node, draft: &mut Draft) -> Option<Node> {
    let words = key.replace(['_', '-'], " ");
    let mut gate = Node::map(value.at.clone());
    if let Some(assert) = at_least(words.trim_end_matches(" threshold"), value) {
        gate.set("assert", assert);
    } else if value.as_bool() == Some(false) {
        draft.warn(
            "gate-off",
            format!("the gate `{key}` is switched off"),
            value.at.clone(),
        );
        return None;
    } else {
        let statement = match value.as_str() {
            Some(text) => format!("{words}: {text}"),
            None => words,
        };
        gate.set("manual", Node::new(statement, value.at.clone()));
    }
    Some(gate)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn all_shapes_become_gates() {
        let yaml = "\
- npm test
- coverage >= 80%
- {command: npm run lint, name: Lint, required: false}
- {command: npm run cov, threshold: 80}
- {command: npm run cov, threshold: {lines: 80, branches: 70}, required: true}
- {command: npm audit, condition: has_payments, auto_fix: true}
- all_tests_pass: true
- coverage_threshold: 90
- changelog_updated: false
- release_notes: reviewed
- {}
- [x]
- {command: npm run cov, threshold: most}
";
        let mut draft = Draft::default();
        let list = Node::from_yaml(yaml, 0).expect("YAML");
        let gates = list_of(&list, &mut draft);
        let gates: Vec<_> = gates.iter().map(Node::value).collect();
        assert_eq!(
            json!(gates),
            json!([
                "npm test",
                "coverage >= 80%",
                {"command": "npm run lint", "name": "Lint", "required": false},
                {"command": "npm run cov", "threshold": 80},
                {"command": "npm run cov", "required": true, "threshold": {"lines": 80, "branches": 70}},
                {"command": "npm audit", "condition": "has_payments", "auto_fix": true},
                {"manual": "all tests pass"},
                {"assert": "coverage >= 90%"},
                {"manual": "release notes: reviewed"},
                {"command": "npm run cov"},
            ])
        );
        let codes: Vec<_> = draft
            .found
            .problems
            .iter()
            .map(|p| p.code.as_str())
            .collect();
        assert_eq!(
            codes,
            ["gate-condition", "gate-off", "gates", "gates", "gates"]
        );
    }
}
