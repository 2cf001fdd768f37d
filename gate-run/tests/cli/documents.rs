//! What the program reads, and what it makes of it.

use crate::{Sandbox, text};

const LISTED: &str = "\
after_feature\tcommand\trequired\ttrue\ttrue
after_feature\tmetric\toptional\tcoverage >= 80%\tmetric coverage >= 80%
before_deploy\tmanual\trequired\tlegal has agreed\ta person must confirm it
";

#[test]
fn all_forms_of_a_document() {
    let sandbox = Sandbox::new();
    let stages = r#"{"after_feature": ["true", {"assert": "coverage >= 80%", "required": false}], "before_deploy": [{"manual": "legal has agreed"}]}"#;
    for document in [
        format!(r#"{{"kind": "gates", "version": 1, "gates": {stages}}}"#),
        format!(r#"{{"kind": null, "version": null, "gates": {stages}}}"#),
        format!(r#"{{"quality_gates": {stages}}}"#),
        format!(r#"{{"planId": "p", "projects": [], "tasks": [], "gates": {stages}}}"#),
    ] {
        let ran = sandbox.gates(&document, &["--list"]);
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (Some(0), LISTED),
            "{document}"
        );
    }
    for document in [r#"["true"]"#, r#"{"gates": ["true"]}"#] {
        let ran = sandbox.gates(document, &["--list"]);
        assert_eq!(ran.stdout, "default\tcommand\trequired\ttrue\ttrue\n");
    }
    sandbox.write(
        "gates.yaml",
        "quality_gates:\n  after_feature:\n    - \"true\"\n    - assert: coverage >= 80%\n      required: false\n  before_deploy:\n    - manual: legal has agreed\n",
    );
    assert_eq!(sandbox.run(&["gates.yaml", "--list"]).stdout, LISTED);
    assert_eq!(
        sandbox.run(&["--gates", "gates.yaml", "--list"]).stdout,
        LISTED
    );
}

#[test]
fn the_list_says_what_would_be_done() {
    let sandbox = Sandbox::new();
    let document = r#"[{"name": "suite", "command": ["npm", "test"], "tests": {"report": "j.xml"}, "needs": ["build"], "locks": ["db"]},
        {"name": "build", "command": "make\nbuild"}, {"name": "bounds", "paths": {"allowed": ["src"]}}]"#;
    let ran = sandbox.gates(document, &["--list"]);
    let deeds: Vec<&str> = ran
        .stdout
        .lines()
        .filter_map(|line| line.split('\t').nth(4))
        .collect();
    assert_eq!(
        deeds,
        [
            "npm test; tests j.xml; needs build; locks db",
            "make build",
            "paths"
        ]
    );
}

#[test]
fn what_is_no_gate_document() {
    let sandbox = Sandbox::new();
    for (document, said) in [
        ("", "the file is empty"),
        ("{", "not JSON"),
        ("3", "no gate document"),
        (r#"{"kind": "schedule", "gates": []}"#, "another kind"),
        (r#"{"checks": []}"#, "no gates here"),
        (r#"{"kind": "gates", "version": 2, "gates": []}"#, "version"),
        (r#"{"gates": {"a": {"command": "x"}}}"#, "a list"),
        (r#"[{"cmd": "x"}]"#, "command, assert, tests"),
        (r#"[7]"#, "a gate: a string or an object"),
        (r#"[{"command": []}]"#, "the command is empty"),
        (r#"[{"command": "x", "manual": "y"}]"#, "cannot be run"),
        (r#"[{"assert": "coverage is fine"}]"#, "no assertion"),
        (
            r#"[{"assert": "a > 1", "from": {"file": "f", "regex": "("}}]"#,
            "not a regular expression",
        ),
        (
            r#"[{"assert": "a > 1", "from": {"regex": "x"}}]"#,
            "a file or a command",
        ),
        (r#"[{"command": "x", "timeoutSeconds": -1}]"#, "no time"),
        (r#"[{"command": "x", "command": "y"}]"#, "stands twice"),
    ] {
        let ran = sandbox.gates(document, &[]);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), ""), "{document}");
        assert!(ran.stderr.contains(said), "{document}: {}", ran.stderr);
    }
    assert_eq!(sandbox.run(&["no-such-file.json"]).code, Some(3));
    let nothing = sandbox.run(&[]);
    assert_eq!((nothing.code, nothing.stdout.as_str()), (Some(3), ""));
    assert!(
        nothing
            .stderr
            .contains("the stage before this one wrote nothing")
    );
}

#[test]
fn mistakes_are_shown_where_they_are_all_of_them() {
    let sandbox = Sandbox::new();
    sandbox.write("g.yaml", "gates:\n  a:\n    - {cmd: x}\n    - assert: b\n");
    let ran = sandbox.run(&["g.yaml"]);
    assert_eq!(ran.code, Some(3));
    assert!(
        ran.stderr.contains("g.yaml:3:") && ran.stderr.contains("g.yaml:4:"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("2 errors"));
}

#[test]
fn stages_are_chosen_by_name() {
    let sandbox = Sandbox::new();
    let document = r#"{"gates": {"one": ["true"], "two": ["false"], "three": ["true"]}}"#;
    assert_eq!(
        sandbox.gates(document, &["--stage", "one"]).outcome(),
        "0 passed: passed"
    );
    let two = sandbox.gates(document, &["--stage", "three", "--stage", "two"]);
    assert_eq!(two.outcome(), "1 failed: failed passed");
    assert_eq!(two.verdict()["stage"], "three,two");
    let unknown = sandbox.gates(document, &["--stage", "four"]);
    assert_eq!((unknown.code, unknown.stdout.as_str()), (Some(3), ""));
    assert!(unknown.stderr.contains("one, two, three"));
}

#[test]
fn no_gates_pass_and_say_that_nothing_was_checked() {
    let sandbox = Sandbox::new();
    for document in ["[]", r#"{"gates": {}}"#, r#"{"planId": "p", "tasks": []}"#] {
        let ran = sandbox.gates(document, &[]);
        assert_eq!(ran.outcome(), "0 passed: ");
        assert!(ran.stderr.contains("nothing was checked"));
    }
}

#[test]
fn statements_are_never_run_and_never_passed() {
    let sandbox = Sandbox::new();
    // Programs of these names are there, and would be noticed.
    for name in ["age", "load", "no", "evaluation"] {
        sandbox.program(name, "touch ran");
    }
    let path = std::env::var("PATH").expect("there is a PATH");
    sandbox.write(
        "gates.json",
        r#"["age rating approved", "load testing", "no consumer lag issues", "evaluation metrics >= baseline",
            "security_scan", {"all_tests_pass": true}, {"coverage_threshold": 80}, {"manual": "npm test"}]"#,
    );
    let output = sandbox
        .command(&["gates.json"])
        .env("PATH", format!("{}:{path}", sandbox.path().display()))
        .output()
        .expect("the program runs");
    let ran = crate::Ran::of(output);
    assert_eq!(ran.outcome(), format!("5 manual:{}", " manual".repeat(8)));
    assert!(!sandbox.path().join("ran").exists());
    for (index, reason) in [
        (0, "`age` is a program"),
        (4, "no program `security_scan`"),
        (5, "all_tests_pass"),
        (7, "a person"),
    ] {
        assert!(
            text(&ran.check(index), "reason").contains(reason),
            "{}",
            ran.check(index)
        );
    }
}

#[test]
fn a_command_whose_program_is_missing_stays_a_command() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "gates.json",
        r#"["npm test", "mytool --strict", "./check.sh", {"command": "age rating approved"}]"#,
    );
    sandbox.program("sh", "exec /bin/sh \"$@\"");
    let output = sandbox
        .command(&["gates.json"])
        .env("PATH", sandbox.path())
        .output()
        .expect("the program runs");
    let ran = crate::Ran::of(output);
    assert_eq!(
        ran.outcome(),
        format!("4 infrastructure:{}", " infrastructure".repeat(4))
    );
    assert_eq!(ran.check(0)["reason"], "program not found: npm");
}

/// Gates as they are found in the world: every one is understood, and none that a person must confirm would run.
#[test]
fn gates_from_the_corpus() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/corpus/omgkit");
    if !std::path::Path::new(corpus).is_dir() {
        if let Some(file) = std::env::var_os("SKIPPED_FILE") {
            let skipped = std::fs::OpenOptions::new().append(true).open(file);
            let mut skipped = skipped.expect("the test runner made it");
            std::io::Write::write_all(&mut skipped, b"gates_from_the_corpus: there is no corpus\n")
                .expect("it is written");
        }
        return;
    }
    let sandbox = Sandbox::new();
    let file = format!("{corpus}/ai-powered-app.yaml");
    let ran = sandbox.run(&["--list", &file, "--stage", "before_deploy"]);
    let kinds: Vec<&str> = ran
        .stdout
        .lines()
        .filter_map(|line| line.split('\t').nth(1))
        .collect();
    assert_eq!(kinds, ["manual"; 3], "{}", ran.stdout);
    let ran = sandbox.run(&["--list", &file, "--stage", "after_feature"]);
    assert!(
        ran.stdout
            .starts_with("after_feature\tcommand\trequired\tnpm test\tnpm test\n")
    );
    let file = format!("{corpus}/saas-mvp.yaml");
    let ran = sandbox.run(&[&file, "--stage", "before_deploy"]);
    assert_eq!(ran.outcome(), format!("5 manual:{}", " manual".repeat(4)));
}
