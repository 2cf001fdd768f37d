//! `compact`: a journal that has grown long begins anew; what has happened is kept in an archive beside it.

use std::path::Path;

use schemas::{Console, Exit, Failure, document, journal};
use serde::Serialize;

use crate::{dispatcher, store};

/// What was done, as a document.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    kind: &'static str,
    version: u32,
    /// `null` when there was nothing to put there.
    archive: Option<String>,
    records: u64,
    bytes_before: u64,
    bytes_after: u64,
}

/// Runs `compact`.
pub(crate) fn run(console: &Console, dir: &Path) -> Result<Exit, Failure> {
    let (state, _) = journal::view(dir)?;
    let _kept_out = dispatcher::keep_out(dir, &state)?;
    let compacted = journal::compact(dir)?;
    store::refresh(console, dir);
    match &compacted.archive {
        Some(archive) => console.info(&format!(
            "{} records are in {} now",
            compacted.records,
            archive.display()
        )),
        None => console.info("nothing to compact: no record has come since"),
    }
    document::write(&Report {
        kind: "compaction",
        version: 1,
        archive: compacted.archive.map(|path| path.display().to_string()),
        records: compacted.records,
        bytes_before: compacted.bytes.0,
        bytes_after: compacted.bytes.1,
    })?;
    Ok(Exit::Yes)
}
