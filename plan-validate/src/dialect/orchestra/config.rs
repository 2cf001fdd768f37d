//! `config.yml`: what every phase must pass, models by complexity, whether phases may run side by side.

use crate::dialect::{Draft, File, Material, Node};

#[derive(Default)]
pub(super) struct Config {
    pub(super) whole: Option<Node>,
}

impl Config {
    pub(super) fn read(material: &Material, file: Option<&File>, draft: &mut Draft) -> Config {
        let Some(file) = file else {
            return Config::default();
        };
        match Node::from_yaml(material.text(file), file.span.start) {
            Ok(whole) if whole.is_map() => Config { whole: Some(whole) },
            Ok(_) => Config::default(),
            Err(problems) => {
                draft.found.extend(problems);
                Config::default()
            }
        }
    }

    fn get(&self, section: &str, key: &str) -> Option<&Node> {
        self.whole.as_ref()?.some(section)?.some(key)
    }

    /// Where it is said that phases run one after the other, whatever they depend on.
    pub(super) fn sequential(&self) -> Option<&Node> {
        let parallel = self.get("pipeline", "parallel")?;
        let is_enabled = parallel.as_bool() == Some(true) || parallel.as_str() == Some("enabled");
        (!is_enabled).then_some(parallel)
    }

    /// The complexity of phases that have none.
    pub(super) fn default_complexity(&self) -> Option<&Node> {
        self.get("pipeline", "default_complexity")
    }

    pub(super) fn model(&self, complexity: &str) -> Option<&Node> {
        let model = self.get("pipeline", "models")?.some(complexity)?;
        model.as_str().map(|_| model)
    }

    /// Verification, in its order, each command only when the one before it passed. A command that a project does not
    /// have is skipped.
    pub(super) fn gates(&self) -> Option<Node> {
        let verification = self.whole.as_ref()?.some("verification")?;
        let mut gates: Vec<Node> = Vec::new();
        for (name, command) in verification.entries() {
            if command
                .as_str()
                .is_none_or(|command| command.trim().is_empty())
            {
                continue;
            }
            let at = command.at.clone();
            let mut gate = Node::map(at.clone());
            gate.set("name", Node::new(name.as_str(), at.clone()));
            gate.set("command", command.clone());
            gate.set("whenMissing", Node::new("skip", at.clone()));
            if let Some(before) = gates.last().and_then(|gate| gate.get("name")) {
                gate.set_list("needs", vec![before.clone()], at);
            }
            gates.push(gate);
        }
        let at = verification.at.clone();
        let mut stages = Node::map(at.clone());
        stages.set_list("after_task", gates, at);
        (!stages.entries().is_empty()).then_some(stages)
    }

    /// How often a failed verification is tried again.
    pub(super) fn limits(&self, draft: &mut Draft) -> Option<Node> {
        let limit = self.get("thresholds", "stuck_retry_limit")?;
        let number = limit
            .as_f64()
            .filter(|number| *number >= 0.0 && number.fract() == 0.0);
        let Some(number) = number else {
            let message = "stuck_retry_limit is no number: the limit of this toolkit counts";
            draft.warn("retry-limit", message, limit.at.clone());
            return None;
        };
        if number > 5.0 {
            draft.warn("retry-limit", "at most 5 fixes are tried", limit.at.clone());
        }
        let mut limits = Node::map(limit.at.clone());
        limits.set(
            "fixLimit",
            Node::new(number.min(5.0) as u8, limit.at.clone()),
        );
        Some(limits)
    }
}
