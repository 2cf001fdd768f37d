//! (12) Every answer is heard once: by the attempt that asked, while it runs, or else by the next one's prompt.

use std::collections::BTreeSet;

use schemas::Outcome;

use crate::core::{Action, Control, Event, Said};

#[derive(Default)]
pub(in crate::core::sim) struct Answers {
    /// Tasks whose last word is a question.
    asking: BTreeSet<usize>,
    /// Answered when nobody was there to hear it: the next attempt is told.
    owed: BTreeSet<usize>,
    /// Answered, to an attempt that runs.
    spoken: Option<usize>,
}

impl Answers {
    /// What an agent says of itself, before the core hears it.
    pub(super) fn hear(&mut self, event: &Event) {
        match event {
            Event::Marked { attempt, said } => self.said(attempt.task, said),
            Event::Reported { attempt, report } => {
                if let Some(said) = &report.word {
                    self.said(attempt.task, said);
                }
            }
            _ => {}
        }
    }

    fn said(&mut self, task: usize, said: &Said) {
        match said {
            Said::Question(_) => self.asking.insert(task),
            Said::Done(_) | Said::Error(_) => self.asking.remove(&task),
            Said::Progress { .. } => false,
        };
    }

    /// A person answers. `runs`: an attempt is there that can hear.
    pub(super) fn answered(&mut self, task: usize, runs: bool) {
        if self.asking.remove(&task) {
            if runs {
                self.spoken = Some(task);
            } else {
                self.owed.insert(task);
            }
        }
    }

    /// The core's answer to an event.
    pub(super) fn after(&mut self, event: &Event, actions: &[Action]) {
        for action in actions {
            if let Action::Start { attempt, .. } = action {
                self.owed.remove(&attempt.task);
            }
        }
        let Event::Control(Control::Answer { task, .. }) = event else {
            return;
        };
        let told = |action: &&Action| matches!(action, Action::Deliver { attempt, .. } if attempt.task == *task);
        let told = actions.iter().filter(told).count();
        assert!(told <= 1, "(12) an answer is told twice");
        if self.spoken.take() == Some(*task) {
            assert_eq!(
                told, 1,
                "(12) an answer does not reach the attempt that asked"
            );
        }
    }

    pub(super) fn settled(&self, task: usize, outcome: Outcome) {
        let deaf = outcome == Outcome::Succeeded && self.owed.contains(&task);
        assert!(
            !deaf,
            "(12) a task succeeds with an answer that nobody heard"
        );
    }
}
