//! Findings out of what compilers, linters and test runners print.
//!
//! rustc and clippy, tsc, eslint, ruff, mypy, go, gcc and clang, pytest, and panics of Rust.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use schemas::Finding;

/// Most findings of one output; the verdict carries fewer.
const MAX_FINDINGS: usize = 1000;

/// Longest line that is looked at: minified code is no diagnosis.
const MAX_LINE: usize = 2000;

/// Each holds on one line. Groups: `file`, `line`, `column`, `level`, `rule`, `message`.
const ONE_LINE: [&str; 6] = [
    // tsc, plain and pretty
    r"^(?P<file>[^\s(][^(]*)\((?P<line>\d+),(?P<column>\d+)\): (?P<level>error|warning) (?P<rule>TS\d+): (?P<message>.+)$",
    r"^(?P<file>\S[^:]*):(?P<line>\d+):(?P<column>\d+) - (?P<level>error|warning) (?P<rule>TS\d+): (?P<message>.+)$",
    // gcc, clang, mypy: the rule, when there is one, stands in brackets at the end
    r"^(?P<file>[^\s:][^:]*):(?P<line>\d+)(?::(?P<column>\d+))?: (?:fatal )?(?P<level>error|warning|note): (?P<message>.+?)(?:\s+\[(?P<rule>[\w\-=,+.]+)\])?$",
    // ruff and flake8, concise
    r"^(?P<file>[^\s:][^:]*):(?P<line>\d+):(?P<column>\d+): (?P<rule>[A-Z]+\d+) (?:\[\*\] )?(?P<message>.+)$",
    // pytest: where it was raised
    r"^(?P<file>\S+\.py):(?P<line>\d+): (?P<message>(?:\w+\.)*\w*(?:Error|Exception|Failed|Warning)\w*)$",
    // go build and go vet
    r"^(?:vet: )?(?P<file>[^\s:]+\.go):(?P<line>\d+):(?P<column>\d+): (?P<message>.+)$",
];

macro_rules! pattern {
    ($text:literal) => {{
        static PATTERN: LazyLock<Regex> =
            LazyLock::new(|| Regex::new($text).expect("the pattern is a regular expression"));
        &*PATTERN
    }};
}

/// The findings in an output, each once, those that stop the work first. Files below `cwd` are named relative to it.
pub(crate) fn findings(output: &str, cwd: &Path) -> Vec<Finding> {
    static PATTERNS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
        let compiled = ONE_LINE.iter().map(|text| Regex::new(text));
        let compiled: Result<Vec<Regex>, _> = compiled.collect();
        compiled.expect("the patterns above are regular expressions")
    });
    let mut reading = Reading {
        cwd,
        found: Vec::new(),
        seen: BTreeSet::new(),
        title: None,
        file: None,
        panic: None,
    };
    for line in output.lines().filter(|line| line.len() <= MAX_LINE) {
        if reading.found.len() == MAX_FINDINGS {
            break;
        }
        if reading.several_lines(line) {
            continue;
        }
        if let Some(found) = PATTERNS.iter().find_map(|pattern| pattern.captures(line)) {
            reading.one_line(&found);
        }
    }
    let mut found = reading.found;
    found.sort_by_key(|finding| finding.severity != "important");
    found
}

struct Reading<'a> {
    cwd: &'a Path,
    found: Vec<Finding>,
    seen: BTreeSet<String>,
    /// Level, rule and message, whose place comes on a later line: rustc, clippy, ruff.
    title: Option<(String, Option<String>, String)>,
    /// The file that eslint lists problems of.
    file: Option<String>,
    /// Where Rust panicked; the message comes on the next line.
    panic: Option<(String, String, u32, u32)>,
}

impl Reading<'_> {
    fn one_line(&mut self, found: &Captures<'_>) {
        let text = |name: &str| found.name(name).map(|found| found.as_str());
        let number = |name: &str| text(name).and_then(|text| text.parse().ok());
        let level = text("level").unwrap_or("error");
        // A note explains the error before it.
        if level == "note" {
            return;
        }
        self.add(
            level,
            text("rule"),
            text("message").unwrap_or_default(),
            text("file").unwrap_or_default(),
            number("line"),
            number("column"),
        );
    }

    /// `true`: the line belongs to something that goes over several.
    fn several_lines(&mut self, line: &str) -> bool {
        if let Some((test, file, at, column)) = self.panic.take() {
            let line = &format!("{test}: {}", line.trim());
            self.add("error", Some("panic"), line, &file, Some(at), Some(column));
            return true;
        }
        if let Some(found) =
            pattern!(r"^\s*thread '(.*)' (?:\(\d+\) )?panicked at (.+?):(\d+):(\d+):$")
                .captures(line)
        {
            let number = |group: usize| found[group].parse().unwrap_or(0);
            self.panic = Some((
                found[1].to_owned(),
                found[2].to_owned(),
                number(3),
                number(4),
            ));
            return true;
        }
        if let Some(found) = pattern!(r"^(error|warning)(?:\[(\w+)\])?: (.+)$").captures(line) {
            let rule = found.get(2).map(|rule| rule.as_str().to_owned());
            self.title = Some((found[1].to_owned(), rule, found[3].to_owned()));
            return true;
        }
        if let Some(found) = pattern!(r"^([A-Z]{1,4}\d{2,4}) (?:\[\*\] )?(\S.*)$").captures(line) {
            self.title = Some((
                "error".to_owned(),
                Some(found[1].to_owned()),
                found[2].to_owned(),
            ));
            return true;
        }
        if let Some(found) = pattern!(r"^\s*--> (.+?):(\d+):(\d+)$").captures(line) {
            if let Some((level, rule, message)) = self.title.take() {
                let number = |group: usize| found[group].parse().ok();
                self.add(
                    &level,
                    rule.as_deref(),
                    &message,
                    &found[1],
                    number(2),
                    number(3),
                );
            }
            return true;
        }
        if self.javascript(line) {
            return true;
        }
        // clippy names its rule below.
        if let Some(found) =
            pattern!(r"`(?:-[DW] |#\[(?:warn|deny)\()(clippy::[\w-]+)").captures(line)
        {
            if let Some(last) = self.found.last_mut().filter(|last| last.rule.is_none()) {
                last.rule = Some(found[1].replace('-', "_"));
            }
            return true;
        }
        self.eslint(line)
    }

    /// vitest (` FAIL  a.test.js > name`) and jest (`  ● name`), below it why, and below that where.
    fn javascript(&mut self, line: &str) -> bool {
        if let Some(found) =
            pattern!(r"^\s*(?:FAIL  +\S+ > (?:.* > )?|● (?:.* › )?)(\S.*)$").captures(line)
        {
            self.title = Some((
                "error".to_owned(),
                Some("test".to_owned()),
                found[1].to_owned(),
            ));
            return true;
        }
        let of_test = self
            .title
            .as_mut()
            .filter(|(_, rule, _)| rule.as_deref() == Some("test"));
        let Some((_, _, title)) = of_test else {
            return false;
        };
        if let Some(found) =
            pattern!(r"^(?:\s+❯ (?:.* )?|\s+at (?:.*\()?)((?:/|\.|\w)[^\s():]*):(\d+):(\d+)\)?$")
                .captures(line)
        {
            let (file, line, column) = (&found[1], found[2].parse().ok(), found[3].parse().ok());
            if !file.contains("node_modules/")
                && let Some((level, rule, message)) = self.title.take()
            {
                self.add(&level, rule.as_deref(), &message, file, line, column);
            }
            return true;
        }
        if !title.contains(": ") && pattern!(r"^(?:\w*Error: |    expect\()").is_match(line) {
            title.push_str(": ");
            title.push_str(line.trim());
        }
        false
    }

    /// A file on a line of its own, and below it `  3:5  error  message  rule`.
    fn eslint(&mut self, line: &str) -> bool {
        if let Some(found) =
            pattern!(r"^\s+(\d+):(\d+)\s+(error|warning)\s+(.+?)(?:\s\s+(\S+))?$").captures(line)
        {
            if let Some(file) = self.file.clone() {
                let rule = found.get(5).map(|rule| rule.as_str());
                let number = |group: usize| found[group].parse().ok();
                self.add(&found[3], rule, &found[4], &file, number(1), number(2));
            }
            return true;
        }
        if pattern!(r"^(?:/|\./|\w)[^\s:]*\.\w+$").is_match(line) {
            self.file = Some(line.to_owned());
            return true;
        }
        false
    }

    fn add(
        &mut self,
        level: &str,
        rule: Option<&str>,
        message: &str,
        file: &str,
        line: Option<u32>,
        column: Option<u32>,
    ) {
        let whole = Path::new(file);
        let file = whole.strip_prefix(self.cwd).unwrap_or(whole);
        let file = file
            .strip_prefix("./")
            .unwrap_or(file)
            .display()
            .to_string();
        let severity = if level == "error" {
            "important"
        } else {
            "minor"
        };
        let message: String = message.trim().chars().take(400).collect();
        if self
            .seen
            .insert(format!("{file}:{line:?}:{column:?}:{rule:?}:{message}"))
        {
            self.found.push(Finding {
                severity: severity.to_owned(),
                message,
                file: Some(file),
                line: line.filter(|line| *line > 0),
                column: column.filter(|column| *column > 0),
                rule: rule.map(str::to_owned),
            });
        }
    }
}

#[cfg(test)]
mod tests;
