//! The least coverage that a command must measure, in the report that it has written.

use std::path::{Path, PathBuf};

use schemas::{Check, Finding, GateObject, GateThreshold};

use super::files::{self, Stamp};
use super::metric::{self, Metric, Source, Spot};
use super::{Place, Seen};
use crate::assertion::Assertion;
use crate::understanding::Found;

/// Where coverage tools write what can be read here, unless they are told otherwise.
const REPORTS: [&str; 9] = [
    "coverage/coverage-summary.json",
    "coverage/coverage-final.json",
    "coverage/lcov.info",
    "coverage/cobertura-coverage.xml",
    "coverage.json",
    "coverage.xml",
    "lcov.info",
    "coverage.lcov",
    "cobertura.xml",
];

/// Numbers that are all to be reached.
#[derive(Debug)]
pub(crate) struct Threshold {
    wanted: Vec<Assertion>,
    /// `None`: what the command has written at a usual place, else the metrics of the command line.
    report: Option<Source>,
}

impl Threshold {
    /// Understands a threshold, and the `from` beside it.
    pub(crate) fn new(
        threshold: &GateThreshold,
        gate: &GateObject,
        problems: &mut Found,
    ) -> Option<Threshold> {
        let mut wrong = |key: &str, message: &str| {
            problems.push((key.to_owned(), message.to_owned()));
            None
        };
        let named = match threshold {
            GateThreshold::Lines(least) => vec![("lines", *least)],
            GateThreshold::Named(named) => named.iter().map(|(k, v)| (k.as_str(), *v)).collect(),
        };
        let wanted: Option<Vec<Assertion>> = named.into_iter().map(assertion).collect();
        let Some(wanted) = wanted.filter(|wanted| !wanted.is_empty()) else {
            let message = "write the least per cent, 0 to 100, of lines, or by name: {lines: 80, branches: 70}";
            return wrong("threshold", message);
        };
        if gate.assert.is_some() {
            let message = "a number is compared once: by `threshold` or by `assert`";
            return wrong("threshold", message);
        }
        let has_command = gate.command.is_some();
        let report = match &gate.from {
            None if has_command => None,
            None => return wrong("threshold", "it needs a command that measures, or `from`"),
            Some(from) if from.pointer.is_some() || from.regex.is_some() => {
                let message =
                    "a threshold is looked for in a report: write `assert` for a place in a text";
                return wrong("from", message);
            }
            Some(from) => Some(metric::source(from.clone(), has_command, problems)?),
        };
        Some(Threshold { wanted, report })
    }

    pub(super) fn name(&self) -> String {
        let wanted: Vec<String> = self.wanted.iter().map(Assertion::to_string).collect();
        wanted.join(", ")
    }

    pub(super) fn before(&self, cwd: &Path) -> Option<Stamp> {
        let reports = REPORTS.into_iter().map(PathBuf::from);
        self.report.is_none().then(|| Stamp::of(cwd, reports))
    }

    pub(super) fn look(
        &self,
        place: &Place<'_>,
        before: Option<&Stamp>,
        check: &mut Check,
    ) -> Seen {
        let sources = self.sources(place, before);
        let mut missed = Vec::new();
        for assertion in &self.wanted {
            let found = measure(assertion, &sources, place);
            let missing = match &found {
                Ok(Some(value)) if !assertion.holds(*value) => Some(assertion.missed(*value)),
                Ok(_) => None,
                Err(why) => Some(format!("no value for {}: {why}", assertion.name)),
            };
            // The first that is missed is the check's number, else the first of all.
            if check.metric.is_none() || (missed.is_empty() && missing.is_some()) {
                check.metric = Some(assertion.metric(found.ok().flatten()));
            }
            missed.extend(missing);
        }
        if missed.is_empty() {
            return Seen::passed();
        }
        let finding = |message: &String| Finding {
            severity: "important".to_owned(),
            message: message.clone(),
            ..Finding::default()
        };
        let findings = missed.iter().map(finding).collect();
        Seen::failed(missed.join("; "), findings)
    }

    /// Where the numbers may be. A report of another run is none.
    fn sources(&self, place: &Place<'_>, before: Option<&Stamp>) -> Vec<Source> {
        if let Some(report) = &self.report {
            return vec![report.clone()];
        }
        let is_fresh = |path: &PathBuf| {
            place.cwd.join(path).is_file() && !files::is_stale(place, path, before)
        };
        let written = REPORTS.into_iter().map(PathBuf::from).filter(is_fresh);
        let written = written.map(|path| Source::File(path, Spot::Named(None)));
        let sources: Vec<Source> = written.collect();
        match place.metrics {
            Some(_) if sources.is_empty() => vec![Source::Metrics],
            _ => sources,
        }
    }
}

/// The number, of the first report that has it; else why not.
fn measure(
    assertion: &Assertion,
    sources: &[Source],
    place: &Place<'_>,
) -> Result<Option<f64>, String> {
    let mut why = None;
    for source in sources {
        let metric = Metric {
            assertion: assertion.clone(),
            source: source.clone(),
            baseline: None,
        };
        match metric.measured(place) {
            Ok(value) => return Ok(value),
            Err(error) => why = why.or(Some(error)),
        }
    }
    Err(why.unwrap_or_else(|| {
        format!(
            "the command has written no coverage report (looked for {}); name it with `from: {{file: …}}`",
            REPORTS.join(", ")
        )
    }))
}

/// `lines` at least 80: `lines.pct >= 80%`.
fn assertion((name, least): (&str, f64)) -> Option<Assertion> {
    let parts = ["lines", "functions", "branches", "statements"];
    let bare = name.strip_prefix("diff.").unwrap_or(name);
    let known = parts.contains(&bare) && (0.0..=100.0).contains(&least);
    known.then(|| Assertion::parse(&format!("{name}.pct >= {least}%")))?
}
