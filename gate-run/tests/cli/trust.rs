//! What the work under review must not be able to change: gates, baselines, tests; and what must not be started.

use crate::boundaries::{commit, git, repository};
use crate::{Ran, Sandbox, text};

fn rules(ran: &Ran) -> Vec<String> {
    let check = ran.check(0);
    let findings = check["findings"].as_array().expect("a list").iter();
    findings
        .map(|finding| format!("{} {}", text(finding, "rule"), text(finding, "file")))
        .collect()
}

#[test]
fn gates_are_those_of_the_base_and_a_change_to_them_is_told() {
    let sandbox = repository();
    sandbox.write(
        "gates.yaml",
        "gates:\n  all:\n    - command: test -e done\n      name: done\n",
    );
    let base = commit(&sandbox, "gates");
    let run = || sandbox.run(&["--gates-from", &base, "--quiet", "gates.yaml"]);
    assert_eq!(run().outcome(), "1 failed: passed failed");
    // The agent's way out: another gate.
    sandbox.write("gates.yaml", "gates:\n  all:\n    - \"true\"\n");
    commit(&sandbox, "easier");
    let ran = run();
    assert_eq!(ran.outcome(), "1 failed: manual failed");
    assert_eq!(rules(&ran), ["tampering/gates gates.yaml"]);
    assert_eq!(
        (&ran.check(0)["kind"], &ran.check(0)["stage"]),
        (&"tampering".into(), &"gates".into())
    );
    sandbox.write("done", "");
    assert_eq!(run().outcome(), "5 manual: manual passed");
    // Or none at all; the file need not even be named.
    std::fs::remove_file(sandbox.path().join("gates.yaml")).expect("it is there");
    let ran = sandbox.run(&["--gates-from", &base, "--quiet"]);
    assert_eq!(ran.outcome(), "5 manual: manual passed");
    git(
        &sandbox,
        &["checkout", "--quiet", &base, "--", "gates.yaml"],
    );
    assert_eq!(run().outcome(), "0 passed: passed passed");
    for wrong in [
        &["--gates-from", "no-such-commit", "gates.yaml"][..],
        &["--gates-from", &base, "other.yaml"],
        &["--gates-from", &base, "-"],
    ] {
        let ran = sandbox.run(wrong);
        assert!(
            matches!(ran.code, Some(2..=4)) && ran.stdout.is_empty(),
            "{wrong:?}: {}",
            ran.stderr
        );
    }
}

#[test]
fn settings_baselines_and_deleted_tests_are_told_too() {
    let sandbox = repository();
    std::fs::create_dir(sandbox.path().join("tests")).expect("a folder");
    sandbox.write("tests/a.rs", "x\n");
    sandbox.write("tests/b.rs", "x\n");
    sandbox.write(
        "package.json",
        r#"{"version": "1", "scripts": {"test": "jest"}}"#,
    );
    sandbox.write("base.json", r#"{"n": 5}"#);
    sandbox.write("gates.json", r#"[{"command": "echo 4", "assert": "n >= baseline", "from": {"format": "number"}, "baseline": {"file": "base.json"}}]"#);
    let base = commit(&sandbox, "gates");
    let run = || sandbox.run(&["--gates-from", &base, "--quiet", "gates.json"]);
    sandbox.write(
        "package.json",
        r#"{"version": "2", "scripts": {"test": "jest"}}"#,
    );
    sandbox.write("tests/a.rs", "y\n");
    assert_eq!(run().outcome(), "1 failed: passed failed");
    // Each of these would have made it green.
    sandbox.write("base.json", r#"{"n": 1}"#);
    sandbox.write(
        "package.json",
        r#"{"version": "2", "scripts": {"test": "jest || true"}}"#,
    );
    sandbox.write("jest.config.js", "x\n");
    sandbox.write("tests/a.rs", "y\n#[ignore]\n");
    std::fs::remove_file(sandbox.path().join("tests/b.rs")).expect("it is there");
    let ran = run();
    assert_eq!(ran.outcome(), "1 failed: manual failed");
    assert_eq!(
        rules(&ran),
        [
            "tampering/promise base.json",
            "tampering/settings jest.config.js",
            "tampering/settings package.json",
            "tampering/tests tests/a.rs",
            "tampering/tests tests/b.rs"
        ]
    );
    assert_eq!(ran.check(1)["reason"], "n is 4, wanted >= 5 (baseline 5)");
}

#[test]
fn nothing_starts_when_one_command_must_not() {
    let sandbox = Sandbox::new();
    let document = r#"[{"command": "touch started"}, {"name": "tidy up", "command": "cd x && rm -rf *"}, {"command": ["mystery"]}]"#;
    let ran = sandbox.gates(document, &["--safe"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), ""));
    assert!(
        ran.stderr
            .contains("refused: tidy up: `rm` may do lasting harm"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("`mystery` is not known"),
        "{}",
        ran.stderr
    );
    assert!(!sandbox.path().join("started").exists());
    assert_eq!(
        sandbox.run(&["--safe", "--quiet", "--", "true"]).outcome(),
        "0 passed: passed"
    );
}

#[test]
fn a_check_whose_inputs_are_as_they_were_is_not_run_again() {
    let sandbox = Sandbox::new();
    sandbox.write("in.txt", "1");
    sandbox.write("other.txt", "1");
    let document = |command: &str| {
        format!(
            r#"[{{"name": "c", "command": "echo x >> ../ran; {command}", "inputs": ["*.txt"], "cwd": "work", "env": {{"A": "1"}}}}]"#
        )
    };
    std::fs::create_dir(sandbox.path().join("work")).expect("a folder");
    sandbox.write("work/in.txt", "1");
    let runs = || {
        std::fs::read_to_string(sandbox.path().join("ran"))
            .unwrap_or_default()
            .lines()
            .count()
    };
    let go = |document: &str| sandbox.gates(document, &["--cache=kept"]);
    let passes = document("true");
    assert!(go(&passes).check(0)["cached"].is_null());
    let again = go(&passes);
    assert_eq!(
        (again.outcome().as_str(), &again.check(0)["cached"], runs()),
        ("0 passed: passed", &true.into(), 1)
    );
    assert!(
        again.stderr.contains("passed  c (cached)"),
        "{}",
        again.stderr
    );
    sandbox.write("work/in.txt", "2");
    go(&passes);
    assert_eq!(runs(), 2);
    sandbox.write("work/new.txt", "");
    go(&passes);
    go(&passes.replace(r#""A": "1""#, r#""A": "2""#));
    assert_eq!(runs(), 4);
    sandbox.gates(&passes, &[]);
    assert_eq!(runs(), 5);
    // A failure is not kept, nor a check that has changed what it depends on, nor one that declares nothing.
    for command in ["false", "echo x >> in.txt"] {
        let before = runs();
        go(&document(command));
        go(&document(command));
        assert_eq!(runs(), before + 2, "{command}");
    }
    let before = runs();
    let undeclared = passes.replace(r#""inputs": ["*.txt"], "#, "");
    go(&undeclared);
    go(&undeclared);
    assert_eq!(runs(), before + 2);
}

#[test]
fn as_a_hook_of_git() {
    let sandbox = repository();
    sandbox.write(
        "gates.yaml",
        "gates:\n  pre-push:\n    - command: test ! -e broken\n      name: not broken\n",
    );
    std::fs::create_dir_all(sandbox.path().join(".git/hooks")).expect("a folder");
    let hook = format!(
        "exec {} --stage pre-push >/dev/null",
        env!("CARGO_BIN_EXE_gate-run")
    );
    sandbox.program(".git/hooks/pre-push", &hook);
    let remote = tempfile::tempdir().expect("a folder");
    let url = remote.path().to_str().expect("UTF-8");
    git(&sandbox, &["init", "--quiet", "--bare", url]);
    git(&sandbox, &["push", "--quiet", url, "main"]);
    sandbox.write("broken", "");
    let pushed = std::process::Command::new("git")
        .args(["push", "--quiet", url, "main:other"])
        .current_dir(sandbox.path())
        .output();
    let pushed = pushed.expect("git runs");
    let said = String::from_utf8_lossy(&pushed.stderr);
    assert!(
        !pushed.status.success() && said.contains("failed  not broken"),
        "{said}"
    );
}

#[test]
fn in_a_makefile_and_with_a_pipe_that_closes() {
    let sandbox = Sandbox::new();
    sandbox.write("Makefile", "gate:\n\t$(GATE) --quiet --timeout 20s --verdict verdict.json -- sh -c 'exit 3' > /dev/null\n");
    let made = std::process::Command::new("make")
        .arg("gate")
        .env("GATE", env!("CARGO_BIN_EXE_gate-run"))
        .current_dir(sandbox.path())
        .output();
    let made = made.expect("make runs");
    assert_eq!(made.status.code(), Some(2));
    let verdict =
        std::fs::read_to_string(sandbox.path().join("verdict.json")).expect("the verdict");
    assert!(verdict.contains("\"exitCode\":3"), "{verdict}");
}
