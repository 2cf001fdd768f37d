//! The run directory: an edit is judged and appended as one step that no other writer can come between.

use std::path::Path;
use std::time::SystemTime;

use schemas::document::{self, Reader};
use schemas::journal::{self, Journal};
use schemas::{Body, Console, Failure, State};

use crate::checkpoint;
use crate::edit::Edit;
use crate::expect::{self, Expectation};

/// Does an edit, prints its records and brings `state.json` up to date.
pub(crate) fn edit(
    console: &Console,
    dir: &Path,
    edit: &Edit,
    expectations: &[Expectation],
    by: Option<&str>,
) -> Result<(), Failure> {
    let lines = change(console, dir, |state| {
        expect::check(expectations, state)?;
        if let (Edit::Approve { digest, .. }, Some(shown)) = (edit, &state.checkpoint) {
            checkpoint::still_stands(dir, shown, digest.as_deref(), SystemTime::now())?;
        }
        let body = edit.decide(state, by)?;
        let release = checkpoint::release(state, &body);
        Ok(std::iter::once(body).chain(release).collect())
    })?;
    print(&lines)?;
    Ok(())
}

/// Appends what is decided on the state as it is, as one step, and syncs; gives the lines of the records.
pub(crate) fn change(
    console: &Console,
    dir: &Path,
    decide: impl FnOnce(&State) -> Result<Vec<Body>, Failure>,
) -> Result<Vec<String>, Failure> {
    Journal::open_existing(dir)?;
    change_or_begin(console, dir, decide)
}

/// As [`change`], also where there is no journal yet: it is made.
pub(crate) fn change_or_begin(
    console: &Console,
    dir: &Path,
    decide: impl FnOnce(&State) -> Result<Vec<Body>, Failure>,
) -> Result<Vec<String>, Failure> {
    let (mut state, mut journal) = journal::load(dir)?;
    let appended = journal.transact(|foreign| {
        for record in foreign {
            state.apply(record);
        }
        state.refresh();
        decide(&state)
    })?;
    journal.sync()?;
    refresh(console, dir);
    Ok(appended.lines)
}

/// Brings `state.json` up to date. It is never the truth: what was appended has happened without it, so who
/// repeats the edit because of a failure here would do it twice.
pub(crate) fn refresh(console: &Console, dir: &Path) {
    if let Err(failure) = journal::refresh_snapshot(dir) {
        console.warn(&format!(
            "the journal has it, but state.json is behind: {failure}"
        ));
    }
}

/// Prints records as they are in the journal.
pub(crate) fn print(lines: &[String]) -> Result<Reader, Failure> {
    let mut text = lines.join("\n");
    text.push('\n');
    document::write_text(text.as_bytes())
}

/// Who edits: as named, or as the environment has it.
pub(crate) fn editor(named: Option<String>) -> Option<String> {
    let from = |name| std::env::var(name).ok();
    named
        .or_else(|| from("USER"))
        .or_else(|| from("LOGNAME"))
        .filter(|name| !name.is_empty())
}
