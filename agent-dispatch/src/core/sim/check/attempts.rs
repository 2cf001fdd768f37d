//! What the checker knows of an attempt, by its own books.

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
