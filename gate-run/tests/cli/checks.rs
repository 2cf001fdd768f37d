//! How checks are run, and how they end.

use std::io::{BufRead, BufReader, Read};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use crate::{Ran, Sandbox, text};

/// Whether the process whose number is in the file is gone, within the time that the kernel may take.
fn is_gone(sandbox: &Sandbox, file: &str) -> bool {
    let number = std::fs::read_to_string(sandbox.path().join(file)).expect("the check wrote it");
    let number: i32 = number.trim().parse().expect("it is a number");
    let pid = Pid::from_raw(number).expect("it is not 0");
    let deadline = Instant::now() + Duration::from_secs(10);
    while Instant::now() < deadline {
        let state = std::fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
        if test_kill_process(pid).is_err() || state.contains(") Z ") {
            return true;
        }
        std::thread::yield_now();
    }
    false
}

#[test]
fn a_check_that_takes_too_long_is_ended_with_all_its_children() {
    let sandbox = Sandbox::new();
    let script = "trap '' TERM; sh -c 'echo $$ > child; trap \"\" TERM; while :; do sleep 1; done'";
    let started = Instant::now();
    let ran = sandbox.run(&[
        "--timeout",
        "500ms",
        "--grace",
        "200ms",
        "--",
        "sh",
        "-c",
        script,
    ]);
    assert_eq!(ran.outcome(), "1 failed: timed-out");
    assert!(text(&ran.check(0), "reason").contains("took longer than 0.5s"));
    assert!(started.elapsed() < Duration::from_secs(30));
    assert!(is_gone(&sandbox, "child"));
}

#[test]
fn a_gates_own_limit_counts_and_sigterm_comes_first() {
    let sandbox = Sandbox::new();
    let document = r#"[{"command": "trap 'echo cleaned up; exit 9' TERM; echo $$ > pid; while :; do sleep 0.05; done", "timeoutSeconds": 1.5}]"#;
    let ran = sandbox.gates(document, &["--grace", "60s"]);
    assert_eq!(ran.outcome(), "1 failed: timed-out");
    // The shell may name the child that the signal ended too, on its other stream.
    assert!(text(&ran.check(0), "outputTail").contains("cleaned up"));
}

#[test]
fn a_child_that_holds_the_output_does_not_hold_the_gate() {
    let sandbox = Sandbox::new();
    for (script, ended) in [
        ("sleep 600 & echo $! > child", true),
        // In a session of its own no signal to the group reaches it.
        (
            "setsid sh -c 'echo $$ > child; exec sleep 600' & while ! [ -s child ]; do :; done",
            false,
        ),
    ] {
        let started = Instant::now();
        let ran = sandbox.run(&["--", "sh", "-c", script]);
        assert!(started.elapsed() < Duration::from_secs(60));
        assert_eq!(ran.outcome(), "0 passed: leaked");
        assert_eq!(ran.check(0)["reason"], "left processes behind");
        if ended {
            assert!(is_gone(&sandbox, "child"));
        } else {
            let number =
                std::fs::read_to_string(sandbox.path().join("child")).expect("it is there");
            let pid = Pid::from_raw(number.trim().parse().expect("a number")).expect("not 0");
            let _ = kill_process(pid, Signal::KILL);
        }
        std::fs::remove_file(sandbox.path().join("child")).expect("it is there");
    }
}

#[test]
fn a_child_that_let_go_of_the_output_is_ended_too() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run(&[
        "--",
        "sh",
        "-c",
        "sleep 600 >/dev/null 2>&1 & echo $! > child",
    ]);
    assert_eq!(ran.outcome(), "0 passed: passed");
    assert!(is_gone(&sandbox, "child"));
}

#[test]
fn what_could_not_be_run_is_no_failure_of_the_work() {
    let sandbox = Sandbox::new();
    assert_eq!(
        sandbox.run(&["--", "no-such-program"]).outcome(),
        "4 infrastructure: infrastructure"
    );
    for document in [
        r#"[{"command": "no-such-program --x"}]"#,
        r#"[{"command": ["./missing"]}]"#,
        r#"[{"command": "true", "cwd": "missing"}]"#,
        r#"[{"command": "kill -KILL $$"}]"#,
        r#"["true", {"command": "exit 127"}]"#,
        r#"[{"manual": "look"}, {"command": "exit 126"}]"#,
    ] {
        let ran = sandbox.gates(document, &["--retries", "0"]);
        assert!(
            ran.outcome().starts_with("4 infrastructure:"),
            "{document}: {}",
            ran.outcome()
        );
        assert_eq!(ran.verdict()["findings"]["important"], 0);
    }
    let both = sandbox.gates(r#"[{"command": ["nope"]}, "false"]"#, &[]);
    assert_eq!(both.outcome(), "1 failed: infrastructure failed");
    let crash = sandbox.gates(r#"[{"command": "kill -SEGV $$"}]"#, &[]);
    assert_eq!(crash.outcome(), "1 failed: failed");
}

#[test]
fn optional_checks_warn_unless_strict() {
    let sandbox = Sandbox::new();
    let document = r#"[{"command": "false", "required": false}, "true"]"#;
    assert_eq!(
        sandbox.gates(document, &[]).outcome(),
        "0 passed: warned passed"
    );
    assert_eq!(
        sandbox.gates(document, &["--strict"]).outcome(),
        "1 failed: failed passed"
    );
}

#[test]
fn fail_fast_skips_what_comes_after() {
    let sandbox = Sandbox::new();
    let document = r#"[{"command": "false", "required": false}, "false", {"command": "touch ran"}, {"manual": "look"}]"#;
    let ran = sandbox.gates(document, &["--fail-fast"]);
    assert_eq!(ran.outcome(), "1 failed: warned failed skipped manual");
    assert!(!sandbox.path().join("ran").exists());
}

#[test]
fn metrics_come_from_files_outputs_and_the_command_line() {
    let sandbox = Sandbox::new();
    sandbox.write("summary.json", r#"{"total": {"lines": {"pct": 81.5}}}"#);
    sandbox.write("metrics.json", r#"{"coverage": 79, "lines": {"pct": 95}}"#);
    let document = r#"[
        {"assert": "lines >= 80%", "from": {"file": "summary.json", "pointer": "/total/lines/pct"}},
        {"assert": "lines >= 82%", "from": {"file": "summary.json", "regex": "\"pct\": ([0-9.]+)"}},
        {"command": "echo 'TOTAL 12%'; echo 'TOTAL 90%'", "assert": "total > 89", "from": {"regex": "TOTAL +(\\d+)%"}},
        {"command": "echo '{\"n\": 3}'; echo noise >&2", "assert": "n == 3", "from": {"pointer": "/n"}},
        {"command": "echo 'TOTAL 90%'; exit 1", "assert": "total > 1", "from": {"regex": "(\\d+)%"}},
        "coverage >= 80%", "lines.pct >= 90", "branches >= 1"
    ]"#;
    let ran = sandbox.gates(document, &["--metrics", "metrics.json"]);
    assert_eq!(
        ran.outcome(),
        "1 failed: passed failed passed passed failed failed passed failed"
    );
    let metric = &ran.check(1)["metric"];
    assert_eq!(
        (&metric["value"], &metric["op"], &metric["threshold"]),
        (&81.5.into(), &">=".into(), &82.0.into())
    );
    assert_eq!(ran.check(5)["reason"], "coverage is 79%, wanted >= 80%");
    assert!(ran.check(7)["metric"]["value"].is_null());
    assert!(text(&ran.check(7), "reason").starts_with("no value for branches"));
    let nowhere = sandbox.gates(r#"["coverage >= 0"]"#, &[]);
    assert_eq!(nowhere.outcome(), "1 failed: failed");
    assert!(text(&nowhere.check(0), "reason").contains("--metrics"));
}

#[test]
fn a_runner_that_ran_no_test_is_no_evidence() {
    let sandbox = Sandbox::new();
    let document = r#"[{"command": "echo 'Ran 0 tests in 0.000s'"}]"#;
    let ran = sandbox.gates(document, &[]);
    assert_eq!(ran.outcome(), "1 failed: failed");
    assert_eq!(ran.check(0)["reason"], "no test was run");
    assert_eq!(
        sandbox.gates(document, &["--allow-no-tests"]).outcome(),
        "0 passed: passed"
    );
}

#[test]
fn a_check_has_its_own_folder_and_environment_and_no_input() {
    let sandbox = Sandbox::new();
    std::fs::create_dir_all(sandbox.path().join("work/api")).expect("folders");
    let document =
        r#"[{"command": "pwd; echo $COLOUR; cat", "cwd": "api", "env": {"COLOUR": "red"}}]"#;
    let ran = sandbox.gates(document, &["--cwd", "work"]);
    let check = ran.check(0);
    assert!(
        text(&check, "outputTail").ends_with("work/api\nred"),
        "{check}"
    );
    std::fs::create_dir(sandbox.path().join("work/bin")).expect("a folder");
    sandbox.program("work/bin/check", "pwd");
    let ran = sandbox.gates(
        r#"[{"command": ["bin/check"]}, "bin/check"]"#,
        &["--cwd", "work"],
    );
    assert_eq!(ran.outcome(), "0 passed: passed passed");
}

#[test]
fn all_that_a_check_prints_is_in_its_log() {
    let sandbox = Sandbox::new();
    let document = r#"[{"command": "seq 1 20000; echo end >&2", "name": "Count: all"}, "true"]"#;
    let ran = sandbox.gates(document, &["--log-dir", "logs/gate", "--quiet"]);
    let check = ran.check(0);
    assert_eq!(check["logFile"], "logs/gate/01-count-all.log");
    let log = std::fs::read_to_string(sandbox.path().join("logs/gate/01-count-all.log"))
        .expect("the log");
    assert!(log.starts_with("1\n2\n") && log.contains("\n20000\n") && log.contains("end\n"));
    assert!(text(&check, "outputTail").len() <= 4096);
    sandbox.write("file", "");
    let blocked = sandbox.gates(document, &["--log-dir", "file"]);
    assert_eq!((blocked.code, blocked.stdout.as_str()), (Some(4), ""));
}

#[test]
fn output_cannot_steer_the_terminal() {
    let sandbox = Sandbox::new();
    let ran = sandbox.gates(
        r#"[{"command": "printf '\\033[2J\\033]0;x\\007red\\010\\n'; exit 1"}]"#,
        &[],
    );
    assert!(
        !ran.stderr.contains('\x1b') && !ran.stderr.contains('\x08'),
        "{:?}",
        ran.stderr
    );
    assert_eq!(text(&ran.check(0), "outputTail"), "red\u{fffd}");
}

#[test]
fn memory_does_not_grow_with_the_output() {
    let sandbox = Sandbox::new();
    let script = "ulimit -v 400000; exec \"$0\" --quiet -- sh -c 'head -c 100000000 /dev/zero | tr \"\\0\" x; echo; echo end'";
    let output = std::process::Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_gate-run")])
        .current_dir(sandbox.path())
        .output()
        .expect("sh runs");
    let ran = Ran::of(output);
    assert_eq!(ran.outcome(), "0 passed: passed");
    assert!(text(&ran.check(0), "outputTail").ends_with("end"));
}

#[test]
fn an_interrupted_gate_says_nothing_and_leaves_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write("verdict.json", "an old pass");
    let script = "echo $$ > child; echo ready; while :; do sleep 1; done";
    let mut child = sandbox
        .command(&[
            "--verdict",
            "verdict.json",
            "--grace",
            "10s",
            "--",
            "sh",
            "-c",
            script,
        ])
        .spawn()
        .expect("the program starts");
    let mut stderr = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut line = String::new();
    stderr.read_line(&mut line).expect("the check speaks");
    assert_eq!(line, "  | ready\n");
    assert_eq!(kept_word(&sandbox), "not-run");
    kill_process(Pid::from_child(&child), Signal::TERM).expect("it lives");
    let mut stdout = String::new();
    child
        .stdout
        .take()
        .expect("a pipe")
        .read_to_string(&mut stdout)
        .expect("UTF-8");
    assert_eq!(child.wait().expect("it ends").code(), Some(128 + 15));
    assert_eq!(stdout, "");
    assert_eq!(kept_word(&sandbox), "not-run");
    assert!(is_gone(&sandbox, "child"));
}

#[test]
fn a_gate_that_is_killed_is_no_consent() {
    let sandbox = Sandbox::new();
    sandbox.run(&["--verdict", "verdict.json", "--", "true"]);
    assert_eq!(kept_word(&sandbox), "passed");
    let script = "echo $$ > child; echo ready; exec sleep 600";
    let mut child = sandbox
        .command(&["--verdict", "verdict.json", "--", "sh", "-c", script])
        .spawn()
        .expect("it starts");
    let mut said = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut line = String::new();
    said.read_line(&mut line).expect("UTF-8");
    assert!(line.contains("ready"), "{line}");
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    assert_eq!(kept_word(&sandbox), "not-run");
    let number = std::fs::read_to_string(sandbox.path().join("child")).expect("it is there");
    let pid = Pid::from_raw(number.trim().parse().expect("a number")).expect("not 0");
    let _ = kill_process(pid, Signal::KILL);
}

#[test]
fn the_verdict_is_kept_in_a_file_when_asked_for() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run(&["--verdict", "verdict.json", "--", "false"]);
    let kept = std::fs::read_to_string(sandbox.path().join("verdict.json")).expect("the verdict");
    assert_eq!(kept, ran.stdout);
    let files = std::fs::read_dir(sandbox.path()).expect("a folder").count();
    assert_eq!(files, 1);
    // Gates that cannot be read leave no old pass either.
    sandbox.run(&["--verdict", "verdict.json", "--", "true"]);
    assert_eq!(kept_word(&sandbox), "passed");
    sandbox.run(&["--verdict", "verdict.json", "no-such-file"]);
    assert_eq!(kept_word(&sandbox), "not-run");
    sandbox.run(&[
        "--verdict",
        "verdict.json",
        "--",
        "sh",
        "-c",
        "cp verdict.json seen",
    ]);
    let seen = std::fs::read_to_string(sandbox.path().join("seen")).expect("it was there");
    assert!(seen.contains("not-run"), "{seen}");
}

/// What the verdict file says.
fn kept_word(sandbox: &Sandbox) -> String {
    let kept = std::fs::read_to_string(sandbox.path().join("verdict.json")).expect("the verdict");
    let kept: schemas::Verdict = serde_json::from_str(&kept).expect("a verdict");
    let word = serde_json::to_value(kept.verdict).expect("a word");
    word.as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_reader_that_has_gone_changes_nothing() {
    let sandbox = Sandbox::new();
    let mut child = sandbox
        .command(&["--quiet", "--", "false"])
        .spawn()
        .expect("it starts");
    drop(child.stdout.take());
    let mut said = String::new();
    let mut stderr = child.stderr.take().expect("a pipe");
    stderr.read_to_string(&mut said).expect("UTF-8");
    assert_eq!(
        (child.wait().expect("it ends").code(), said.as_str()),
        (Some(1), "")
    );
}
