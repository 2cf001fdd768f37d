//! `repair`: mends a journal that is damaged, and `state.json` after it; says what it did.

use std::path::Path;

use schemas::journal::{self, Journal, Repaired};
use schemas::{Console, Exit, Failure, State, document};
use serde::Serialize;

use crate::cli::Repair;
use crate::dispatcher;

/// What was done, as a document.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    kind: &'static str,
    version: u32,
    /// Nothing was written: it is what would be done.
    dry_run: bool,
    lost: Vec<u64>,
    adopted: u64,
    removed: u64,
    /// The archive from which the line that stands for it was made again.
    #[serde(skip_serializing_if = "Option::is_none")]
    rebuilt: Option<String>,
    copy: Option<String>,
}

/// Runs `repair`.
pub(crate) fn run(console: &Console, dir: &Path, args: &Repair) -> Result<Exit, Failure> {
    let mut state = State::default();
    // As far as it can be read; what is behind that is what the repair is for.
    let _ = Journal::open_to_read(dir)?.read_each(|record| state.apply(&record));
    let _kept_out = match args.dry_run {
        true => None,
        false => Some(dispatcher::keep_out(dir, &state)?),
    };
    let repaired = journal::repair(dir, !args.dry_run)?;
    if !args.dry_run {
        journal::refresh_snapshot(dir)?;
    }
    tell(console, &repaired, args.dry_run);
    document::write(&Report {
        kind: "repair",
        version: 1,
        dry_run: args.dry_run,
        copy: repaired.copy.map(|copy| copy.display().to_string()),
        lost: repaired.lost,
        adopted: repaired.adopted,
        removed: repaired.removed,
        rebuilt: repaired.rebuilt,
    })?;
    Ok(Exit::Yes)
}

fn tell(console: &Console, repaired: &Repaired, dry_run: bool) {
    if repaired.is_whole() {
        console.info("nothing to repair: the journal is whole");
        return;
    }
    let (lost, adopted, removed) = (repaired.lost.len(), repaired.adopted, repaired.removed);
    let would = if dry_run { "would be: " } else { "" };
    console.info(&format!(
        "{would}{lost} lost records noted, {adopted} without a checksum kept, {removed} damaged lines removed"
    ));
    if let Some(archive) = &repaired.rebuilt {
        console.info(&format!(
            "{would}the first line made again from the archive {archive}"
        ));
    }
    if let Some(copy) = &repaired.copy {
        console.info(&format!("as it was before: {}", copy.display()));
    }
}
