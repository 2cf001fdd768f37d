//! Phases, and the entries that they make up with the parallel groups of a plan.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// A named group of tasks.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Phase {
    /// Unique in the plan.
    pub id: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Position; phases without one keep the order of the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<f64>,
    /// Pause after it.
    #[serde(default)]
    pub checkpoint: bool,
    /// Its tasks may run side by side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallel: Option<bool>,
}

impl Phase {
    /// By `order`, then as they stand.
    pub fn in_order(phases: &[Phase]) -> Vec<&Phase> {
        let mut phases: Vec<&Phase> = phases.iter().collect();
        phases.sort_by(|a, b| {
            let (a, b) = (a.order.unwrap_or(f64::MAX), b.order.unwrap_or(f64::MAX));
            a.total_cmp(&b)
        });
        phases
    }

    /// The entries of a plan, in order: a phase by itself, or the phases of one parallel group, which stands where the
    /// first of them does. Ids that are no phase's are passed over; a phase is in the first group that names it.
    pub fn entries<'p>(phases: &'p [Phase], groups: &[Vec<String>]) -> Vec<Vec<&'p Phase>> {
        let mut group_of: HashMap<&str, usize> = HashMap::new();
        for (number, group) in groups.iter().enumerate() {
            for id in group {
                group_of.entry(id.as_str()).or_insert(number);
            }
        }
        let mut entries: Vec<Vec<&Phase>> = Vec::new();
        let mut entry_of_group = HashMap::new();
        for phase in Phase::in_order(phases) {
            let next = entries.len();
            let at = match group_of.get(phase.id.as_str()) {
                Some(group) => *entry_of_group.entry(*group).or_insert(next),
                None => next,
            };
            match entries.get_mut(at) {
                Some(entry) => entry.push(phase),
                None => entries.push(vec![phase]),
            }
        }
        entries
    }

    /// Whether a run pauses after it, in a plan with these `checkpoints`.
    pub fn pauses(&self, checkpoints: Option<&[String]>) -> bool {
        self.checkpoint || checkpoints.is_some_and(|ids| ids.is_empty() || ids.contains(&self.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_stands_where_its_first_phase_does() {
        let phases: Vec<Phase> = serde_json::from_str(
            r#"[{"id": "d", "order": 4}, {"id": "a", "order": 1}, {"id": "c", "order": 3}, {"id": "b", "order": 2}]"#,
        )
        .unwrap();
        let group = |ids: &[&str]| {
            ids.iter()
                .map(|id| (*id).to_owned())
                .collect::<Vec<String>>()
        };
        let entries = |groups: &[Vec<String>]| -> Vec<String> {
            let ids = |entry: Vec<&Phase>| entry.iter().map(|phase| phase.id.as_str()).collect();
            Phase::entries(&phases, groups)
                .into_iter()
                .map(ids)
                .collect()
        };
        assert_eq!(entries(&[]), ["a", "b", "c", "d"]);
        assert_eq!(entries(&[group(&["d", "b", "none"])]), ["a", "bd", "c"]);
        assert_eq!(
            entries(&[group(&["a", "b"]), group(&["b", "c"])]),
            ["ab", "c", "d"]
        );
    }
}
