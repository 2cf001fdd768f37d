//! The lines that test runners print, one runner after the other.

use std::sync::LazyLock;

use regex::{Captures, Regex};
use schemas::TestCounts;

use super::{Failure, MAX_FAILURES, Runner, TestReport};

/// What one runner has told so far.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) counts: TestCounts,
    pub(super) failures: Vec<Failure>,
    /// A closing line was seen; without it the counts are of a run that did not end.
    pub(super) closed: bool,
    /// Tests that TAP has announced.
    planned: Option<u64>,
    /// Of jest: suites that failed; they count when no test did.
    suites_failed: u64,
    wrong: Option<String>,
}

/// The runners that could have printed a line, by its beginning, so that most lines cost no patterns.
pub(super) fn candidates(line: &str) -> &'static [Runner] {
    use Runner::{Cargo, Go, GoJson, Jest, Nextest, Other, Pytest, Tap, Unittest};
    const COUNTED: [&str; 8] = [
        " passed", " failed", " passing", " failing", " pending", " example", " error", " skipped",
    ];
    let trimmed = line.trim_start();
    let starts = |start: &str| trimmed.starts_with(start);
    match trimmed.as_bytes().first() {
        Some(b'{') if line.contains("\"Action\"") => &[GoJson],
        Some(b'0'..=b'9') if starts("1..") => &[Tap],
        Some(b'0'..=b'9') if COUNTED.iter().any(|word| line.contains(word)) => &[Pytest, Other],
        Some(b'0'..=b'9') if line.contains(" tests passed,") || line.contains(" deselected") => {
            &[Pytest, Other]
        }
        Some(b'=') if line.contains(" in ") => &[Pytest],
        Some(b'-') if starts("--- ") => &[Go],
        Some(b'o') if starts("ok") => &[Tap, Go],
        Some(b'n') if starts("not ok") => &[Tap],
        Some(b'n') if starts("no tests ran") => &[Pytest],
        Some(b'B') if starts("Bail out!") => &[Tap],
        Some(b't')
            if starts("test result:") || (starts("test ") && line.ends_with(" ... FAILED")) =>
        {
            &[Cargo]
        }
        Some(b'S') if starts("Summary ") || starts("SIG") => &[Nextest],
        Some(b'R') if starts("Ran ") => &[Unittest],
        Some(b'F') if starts("FAIL") => &[Nextest, Pytest, Unittest, Jest, Go],
        Some(b'E') if starts("ERROR") => &[Pytest, Unittest],
        Some(b'T') if starts("Test") => &[Jest, Other],
        Some(b'T' | b'A' | b'L')
            if starts("TIMEOUT ") || starts("ABORT ") || starts("LEAK-FAIL ") =>
        {
            &[Nextest]
        }
        Some(b'O') if starts("OK") => &[Unittest, Other],
        Some(b'N') if starts("No test") => &[Jest, Other],
        Some(b'#' | 0xe2) if starts("#") || starts("ℹ") => &[Other],
        Some(b'?') => &[Go],
        Some(b'l' | b'e') if starts("location: ") || starts("error: ") => &[Tap],
        _ => &[],
    }
}

/// A regular expression that is compiled once.
macro_rules! pattern {
    ($text:literal) => {{
        static PATTERN: LazyLock<Regex> =
            LazyLock::new(|| Regex::new($text).expect("the pattern is a regular expression"));
        &*PATTERN
    }};
}
pub(super) use pattern;

/// A group that is a number; 0 when it is none.
pub(super) fn number(captures: &Captures<'_>, group: usize) -> u64 {
    captures
        .get(group)
        .and_then(|found| found.as_str().parse().ok())
        .unwrap_or(0)
}

/// `word` after its number, as in `2 failed, 1 passed`.
fn counted(text: &str, words: &[&str]) -> u64 {
    let parts = text.split([',', '|', '(', ')']).map(str::trim);
    let mut sum = 0;
    for part in parts {
        if let Some((count, word)) = part.split_once(' ')
            && words.contains(&word.trim())
        {
            sum += count.parse::<u64>().unwrap_or(0);
        }
    }
    sum
}

impl Reading {
    /// Takes a line; `true` when it was one of this runner.
    pub(super) fn line(&mut self, runner: Runner, line: &str) -> bool {
        match runner {
            Runner::Tap => self.tap(line),
            Runner::Cargo => self.cargo(line),
            Runner::Nextest => self.nextest(line),
            Runner::Pytest => self.pytest(line),
            Runner::Unittest => self.unittest(line),
            Runner::Jest => self.jest(line),
            Runner::GoJson => self.go_json(line),
            Runner::Go => self.go(line),
            Runner::Other => self.other(line),
        }
        .is_some()
    }

    /// The failures that have been named so far.
    pub(super) fn named(&self) -> &[Failure] {
        &self.failures
    }

    pub(super) fn report(&self, runner: Runner) -> Option<TestReport> {
        let mut counts = self.counts;
        let mut wrong = self.wrong.clone();
        let mut closed = self.closed;
        match runner {
            Runner::Tap => {
                let shown = counts.passed + counts.failed + counts.skipped;
                closed = self.planned.is_some();
                if let Some(planned) = self.planned.filter(|planned| *planned != shown) {
                    wrong = wrong.or_else(|| {
                        Some(format!("{planned} tests were planned and {shown} reported"))
                    });
                }
            }
            Runner::Jest if counts.failed == 0 => counts.failed = self.suites_failed,
            _ => {}
        }
        closed.then(|| TestReport {
            counts,
            failures: self.failures.clone(),
            wrong,
        })
    }

    pub(super) fn add(&mut self, passed: u64, failed: u64, skipped: u64) {
        self.closed = true;
        self.counts.passed += passed;
        self.counts.failed += failed;
        self.counts.skipped += skipped;
    }

    pub(super) fn failure(&mut self, test: &str, message: &str) {
        if self.failures.len() < MAX_FAILURES
            && self.failures.iter().all(|known| known.test != test)
        {
            self.failures.push(Failure {
                test: test.trim().to_owned(),
                message: message.to_owned(),
                ..Failure::default()
            });
        }
    }

    fn tap(&mut self, line: &str) -> Option<()> {
        if let Some(found) = pattern!(r"^1\.\.(\d+)").captures(line) {
            *self.planned.get_or_insert(0) += number(&found, 1);
            return Some(());
        }
        if line.starts_with("Bail out!") {
            self.wrong = Some("the runner bailed out".to_owned());
            return Some(());
        }
        // Node says below a failure where it is and why.
        if let (Some(found), Some(last)) = (
            pattern!(r"^ {2,}(location|error): '(.*)'$").captures(line),
            self.failures.last_mut(),
        ) {
            if &found[1] == "error" && last.message.is_empty() {
                found[2].clone_into(&mut last.message);
            }
            if let Some(at) = pattern!(r"^(.*):(\d+):\d+$")
                .captures(&found[2])
                .filter(|_| &found[1] == "location")
            {
                (last.file, last.line) = (Some(at[1].to_owned()), at[2].parse().ok());
            }
            return None;
        }
        let found = pattern!(r"(?i)^(not )?ok\b(?: +\d+)?(?: *-? *([^#]*))?(?:# *(skip|todo))?")
            .captures(line)?;
        // `ok  	example.com/a	0.1s` is Go's.
        if line.contains('\t') {
            return None;
        }
        match (
            found.get(1),
            found.get(3).map(|word| word.as_str().to_ascii_lowercase()),
        ) {
            (_, Some(word)) if word == "skip" => self.counts.skipped += 1,
            (Some(_), Some(_)) => self.counts.skipped += 1,
            (None, _) => self.counts.passed += 1,
            (Some(_), None) => {
                self.counts.failed += 1;
                let name = found.get(2).map_or("", |name| name.as_str());
                self.failure(if name.trim().is_empty() { line } else { name }, "");
            }
        }
        Some(())
    }

    fn cargo(&mut self, line: &str) -> Option<()> {
        if let Some(found) =
            pattern!(r"^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored;")
                .captures(line)
        {
            self.add(number(&found, 1), number(&found, 2), number(&found, 3));
            return Some(());
        }
        let name = line.strip_prefix("test ")?.strip_suffix(" ... FAILED")?;
        self.failure(name, "");
        Some(())
    }

    fn nextest(&mut self, line: &str) -> Option<()> {
        if let Some(found) =
            pattern!(r"^\s*Summary \[.*?\] +(?:\d+/)?(\d+) tests? run: (.*)").captures(line)
        {
            let text = found.get(2).map_or("", |text| text.as_str());
            let passed = counted(text, &["passed"]);
            self.add(
                passed,
                number(&found, 1).saturating_sub(passed),
                counted(text, &["skipped"]),
            );
            return Some(());
        }
        let found =
            pattern!(r"^\s*(?:FAIL|TIMEOUT|SIG[A-Z]+|ABORT|LEAK-FAIL) \[.*?\] (?:\(.*?\) )?(.*)")
                .captures(line)?;
        self.failure(found.get(1).map_or("", |name| name.as_str()), "");
        Some(())
    }

    fn pytest(&mut self, line: &str) -> Option<()> {
        if let Some(found) =
            pattern!(r"^(?:=+ )?((?:\d+ [a-z]+(?:, )?)+|no tests ran) in [\d.]+s\b").captures(line)
        {
            let text = found.get(1).map_or("", |text| text.as_str());
            self.add(
                counted(text, &["passed", "xfailed", "xpassed"]),
                counted(text, &["failed", "error", "errors"]),
                counted(text, &["skipped", "deselected"]),
            );
            return Some(());
        }
        let found = pattern!(r"^(?:FAILED|ERROR) ([^\s:]+\.py\S*)(?: - (.*))?$").captures(line)?;
        let message = found.get(2).map_or("", |text| text.as_str());
        let test = &found[1];
        self.failure(test, message);
        if let Some(failure) = self
            .failures
            .iter_mut()
            .find(|failure| failure.test == test)
        {
            failure.file = test.split("::").next().map(str::to_owned);
        }
        Some(())
    }

    fn unittest(&mut self, line: &str) -> Option<()> {
        if let Some(found) = pattern!(r"^Ran (\d+) tests? in ").captures(line) {
            self.add(number(&found, 1), 0, 0);
            return Some(());
        }
        if let Some(found) = pattern!(r"^(?:OK|FAILED) \((.*=.*)\)$").captures(line) {
            let of = |wanted: &[&str]| {
                let parts = found[1].split(", ").filter_map(|part| part.split_once('='));
                let chosen = parts.filter(|(word, _)| wanted.contains(word));
                chosen
                    .filter_map(|(_, count)| count.parse::<u64>().ok())
                    .sum::<u64>()
            };
            let (failed, skipped) = (
                of(&["failures", "errors", "unexpected successes"]),
                of(&["skipped"]),
            );
            self.counts.failed += failed;
            self.counts.skipped += skipped;
            self.counts.passed = self.counts.passed.saturating_sub(failed + skipped);
            return Some(());
        }
        let found = pattern!(r"^(?:FAIL|ERROR): (\w+ \([\w.]+\))").captures(line)?;
        self.failure(&found[1], "");
        Some(())
    }

    fn jest(&mut self, line: &str) -> Option<()> {
        // `Tests:  1 failed, 9 passed, 10 total`, and of vitest `Tests  1 failed | 9 passed (10)`.
        if let Some(found) =
            pattern!(r"^\s*Tests:? +((?:\d+ [a-z]+(?: \| |, )?)+)(?: \(\d+\))?$").captures(line)
        {
            let text = found.get(1).map_or("", |text| text.as_str());
            self.add(
                counted(text, &["passed"]),
                counted(text, &["failed"]),
                counted(text, &["skipped", "todo", "pending"]),
            );
            return Some(());
        }
        if pattern!(r"^No tests? (?:files? )?found, exiting with code 0").is_match(line)
            || line.trim() == "Tests  no tests"
        {
            self.closed = true;
            return Some(());
        }
        if let Some(found) =
            pattern!(r"^\s*(?:Test Suites:|Test Files) +(\d+) failed").captures(line)
        {
            self.suites_failed += number(&found, 1);
            return Some(());
        }
        let found = pattern!(r"^\s*FAIL  +(\S+ > .*)$").captures(line)?;
        self.failure(&found[1], "");
        Some(())
    }
}
