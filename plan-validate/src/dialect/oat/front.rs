//! What the front matter says about the order of phases: parallel groups, checkpoints, review gates.

use std::collections::HashSet;

use super::ids;
use super::outline::Outline;
use crate::dialect::{Draft, Node};

/// The order of phases, canonical.
#[derive(Default)]
pub(super) struct Control {
    pub(super) groups: Option<Node>,
    /// Phases of a group.
    pub(super) grouped: HashSet<String>,
    pub(super) checkpoints: Option<Node>,
}

/// The severities of reviews, with the newer words of upstream.
const SEVERITIES: &[&str] = &["critical", "important", "high", "medium", "minor", "low"];

pub(super) fn read(front: &Node, outline: &Outline, draft: &mut Draft) -> Control {
    let mut control = Control::default();
    if let Some(groups) = front.some("oat_plan_parallel_groups") {
        control.groups = self::groups(groups, draft);
    }
    let ids = control
        .groups
        .iter()
        .flat_map(Node::items)
        .flat_map(Node::items);
    control.grouped = ids.filter_map(Node::text).collect();
    control.checkpoints = checkpoints(front, outline, draft);
    review_gate(front, outline, draft);
    readiness(front, draft);
    control
}

fn groups(groups: &Node, draft: &mut Draft) -> Option<Node> {
    let help = "write [['p02', 'p03']]: each group a list of ids of phases";
    if !groups.is_list() {
        let message = format!(
            "oat_plan_parallel_groups must be a list of lists of phases, not {}",
            groups.kind()
        );
        draft.error("parallel-groups", message, groups.at.clone(), help);
        return None;
    }
    let mut all = Vec::new();
    for group in groups.items() {
        if !group.is_list() {
            let message = format!(
                "a parallel group must be a list of phases, not {}",
                group.kind()
            );
            draft.error("parallel-groups", message, group.at.clone(), help);
            continue;
        }
        let mut members = Vec::new();
        for member in group.items() {
            match member.as_str() {
                Some(text) if !text.trim().is_empty() => {
                    members.push(canonical(text, member, draft));
                }
                _ => {
                    let message = format!("a phase is named by a text, not by {}", member.kind());
                    draft.error("parallel-groups", message, member.at.clone(), help);
                }
            }
        }
        all.push(Node::list(members, group.at.clone()));
    }
    (!all.is_empty()).then(|| Node::list(all, groups.at.clone()))
}

/// The id as the plan has it. One that is no id is kept: that no phase has it, a rule will say.
fn canonical(text: &str, node: &Node, draft: &mut Draft) -> Node {
    let id = ids::phase(text).unwrap_or_else(|| text.to_owned());
    if id != text {
        draft.warn(
            "phase-id",
            format!("`{text}` is read as the phase {id}"),
            node.at.clone(),
        );
    }
    Node::new(id, node.at.clone())
}

/// Pauses after phases: `[]` is after every one, an absent key after none yet.
fn checkpoints(front: &Node, outline: &Outline, draft: &mut Draft) -> Option<Node> {
    let legacy = front.some("oat_plan_hil_phases");
    if let Some(legacy) = legacy {
        draft.warn_with(
            "legacy-key",
            "`oat_plan_hil_phases` is read as `oat_plan_hill_phases`",
            legacy.at.clone(),
            "it has been renamed",
        );
    }
    let listed = front.some("oat_plan_hill_phases").or(legacy)?;
    if !listed.is_list() {
        draft.error(
            "checkpoints",
            format!(
                "the phases to pause after must be a list, not {}",
                listed.kind()
            ),
            listed.at.clone(),
            "write ['p02'], or [] to pause after every phase",
        );
        return None;
    }
    let mut phases = Vec::new();
    for item in listed.items() {
        match item.text() {
            Some(text)
                if item.as_str().is_some_and(|text| !text.trim().is_empty())
                    || outline.has_phase(&ids::phase(&text).unwrap_or_default()) =>
            {
                phases.push(canonical(&text, item, draft));
            }
            _ => draft.error(
                "checkpoints",
                format!("a phase is named by its id, not by {}", item.kind()),
                item.at.clone(),
                "write ['p02']",
            ),
        }
    }
    Some(Node::list(phases, listed.at.clone()))
}

/// A review that is asked for behind phases is never silently left out.
fn review_gate(front: &Node, outline: &Outline, draft: &mut Draft) {
    let Some(gate) = front.some("oat_phase_review_gate") else {
        return;
    };
    if gate.get("enabled").and_then(Node::as_bool) == Some(false) {
        return;
    }
    let phases = gate.some("phases").map(Node::items).unwrap_or_default();
    for phase in phases {
        let id = phase.text().and_then(|text| ids::phase(&text));
        if !id.is_some_and(|id| outline.has_phase(&id)) {
            draft.error(
                "review-gate",
                "oat_phase_review_gate names a phase that is not in the plan",
                phase.at.clone(),
                "name phases of the plan, or none for all of them",
            );
        }
    }
    if let Some(severity) = gate.some("exit_nonzero_on")
        && !severity
            .as_str()
            .is_some_and(|word| SEVERITIES.contains(&word))
    {
        draft.error(
            "review-gate",
            "exit_nonzero_on is no severity",
            severity.at.clone(),
            format!("one of {}", SEVERITIES.join(", ")),
        );
    }
    draft.warn_with(
        "review-gate-kept",
        "the review behind phases is kept in `metadata`: no program of this toolkit runs it by itself",
        gate.at.clone(),
        "add it to the `gates` of the last task of a phase: {\"review\": {\"file\": \"…\"}}",
    );
}

/// Upstream starts a plan only when it says that it is complete.
fn readiness(front: &Node, draft: &mut Draft) {
    let is = |key: &str, word: &str| {
        let value = front.get(key)?;
        (value.as_str() != Some(word)).then_some(value)
    };
    if let Some(template) = front.get("oat_template")
        && template.as_bool() == Some(true)
    {
        draft.warn(
            "not-ready",
            "the plan says that it is a template",
            template.at.clone(),
        );
    }
    for (key, word) in [
        ("oat_status", "complete"),
        ("oat_ready_for", "oat-project-implement"),
    ] {
        if let Some(value) = is(key, word) {
            draft.warn_with(
                "not-ready",
                format!("the plan is not ready: `{key}` is not `{word}`"),
                value.at.clone(),
                "open-agent-toolkit would not start it",
            );
        }
    }
}
