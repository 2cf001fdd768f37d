//! Reports of other tools: numbers by name, and tests with their results.

mod cobertura;
pub(crate) mod coverage;
pub(crate) mod json;
pub(crate) mod junit;
mod lcov;
pub(crate) mod runner;
mod xml;

use std::collections::BTreeMap;
use std::io::{BufRead, Read};

use crate::unit::Number;

use self::coverage::ChangedLines;

/// Largest JSON report that is read, in bytes. XML and lcov are read piece by piece, at any size.
pub(crate) const MAX_JSON: u64 = 64 << 20;

/// Numbers by the name of their metric.
pub(crate) type Numbers = BTreeMap<String, Number>;

/// How a report that holds numbers is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// A JSON object of numbers, or one that is known by its shape.
    Json,
    /// Nothing but a number.
    Number,
    Lcov,
    Cobertura,
    CoveragePy,
    Istanbul,
    Junit,
    Sarif,
    Criterion,
}

impl Format {
    /// The format that a gate names.
    pub(crate) fn of(name: &str) -> Option<Format> {
        Some(match name {
            "json" => Format::Json,
            "number" => Format::Number,
            "lcov" => Format::Lcov,
            "cobertura" => Format::Cobertura,
            "coverage-py" => Format::CoveragePy,
            "istanbul" => Format::Istanbul,
            "junit" => Format::Junit,
            "sarif" => Format::Sarif,
            "criterion" => Format::Criterion,
            _ => return None,
        })
    }

    /// The format that a file's beginning tells; JSON is told apart later, by its shape.
    pub(crate) fn sniff(beginning: &[u8]) -> Format {
        let text = String::from_utf8_lossy(beginning);
        let text = text.trim_start_matches('\u{feff}').trim_start();
        if text.starts_with("TN:") || text.starts_with("SF:") {
            Format::Lcov
        } else if text.starts_with('<') && text.contains("<coverage") {
            Format::Cobertura
        } else if text.starts_with('<') {
            Format::Junit
        } else if Number::parse(text).is_some() {
            Format::Number
        } else {
            Format::Json
        }
    }

    /// Whether it says which lines are covered.
    pub(crate) fn has_lines(self) -> bool {
        matches!(
            self,
            Format::Lcov | Format::Cobertura | Format::CoveragePy | Format::Istanbul | Format::Json
        )
    }
}

/// The numbers of a report; of coverage only those of `changed` lines, when there are any given.
pub(crate) fn numbers(
    format: Format,
    name: &str,
    mut report: impl BufRead,
    changed: Option<&ChangedLines>,
) -> Result<Numbers, String> {
    match format {
        Format::Lcov => lcov::numbers(report, changed),
        Format::Cobertura => cobertura::numbers(report, changed),
        Format::Junit => Ok(junit::read(report)?.numbers()),
        Format::Number => {
            let mut text = String::new();
            let limited = report.by_ref().take(1 << 10).read_to_string(&mut text);
            limited.map_err(|error| error.to_string())?;
            let number = Number::parse(&text).ok_or_else(|| not_a_number(text.trim()))?;
            Ok(BTreeMap::from([(name.to_owned(), number)]))
        }
        _ => json::numbers(format, name, report, changed),
    }
}

/// Why a text cannot be compared.
pub(crate) fn not_a_number(text: &str) -> String {
    let short: String = text.chars().take(40).collect();
    format!("`{short}` is not a number")
}
