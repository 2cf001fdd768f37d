//! (13): what is merged, when, and what follows.

use std::collections::{BTreeMap, BTreeSet};

use super::Checker;
use crate::core::{Attempt, MergeAnswer, Spec};

#[derive(Debug, Default)]
pub(super) struct Merges {
    under_way: BTreeSet<usize>,
    /// Of the work as it is now.
    merged: BTreeSet<usize>,
    fixes: BTreeMap<usize, u32>,
}

impl Merges {
    pub(super) fn new_life(&mut self) {
        self.under_way.clear();
    }

    /// A new attempt: its work is not merged.
    pub(super) fn begun(&mut self, task: usize) {
        self.merged.remove(&task);
    }

    pub(super) fn reset(&mut self, task: usize) {
        self.merged.remove(&task);
        self.fixes.remove(&task);
    }

    pub(super) fn answered(&mut self, task: usize, answer: &MergeAnswer) {
        self.under_way.remove(&task);
        if let MergeAnswer::Merged(_) = answer {
            self.merged.insert(task);
        }
    }

    pub(super) fn fix(&mut self, task: usize) {
        let count = self.fixes.entry(task).or_default();
        *count += 1;
        assert_eq!(*count, 1, "(8) one fix for a merge");
    }

    pub(super) fn succeeds(&self, task: usize, spec: &Spec) {
        let merged = spec.isolated.is_none() || self.merged.contains(&task);
        assert!(merged, "(13) {} succeeded without its merge", spec.id);
    }

    pub(super) fn is_idle(&self) -> bool {
        self.under_way.is_empty()
    }

    pub(super) fn under_way(&self) -> impl Iterator<Item = usize> {
        self.under_way.iter().copied()
    }
}

impl Checker {
    pub(super) fn may_merge(&mut self, batch: &[Attempt]) {
        assert!(
            self.interrupts == 0 && !self.cancelled,
            "(5) a merge after an interrupt"
        );
        let targets = |task: usize| {
            let isolated = self.graph.specs[task].isolated.as_ref();
            isolated.map(|isolated| &isolated.targets)
        };
        let first = targets(batch[0].task).expect("(13) a task without worktrees is merged");
        for other in self.merges.under_way() {
            let taken = targets(other).into_iter().flatten();
            for target in taken {
                assert!(!first.contains(target), "(13) two batches for one target");
            }
        }
        for attempt in batch {
            let task = attempt.task;
            let spec = &self.graph.specs[task];
            assert_eq!(
                targets(task),
                Some(first),
                "(13) a batch shares its targets"
            );
            assert!(
                !self.outcomes.contains_key(&task),
                "(4) a settled task is merged"
            );
            let passed = self.passed.get(&task).copied().unwrap_or(false);
            let checked = spec.isolated.as_ref().is_some_and(|known| known.is_checked);
            assert!(
                checked || !self.limits.require_gates,
                "(13) nobody has checked it"
            );
            assert!(
                passed || !spec.has_gates,
                "(13) {} is merged and has not passed",
                spec.id
            );
            if let Some((list, place)) = spec.isolated.as_ref().and_then(|known| known.turn) {
                let before = &self.graph.turns[list][..place];
                let settled = before.iter().all(|task| self.outcomes.contains_key(task));
                assert!(settled, "(13) {} is merged before its turn", spec.id);
            }
        }
        let tasks = batch.iter().map(|attempt| attempt.task);
        self.merges.under_way.extend(tasks);
    }
}
