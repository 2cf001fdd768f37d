//! What the checker knows of an attempt, by its own books.

use super::Checker;
use crate::core::Time;

#[derive(Default, Clone, Copy)]
pub(in crate::core::sim) struct Evidence {
    pub(in crate::core::sim) done: bool,
    pub(in crate::core::sim) exit_zero: bool,
    pub(in crate::core::sim) refused: bool,
    pub(in crate::core::sim) error: bool,
    pub(in crate::core::sim) incomplete: bool,
    pub(in crate::core::sim) nothing: bool,
    pub(in crate::core::sim) lost: bool,
}

pub(in crate::core::sim) struct Alive {
    pub(in crate::core::sim) since: Time,
    pub(in crate::core::sim) running: bool,
    pub(in crate::core::sim) exited: bool,
    pub(in crate::core::sim) terminated: Option<Time>,
    pub(in crate::core::sim) killed: bool,
}

impl Checker {
    /// A person wants it done anew: its counts begin anew, too.
    pub(super) fn reset(&mut self, task: &str) {
        self.retried = true;
        let mut again = vec![self.index(task)];
        while let Some(task) = again.pop() {
            self.outcomes.remove(&task);
            self.waived.remove(&task);
            self.merges.reset(task);
            for counts in [
                &mut self.retries,
                &mut self.launch_retries,
                &mut self.fixes,
                &mut self.externals,
            ] {
                counts.remove(&task);
            }
            self.not_before.remove(&task);
            again.extend(
                self.skipped_by
                    .iter()
                    .filter(|(_, by)| **by == task)
                    .map(|(other, _)| *other),
            );
            self.skipped_by.remove(&task);
        }
    }
}
