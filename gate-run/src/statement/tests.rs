use super::*;

/// `age`, `load` and `find` are programs that some machine has; everything else is missing.
fn kind(text: &str) -> &'static str {
    let found =
        |word: &str| ["age", "load", "security", "find", "check-all", "bin/lint"].contains(&word);
    match read(text, found) {
        Statement::Assertion(_) => "assertion",
        Statement::Command { .. } => "command",
        Statement::Manual { doubt: Some(_) } => "doubt",
        Statement::Manual { doubt: None } => "statement",
    }
}

fn all_are(expected: &str, texts: &[&str]) {
    for text in texts {
        assert_eq!(kind(text), expected, "{text}");
    }
}

#[test]
fn assertions() {
    all_are(
        "assertion",
        &[
            "coverage >= 80%",
            "eval accuracy >= 80%",
            "lines.pct > 79.5",
            "errors == 0",
        ],
    );
}

#[test]
fn commands_also_when_their_program_is_missing() {
    all_are(
        "command",
        &[
            "npm test",
            "npm run lint",
            "npm run clean",
            "npm run test:coverage",
            "pytest",
            "pytest tests/",
            "cargo test",
            "cargo clippy -- -D warnings",
            "go test ./...",
            "go vet ./...",
            "make",
            "make test",
            "make lint test",
            "make test-unit",
            "make -C api check",
            "node scripts/check.js",
            "python manage.py test",
            "python3 -m unittest",
            "terraform fmt -check",
            "CI=1 npm test",
            "! grep -q TODO src",
            "cd api && npm test",
            "test -f dist/app.js",
            "[ -f dist/app.js ]",
            "./check",
            "./scripts/check.sh fast",
            "../tools/check",
            "~/bin/check",
            "scripts/check.sh",
            "bin/lint",
            "check-all",
            "mytool --strict src",
            "docker compose up -d",
            "true",
            "exit 3",
            "if test -d x; then npm test; fi",
            "(cd api && npm test)",
        ],
    );
}

#[test]
fn statements_are_never_run() {
    all_are(
        "statement",
        &[
            "no consumer lag issues",
            "evaluation metrics >= baseline",
            "evals pass",
            "guardrails tests pass",
            "cost estimation review",
            "accessibility audit complete",
            "README.md updated; changelog updated",
            "Make sure that nothing is deleted",
            "Test coverage is good",
            "latency < 200ms",
            "[x] docs updated",
        ],
    );
}

#[test]
fn what_may_be_either_is_not_run_and_says_so() {
    all_are(
        "doubt",
        &[
            "age rating approved",
            "load testing",
            "security scan",
            "security_scan",
            "find no regressions",
            "npm test passes",
            "npm audit clean",
            "cargo builds without warnings",
            "docker image scanned",
            "terraform plan reviewed",
            "make sure docs exist",
            "make sense",
            "go live approved",
            "go live",
            "test coverage complete",
            "time to interactive under 3s",
            "if tests fail then stop",
            "task force established",
            "bash scripts reviewed",
            "/health endpoint returns 200",
            "UI/UX review done",
            "true positives reviewed",
            "coverage above baseline",
        ],
    );
}

#[test]
fn the_shells_own_words_need_no_program() {
    let program = |text: &str| match read(text, |_| false) {
        Statement::Command { program } => program,
        other => panic!("{text}: {other:?}"),
    };
    assert_eq!(program("cd api && npm test"), None);
    assert_eq!(program("CI=1 npm test").as_deref(), Some("npm"));
    assert_eq!(program("! grep -q TODO src").as_deref(), Some("grep"));
}
