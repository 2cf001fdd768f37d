//! Stages: the parts of a plan of which each waits for the whole one before it.

use std::collections::HashMap;

use schemas::Phase;

use crate::view::PlanView;

/// Entries in order, cut where the next one must wait: behind a checkpoint, and in a plan with parallel groups behind
/// each entry.
#[derive(Debug, Default)]
pub(crate) struct Stages<'a> {
    phases: HashMap<&'a str, Place>,
    /// At the end of each stage but the last: the phases that must be approved, if any.
    pub(crate) ends: Vec<Vec<&'a str>>,
    /// What there is in the order of the plan.
    pub(crate) entries: Vec<Entry<'a>>,
    /// Whether entries wait for each other without a checkpoint, too.
    pub(crate) is_sequential: bool,
}

/// A phase, or the phases of a parallel group.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) phases: Vec<&'a Phase>,
    pub(crate) is_group: bool,
    pub(crate) pause_after: bool,
    /// A group whose phases do not follow each other in the plan.
    pub(crate) is_scattered: bool,
}

/// Where a phase stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) stage: u32,
    pub(crate) pause_after: bool,
    /// Whether it is of a parallel group: side by side with the others, in worktrees.
    pub(crate) is_grouped: bool,
    /// Whether its own tasks run one after the other.
    pub(crate) is_serial: bool,
}

impl<'a> Stages<'a> {
    /// Phases of one parallel group run side by side, so that a checkpoint of one comes after all of them.
    pub(crate) fn new(plan: &'a PlanView<'_>) -> Stages<'a> {
        let ordered = Phase::in_order(&plan.phases);
        let places = ordered.iter().map(|phase| phase.id.as_str()).zip(0..);
        let position: HashMap<&str, usize> = places.collect();
        let mut stages = Stages {
            is_sequential: plan.parallel_groups.iter().any(|group| !group.is_empty()),
            ..Stages::default()
        };
        for phases in Phase::entries(&plan.phases, &plan.parallel_groups) {
            let is_group = phases.len() > 1;
            let stage = stages.ends.len() as u32;
            let mut pauses = Vec::new();
            for phase in &phases {
                let pause_after = phase.pauses(plan.checkpoints.as_deref());
                let place = Place {
                    stage,
                    pause_after,
                    is_grouped: is_group,
                    is_serial: phase.parallel == Some(false),
                };
                if stages.phases.insert(&phase.id, place).is_none() && pause_after {
                    pauses.push(phase.id.as_str());
                }
            }
            let at = |phase: &&Phase| position.get(phase.id.as_str()).copied().unwrap_or(0);
            stages.entries.push(Entry {
                is_scattered: phases
                    .windows(2)
                    .any(|pair| at(&pair[0]) + 1 != at(&pair[1])),
                phases,
                is_group,
                pause_after: !pauses.is_empty(),
            });
            if !pauses.is_empty() || stages.is_sequential {
                stages.ends.push(pauses);
            }
        }
        if stages.is_sequential && stages.ends.last().is_some_and(Vec::is_empty) {
            // Nothing waits for the last entry.
            stages.ends.pop();
        }
        stages
    }

    /// Where a task of this phase stands. One of no phase, or of one that the plan does not list, is bound by no stage.
    pub(crate) fn place(&self, phase: Option<&str>) -> Option<Place> {
        self.phases.get(phase?).copied()
    }

    /// What the order of the plan was bent for.
    pub(crate) fn warnings(&self) -> impl Iterator<Item = String> {
        self.entries.iter().filter(|entry| entry.is_scattered).map(|entry| {
            let ids: Vec<&str> = entry.phases.iter().map(|phase| phase.id.as_str()).collect();
            format!(
                "the phases of the parallel group {} do not follow each other: all of it runs where {} stands",
                ids.join(", "),
                ids.first().unwrap_or(&"")
            )
        })
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
    fn a_group_runs_where_its_first_phase_stands_and_the_rest_one_after_the_other() {
        let plan = r#"{"planId": "p", "tasks": [], "parallelGroups": [["b", "d"]],
            "phases": [{"id": "a"}, {"id": "b", "checkpoint": true}, {"id": "c"}, {"id": "d"}]}"#;
        assert_eq!(
            stages(plan),
            [
                row("a", 0, false),
                row("b", 1, true),
                row("c", 2, false),
                row("d", 1, false)
            ]
        );
        let plan: PlanView<'_> = serde_json::from_str(plan).unwrap();
        let stages = Stages::new(&plan);
        assert_eq!(stages.ends, [vec![], vec!["b"]]);
        assert_eq!(
            stages.warnings().collect::<Vec<_>>(),
            [
                "the phases of the parallel group b, d do not follow each other: all of it runs where b stands"
            ]
        );
    }
}
