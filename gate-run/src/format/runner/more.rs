//! More runners: Go in both of its forms, and those that are known by their closing lines.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::lines::{Reading, number, pattern};

impl Reading {
    pub(super) fn go_json(&mut self, line: &str) -> Option<()> {
        let value: Value = serde_json::from_str(line).ok()?;
        let (action, package) = (
            value.get("Action")?.as_str()?,
            value.get("Package")?.as_str()?,
        );
        let test = value.get("Test").and_then(Value::as_str);
        match (action, test) {
            ("pass", Some(_)) => self.counts.passed += 1,
            ("skip", Some(_)) => self.counts.skipped += 1,
            ("fail", Some(test)) => {
                self.counts.failed += 1;
                self.failure(&format!("{package} {test}"), "");
            }
            // A package that did not build has no test that failed.
            ("fail", None)
                if self
                    .failures
                    .iter()
                    .all(|known| !known.test.starts_with(&format!("{package} "))) =>
            {
                self.counts.failed += 1;
                self.failure(package, "it did not build, or ended without a result");
            }
            _ => {}
        }
        self.closed |= test.is_none() && matches!(action, "pass" | "fail" | "skip");
        Some(())
    }

    pub(super) fn go(&mut self, line: &str) -> Option<()> {
        if let Some(found) = pattern!(r"^\s*--- (PASS|FAIL|SKIP): (\S+) \(").captures(line) {
            match &found[1] {
                "PASS" => self.add(1, 0, 0),
                "SKIP" => self.add(0, 0, 1),
                _ => {
                    self.add(0, 1, 0);
                    self.failure(&found[2], "");
                }
            }
            return Some(());
        }
        if pattern!(r"^ok\s+\S+\s+\S+\s+\[no tests to run\]$|^\?\s+\S+\s+\[no test files\]$")
            .is_match(line)
        {
            self.closed = true;
            return Some(());
        }
        // Without -v a package is all that is named.
        if pattern!(r"^ok\s+\S+\s+(?:\(cached\)|[\d.]+s)(?:\s+coverage:.*)?$").is_match(line) {
            self.add(1, 0, 0);
            return Some(());
        }
        let found = pattern!(r"^FAIL\s+(\S+)\s+(?:[\d.]+s|\[.*\])$").captures(line)?;
        self.add(0, 1, 0);
        self.failure(&found[1], "");
        Some(())
    }

    pub(super) fn other(&mut self, line: &str) -> Option<()> {
        if let Some(found) = pattern!(r"^\s+(\d+) (passing|failing|pending)\b").captures(line) {
            let count = number(&found, 1);
            match &found[2] {
                "passing" => self.add(count, 0, 0),
                "failing" => self.add(0, count, 0),
                _ => self.add(0, 0, count),
            }
        } else if let Some(found) =
            pattern!(r"^(\d+) examples?, (\d+) failures?(?:, (\d+) pending)?").captures(line)
        {
            let (all, failed, pending) = (number(&found, 1), number(&found, 2), number(&found, 3));
            self.add(all.saturating_sub(failed + pending), failed, pending);
        } else if let Some(found) =
            pattern!(r"^\d+% tests passed, (\d+) tests? failed out of (\d+)").captures(line)
        {
            let (failed, all) = (number(&found, 1), number(&found, 2));
            self.add(all.saturating_sub(failed), failed, 0);
        } else if let Some(found) = pattern!(r"^OK \((\d+) tests?, ").captures(line) {
            self.add(number(&found, 1), 0, 0);
        } else if let Some(found) =
            pattern!(r"^Tests: (\d+), Assertions: \d+(?:, Errors: (\d+))?(?:, Failures: (\d+))?")
                .captures(line)
        {
            let failed = number(&found, 2) + number(&found, 3);
            self.add(number(&found, 1).saturating_sub(failed), failed, 0);
        } else if let Some(found) = pattern!(r"^(?:#|ℹ) (tests|pass|fail) (\d+)$").captures(line)
        {
            // Node's runner: its own lines beside TAP or in place of it.
            match &found[1] {
                "pass" => self.add(number(&found, 2), 0, 0),
                "fail" => self.add(0, number(&found, 2), 0),
                _ => self.closed = true,
            }
        } else if pattern!(r"^No tests executed!|^No tests were found!!!").is_match(line) {
            self.closed = true;
        } else {
            return None;
        }
        Some(())
    }
}
