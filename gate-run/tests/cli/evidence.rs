//! What is looked at beside the end of a command: artifacts, tests, metrics, reviews.

use crate::boundaries::{commit, git, repository};
use crate::{Sandbox, text};

const JUNIT: &str =
    r#"<testsuite tests="2" failures="0"><testcase name="a"/><testcase name="b"/></testsuite>"#;

#[test]
fn an_artifact_is_there_holds_something_and_is_valid() {
    let sandbox = Sandbox::new();
    std::fs::create_dir_all(sandbox.path().join("dist/empty")).expect("folders");
    sandbox.write("dist/app.js", "x");
    sandbox.write("dist/none.js", "");
    sandbox.write("m.json", r#"{"size": "big"}"#);
    sandbox.write("m.yaml", "size: 3\n");
    sandbox.write("s.json", r#"{"properties": {"size": {"type": "integer"}}}"#);
    let document = r#"[{"artifact": "dist/app.js"}, {"artifact": "dist"}, {"artifact": "m.yaml", "schema": "s.json"},
        {"artifact": "dist/none.js"}, {"artifact": "dist/empty"}, {"artifact": "nowhere"}, {"artifact": "m.json", "schema": "s.json"},
        {"command": "echo built > made", "artifact": "made"}, {"artifact": "m.json", "schema": "no-schema.json", "required": false}]"#;
    let ran = sandbox.gates(document, &["--quiet"]);
    assert_eq!(
        ran.outcome(),
        "1 failed: passed passed passed failed failed failed failed passed infrastructure"
    );
    assert_eq!(ran.check(6)["findings"][0]["rule"], "artifact/schema");
    assert!(text(&ran.check(6)["findings"][0], "message").starts_with("/size: "));
    assert_eq!(ran.check(0)["kind"], "artifact");
}

#[test]
fn tests_are_counted_and_none_is_no_pass() {
    let sandbox = Sandbox::new();
    sandbox.write("ok.xml", JUNIT);
    sandbox.write("none.xml", "<testsuites/>");
    sandbox.write("bad.xml", r#"<testsuite><testcase classname="pkg" name="t" file="t.py" line="7"><failure message="boom"/></testcase></testsuite>"#);
    sandbox.write(
        "hides.xml",
        r#"<testsuite failures="3"><testcase name="a"/></testsuite>"#,
    );
    let document = r#"[{"tests": {"report": "ok.xml"}}, {"tests": {"report": "ok.xml", "atLeast": 3}}, {"tests": {"report": "none.xml"}},
        {"tests": {"report": "bad.xml"}}, {"tests": {"report": "hides.xml"}}, {"tests": {"report": "nowhere.xml"}},
        {"command": "echo '1..2'; echo 'ok 1'; echo 'ok 2'", "tests": {}}, {"command": "true", "tests": {}},
        {"command": "echo '1..2'; echo 'ok 1'; echo 'not ok 2 - x'", "tests": {"format": "tap"}},
        {"command": "echo '2 passed in 0.1s'; exit 1", "tests": {"format": "pytest"}}]"#;
    let ran = sandbox.gates(document, &["--quiet"]);
    assert_eq!(
        ran.outcome(),
        "1 failed: passed failed failed failed failed failed passed failed failed failed"
    );
    assert_eq!(ran.check(0)["tests"]["passed"], 2);
    for (index, reason) in [
        (1, "2 tests run, wanted at least 3"),
        (2, "no test was run"),
        (3, "1 of 1 test failed"),
        (4, "the report speaks of 3 failures and shows 0"),
        (5, "there is no report nowhere.xml"),
        (7, "there is no report of tests in the output"),
        (9, "exit code 1"),
    ] {
        assert!(
            text(&ran.check(index), "reason").contains(reason),
            "{index}: {}",
            ran.check(index)
        );
    }
    let finding = &ran.check(3)["findings"][0];
    assert_eq!(
        (text(finding, "file"), &finding["line"]),
        ("t.py", &7.into())
    );
    assert_eq!(text(finding, "message"), "pkg t: boom");
    assert_eq!(
        sandbox
            .gates(
                r#"[{"tests": {"report": "none.xml"}}]"#,
                &["--allow-no-tests"]
            )
            .outcome(),
        "0 passed: passed"
    );
}

/// The tricks that agents have used to get past a gate.
#[test]
fn reports_that_do_not_tell_of_this_run() {
    let sandbox = Sandbox::new();
    sandbox.write("old.xml", JUNIT);
    sandbox.write("copy.xml", JUNIT);
    sandbox.write(
        "bad.xml",
        r#"<testsuite><testcase name="t"><error/></testcase></testsuite>"#,
    );
    let past = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
    let file = std::fs::File::open(sandbox.path().join("copy.xml")).expect("it is there");
    file.set_modified(past).expect("it is ours");
    let document = r#"[{"command": "true", "tests": {"report": "old.xml"}},
        {"command": "cp -p copy.xml forged.xml", "tests": {"report": "forged.xml"}},
        {"command": "touch -d '+1 hour' old.xml", "tests": {"report": "nowhere-*.xml"}},
        {"command": "cp copy.xml fresh.xml", "tests": {"report": "fresh.xml"}},
        {"command": "echo 'test result: FAILED. 1 passed; 2 failed; 0 ignored;' || true"},
        {"command": "cp copy.xml r-1.xml; cp bad.xml r-2.xml", "tests": {"report": "r-*.xml"}}]"#;
    let ran = sandbox.gates(document, &["--quiet"]);
    assert_eq!(
        ran.outcome(),
        "1 failed: failed failed failed passed failed failed"
    );
    assert_eq!(
        ran.check(0)["reason"],
        "old.xml was not written by this run"
    );
    assert_eq!(
        ran.check(1)["reason"],
        "forged.xml was not written by this run"
    );
    assert_eq!(
        ran.check(4)["reason"],
        "exit code 0, but its own report has 2 failed tests"
    );
    assert_eq!(ran.check(5)["reason"], "1 of 3 tests failed");
}

#[test]
fn metrics_of_reports_units_and_baselines() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "lcov.info",
        "SF:a.rs\nDA:1,1\nDA:2,0\nDA:3,1\nDA:4,1\nend_of_record\n",
    );
    sandbox.write(
        "cov.xml",
        r#"<coverage lines-covered="1" lines-valid="4"/>"#,
    );
    sandbox.write("junit.xml", JUNIT);
    sandbox.write(
        "estimates.json",
        r#"{"mean": {"point_estimate": 1500000.0}}"#,
    );
    sandbox.write("number", "153 ms\n");
    sandbox.write("base.json", r#"{"lines.pct": 80}"#);
    let document = r#"[{"assert": "lines.pct >= 75%", "from": {"file": "lcov.info"}}, {"assert": "coverage >= 1", "from": {"file": "lcov.info"}},
        {"assert": "lines.pct >= 25", "from": {"file": "cov.xml"}}, {"assert": "tests >= 2", "from": {"file": "junit.xml"}},
        {"assert": "parse.mean < 1.6ms", "from": {"file": "estimates.json", "format": "criterion"}},
        {"assert": "p95 <= 0.2s", "from": {"file": "number"}}, {"assert": "p95 <= 1KiB", "from": {"file": "number"}},
        {"assert": "lines.pct >= baseline", "from": {"file": "lcov.info"}, "baseline": {"file": "base.json", "tolerance": 5}},
        {"assert": "lines.pct >= baseline", "from": {"file": "lcov.info"}, "baseline": {"file": "base.json"}},
        {"assert": "lines.pct >= baseline", "from": {"file": "lcov.info"}, "baseline": {"file": "nowhere.json"}},
        {"command": "echo 12", "assert": "count == 12", "from": {"format": "number"}}]"#;
    let ran = sandbox.gates(document, &["--quiet"]);
    assert_eq!(
        ran.outcome(),
        "1 failed: passed failed passed passed passed passed failed passed failed failed passed"
    );
    assert!(text(&ran.check(1), "reason").contains("it has lines.covered, lines.pct, lines.total"));
    assert_eq!(ran.check(4)["metric"]["unit"], "ms");
    assert_eq!(
        ran.check(8)["reason"],
        "lines.pct is 75, wanted >= 80 (baseline 80)"
    );
    assert!(text(&ran.check(9), "reason").contains("--record-baseline"));
    let document = r#"[{"assert": "lines.pct >= baseline", "from": {"file": "lcov.info"}, "baseline": {"file": "new.json"}}]"#;
    assert_eq!(
        sandbox.gates(document, &["--record-baseline"]).outcome(),
        "0 passed: passed"
    );
    assert_eq!(sandbox.gates(document, &[]).outcome(), "0 passed: passed");
    sandbox.write("lcov.info", "SF:a.rs\nDA:1,1\nDA:2,0\nend_of_record\n");
    assert_eq!(sandbox.gates(document, &[]).outcome(), "1 failed: failed");
}

#[test]
fn only_changed_lines_count_when_the_name_says_so() {
    let sandbox = repository();
    sandbox.write("src/a.rs", "one\ntwo\nthree\n");
    let base = commit(&sandbox, "base");
    sandbox.write("src/a.rs", "one\nTWO\nthree\nfour\n");
    sandbox.write(
        "lcov.info",
        "SF:src/a.rs\nDA:1,0\nDA:2,1\nDA:3,0\nDA:4,0\nend_of_record\n",
    );
    let document = r#"[{"assert": "diff.lines.pct >= 50%", "from": {"file": "lcov.info"}}, {"assert": "diff.lines.pct > 50%", "from": {"file": "lcov.info"}}]"#;
    let ran = sandbox.gates(document, &["--base", &base, "--quiet"]);
    assert_eq!(ran.outcome(), "1 failed: passed failed");
    git(&sandbox, &["checkout", "--quiet", "src/a.rs"]);
    let ran = sandbox.gates(document, &["--base", &base, "--quiet"]);
    assert_eq!(ran.outcome(), "0 passed: passed passed");
    assert_eq!(ran.check(0)["reason"], "no changed line is in the report");
    let ran = sandbox.gates(document, &["--quiet"]);
    assert!(
        text(&ran.check(0), "reason").contains("GATE_BASE"),
        "{}",
        ran.check(0)
    );
}

#[test]
fn reviews_pass_fail_and_break() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "clean.md",
        "Findings: 0 critical, 0 important, 1 medium, 2 minor\n",
    );
    sandbox.write(
        "bad.md",
        "# Review\n### Critical\n- **Leaks** (`src/a.rs:3`)\n### Minor\nNone\n",
    );
    sandbox.write(
        "torn.md",
        "Findings: 0 critical, 0 important, 0 medium, 0 minor\n### Critical\n- it leaks\n",
    );
    sandbox.write("words.md", "**Verdict:** changes requested\n");
    let document = r#"[{"review": {"file": "clean.md"}}, {"review": {"file": "clean.md", "threshold": "medium"}}, {"review": {"file": "bad.md"}},
        {"review": {"file": "torn.md"}}, {"review": {"file": "nowhere.md"}}, {"review": {"file": "words.md"}},
        {"command": "echo '{\"verdict\": \"approved\", \"issues\": []}'", "review": {}}, {"command": "echo done", "review": {}}]"#;
    let ran = sandbox.gates(document, &["--quiet"]);
    assert_eq!(
        ran.outcome(),
        "1 failed: passed failed failed infrastructure infrastructure failed passed infrastructure"
    );
    assert_eq!(ran.check(2)["review"]["counts"]["critical"], 1);
    let finding = &ran.check(2)["findings"][0];
    assert_eq!(
        (
            text(finding, "severity"),
            text(finding, "file"),
            &finding["line"]
        ),
        ("critical", "src/a.rs", &3.into())
    );
    assert!(text(&ran.check(3), "reason").contains("contradicts itself"));
    assert_eq!(ran.check(6)["review"]["verdict"], "approved");
}

#[test]
fn rounds_are_counted_must_converge_and_end_with_a_person() {
    let sandbox = Sandbox::new();
    let document = r#"[{"review": {"file": "r-*.md", "maxRounds": 3}}]"#;
    sandbox.write("r-1.md", "### Important\n- first at line 3\n- second\n");
    assert_eq!(
        sandbox.gates(document, &["--quiet"]).outcome(),
        "1 failed: failed"
    );
    sandbox.write(
        "r-2.md",
        "### Important\n- first at line 9\n- third\n- fourth\n",
    );
    let ran = sandbox.gates(document, &["--quiet"]);
    assert_eq!(ran.outcome(), "1 failed: failed");
    assert_eq!(
        (
            &ran.check(0)["review"]["round"],
            &ran.check(0)["review"]["newFindings"]
        ),
        (&2.into(), &2.into())
    );
    assert!(
        text(&ran.check(0), "reason").contains("do not converge"),
        "{}",
        ran.check(0)
    );
    sandbox.write("r-10.md", "### Important\n- fifth\n");
    let ran = sandbox.gates(document, &["--quiet"]);
    assert_eq!(ran.outcome(), "5 manual: manual");
    assert!(text(&ran.check(0), "reason").contains("after 3 rounds a person must look"));
    sandbox.write("r-11.md", "### Important\nNone\n");
    assert_eq!(
        sandbox.gates(document, &["--quiet"]).outcome(),
        "0 passed: passed"
    );
}

#[test]
fn a_large_change_after_the_review_asks_for_another() {
    let sandbox = repository();
    let reviewed = commit(&sandbox, "reviewed");
    sandbox.write(
        "review.md",
        &format!("---\nreviewed_head: {reviewed}\nverdict: pass\n---\n"),
    );
    let document = r#"[{"review": {"file": "review.md"}}]"#;
    std::fs::create_dir_all(sandbox.path().join(".git/g")).expect("a folder");
    sandbox.write(".git/g/gates.json", document);
    sandbox.write("src/a.rs", &"x\n".repeat(45));
    let run = || sandbox.run(&[".git/g/gates.json", "--quiet"]);
    assert_eq!(run().outcome(), "0 passed: passed");
    sandbox.write("src/b.rs", "1\n2\n3\n4\n");
    commit(&sandbox, "more");
    let ran = run();
    assert_eq!(ran.outcome(), "1 failed: failed");
    assert!(
        text(&ran.check(0), "reason").starts_with("50 lines changed since the review of "),
        "{}",
        ran.check(0)
    );
}
