//! Tests that are still there and no longer run: newly skipped ones, and ones that were taken out of a file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::bytes::Regex;

use crate::diff;

/// Sources in which the patterns below mean what they say.
const SOURCES: [&str; 14] = [
    "rs", "js", "jsx", "mjs", "cjs", "ts", "tsx", "py", "go", "java", "kt", "cs", "scala", "rb",
];

/// What keeps a test from running, or all others.
static SKIPS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&[
        r"#\[\s*(cfg_attr\(.*,\s*)?ignore\b",
        r"\b(it|test|describe|context|suite)\.(skip|todo|only|fails|failing)\b",
        r"\b[xf](it|describe|test|context)\s*\(",
        r"@(pytest\.mark\.|unittest\.|nose\.)?(skip|skipif|skipIf|skipUnless|xfail|expectedFailure)\b",
        r"\bpytest\.(skip|xfail)\s*\(",
        r"\bself\.skipTest\s*\(",
        r"\bt\.Skip(Now|f)?\s*\(",
        r"@(Disabled|Ignore)\b",
        r"\[(Fact|Theory|Test)\s*\([^)]*(Skip|Ignore)",
        r"\[Ignore\b",
    ])
});

/// Where a test begins.
static TESTS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&[
        r"#\[\s*([a-z_]+::)*(test|test_case|rstest)\b",
        // `it.skip(` is a test that is skipped, not one that is gone.
        r"\b[xf]?(it|test)(\.\w+)*\s*\(",
        r"^\s*(async\s+)?def test",
        r"^func Test\w*\(",
        r"@(Parameterized)?Test\b",
        r"\[(Fact|Theory|Test)\b",
    ])
});

fn pattern(parts: &[&str]) -> Regex {
    Regex::new(&parts.join("|")).expect("the patterns above are patterns")
}

/// What one file has more and less of than before.
#[derive(Debug, Default, Clone, Copy)]
struct Change {
    skips: i64,
    tests: i64,
}

/// Files in which tests are skipped that ran before, or that lost tests that have come up nowhere else; and in what way.
pub(super) fn weakened(diff: &[u8]) -> Vec<(PathBuf, &'static str)> {
    let mut files: BTreeMap<PathBuf, Change> = BTreeMap::new();
    diff::lines(diff, |file, line| {
        if !is_source(file) {
            return;
        }
        let (skips, tests) = (SKIPS.is_match(line.text), TESTS.is_match(line.text));
        if skips || tests {
            let by = if line.is_new { 1 } else { -1 };
            let change = files.entry(file.to_owned()).or_default();
            change.skips += by * i64::from(skips);
            change.tests += by * i64::from(tests);
        }
    });
    let balance: i64 = files.values().map(|change| change.tests).sum();
    let told = files.into_iter().filter_map(|(file, change)| {
        if change.skips > 0 {
            Some((file, "tests are skipped that ran before"))
        } else if change.tests < 0 && balance < 0 {
            Some((file, "tests were taken out"))
        } else {
            None
        }
    });
    told.collect()
}

fn is_source(file: &Path) -> bool {
    let end = file.extension().and_then(|end| end.to_str());
    end.is_some_and(|end| SOURCES.contains(&end))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A diff in which those lines go and those come.
    fn diff(file: &str, old: &[&str], new: &[&str]) -> String {
        let lines = |sign: &str, lines: &[&str]| -> String {
            lines.iter().map(|line| format!("{sign}{line}\n")).collect()
        };
        format!(
            "diff --git {file} {file}\n--- {file}\n+++ {file}\n@@ -1,{} +1,{} @@\n{}{}",
            old.len(),
            new.len(),
            lines("-", old),
            lines("+", new)
        )
    }

    fn told(diff: &str) -> Vec<String> {
        let found = weakened(diff.as_bytes());
        let words = found
            .iter()
            .map(|(file, why)| format!("{} {why}", file.display()));
        words.collect()
    }

    #[test]
    fn a_test_that_is_newly_skipped_is_told_in_every_language() {
        for (file, old, new) in [
            (
                "src/a.rs",
                &["#[test]"][..],
                &["#[test]", "#[ignore = \"slow\"]"][..],
            ),
            (
                "a.test.ts",
                &["it('adds', () => {"],
                &["it.skip('adds', () => {"],
            ),
            (
                "a.test.js",
                &["describe('x', () => {"],
                &["xdescribe('x', () => {"],
            ),
            (
                "a.spec.ts",
                &["test('other', () => {"],
                &["test.only('other', () => {"],
            ),
            ("test_a.py", &[], &["@pytest.mark.xfail"]),
            ("test_b.py", &[], &["        self.skipTest('later')"]),
            ("a_test.go", &[], &["\tt.Skip(\"later\")"]),
            ("ATest.java", &[], &["  @Disabled"]),
            ("A.cs", &["[Fact]"], &["[Fact(Skip = \"later\")]"]),
        ] {
            let expected = [format!("{file} tests are skipped that ran before")];
            assert_eq!(told(&diff(file, old, new)), expected, "{file}");
            assert_eq!(told(&diff(file, new, old)), [""; 0], "{file} the other way");
        }
    }

    #[test]
    fn tests_that_are_gone_are_told_and_those_that_moved_are_not() {
        let gone = diff("src/a.rs", &["    #[test]", "    fn adds() {"], &[]);
        assert_eq!(told(&gone), ["src/a.rs tests were taken out"]);
        let moved = diff("src/b.rs", &[], &["    #[test]", "    fn adds() {"]);
        assert_eq!(told(&format!("{gone}{moved}")), [""; 0]);
        let prose = diff("README.md", &["it('adds')", "#[test]"], &["#[ignore]"]);
        assert_eq!(told(&prose), [""; 0]);
        let renamed = diff("test_a.py", &["def test_a():"], &["def test_b():"]);
        assert_eq!(told(&renamed), [""; 0]);
    }
}
