//! What tools and test runners have told of a check that failed, each thing once and with its place.

use std::path::Path;

use schemas::Finding;
use schemas::terminal::plain;

use crate::format::runner::{self, Failure};
use crate::matcher;
use crate::output::Printed;

/// Adds what the output tells and is not known already.
pub(crate) fn add(printed: &Printed, cwd: &Path, findings: &mut Vec<Finding>) {
    let output = [&printed.stderr, &printed.stdout]
        .map(|bytes| plain(bytes))
        .join("\n");
    let mut told = matcher::findings(&output, cwd);
    let mut tests = runner::both(&printed.counters, None)
        .unwrap_or_default()
        .failures;
    locate(&mut tests, &mut told);
    // What a report has named already is not named again by the output.
    if findings
        .iter()
        .any(|finding| finding.rule.as_deref() == Some("test"))
    {
        locate_reported(findings, &tests);
        findings.retain(|finding| finding.file.is_some() || !is_told(title(finding), &told));
        tests.clear();
    }
    tests.retain(|test| test.file.is_some() || !is_told(&test.test, &told));
    for finding in tests.iter().map(Failure::finding).chain(told) {
        let known = |other: &Finding| {
            (&other.file, other.line, &other.message)
                == (&finding.file, finding.line, &finding.message)
        };
        if !findings.iter().any(known) {
            findings.push(finding);
        }
    }
    for file in findings
        .iter_mut()
        .filter_map(|finding| finding.file.as_mut())
    {
        if let Ok(inside) = Path::new(&*file).strip_prefix(cwd) {
            *file = inside.display().to_string();
        }
    }
}

/// The test that a finding is about.
fn title(finding: &Finding) -> &str {
    let message = finding
        .message
        .strip_suffix(" failed")
        .unwrap_or(&finding.message);
    message.split(": ").next().unwrap_or(message)
}

/// pytest names what failed at the end, and before that, in the same order, where each was raised.
fn locate(tests: &mut [Failure], told: &mut Vec<Finding>) {
    for test in tests
        .iter_mut()
        .filter(|test| test.line.is_none() && test.file.is_some())
    {
        let raised = told.iter().position(|finding| {
            finding.rule.is_none() && finding.column.is_none() && finding.file == test.file
        });
        if let Some(at) = raised {
            test.line = told.remove(at).line;
        }
    }
}

/// A report says what failed; the output, for the same tests, where.
fn locate_reported(findings: &mut [Finding], tests: &[Failure]) {
    for test in tests.iter().filter(|test| test.line.is_some()) {
        let name = test.test.rsplit("::").next().unwrap_or(&test.test);
        let of_test = |finding: &&mut Finding| {
            let title = title(finding);
            finding.line.is_none() && (title == test.test || title.ends_with(&format!(" {name}")))
        };
        if let Some(finding) = findings.iter_mut().find(of_test) {
            finding.file.clone_from(&test.file);
            finding.line = test.line;
        }
    }
}

/// Whether a finding with a place is about that test.
fn is_told(test: &str, told: &[Finding]) -> bool {
    let short = [test.rsplit(" > ").next(), test.rsplit(' ').next()];
    let names = short
        .into_iter()
        .flatten()
        .chain([test])
        .filter(|name| !name.is_empty());
    let names: Vec<String> = names.map(|name| format!("{name}:")).collect();
    told.iter()
        .any(|finding| names.iter().any(|name| finding.message.starts_with(name)))
}
