//! What is looked at after a gate's command, or without one: numbers, reports, changed files, reviews.

mod artifact;
mod baseline;
mod clean_tree;
pub(crate) mod files;
pub(crate) mod metric;
pub(crate) mod paths;
pub(crate) mod review;
pub(crate) mod tampering;
pub(crate) mod tests;
pub(crate) mod threshold;

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use schemas::{Check, CheckStatus, Finding};

use crate::output::Printed;

use self::metric::Metric;
use self::paths::Paths;
use self::review::Review;
use self::tampering::Tampering;
use self::tests::Tests;
use self::threshold::Threshold;

/// Most findings of one check that a verdict carries one by one.
pub(crate) const MAX_FINDINGS: usize = 200;

/// Something that must hold.
#[derive(Debug)]
pub(crate) enum Evidence {
    Metric(Metric),
    Threshold(Threshold),
    Tests(Tests),
    Paths(Paths),
    CleanTree,
    Artifact {
        file: PathBuf,
        schema: Option<PathBuf>,
    },
    Review(Review),
    Tampering(Tampering),
}

/// Where it is looked at.
pub(crate) struct Place<'a> {
    /// Where the gate runs; absolute.
    pub(crate) cwd: &'a Path,
    pub(crate) metrics: Option<&'a Path>,
    /// The commit that the work began at, as the call says it.
    pub(crate) base: Option<&'a str>,
    /// Read what says what is wanted (baselines) from this commit and not from the work tree.
    pub(crate) trusted: Option<&'a str>,
    pub(crate) allow_no_tests: bool,
    /// Store what is measured as the baseline, in place of comparing.
    pub(crate) record: bool,
    pub(crate) patience: Duration,
    /// When the gate's command was started; `None`: it has none.
    pub(crate) started: Option<SystemTime>,
    pub(crate) printed: Option<&'a Printed>,
}

/// What was seen.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) status: CheckStatus,
    pub(crate) reason: Option<String>,
    pub(crate) findings: Vec<Finding>,
}

impl Seen {
    /// It holds.
    pub(crate) fn passed() -> Seen {
        Seen {
            status: CheckStatus::Passed,
            reason: None,
            findings: Vec::new(),
        }
    }

    /// It does not hold.
    pub(crate) fn failed(reason: impl Into<String>, findings: Vec<Finding>) -> Seen {
        Seen {
            status: CheckStatus::Failed,
            reason: Some(reason.into()),
            findings,
        }
    }

    /// Nobody can say: what would tell is not to be had.
    pub(crate) fn infrastructure(reason: impl Into<String>) -> Seen {
        Seen {
            status: CheckStatus::Infrastructure,
            reason: Some(reason.into()),
            findings: Vec::new(),
        }
    }
}

impl Evidence {
    /// As the verdict names it.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Evidence::Metric(_) | Evidence::Threshold(_) => "metric",
            Evidence::Tests(_) => "tests",
            Evidence::Paths(_) => "paths",
            Evidence::CleanTree => "clean-tree",
            Evidence::Artifact { .. } => "artifact",
            Evidence::Review(_) => "review",
            Evidence::Tampering(_) => "tampering",
        }
    }

    /// For people, when the gate has no name.
    pub(crate) fn name(&self) -> String {
        match self {
            Evidence::Metric(metric) => metric.assertion.to_string(),
            Evidence::Threshold(threshold) => threshold.name(),
            Evidence::Tests(tests) => tests.name(),
            Evidence::Paths(_) => "changed paths".to_owned(),
            Evidence::CleanTree => "clean tree".to_owned(),
            Evidence::Artifact { file, .. } => file.display().to_string(),
            Evidence::Review(review) => review.name(),
            Evidence::Tampering(_) => "what the work is judged by".to_owned(),
        }
    }

    /// A file of the project that says what is wanted, relative to where the gate runs.
    pub(crate) fn promise(&self) -> Option<&Path> {
        match self {
            Evidence::Metric(metric) => metric.baseline.as_ref().map(baseline::Baseline::file),
            Evidence::Artifact { schema, .. } => schema.as_deref(),
            _ => None,
        }
    }

    /// What must be known before the command starts, to tell afterwards what the command has written.
    pub(crate) fn before(&self, cwd: &Path) -> Option<files::Stamp> {
        match self {
            Evidence::Tests(tests) => tests.before(cwd),
            Evidence::Threshold(threshold) => threshold.before(cwd),
            _ => None,
        }
    }

    /// Looks, and notes in `check` what was measured.
    pub(crate) fn look(
        &self,
        place: &Place<'_>,
        before: Option<&files::Stamp>,
        check: &mut Check,
    ) -> Seen {
        match self {
            Evidence::Metric(metric) => metric.look(place, check),
            Evidence::Threshold(threshold) => threshold.look(place, before, check),
            Evidence::Tests(tests) => tests.look(place, before, check),
            Evidence::Paths(paths) => paths.look(place),
            Evidence::CleanTree => clean_tree::look(place),
            Evidence::Artifact { file, schema } => artifact::look(file, schema.as_deref(), place),
            Evidence::Review(review) => review.look(place, check),
            Evidence::Tampering(tampering) => tampering.look(place),
        }
    }
}

/// `1 file`, `2 files`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    let end = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{end}")
}
