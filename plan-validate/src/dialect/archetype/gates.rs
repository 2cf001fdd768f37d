//! Quality gates, in the four shapes that archetypes have: a command, an object with one, a statement, and a single key
//! such as `coverage_threshold: 80`.

use super::condition::{Applies, Terms};
use crate::dialect::{Draft, Node};

/// Gates by stage, in our form.
#[derive(Default)]
pub(super) struct Gates {
    stages: Vec<(String, Node)>,
}

impl Gates {
    pub(super) fn read(archetype: &Node, terms: &Terms, draft: &mut Draft) -> Gates {
        let mut gates = Gates::default();
        for (stage, list) in archetype
            .some("quality_gates")
            .map(Node::entries)
            .unwrap_or_default()
        {
            let items = list_of(list, terms, draft);
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
pub(super) fn list_of(list: &Node, terms: &Terms, draft: &mut Draft) -> Vec<Node> {
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
        one(gate, terms, &mut gates, draft);
    }
    for gate in &mut gates {
        gate.sort_entries(&[
            "name",
            "command",
            "assert",
            "manual",
            "required",
            "threshold",
            "condition",
        ]);
    }
    gates
}

fn one(gate: &Node, terms: &Terms, gates: &mut Vec<Node>, draft: &mut Draft) {
    // gate-run tells assertions, commands and statements apart, and never runs what may be either.
    if gate.as_str().is_some_and(|text| !text.trim().is_empty()) {
        return gates.push(gate.clone());
    }
    let what = match gate
        .some("name")
        .or(gate.get("command"))
        .and_then(Node::text)
    {
        Some(name) => format!("the gate `{}`", name.escape_debug()),
        None => "the gate".to_owned(),
    };
    let applies = terms.apply_as("gate-condition", gate, &what, None, draft);
    if applies == Applies::No {
        return;
    }
    // Of every gate, beside what it is.
    let mut common = Node::map(gate.at.clone());
    if let Some((name, text)) = gate
        .some("name")
        .and_then(|name| Some((name, name.text()?)))
    {
        common.set("name", Node::new(text, name.at.clone()));
    }
    required(gate, &mut common, draft);
    if let Some(condition) = gate
        .some("condition")
        .filter(|_| applies == Applies::Unknown)
    {
        common.set("condition", condition.clone());
    }
    let is_common = |key: &str| matches!(key, "name" | "required" | "condition");
    let mut own = gate.entries().iter().filter(|(key, _)| !is_common(key));
    if gate.get("command").is_some() {
        command(gate, common, gates, draft);
    } else if let (Some((key, value)), None) = (own.next(), own.next()) {
        gates.extend(assertion(key, value, common, draft));
    } else {
        let message = format!(
            "the gate is {}, and neither a command nor a statement",
            gate.kind()
        );
        let help = "write a command, a statement, or `command:` with `required:`";
        draft.error("gates", message, gate.at.clone(), help);
    }
}

fn required(gate: &Node, common: &mut Node, draft: &mut Draft) {
    let Some(required) = gate.some("required") else {
        return;
    };
    let at = required.at.clone();
    match (required.as_bool(), required.as_str()) {
        (Some(word), _) => common.set("required", Node::new(word, at)),
        (None, Some(word @ ("yes" | "no"))) => {
            let word = word == "yes";
            draft.warn("required", format!("read as {word}"), at.clone());
            common.set("required", Node::new(word, at));
        }
        _ => {
            let help = "a gate that is not required only warns";
            draft.error("gates", "`required` is true or false", at, help);
        }
    }
}

/// Keys that mean something in a gate of ours, and nothing in one of an archetype.
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
    "fix",
];

/// `{command, name, required, threshold}`; what else it has is kept.
fn command(gate: &Node, common: Node, gates: &mut Vec<Node>, draft: &mut Draft) {
    let text = gate.get("command").filter(|node| node.as_str().is_some());
    let Some(command) = text.filter(|node| !node.as_str().unwrap_or_default().trim().is_empty())
    else {
        let help = "write `command: npm test`";
        let message = "the command of the gate is no text";
        return draft.error("gates", message, gate.at.clone(), help);
    };
    let mut ours = common;
    ours.set("command", command.clone());
    for (key, value) in gate.entries() {
        if OURS.contains(&key.as_str()) {
            let message = format!("`{key}` is no field of an archetype's gate: it is left out");
            let help = "write the gate into the plan itself if it is meant";
            draft.warn_with("gate-field", message, value.at.clone(), help);
        } else if !matches!(
            key.as_str(),
            "name" | "required" | "condition" | "threshold"
        ) {
            ours.set(key, value.clone());
        }
    }
    if let Some(threshold) = gate.some("threshold") {
        match least(threshold) {
            Ok(least) => ours.set("threshold", least),
            Err(other) => no_number(&other, draft),
        }
    }
    gates.push(ours);
}

/// A number of percent, or one by each name, as gate-run holds the command's report against it. Fails with what is none.
fn least(threshold: &Node) -> Result<Node, Node> {
    let percent = |node: &Node| {
        let number = percent(node).and_then(|number| number.parse::<f64>().ok());
        let number = number.ok_or_else(|| node.clone())?;
        Ok(Node::new(number, node.at.clone()))
    };
    if !threshold.is_map() || threshold.entries().is_empty() {
        return percent(threshold);
    }
    let mut by_name = Node::map(threshold.at.clone());
    for (name, least) in threshold.entries() {
        by_name.set(name, percent(least)?);
    }
    Ok(by_name)
}

/// The number of `80` or of `80%`.
fn percent(node: &Node) -> Option<String> {
    let text = node.text()?;
    let number = text.trim().trim_end_matches('%').trim();
    let is_number = number.parse::<f64>().is_ok_and(f64::is_finite);
    let is_plain = number.starts_with(|c: char| c.is_ascii_digit());
    (is_number && is_plain).then(|| number.to_owned())
}

fn no_number(threshold: &Node, draft: &mut Draft) {
    let help = "write `threshold: 80`, or `threshold: {lines: 80, branches: 70}`";
    let message = format!(
        "a threshold is a number of percent, not {}",
        threshold.kind()
    );
    draft.error("gates", message, threshold.at.clone(), help);
}

/// `coverage >= 80%`, when it is a number that is given.
fn at_least(metric: &str, least: &Node) -> Option<Node> {
    let number = percent(least)?;
    let metric: String = metric.chars().filter(|c| !"<>=!".contains(*c)).collect();
    let metric = metric.trim();
    let assert = format!("{metric} >= {number}%");
    (!metric.is_empty()).then(|| Node::new(assert, least.at.clone()))
}

/// `{coverage_threshold: 80}` is a number to compare, `{all_tests_pass: true}` for a person to confirm. So is any other
/// number: nothing says whether it is the most or the least.
fn assertion(key: &str, value: &Node, common: Node, draft: &mut Draft) -> Option<Node> {
    let words = key.replace(['_', '-'], " ");
    let mut gate = common;
    let metric = words.strip_suffix(" threshold");
    let metric = metric.or((words == "coverage").then_some("coverage"));
    if let Some(assert) = metric.and_then(|metric| at_least(metric, value)) {
        gate.set("assert", assert);
    } else if value.as_bool() == Some(false) {
        let message = format!("the gate `{key}` is switched off");
        draft.warn("gate-off", message, value.at.clone());
        return None;
    } else {
        let statement = match value.prose() {
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
- {command: npm run cov, threshold: 80%}
- {command: npm audit, condition: has_payments, auto_fix: true}
- {command: npm run e2e, condition: has_e2e}
- {command: npm run api, condition: has_api, required: false}
- {command: npm run check, env: {A: b}}
- all_tests_pass: true
- {coverage_threshold: 90, required: false, name: Coverage}
- bundle_size: 200
- changelog_updated: false
- release_notes: reviewed
- {}
- [x]
- {command: npm run cov, threshold: much}
";
        let mut draft = Draft::default();
        let list = Node::from_yaml(yaml, 0).expect("YAML");
        let archetype = Node::from_yaml("{has_e2e: false, has_api: true}", 0).expect("YAML");
        let gates = list_of(&list, &Terms::new(&archetype, None), &mut draft);
        let gates: Vec<_> = gates.iter().map(Node::value).collect();
        assert_eq!(
            json!(gates),
            json!([
                "npm test",
                "coverage >= 80%",
                {"command": "npm run lint", "name": "Lint", "required": false},
                {"command": "npm run cov", "threshold": 80.0},
                {"command": "npm run cov", "required": true, "threshold": {"lines": 80.0, "branches": 70.0}},
                {"command": "npm run cov", "threshold": 80.0},
                {"command": "npm audit", "condition": "has_payments", "auto_fix": true},
                {"command": "npm run api", "required": false},
                {"command": "npm run check"},
                {"manual": "all tests pass"},
                {"assert": "coverage >= 90%", "required": false, "name": "Coverage"},
                {"manual": "bundle size: 200"},
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
            [
                "gate-condition",
                "skipped",
                "gate-field",
                "gate-off",
                "gates",
                "gates",
                "gates"
            ]
        );
    }
}
