//! JUnit's XML in its dialects: Jenkins, Surefire, pytest, nextest, vitest.

use std::io::BufRead;

use quick_xml::events::{BytesStart, Event};

use super::Numbers;
use super::runner::{Failure, MAX_FAILURES, TestReport};
use super::xml::{self, attribute};
use crate::unit::Number;
use schemas::TestCounts;

/// What a report tells.
#[derive(Debug, Default)]
pub(crate) struct Junit {
    pub(crate) report: TestReport,
    errors: u64,
    flaky: u64,
    seconds: f64,
}

impl Junit {
    /// `tests`, `passed`, `failures`, `errors`, `skipped`, `flaky`, `time`.
    pub(crate) fn numbers(&self) -> Numbers {
        let TestCounts {
            passed,
            failed,
            skipped,
        } = self.report.counts;
        let plain = [
            ("tests", passed + failed + skipped),
            ("passed", passed),
            ("failures", failed - self.errors),
            ("errors", self.errors),
            ("skipped", skipped),
            ("flaky", self.flaky),
        ];
        let plain = plain.map(|(name, count)| (name.to_owned(), Number::plain(count as f64)));
        let mut numbers = Numbers::from(plain);
        numbers.insert("time".to_owned(), Number::with(self.seconds, "s"));
        numbers
    }
}

/// Reads a report of any size.
pub(crate) fn read(report: impl BufRead) -> Result<Junit, String> {
    let mut reader = xml::reader(report);
    let (mut buffer, mut reading) = (Vec::new(), Reading::default());
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Start(tag)) => reading.start(&tag),
            Ok(Event::Empty(tag)) => {
                reading.start(&tag);
                reading.end(tag.local_name().as_ref());
            }
            Ok(Event::End(tag)) => reading.end(tag.local_name().as_ref()),
            Ok(Event::Text(text)) => reading.text(&text.xml10_content()),
            Ok(Event::CData(text)) => reading.text(&text.xml10_content()),
            Ok(Event::Eof) if reading.depth > 0 => return Err("it ends too early".to_owned()),
            Ok(Event::Eof) => break,
            Ok(_) => {}
            Err(error) => return Err(format!("it is not XML: {error}")),
        }
    }
    if !reading.found {
        return Err("there is no <testsuite> in it".to_owned());
    }
    reading.compare();
    Ok(reading.junit)
}

#[derive(Default)]
struct Reading {
    found: bool,
    depth: u32,
    junit: Junit,
    case: Option<Case>,
    /// What is said of the failure that is being read.
    message: Option<String>,
    /// What the suites say of themselves; those within others are in theirs already.
    said_failed: u64,
    suites: u32,
}

#[derive(Default)]
struct Case {
    name: String,
    file: Option<String>,
    line: Option<u32>,
    failure: Option<String>,
    error: bool,
    skipped: bool,
    flaky: bool,
}

impl Reading {
    fn start(&mut self, tag: &BytesStart<'_>) {
        self.depth += 1;
        match tag.local_name().as_ref() {
            "testsuites" => self.found = true,
            "testsuite" => {
                self.found = true;
                let number =
                    |name| attribute(tag, name).and_then(|value| value.parse::<u64>().ok());
                if self.suites == 0 {
                    self.said_failed +=
                        number("failures").unwrap_or(0) + number("errors").unwrap_or(0);
                }
                self.suites += 1;
            }
            "testcase" => {
                let class = attribute(tag, "classname").filter(|class| !class.is_empty());
                let name = attribute(tag, "name").unwrap_or_default();
                let time = attribute(tag, "time")
                    .and_then(|time| time.replace(',', "").parse::<f64>().ok());
                self.junit.seconds += time.filter(|time| time.is_finite()).unwrap_or(0.0);
                self.case = Some(Case {
                    name: class.map_or_else(|| name.clone(), |class| format!("{class} {name}")),
                    file: attribute(tag, "file"),
                    line: attribute(tag, "line").and_then(|line| line.parse().ok()),
                    ..Case::default()
                });
            }
            word @ ("failure" | "error") => {
                if let Some(case) = &mut self.case {
                    case.failure.get_or_insert_default();
                    case.error |= word == "error";
                    self.message = Some(attribute(tag, "message").unwrap_or_default());
                }
            }
            "skipped" => {
                if let Some(case) = &mut self.case {
                    case.skipped = true;
                }
            }
            "flakyFailure" | "flakyError" => {
                if let Some(case) = &mut self.case {
                    case.flaky = true;
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(message) = self
            .message
            .as_mut()
            .filter(|message| message.trim().is_empty())
        {
            text.trim().clone_into(message);
        }
    }

    fn end(&mut self, name: &str) {
        self.depth = self.depth.saturating_sub(1);
        match name {
            "testsuite" => self.suites = self.suites.saturating_sub(1),
            "failure" | "error" => {
                let message = self.message.take();
                if let (Some(case), Some(message)) = (&mut self.case, message) {
                    let known = case.failure.get_or_insert_default();
                    if known.is_empty() {
                        *known = message;
                    }
                }
            }
            "testcase" => self.close(),
            _ => {}
        }
    }

    fn close(&mut self) {
        let Some(case) = self.case.take() else {
            return;
        };
        let report = &mut self.junit.report;
        self.junit.flaky += u64::from(case.flaky);
        match case.failure {
            Some(message) => {
                report.counts.failed += 1;
                self.junit.errors += u64::from(case.error);
                if report.failures.len() < MAX_FAILURES {
                    report.failures.push(Failure {
                        test: case.name,
                        message,
                        file: case.file,
                        line: case.line,
                    });
                }
            }
            None if case.skipped => report.counts.skipped += 1,
            None => report.counts.passed += 1,
        }
    }

    /// A suite that says of more failures than it shows has lost some.
    fn compare(&mut self) {
        let report = &mut self.junit.report;
        let lost = self.said_failed.saturating_sub(report.counts.failed);
        if lost > 0 {
            report.wrong = Some(format!(
                "the report speaks of {} failures and shows {}",
                self.said_failed, report.counts.failed
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_dialects_are_counted_by_their_cases() {
        let report = r#"<?xml version="1.0"?><testsuites tests="9"><testsuite name="s" tests="5" failures="1" errors="1">
            <testcase classname="a.B" name="ok" time="0.5"/>
            <testcase classname="a.B" name="bad" file="b.py" line="3"><failure message="1 != 2">trace</failure></testcase>
            <testcase name="broken"><error>no such thing</error></testcase>
            <testcase name="later"><skipped/></testcase>
            <testcase name="shaky"><flakyFailure>once</flakyFailure><system-out><![CDATA[<failure>]]></system-out></testcase>
            </testsuite></testsuites>"#;
        let junit = read(report.as_bytes()).expect("a report");
        let counts = TestCounts {
            passed: 2,
            failed: 2,
            skipped: 1,
        };
        assert_eq!(junit.report.counts, counts);
        assert_eq!(junit.report.wrong, None);
        let failures: Vec<_> = junit
            .report
            .failures
            .iter()
            .map(|f| (f.test.as_str(), f.message.as_str(), f.line))
            .collect();
        assert_eq!(
            failures,
            [
                ("a.B bad", "1 != 2", Some(3)),
                ("broken", "no such thing", None)
            ]
        );
        let numbers = junit.numbers();
        assert_eq!(
            (
                numbers["failures"].value,
                numbers["errors"].value,
                numbers["flaky"].value
            ),
            (1.0, 1.0, 1.0)
        );
    }

    #[test]
    fn a_report_that_hides_failures_or_is_torn_is_told() {
        let hides = r#"<testsuite failures="2"><testcase name="a"/></testsuite>"#;
        let junit = read(hides.as_bytes()).expect("it can be read");
        assert!(junit.report.wrong.is_some());
        for report in ["<testsuite><testcase name='a'/>", "<a></b>", "<html/>", ""] {
            assert!(read(report.as_bytes()).is_err(), "{report}");
        }
    }
}
