//! The state as it was.

use std::path::Path;

use schemas::journal::Journal;
use schemas::{Failure, State};

/// The state after record `seq`; after 0 there is nothing yet. Code 1 when there is no such record.
///
/// Its `journalBytes` are 0: who takes it for a snapshot folds the journal anew.
pub(crate) fn at(dir: &Path, seq: u64) -> Result<State, Failure> {
    let mut journal = Journal::open_to_read(dir)?;
    let mut state = State::default();
    let read = journal.read_each(|record| {
        if record.seq <= seq {
            state.apply(&record);
        }
    });
    // Damage behind the place that was asked for is not in the way.
    if state.last_seq < seq {
        read?;
        let last = journal.last_seq();
        return Err(Failure::no(format!(
            "no record {seq}: the last one is {last}"
        )));
    }
    state.refresh();
    Ok(state)
}
