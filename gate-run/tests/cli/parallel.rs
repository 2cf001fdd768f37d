//! Several checks at once, what they wait for, and what is tried again.

use crate::{Sandbox, text};

#[test]
fn checks_run_side_by_side_and_are_told_in_the_order_of_the_document() {
    let sandbox = Sandbox::new();
    // Each waits for the other: one after the other they would never end.
    let document = r#"[
        {"name": "one", "command": "touch one; while ! [ -e two ]; do sleep 0.01; done; echo from one"},
        {"name": "two", "command": "touch two; while ! [ -e one ]; do sleep 0.01; done; exit 1"}]"#;
    let ran = sandbox.gates(document, &["--jobs", "2", "--timeout", "30s"]);
    assert_eq!(ran.outcome(), "1 failed: passed failed");
    assert!(ran.stderr.contains("one | from one"), "{}", ran.stderr);
}

#[test]
fn locks_keep_checks_apart() {
    let sandbox = Sandbox::new();
    let check = |name: &str| {
        format!(
            r#"{{"name": "{name}", "locks": ["port 80"], "command": "mkdir held && sleep 0.05 && rmdir held"}}"#
        )
    };
    let document = format!("[{}, {}, {}]", check("a"), check("b"), check("c"));
    let ran = sandbox.gates(&document, &["--jobs", "3", "--quiet"]);
    assert_eq!(ran.outcome(), "0 passed: passed passed passed");
}

#[test]
fn needs_are_waited_for_and_what_needs_a_failure_is_skipped() {
    let sandbox = Sandbox::new();
    let document = r#"[
        {"name": "last", "command": "test -e built", "needs": ["build"]},
        {"name": "build", "command": "touch built"},
        {"name": "lint", "command": "false"},
        {"name": "never", "command": "touch ran", "needs": ["lint"]},
        {"name": "person", "manual": "look"},
        {"name": "after", "command": "touch ran", "needs": ["person"]}]"#;
    for jobs in ["1", "4"] {
        let ran = sandbox.gates(document, &["--jobs", jobs, "--quiet"]);
        assert_eq!(
            ran.outcome(),
            "1 failed: passed passed failed skipped manual skipped"
        );
        assert_eq!(
            ran.check(3)["reason"],
            "it needs `lint`, which did not pass"
        );
        assert!(!sandbox.path().join("ran").exists());
    }
    for (document, said) in [
        (
            r#"[{"name": "a", "command": "true", "needs": ["b"]}]"#,
            "no other gate is called `b`",
        ),
        (
            r#"[{"name": "a", "command": "true", "needs": ["b"]}, {"name": "b", "command": "true", "needs": ["a"]}]"#,
            "waits for itself",
        ),
        (
            r#"[{"name": "a", "command": "true", "needs": ["a"]}]"#,
            "no other gate is called `a`",
        ),
    ] {
        let ran = sandbox.gates(document, &[]);
        assert_eq!(ran.code, Some(3), "{document}");
        assert!(ran.stderr.contains(said), "{document}: {}", ran.stderr);
    }
}

#[test]
fn a_stage_is_finished_and_no_other_begun() {
    let sandbox = Sandbox::new();
    let document = r#"{"gates": {"one": ["false", {"command": "touch finished"}], "two": [{"command": "touch begun"}, {"manual": "look"}]}}"#;
    let ran = sandbox.gates(document, &["--order", "stage", "--quiet"]);
    assert_eq!(ran.outcome(), "1 failed: failed passed skipped manual");
    assert!(sandbox.path().join("finished").exists() && !sandbox.path().join("begun").exists());
    assert_eq!(ran.check(0)["stage"], "one");
}

#[test]
fn infrastructure_is_tried_again_and_a_failure_is_not() {
    let sandbox = Sandbox::new();
    let counted = |then: &str| format!(r#"[{{"command": "echo x >> tries; {then}"}}]"#);
    let tries = || {
        let text = std::fs::read_to_string(sandbox.path().join("tries")).unwrap_or_default();
        let _ = std::fs::remove_file(sandbox.path().join("tries"));
        text.lines().count()
    };
    let quick = ["--backoff", "1ms", "--quiet"];
    let network = "echo 'npm error code ENOTFOUND' >&2; exit 1";
    let ran = sandbox.gates(&counted(network), &quick);
    assert_eq!(
        (ran.outcome().as_str(), tries()),
        ("4 infrastructure: infrastructure", 3)
    );
    assert_eq!(ran.check(0)["attempts"], 3);
    assert!(text(&ran.check(0), "reason").contains("network"));
    let ran = sandbox.gates(
        &counted("[ $(wc -l < tries) = 3 ] || kill -KILL $$"),
        &quick,
    );
    assert_eq!((ran.outcome().as_str(), tries()), ("0 passed: passed", 3));
    let ran = sandbox.gates(&counted("exit 1"), &quick);
    assert_eq!((ran.outcome().as_str(), tries()), ("1 failed: failed", 1));
    assert!(ran.check(0)["attempts"].is_null());
    // A test that prints such words and fails has failed.
    let tested = "echo 'No space left on device'; echo '1 failed in 0.1s'; exit 1";
    let ran = sandbox.gates(&counted(tested), &quick);
    assert_eq!((ran.outcome().as_str(), tries()), ("1 failed: failed", 1));
    let ran = sandbox.gates(&counted("exit 127"), &quick);
    assert_eq!(
        (ran.outcome().as_str(), tries()),
        ("4 infrastructure: infrastructure", 1)
    );
    let ran = sandbox.gates(&counted(network), &["--retries", "0"]);
    assert_eq!(
        (ran.outcome().as_str(), tries()),
        ("4 infrastructure: infrastructure", 1)
    );
}

#[test]
fn what_the_project_does_not_have_is_skipped_when_that_is_allowed() {
    let sandbox = Sandbox::new();
    sandbox.write("package.json", r#"{"scripts": {}}"#);
    let document = r#"[
        {"command": "npm run lint", "whenMissing": "skip"}, {"command": ["no-such-program"], "whenMissing": "skip"},
        {"command": "npm run lint", "whenMissing": "fail", "required": false}, {"command": "true"},
        {"command": "no-such-program --check", "whenMissing": "skip"}, {"command": "cd . && true", "whenMissing": "skip"}]"#;
    let ran = sandbox.gates(document, &[]);
    assert_eq!(
        ran.outcome(),
        "0 passed: skipped skipped warned passed skipped passed"
    );
    assert_eq!(ran.check(0)["reason"], "package.json has no script `lint`");
    assert!(
        ran.stderr
            .contains("skipped npm run lint: package.json has no script"),
        "{}",
        ran.stderr
    );
    let strict = sandbox.gates(document, &["--strict", "--quiet"]);
    assert_eq!(
        strict.outcome(),
        "1 failed: failed failed failed passed failed passed"
    );
    let leaked = sandbox.run(&["--strict", "--quiet", "--", "sh", "-c", "sleep 60 & true"]);
    assert_eq!(leaked.outcome(), "1 failed: failed");
}

#[test]
fn verification_goes_step_by_step() {
    let sandbox = Sandbox::new();
    sandbox.write("package.json", r#"{"scripts": {}}"#);
    let document = r#"{"thresholds": {}, "verification": {"lint": "touch linted", "test": "false", "typecheck": "npm run types", "build": ""}}"#;
    let listed = sandbox.gates(document, &["--list"]);
    assert_eq!(
        listed.stdout,
        "verification\tcommand\trequired\ttypecheck\tnpm run types\nverification\tcommand\trequired\ttest\tfalse; needs typecheck\nverification\tcommand\trequired\tlint\ttouch linted; needs test\n"
    );
    let ran = sandbox.gates(document, &["--quiet"]);
    assert_eq!(ran.outcome(), "1 failed: skipped failed skipped");
    let task = r#"{"title": "x", "metadata": {"quality_gate": "true && echo ok"}}"#;
    assert_eq!(
        sandbox.gates(task, &["--quiet"]).outcome(),
        "0 passed: passed"
    );
    assert_eq!(
        sandbox
            .gates(r#"{"quality_gate": "exit 3"}"#, &["--quiet"])
            .outcome(),
        "1 failed: failed"
    );
}

#[test]
fn gates_are_proposed_and_can_be_run_as_they_stand() {
    let sandbox = Sandbox::new();
    let nothing = sandbox.run(&["--detect"]);
    assert_eq!((nothing.code, nothing.stdout.as_str()), (Some(1), ""));
    sandbox.write("Makefile", "check:\n\ttouch checked\nbuild:\n\ttrue\n");
    let proposed = sandbox.run(&["--detect"]);
    assert!(
        proposed.stderr.contains("Makefile: 2 gates proposed"),
        "{}",
        proposed.stderr
    );
    let ran = sandbox.gates(&proposed.stdout, &["--quiet"]);
    assert_eq!(ran.outcome(), "0 passed: passed passed");
    assert!(sandbox.path().join("checked").exists());
}
