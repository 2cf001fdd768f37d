//! Targets that work is merged into: some of it conflicts, some does not pass, and a crash may come after the target has
//! moved and before anybody was told.

use std::collections::BTreeSet;

use schemas::VerdictWord;

use super::world::{World, answer};
use crate::core::{Attempt, Event, MergeAnswer, Merged};

/// What git knows: it outlives the dispatcher.
#[derive(Debug, Default)]
pub(super) struct Target {
    holds: BTreeSet<Attempt>,
}

impl World {
    /// Each of the batch gets its answer, one after the other.
    pub(super) fn merge(&mut self, batch: &[Attempt]) {
        let mut at = 0;
        for attempt in batch {
            let attempt = *attempt;
            at += 1 + self.random.below(1_000);
            let answer = self.merge_answer(attempt);
            self.schedule(at, Event::Integrated { attempt, answer });
        }
    }

    fn merge_answer(&mut self, attempt: Attempt) -> MergeAnswer {
        let merged = |how| {
            MergeAnswer::Merged(vec![Merged {
                branch: "b".to_owned(),
                target: "t".to_owned(),
                commit: "c".to_owned(),
                how,
                work: "w".to_owned(),
            }])
        };
        if self.target.holds.contains(&attempt) {
            return merged("already");
        }
        let (branch, target) = ("b".to_owned(), "t".to_owned());
        match self.random.below(10) {
            0..=5 => merged("merge"),
            6 => MergeAnswer::Conflict {
                branch,
                target,
                files: vec!["f".to_owned()],
                reason: "conflict in f".to_owned(),
                verdict_file: None,
            },
            7 => MergeAnswer::Broke("no room".to_owned()),
            8 => MergeAnswer::Unverified {
                branch,
                target,
                answer: answer(VerdictWord::Failed),
            },
            _ => {
                let words = [VerdictWord::Manual, VerdictWord::Infrastructure];
                let approved = self.state.tasks[&self.graph.specs[attempt.task].id].approved;
                let word = words[self.random.below(2) as usize];
                match (word, approved) {
                    (VerdictWord::Manual, true) => merged("merge"),
                    (word, _) => MergeAnswer::Unverified {
                        branch,
                        target,
                        answer: answer(word),
                    },
                }
            }
        }
    }

    /// The target moves before anybody hears of it.
    pub(super) fn moves_target(&mut self, event: &Event) {
        if let Event::Integrated {
            attempt,
            answer: MergeAnswer::Merged(merged),
        } = event
        {
            let new = self.target.holds.insert(*attempt);
            let already = merged.iter().any(|merged| merged.how == "already");
            assert!(new || already, "(13) the same work is merged twice");
        }
    }

    /// Of the merges under way, some have moved their target already.
    pub(super) fn crash_amid_merges(&mut self) {
        for event in std::mem::take(&mut self.events).into_values() {
            if self.random.chance(50)
                && let Event::Integrated {
                    attempt,
                    answer: MergeAnswer::Merged(_),
                } = event
            {
                self.target.holds.insert(attempt);
            }
        }
    }

    /// Some do not listen: they must be killed.
    pub(super) fn merge_asked(&mut self, attempt: Attempt) {
        if !self.random.chance(20) {
            self.merge_killed(attempt);
        }
    }

    pub(super) fn merge_killed(&mut self, attempt: Attempt) {
        let is_it =
            |event: &Event| matches!(event, Event::Integrated { attempt: a, .. } if *a == attempt);
        let before = self.events.len();
        self.events.retain(|_, event| !is_it(event));
        if self.events.len() < before {
            let answer = MergeAnswer::Stopped;
            self.schedule(5, Event::Integrated { attempt, answer });
        }
    }
}
