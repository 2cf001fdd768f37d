//! Stored values that numbers are compared with.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use schemas::GateBaseline;
use serde_json::{Map, Value};

use super::Place;
use crate::assertion::Assertion;
use crate::format::json;
use crate::git::Git;

/// Largest file of stored values, in bytes.
const MAX_FILE: u64 = 16 << 20;

/// A file of numbers by the name of their metric.
#[derive(Debug)]
pub(crate) struct Baseline {
    file: PathBuf,
    tolerance: f64,
}

impl Baseline {
    pub(crate) fn new(baseline: &GateBaseline) -> Baseline {
        Baseline {
            file: baseline.file.clone().into(),
            tolerance: baseline.tolerance.unwrap_or(0.0).max(0.0),
        }
    }

    /// Where it is stored, relative to where the gate runs.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// The assertion with the stored value in it.
    pub(super) fn compare(
        &self,
        assertion: &Assertion,
        value: f64,
        place: &Place<'_>,
    ) -> Result<Assertion, String> {
        let shown = self.file.display();
        if place.record {
            record(&place.cwd.join(&self.file), &assertion.name, value)?;
            return Ok(assertion.against(value, 0.0));
        }
        let text = self.text(place)?.ok_or_else(|| {
            format!("there is no baseline {shown}: write one with --record-baseline")
        })?;
        let document: Value = serde_json::from_slice(&text)
            .map_err(|error| format!("the baseline {shown} is not JSON: {error}"))?;
        let stored = json::plain(&document, &assertion.name)?;
        let stored = stored.get(&assertion.name).ok_or_else(|| {
            format!(
                "there is no `{}` in the baseline {shown}: write it with --record-baseline",
                assertion.name
            )
        })?;
        Ok(assertion.against(stored.value, self.tolerance))
    }

    /// From the trusted commit, when there is one: a baseline is a promise that the work may not lower.
    fn text(&self, place: &Place<'_>) -> Result<Option<Vec<u8>>, String> {
        let whole = place.cwd.join(&self.file);
        if let Some(commit) = place.trusted {
            let git = Git::open(place.cwd, place.patience)?;
            let cwd = fs::canonicalize(place.cwd).map_err(|error| error.to_string())?;
            let inside = cwd.join(&self.file);
            if let Ok(path) = inside.strip_prefix(git.top()) {
                return git.show(commit, path);
            }
        }
        match fs::metadata(&whole) {
            Ok(about) if about.len() > MAX_FILE => {
                Err("the baseline is larger than 16 MiB".to_owned())
            }
            Ok(_) => fs::read(&whole)
                .map(Some)
                .map_err(|error| error.to_string()),
            Err(_) => Ok(None),
        }
    }
}

/// Checks run side by side, and several may have the same file.
fn record(file: &Path, name: &str, value: f64) -> Result<(), String> {
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut values: Map<String, Value> = match fs::read(file) {
        Ok(text) => serde_json::from_slice(&text)
            .map_err(|error| format!("{} is not a JSON object: {error}", file.display()))?,
        Err(_) => Map::new(),
    };
    values.insert(name.to_owned(), value.into());
    let mut text = serde_json::to_vec_pretty(&values).map_err(|error| error.to_string())?;
    text.push(b'\n');
    fs::write(file, text).map_err(|error| format!("cannot write {}: {error}", file.display()))
}
