//! What test runners have reported: how many tests ran, and that none failed.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use schemas::{Check, GateTests};

use super::files::{self, Stamp};
use super::{Place, Seen, counted};
use crate::format::junit;
use crate::format::runner::{self, Counter, Runner, TestReport};
use crate::understanding::Found;

/// Longest line of a report that is text.
const MAX_LINE: u64 = 1 << 20;

/// What must have been reported.
#[derive(Debug)]
pub(crate) struct Tests {
    report: Option<String>,
    format: Option<Form>,
    at_least: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Form {
    Junit,
    Text(Runner),
}

impl Tests {
    pub(crate) fn new(tests: &GateTests, has_command: bool, problems: &mut Found) -> Option<Tests> {
        let format = match tests.format.as_deref() {
            None => None,
            Some("junit") => Some(Form::Junit),
            Some(name) => match Runner::of(name) {
                Some(runner) => Some(Form::Text(runner)),
                None => {
                    let message = format!(
                        "`{name}` is no format of test reports: junit, tap, cargo, nextest, pytest, unittest, jest, go-json"
                    );
                    problems.push(("tests/format".to_owned(), message));
                    return None;
                }
            },
        };
        if tests.report.is_none() && !has_command {
            let message = "tests need a report or a command that reports".to_owned();
            problems.push(("tests".to_owned(), message));
            return None;
        }
        if tests.report.is_none() && format == Some(Form::Junit) {
            let message = "a JUnit report is a file: `report` is missing".to_owned();
            problems.push(("tests".to_owned(), message));
            return None;
        }
        Some(Tests {
            report: tests.report.clone(),
            format,
            at_least: tests.at_least,
        })
    }

    pub(super) fn name(&self) -> String {
        self.report.clone().unwrap_or_else(|| "tests".to_owned())
    }

    pub(super) fn before(&self, cwd: &Path) -> Option<Stamp> {
        let report = self.report.as_ref()?;
        let found = files::matching(cwd, report).unwrap_or_default();
        Some(Stamp::of(cwd, found))
    }

    pub(super) fn look(
        &self,
        place: &Place<'_>,
        before: Option<&Stamp>,
        check: &mut Check,
    ) -> Seen {
        let report = match &self.report {
            Some(pattern) => self.of_files(pattern, place, before),
            None => self.of_output(place),
        };
        let report = match report {
            Ok(report) => report,
            Err(why) => return Seen::failed(why, Vec::new()),
        };
        check.tests = Some(report.counts);
        let findings: Vec<_> = report
            .failures
            .iter()
            .map(runner::Failure::finding)
            .collect();
        let wanted = self.at_least.unwrap_or(u64::from(!place.allow_no_tests));
        let ran = report.ran();
        if report.counts.failed > 0 {
            let reason = format!(
                "{} of {} failed",
                report.counts.failed,
                counted(ran, "test")
            );
            Seen::failed(reason, findings)
        } else if let Some(wrong) = report.wrong {
            Seen::failed(wrong, findings)
        } else if ran == 0 && wanted > 0 {
            Seen::failed("no test was run", findings)
        } else if ran < wanted {
            let reason = format!("{} run, wanted at least {wanted}", counted(ran, "test"));
            Seen::failed(reason, findings)
        } else {
            Seen::passed()
        }
    }

    fn of_output(&self, place: &Place<'_>) -> Result<TestReport, String> {
        let wanted = match self.format {
            Some(Form::Text(runner)) => Some(runner),
            _ => None,
        };
        let report = place
            .printed
            .and_then(|printed| runner::both(&printed.counters, wanted));
        report.ok_or_else(|| "there is no report of tests in the output".to_owned())
    }

    fn of_files(
        &self,
        pattern: &str,
        place: &Place<'_>,
        before: Option<&Stamp>,
    ) -> Result<TestReport, String> {
        let found = files::matching(place.cwd, pattern)?;
        if found.is_empty() {
            return Err(format!("there is no report {pattern}"));
        }
        let (mut sum, mut fresh) = (TestReport::default(), 0);
        for path in &found {
            if files::is_stale(place, path, before) {
                continue;
            }
            fresh += 1;
            let report = self
                .read(&place.cwd.join(path))
                .map_err(|why| format!("{}: {why}", path.display()))?;
            sum.merge(report);
        }
        if fresh == 0 {
            return Err(format!("{pattern} was not written by this run"));
        }
        Ok(sum)
    }

    fn read(&self, path: &Path) -> Result<TestReport, String> {
        let file = File::open(path).map_err(|error| format!("cannot read it: {error}"))?;
        let mut reader = BufReader::with_capacity(64 << 10, file);
        let beginning = reader.fill_buf().map_err(|error| error.to_string())?;
        let xml = beginning.trim_ascii_start().starts_with(b"<")
            || beginning.starts_with(b"\xef\xbb\xbf<");
        match self.format {
            Some(Form::Junit) => return Ok(junit::read(reader)?.report),
            None if xml => return Ok(junit::read(reader)?.report),
            _ => {}
        }
        let wanted = match self.format {
            Some(Form::Text(runner)) => Some(runner),
            _ => None,
        };
        let (mut counter, mut line) = (Counter::default(), Vec::new());
        loop {
            line.clear();
            let read = (&mut reader).take(MAX_LINE).read_until(b'\n', &mut line);
            if read.map_err(|error| error.to_string())? == 0 {
                break;
            }
            counter.line(&schemas::terminal::plain(&line));
        }
        counter
            .report(wanted)
            .ok_or_else(|| "it is no report of tests".to_owned())
    }
}
