//! Whether the work has changed what it is judged by: gates, baselines, the settings of tests and linters, tests that are gone
//! or skipped.
//!
//! Such a change may be right, and no program can tell: it is for a person.

mod weakening;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use globset::GlobSet;
use schemas::{CheckStatus, Finding};
use serde_json::Value;

use super::{Place, Seen, counted};
use crate::git::Git;

/// Files that say how the work is checked, at any depth.
const SETTINGS: &[&str] = &[
    "**/{jest,vitest,playwright,cypress,karma}.{config,conf}.*",
    "**/{.mocharc,.nycrc,.c8rc,.eslintrc,.prettierrc,.stylelintrc}*",
    "**/{eslint,biome}.config.*",
    "**/biome.json",
    "**/{tsconfig,jsconfig}*.json",
    "**/{pytest,mypy,tox}.ini",
    "**/{.coveragerc,.mypy.ini,.flake8,.pylintrc,setup.cfg,ruff.toml,.ruff.toml,noxfile.py}",
    "**/.golangci.*",
    "**/{clippy,.clippy,rustfmt,.rustfmt,tarpaulin,deny}.toml",
    "**/.cargo/config.toml",
    "**/.config/nextest.toml",
    "**/{codecov,.codecov}.y{a,}ml",
    "**/{Makefile,GNUmakefile,makefile,justfile,Justfile}",
    "**/{.pre-commit-config,lefthook,.gitlab-ci}.y{a,}ml",
    ".github/workflows/**",
    ".github/actions/**",
];

/// Manifests that say it in some of their parts.
const MANIFESTS: [&str; 3] = ["package.json", "pyproject.toml", "Cargo.toml"];

/// The parts of package.json.
const KEYS: [&str; 8] = [
    "scripts",
    "jest",
    "vitest",
    "mocha",
    "nyc",
    "c8",
    "eslintConfig",
    "ava",
];

/// The tables of TOML manifests.
const TABLES: [&str; 10] = [
    "tool.pytest",
    "tool.coverage",
    "tool.ruff",
    "tool.mypy",
    "tool.tox",
    "tool.pylint",
    "lints",
    "workspace.lints",
    "[test",
    "profile",
];

/// Tests, by what they are called.
const TESTS: &[&str] = &[
    "**/{test,tests,__tests__,spec,e2e}/**",
    "**/*{_test,_spec,.test,.spec}.*",
    "**/test_*.py",
    "**/*{Test,Tests,Spec,IT}.{java,kt,cs,scala}",
];

/// What the work must not change unseen.
#[derive(Debug)]
pub(crate) struct Tampering {
    /// The file that the gates stand in, relative to the top.
    pub(crate) definitions: PathBuf,
    /// Files that say what they want, relative to where all checks run.
    pub(crate) promises: Vec<PathBuf>,
}

impl Tampering {
    pub(super) fn look(&self, place: &Place<'_>) -> Seen {
        match self.findings(place) {
            Err(why) => Seen::infrastructure(why),
            Ok(findings) if findings.is_empty() => Seen::passed(),
            Ok(findings) => Seen {
                status: CheckStatus::Manual,
                reason: Some(format!(
                    "the work has changed {} that it is judged by: a person must look",
                    counted(findings.len() as u64, "file")
                )),
                findings,
            },
        }
    }

    fn findings(&self, place: &Place<'_>) -> Result<Vec<Finding>, String> {
        let trusted = place.trusted.ok_or("there is no commit to compare with")?;
        let git = Git::open(place.cwd, place.patience)?;
        let fork = git
            .fork_point(trusted)?
            .ok_or("the history has nothing in common with the gates' commit")?;
        let cwd = std::fs::canonicalize(place.cwd).map_err(|error| error.to_string())?;
        let promises: Vec<PathBuf> = self.promises.iter().map(|file| cwd.join(file)).collect();
        let (settings, tests) = (set(SETTINGS), set(TESTS));
        let weakened: HashMap<PathBuf, &str> =
            weakening::weakened(&git.diff(&fork)?).into_iter().collect();
        let mut findings = Vec::new();
        for change in git.changes(&fork)? {
            let path = change.path.as_path();
            let gone = git.top().join(path).symlink_metadata().is_err();
            let told = if self.definitions == path {
                Some((
                    "tampering/gates",
                    "the gates were changed; those of the base were used",
                ))
            } else if promises
                .iter()
                .any(|promise| *promise == git.top().join(path))
            {
                Some(("tampering/promise", "what a gate compares with was changed"))
            } else if settings.is_match(path) || self.manifest_changed(&git, &fork, path)? {
                Some((
                    "tampering/settings",
                    "the settings of tests or linters were changed",
                ))
            } else if gone && tests.is_match(path) {
                Some(("tampering/tests", "a test was deleted"))
            } else {
                let weakened = weakened.get(path);
                weakened.map(|why| ("tampering/tests", *why))
            };
            findings.extend(told.map(|(rule, message)| Finding {
                severity: "important".to_owned(),
                message: message.to_owned(),
                file: Some(path.display().to_string()),
                rule: Some(rule.to_owned()),
                ..Finding::default()
            }));
        }
        Ok(findings)
    }

    /// Of a manifest only the parts that say how the work is checked count.
    fn manifest_changed(&self, git: &Git, commit: &str, path: &Path) -> Result<bool, String> {
        let name = path.file_name().unwrap_or_default();
        if !MANIFESTS.iter().any(|manifest| name == *manifest) {
            return Ok(false);
        }
        let Some(before) = git.show(commit, path)? else {
            return Ok(false);
        };
        let after = std::fs::read(git.top().join(path)).unwrap_or_default();
        let (before, after) = (
            String::from_utf8_lossy(&before),
            String::from_utf8_lossy(&after),
        );
        Ok(if name == "package.json" {
            scripts(&before) != scripts(&after)
        } else {
            tables(&before) != tables(&after)
        })
    }
}

fn set(globs: &[&str]) -> GlobSet {
    let globs: Vec<String> = globs.iter().map(|glob| (*glob).to_owned()).collect();
    schemas::globs(&globs).expect("the globs above are globs")
}

fn scripts(text: &str) -> Vec<Option<Value>> {
    let manifest: Value = serde_json::from_str(text).unwrap_or_default();
    KEYS.iter().map(|key| manifest.get(key).cloned()).collect()
}

/// The lines of those tables, without comments and empty ones.
fn tables(text: &str) -> Vec<&str> {
    let mut counts = false;
    let lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .filter(|line| {
            if let Some(name) = line.strip_prefix('[') {
                counts = TABLES.iter().any(|table| name.starts_with(table));
            }
            counts
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_and_tests_are_known_by_name() {
        let (settings, tests) = (set(SETTINGS), set(TESTS));
        for path in [
            "jest.config.js",
            "web/vitest.config.ts",
            ".eslintrc.json",
            "api/tsconfig.build.json",
            "pytest.ini",
            "Makefile",
            ".github/workflows/ci.yml",
            ".config/nextest.toml",
        ] {
            assert!(settings.is_match(path), "{path}");
        }
        for path in [
            "tests/a.rs",
            "src/a_test.go",
            "src/a.test.ts",
            "pkg/test_a.py",
            "src/ATest.java",
        ] {
            assert!(tests.is_match(path), "{path}");
        }
        for path in ["src/main.rs", "contest.py", "src/latest.ts"] {
            assert!(!tests.is_match(path) && !settings.is_match(path), "{path}");
        }
    }

    #[test]
    fn of_manifests_the_parts_that_judge_count() {
        assert_ne!(
            scripts(r#"{"scripts": {"test": "jest"}}"#),
            scripts(r#"{"scripts": {"test": "jest || true"}}"#)
        );
        assert_eq!(
            scripts(r#"{"version": "1"}"#),
            scripts(r#"{"version": "2"}"#)
        );
        let toml = "[project]\nname = \"a\"\n[tool.pytest.ini_options]\naddopts = \"-q\"\n";
        assert_ne!(tables(toml), tables(&toml.replace("-q", "-k nothing")));
        assert_eq!(tables(toml), tables(&toml.replace("\"a\"", "\"b\"")));
        assert_ne!(tables("[[test]]\nname = \"a\"\n"), tables(""));
    }
}
