//! What the core has asked for, done in turn, and not all at once: while two hundred agents are started, those that run
//! want to be heard.

use std::time::{Duration, Instant};

use schemas::Failure;

use super::Shell;
use crate::core::Action;

/// After that long the loop looks up, while there is much left to do.
const LONG: Duration = Duration::from_millis(2);

/// So much is done without looking up: what happens during the few starts of an ordinary moment shares a sync afterwards.
const LITTLE: usize = 16;

impl Shell<'_> {
    /// Does what is due, in the order in which it was asked for. What is left is done after what has happened meanwhile:
    /// who stops here has started something, and its `Started` is an event that brings the loop back.
    pub(super) fn do_what_is_due(&mut self) -> Result<(), Failure> {
        let begun = Instant::now();
        while let Some(deed) = self.due.pop_front() {
            let starts = matches!(deed, Action::Start { .. });
            self.act(deed)?;
            if starts && self.due.len() > LITTLE && begun.elapsed() > LONG {
                break;
            }
        }
        Ok(())
    }
}
