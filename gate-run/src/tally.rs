//! How many tests a test runner says that it ran: none at all is no evidence.

use std::sync::LazyLock;

use regex::Regex;

/// What test runners print. The first group, where there is one, is how many ran; without one, none did.
const SUMMARIES: &[&str] = &[
    // cargo test: ignored and filtered ones did not run.
    r"^test result: \w+\. (\d+) passed; 0 failed;",
    // cargo nextest, after the label
    r"^\s*Summary \[.*\] +(\d+) tests? run:",
    // go test
    r"^\?\s+\S+\s+\[no test files\]$",
    r"^ok\s+\S+\s+\S+\s+\[no tests to run\]$",
    // unittest, node --test, TAP
    r"^Ran (\d+) tests? in ",
    r"^(?:#|ℹ) tests (\d+)$",
    r"^1\.\.(\d+)$",
    // pytest, jest, vitest, mocha, phpunit, ctest, rspec
    r"^=* ?no tests ran\b",
    r"^Tests:.*\s(\d+) total$",
    r"^No tests? (?:files? )?found, exiting with code 0",
    r"^\s+(\d+) passing\b",
    r"^No tests executed!",
    r"^No tests were found!!!",
    r"^(\d+) examples?, 0 failures",
];

/// go test names every package that had tests.
const GO_RAN: &str = r"^ok\s+\S+\s+(?:\(cached\)|[\d.]+s)(?:\s+coverage:.*)?$";

/// Whether a test runner has reported, and every report was of no test.
pub(crate) fn no_test_ran(output: &str) -> bool {
    static PATTERNS: LazyLock<Vec<Regex>> =
        LazyLock::new(|| SUMMARIES.iter().map(|pattern| compiled(pattern)).collect());
    static RAN: LazyLock<Regex> = LazyLock::new(|| compiled(GO_RAN));
    let mut none = false;
    for line in output.lines() {
        let line = line.trim_end();
        if RAN.is_match(line) {
            return false;
        }
        for captures in PATTERNS.iter().filter_map(|pattern| pattern.captures(line)) {
            match captures.get(1) {
                Some(number) if number.as_str().bytes().any(|digit| digit != b'0') => return false,
                _ => none = true,
            }
        }
    }
    none
}

/// Whether the output holds anything that could be a report, so that most outputs cost no patterns.
pub(crate) fn may_tell(output: &str) -> bool {
    ["test", "Test", "passing", "example", "1.."]
        .iter()
        .any(|word| output.contains(word))
}

fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the patterns above are regular expressions")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runners_that_ran_nothing() {
        for output in [
            "running 0 tests\n\ntest result: ok. 0 passed; 0 failed; 3 ignored; 0 measured\n",
            "?   \texample.com/a\t[no test files]\n",
            "ok  \texample.com/a\t0.1s [no tests to run]\n",
            "\n----\nRan 0 tests in 0.000s\n\nOK\n",
            "TAP version 13\n1..0\n# tests 0\n# pass 0\n",
            "No tests found, exiting with code 0\n",
            "  0 passing (1ms)\n",
            "Tests:       0 total\n",
        ] {
            assert!(may_tell(output) && no_test_ran(output), "{output}");
        }
    }

    #[test]
    fn runners_that_ran_something_or_are_none() {
        for output in [
            "test result: ok. 0 passed; 0 failed;\ntest result: ok. 12 passed; 0 failed;\n",
            "?   \ta\t[no test files]\nok  \tb\t0.02s\n",
            "?   \ta\t[no test files]\nok  \tb\t(cached)\tcoverage: 81.0% of statements\n",
            "Ran 10 tests in 0.1s\n",
            "Tests:       1 failed, 9 passed, 10 total\n",
            "  20 passing (1ms)\n",
            "Finished dev profile\n",
            "",
        ] {
            assert!(!no_test_ran(output), "{output}");
        }
    }
}
