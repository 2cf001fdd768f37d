//! What test runners print, counted line by line as it comes: memory does not grow with the output.

mod lines;
mod more;
#[cfg(test)]
mod tests;

use schemas::{Finding, TestCounts};

use self::lines::Reading;

/// Most failures that are named one by one.
pub(crate) const MAX_FAILURES: usize = 100;

/// A runner whose output is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Runner {
    Tap,
    Cargo,
    Nextest,
    Pytest,
    Unittest,
    /// And vitest, whose closing lines are alike.
    Jest,
    GoJson,
    Go,
    /// mocha, phpunit, ctest, rspec: only their closing lines.
    Other,
}

impl Runner {
    /// The runner that a gate names.
    pub(crate) fn of(name: &str) -> Option<Runner> {
        Some(match name {
            "tap" => Runner::Tap,
            "cargo" => Runner::Cargo,
            "nextest" => Runner::Nextest,
            "pytest" => Runner::Pytest,
            "unittest" => Runner::Unittest,
            "jest" => Runner::Jest,
            "go-json" => Runner::GoJson,
            _ => return None,
        })
    }
}

/// What a report tells of tests.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct TestReport {
    pub(crate) counts: TestCounts,
    pub(crate) failures: Vec<Failure>,
    /// Why it cannot be trusted as it stands.
    pub(crate) wrong: Option<String>,
}

/// A test that did not pass.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) test: String,
    pub(crate) message: String,
    pub(crate) file: Option<String>,
    pub(crate) line: Option<u32>,
}

impl Failure {
    /// As a verdict has it.
    pub(crate) fn finding(&self) -> Finding {
        let first = self.message.trim().lines().next().unwrap_or_default();
        let first: String = first.chars().take(300).collect();
        let message = if first.is_empty() {
            format!("{} failed", self.test)
        } else {
            format!("{}: {first}", self.test)
        };
        Finding {
            severity: "important".to_owned(),
            message: schemas::printable(&message),
            file: self.file.clone(),
            line: self.line.filter(|line| *line > 0),
            rule: Some("test".to_owned()),
            ..Finding::default()
        }
    }
}

impl TestReport {
    /// How many were run.
    pub(crate) fn ran(&self) -> u64 {
        self.counts.passed + self.counts.failed
    }

    /// Adds another report.
    pub(crate) fn merge(&mut self, other: TestReport) {
        self.counts.passed += other.counts.passed;
        self.counts.failed += other.counts.failed;
        self.counts.skipped += other.counts.skipped;
        self.failures.extend(other.failures);
        self.failures.truncate(MAX_FAILURES);
        self.wrong = self.wrong.take().or(other.wrong);
    }
}

/// Counts what is printed to one stream.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    readings: Vec<(Runner, Reading)>,
}

impl Counter {
    /// Takes a whole line, without its end and without escape sequences.
    pub(crate) fn line(&mut self, line: &str) {
        let line = line.trim_end();
        for runner in lines::candidates(line).iter().copied() {
            let mut fresh = Reading::default();
            let known = self.readings.iter_mut().find(|(known, _)| *known == runner);
            let (reading, new) = match known {
                Some((_, reading)) => (reading, false),
                None => (&mut fresh, true),
            };
            let told = reading.line(runner, line);
            if told && new {
                self.readings.push((runner, fresh));
            }
        }
    }

    /// What was reported, by the runner that is asked for, or by all that were seen. `None`: by none.
    pub(crate) fn report(&self, wanted: Option<Runner>) -> Option<TestReport> {
        let mut sum: Option<TestReport> = None;
        let mut readings: Vec<_> = self.readings.iter().collect();
        readings.sort_by_key(|(runner, _)| *runner);
        for (runner, reading) in readings {
            // Node closes its TAP with counts of its own.
            let told_already = *runner == Runner::Other && sum.is_some();
            let chosen = wanted.map_or(!told_already, |wanted| wanted == *runner);
            if let Some(report) = reading.report(*runner).filter(|_| chosen) {
                sum.get_or_insert_default().merge(report);
            }
        }
        sum
    }
}

impl Counter {
    /// The failures that were named, whether or not a closing line came.
    fn failures(&self, wanted: Option<Runner>) -> impl Iterator<Item = Failure> {
        let chosen = self
            .readings
            .iter()
            .filter(move |(runner, _)| wanted.is_none_or(|wanted| wanted == *runner));
        chosen.flat_map(|(_, reading)| reading.named().iter().cloned())
    }
}

/// Both streams of one command; vitest names failures on stderr and counts them on stdout.
pub(crate) fn both(counters: &[Counter; 2], wanted: Option<Runner>) -> Option<TestReport> {
    let [out, err] = counters.each_ref().map(|counter| counter.report(wanted));
    match (out, err) {
        (Some(mut out), Some(err)) => {
            out.merge(err);
            Some(out)
        }
        (Some(mut report), None) => {
            report.failures.extend(counters[1].failures(wanted));
            Some(report)
        }
        (None, Some(mut report)) => {
            report.failures.extend(counters[0].failures(wanted));
            Some(report)
        }
        (None, None) => None,
    }
}
