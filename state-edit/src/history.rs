//! What has happened, from the first record on, and the state as it was. Archives are read as if they were the journal.

use std::path::Path;

use schemas::journal::Journal;
use schemas::{Console, Failure, State};

/// The journal from its first record on. Says so when older ones are in an archive that is not there.
pub(crate) fn open(console: &Console, dir: &Path) -> Result<Journal, Failure> {
    let journal = Journal::open_history(dir)?;
    if let Some(missing) = journal.missing() {
        let (until, archive) = (missing.until, &missing.archive);
        console.warn(&format!(
            "the records up to {until} are in the archive {archive}, which is not in {}",
            dir.display()
        ));
    }
    Ok(journal)
}

/// The state after record `seq`; after 0 there is nothing yet. Code 1 when there is no such record.
///
/// Its `journalBytes` are 0: who takes it for a snapshot folds the journal anew.
pub(crate) fn at(dir: &Path, seq: u64) -> Result<State, Failure> {
    let mut journal = Journal::open_history(dir)?;
    if let Some(missing) = journal.missing()
        && seq < missing.until
    {
        let message = format!("record {seq} is in an archive that is not there");
        let (archive, dir) = (&missing.archive, dir.display());
        return Err(Failure::no(message).help(format!("put {archive} back into {dir}")));
    }
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
