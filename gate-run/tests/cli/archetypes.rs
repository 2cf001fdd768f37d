//! Gates as archetypes of autonomous modes have them: `threshold`, `condition`, `auto_fix`.

use crate::{Sandbox, text};

/// What a coverage tool would write; `covered` of 100.
fn report(covered: u32) -> String {
    let of = |covered: u32| {
        format!(r#"{{"total": 100, "covered": {covered}, "skipped": 0, "pct": {covered}}}"#)
    };
    let (lines, others) = (of(covered), of(90));
    format!(
        r#"{{"total": {{"lines": {lines}, "statements": {lines}, "functions": {others}, "branches": {others}}}}}"#
    )
}

/// A gate whose command writes the report to that file.
fn covers(file: &str, threshold: &str) -> String {
    format!(
        r#"[{{"name": "cov", "command": "mkdir -p coverage && cp given {file}", "threshold": {threshold}}}]"#
    )
}

#[test]
fn a_threshold_is_compared_with_the_report_that_the_command_wrote() {
    let sandbox = Sandbox::new();
    let usual = "coverage/coverage-summary.json";
    for (covered, threshold, outcome) in [
        (80, "80", "0 passed: passed"),
        (79, "80", "1 failed: failed"),
        (
            79,
            r#"{"lines": 79, "functions": 90, "branches": 70}"#,
            "0 passed: passed",
        ),
        (
            79,
            r#"{"lines": 79, "functions": 91, "branches": 95}"#,
            "1 failed: failed",
        ),
    ] {
        sandbox.write("given", &report(covered));
        let ran = sandbox.gates(&covers(usual, threshold), &["--quiet"]);
        assert_eq!(ran.outcome(), outcome, "{covered} {threshold}");
        assert_eq!(ran.check(0)["kind"], "metric");
        std::fs::remove_dir_all(sandbox.path().join("coverage")).expect("it was written");
    }
    // All that is missed is told; the number is that of the first.
    sandbox.write("given", &report(79));
    let wanted = r#"{"lines": 79, "functions": 91, "branches": 95}"#;
    let check = sandbox.gates(&covers(usual, wanted), &["--quiet"]).check(0);
    let missed: Vec<&str> = check["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .map(|finding| text(finding, "message"))
        .collect();
    assert_eq!(
        missed,
        [
            "branches.pct is 90%, wanted >= 95%",
            "functions.pct is 90%, wanted >= 91%"
        ]
    );
    assert_eq!(
        (&check["metric"]["name"], &check["metric"]["value"]),
        (&"branches.pct".into(), &90.0.into())
    );
}

#[test]
fn a_threshold_without_a_number_does_not_pass() {
    let sandbox = Sandbox::new();
    sandbox.write("given", &report(99));
    // A report of somewhere else, none at all, and one that was there before.
    let ran = sandbox.gates(&covers("elsewhere.json", "80"), &["--quiet"]);
    assert_eq!(ran.outcome(), "1 failed: failed");
    let check = ran.check(0);
    let reason = text(&check, "reason");
    for said in ["lines.pct", "coverage/lcov.info", "from: {file"] {
        assert!(reason.contains(said), "{reason}");
    }
    sandbox.write("coverage/coverage-summary.json", &report(99));
    let forged = r#"[{"command": "true", "threshold": 80}]"#;
    let ran = sandbox.gates(forged, &["--quiet"]);
    assert_eq!(ran.outcome(), "1 failed: failed");
    // Where a report is named, or numbers are given, they are taken.
    let named = r#"[{"command": "cp given elsewhere.json", "threshold": 80, "from": {"file": "elsewhere.json"}}]"#;
    assert_eq!(
        sandbox.gates(named, &["--quiet"]).outcome(),
        "0 passed: passed"
    );
    sandbox.write("metrics.json", r#"{"lines.pct": 81}"#);
    let ran = sandbox.gates(forged, &["--quiet", "--metrics", "metrics.json"]);
    assert_eq!(ran.outcome(), "0 passed: passed");
}

#[test]
fn a_threshold_that_says_nothing_is_a_mistake() {
    let sandbox = Sandbox::new();
    for gate in [
        r#"{"command": "true", "threshold": {}}"#,
        r#"{"command": "true", "threshold": 101}"#,
        r#"{"command": "true", "threshold": {"accuracy": 80}}"#,
        r#"{"command": "true", "threshold": "most"}"#,
        r#"{"command": "true", "threshold": 80, "assert": "x > 1"}"#,
        r#"{"tests": {"report": "r.xml"}, "threshold": 80}"#,
        r#"{"command": "true", "threshold": 80, "from": {"regex": "x"}}"#,
        r#"{"command": "true", "auto_fix": 3}"#,
    ] {
        let ran = sandbox.gates(&format!("[{gate}]"), &[]);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), ""), "{gate}");
    }
}

#[test]
fn a_condition_rules_out_what_does_not_apply() {
    let sandbox = Sandbox::new();
    let document = r#"{"defaults": {"language": "go"}, "quality_gates": {"after_feature": [
        {"name": "types", "command": "false", "condition": "typescript"},
        {"name": "vet", "command": "true", "condition": "language == go"},
        {"name": "e2e", "command": "false", "condition": "has_e2e"},
        {"name": "later", "command": "true", "needs": ["e2e"]}]}}"#;
    let said = [
        "--var",
        "typescript=false",
        "--var",
        "has_e2e=no",
        "--strict",
    ];
    let ran = sandbox.gates(document, &said);
    assert_eq!(ran.outcome(), "0 passed: skipped passed skipped passed");
    assert!(text(&ran.check(0), "reason").contains("typescript"));
    // What nobody says anything about is not skipped.
    let ran = sandbox.gates(document, &["--var", "has_e2e"]);
    assert_eq!(ran.outcome(), "1 failed: failed passed failed skipped");
    assert!(
        ran.stderr
            .contains("nothing says whether `typescript` holds")
    );
    assert!(
        ran.stderr.contains("--var typescript=VALUE"),
        "{}",
        ran.stderr
    );
    // The work is not asked: it could say what it likes.
    sandbox.write("package.json", r#"{"has_e2e": false}"#);
    let list = sandbox.gates(document, &["--list", "--var", "has_e2e=0"]);
    assert!(
        list.stdout.contains("skipped, as not: has_e2e"),
        "{}",
        list.stdout
    );
    assert_eq!(sandbox.gates(document, &["--var", "=x"]).code, Some(2));
}

/// A linter that finds fault until its fixer was there, and a check that looks what was linted.
const LINT: &str = r#"[{"name": "before", "command": "echo x >>runs"},
    {"name": "lint", "command": "test -e mended", "fix": "touch mended"},
    {"name": "same", "command": "test -e mended", "fix": "touch mended; echo y >>fixes", "required": false}]"#;

#[test]
fn a_fix_is_told_and_never_run_unasked() {
    let sandbox = Sandbox::new();
    let ran = sandbox.gates(LINT, &[]);
    assert_eq!(ran.outcome(), "1 failed: passed failed warned");
    assert_eq!(text(&ran.check(1), "fix"), "touch mended");
    assert!(
        ran.stderr.contains("--fix runs `touch mended`"),
        "{}",
        ran.stderr
    );
    assert!(ran.check(0).get("fix").is_none() && !sandbox.path().join("mended").exists());
}

#[test]
fn after_a_fix_everything_runs_again_from_the_start() {
    let sandbox = Sandbox::new();
    let lines = |name: &str| {
        let text = std::fs::read_to_string(sandbox.path().join(name));
        text.unwrap_or_default().lines().count()
    };
    let ran = sandbox.gates(LINT, &["--fix"]);
    assert_eq!(ran.outcome(), "0 passed: passed passed passed");
    assert_eq!((&ran.verdict()["attempts"], lines("runs")), (&2.into(), 2));
    assert!(ran.check(1).get("fix").is_none());
    // Nothing failed: nothing is mended.
    let ran = sandbox.gates(LINT, &["--fix"]);
    assert_eq!(
        (&ran.verdict()["attempts"], lines("runs"), lines("fixes")),
        (&1.into(), 3, 1)
    );
}

#[test]
fn a_fix_that_does_not_help_is_run_once() {
    let sandbox = Sandbox::new();
    let gate = r#"[{"name": "lint", "command": "echo x >>runs; false", "auto_fix": true},
        {"name": "other", "command": "false", "auto_fix": false}, {"name": "own", "command": "false", "auto_fix": "exit 3"}]"#;
    let ran = sandbox.gates(gate, &["--fix"]);
    assert_eq!(ran.outcome(), "1 failed: failed failed failed");
    let runs = std::fs::read_to_string(sandbox.path().join("runs")).expect("it ran");
    assert_eq!(runs.lines().count(), 3);
    assert!(text(&ran.check(0), "fix").contains("false") && ran.check(1).get("fix").is_none());
    // What mends is looked at, too.
    let harmful = r#"[{"command": "true", "fix": "rm -rf /srv"}]"#;
    assert_eq!(sandbox.gates(harmful, &["--safe", "--quiet"]).code, Some(3));
}
