//! Where phases stand to each other: which one is over before another begins.

use std::collections::HashMap;

use schemas::Phase;

use crate::outline::Outline;

/// The phases of a plan in their order.
pub(super) struct Stages<'p> {
    places: HashMap<&'p str, Place>,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    /// Phases of a later stage begin when those of an earlier one are over.
    stage: usize,
    /// Its number among the parallel groups.
    group: Option<usize>,
    order: Option<f64>,
    is_serial: bool,
}

/// How the tasks of two phases stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// The first is over when the second begins.
    Before,
    After,
    /// One phase, and its tasks run one after the other.
    Serial,
    /// Two phases of a parallel group.
    SideBySide,
    /// Nothing orders them.
    Free,
}

impl<'p> Stages<'p> {
    pub(super) fn new(plan: &'p Outline) -> Stages<'p> {
        let text = |text: &crate::outline::Text| text.as_deref().unwrap_or_default().to_owned();
        let phases: Vec<Phase> = plan
            .phases
            .iter()
            .map(|phase| Phase {
                id: text(&phase.id),
                title: None,
                order: phase.order,
                checkpoint: phase.pauses,
                parallel: phase.parallel,
            })
            .collect();
        let groups: Vec<Vec<String>> = plan
            .parallel_groups
            .iter()
            .map(|group| group.iter().map(text).collect())
            .collect();
        let checkpoints: Option<Vec<String>> = plan
            .checkpoints
            .as_ref()
            .map(|ids| ids.iter().map(text).collect());
        let is_sequential = groups.iter().any(|group| !group.is_empty());
        let mut places: HashMap<String, Place> = HashMap::new();
        let mut stage = 0;
        for (number, entry) in Phase::entries(&phases, &groups).into_iter().enumerate() {
            let is_group = entry.len() > 1;
            let mut pauses = false;
            for phase in entry {
                pauses |= phase.pauses(checkpoints.as_deref());
                places.entry(phase.id.clone()).or_insert(Place {
                    stage,
                    group: is_group.then_some(number),
                    order: phase.order,
                    is_serial: phase.parallel == Some(false),
                });
            }
            stage += usize::from(pauses || is_sequential);
        }
        let ids = plan.phases.iter().filter_map(|phase| phase.id.as_deref());
        Stages {
            places: ids.filter_map(|id| Some((id, *places.get(id)?))).collect(),
        }
    }

    /// How tasks of the phase `a` stand to those of `b`. What is of no phase is ordered by nothing here.
    pub(super) fn standing(&self, a: Option<&str>, b: Option<&str>) -> Standing {
        let place = |id: Option<&str>| self.places.get(id?);
        let (Some(first), Some(second)) = (place(a), place(b)) else {
            return Standing::Free;
        };
        if a == b {
            return match first.is_serial {
                true => Standing::Serial,
                false => Standing::Free,
            };
        }
        if first.group.is_some() && first.group == second.group {
            return Standing::SideBySide;
        }
        match first.stage.cmp(&second.stage) {
            std::cmp::Ordering::Less => Standing::Before,
            std::cmp::Ordering::Greater => Standing::After,
            std::cmp::Ordering::Equal => Standing::Free,
        }
    }

    /// Whether `b` was given a later position than `a`, by the stages or by `order`.
    pub(super) fn is_later(&self, a: &str, b: &str) -> bool {
        let (Some(first), Some(second)) = (self.places.get(a), self.places.get(b)) else {
            return false;
        };
        let by_order = first.order.zip(second.order).is_some_and(|(a, b)| a < b);
        first.stage < second.stage || (first.stage == second.stage && by_order)
    }
}
