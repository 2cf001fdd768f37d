//! Stages: the parts of a plan between two checkpoints.

use std::collections::HashMap;

use schemas::Phase;

use crate::view::PlanView;

/// Phases in order, cut after those that the run pauses after.
#[derive(Debug, Default)]
pub(crate) struct Stages<'a> {
    phases: HashMap<&'a str, Place>,
    /// At the end of each stage but the last: the phases that must be approved.
    pub(crate) checkpoints: Vec<Vec<&'a str>>,
}

/// Where a phase stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) stage: u32,
    pub(crate) pause_after: bool,
}

impl<'a> Stages<'a> {
    /// Phases of one parallel group run side by side, so that a checkpoint of one comes after all of them.
    pub(crate) fn new(plan: &'a PlanView<'_>) -> Stages<'a> {
        let ordered = Phase::in_order(&plan.phases);
        let group_of: HashMap<&str, usize> = plan
            .parallel_groups
            .iter()
            .enumerate()
            .flat_map(|(group, ids)| ids.iter().map(move |id| (id.as_str(), group)))
            .collect();
        let mut groups: HashMap<usize, Vec<&Phase>> = HashMap::new();
        for phase in &ordered {
            if let Some(group) = group_of.get(phase.id.as_str()) {
                groups.entry(*group).or_default().push(phase);
            }
        }
        let mut stages = Stages::default();
        for phase in &ordered {
            if stages.phases.contains_key(phase.id.as_str()) {
                continue;
            }
            let entry = group_of
                .get(phase.id.as_str())
                .and_then(|group| groups.remove(group))
                .unwrap_or_else(|| vec![phase]);
            let stage = stages.checkpoints.len() as u32;
            let mut pauses = Vec::new();
            for phase in entry {
                let pause_after = phase.pauses(plan.checkpoints.as_deref());
                let place = Place { stage, pause_after };
                if stages.phases.insert(&phase.id, place).is_none() && pause_after {
                    pauses.push(phase.id.as_str());
                }
            }
            if !pauses.is_empty() {
                stages.checkpoints.push(pauses);
            }
        }
        stages
    }

    /// Where a task of this phase stands. One of no phase, or of one that the plan does not list, is bound by no checkpoint.
    pub(crate) fn place(&self, phase: Option<&str>) -> Option<Place> {
        self.phases.get(phase?).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stages(plan: &str) -> Vec<(String, u32, bool)> {
        let plan: PlanView<'_> = serde_json::from_str(plan).unwrap();
        let stages = Stages::new(&plan);
        let mut found: Vec<_> = stages
            .phases
            .iter()
            .map(|(id, place)| ((*id).to_owned(), place.stage, place.pause_after))
            .collect();
        found.sort();
        found
    }

    fn row(id: &str, stage: u32, pause_after: bool) -> (String, u32, bool) {
        (id.to_owned(), stage, pause_after)
    }

    #[test]
    fn a_stage_ends_after_a_phase_that_pauses() {
        let plan = r#"{"planId": "p", "tasks": [], "checkpoints": ["b"],
            "phases": [{"id": "c", "order": 3}, {"id": "a", "order": 1}, {"id": "b", "order": 2}]}"#;
        assert_eq!(
            stages(plan),
            [row("a", 0, false), row("b", 0, true), row("c", 1, false)]
        );
    }

    #[test]
    fn an_empty_list_of_checkpoints_means_after_every_phase() {
        let plan = r#"{"planId": "p", "tasks": [], "checkpoints": [], "phases": [{"id": "a"}, {"id": "b"}]}"#;
        assert_eq!(stages(plan), [row("a", 0, true), row("b", 1, true)]);
    }

    #[test]
    fn phases_of_a_group_share_their_stage() {
        let plan = r#"{"planId": "p", "tasks": [], "parallelGroups": [["a", "c"]],
            "phases": [{"id": "a", "checkpoint": true}, {"id": "b"}, {"id": "c"}]}"#;
        assert_eq!(
            stages(plan),
            [row("a", 0, true), row("b", 1, false), row("c", 0, false)]
        );
    }
}
