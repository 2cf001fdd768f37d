//! Named locks: taken by one, prolonged, given back, seized.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::json;

use crate::run::{Run, program};

#[test]
fn a_lock_is_taken_by_one_and_given_back_by_them_only() {
    let run = Run::of(&["t1"]);
    let taken = run
        .call(&["lock", "acquire", "m1", "--owner", "a", "--ttl", "10m"])
        .record();
    assert_eq!(
        (&taken["type"], &taken["owner"], &taken["seq"]),
        (&json!("lock-acquired"), &json!("a"), &json!(2))
    );
    run.call(&["lock", "acquire", "m1", "--owner", "b"])
        .refused(1, "a has the lock m1 until 20");
    run.call(&["lock", "acquire", "m1", "--owner", "a"])
        .refused(1, "a has the lock m1");
    run.call(&["lock", "release", "m1", "--owner", "b"])
        .refused(1, "a has the lock m1");
    let renewed = run
        .call(&["lock", "refresh", "m1", "--owner", "a"])
        .record();
    assert_eq!(renewed["renews"], 2);
    assert_eq!(run.value("/locks/m1/seq"), 2);
    let listed = run.call(&["lock", "list"]).record();
    assert_eq!(
        (&listed["lock"], &listed["standing"]),
        (&json!("m1"), &json!("held"))
    );
    run.call(&["lock", "release", "m1", "--owner", "a"])
        .record();
    run.call(&["lock", "release", "m1", "--owner", "a"])
        .refused(1, "nobody has the lock m1");
    assert_eq!(run.value("/locks"), json!({}));
    run.assert_folded();
}

#[test]
fn a_lock_is_stolen_with_a_reason_only() {
    let run = Run::of(&["t1"]);
    run.call(&["lock", "steal", "m1", "--reason", "x"])
        .refused(1, "nobody has");
    run.call(&["lock", "acquire", "m1", "--owner", "a"])
        .record();
    run.call(&["lock", "steal", "m1"]).refused(2, "--reason");
    let stolen = run
        .call(&[
            "lock", "steal", "m1", "--owner", "b", "--reason", "a is ill",
        ])
        .record();
    assert_eq!(
        (&stolen["from"], &stolen["reason"]),
        (&json!("a"), &json!("a is ill"))
    );
    run.call(&["lock", "refresh", "m1", "--owner", "a"])
        .refused(1, "b has the lock");
}

#[test]
fn a_lock_needs_no_run_and_a_run_that_begins_later_knows_it() {
    let run = Run::missing();
    assert_eq!(run.call(&["lock", "list"]).code, 0);
    run.call(&["lock", "release", "m1"])
        .refused(3, "no run directory");
    assert!(!run.dir.exists());
    let call = run.call(&["lock", "m1", "--", "echo", "done"]);
    assert_eq!((call.code, call.out.as_str()), (0, "done\n"), "{call:?}");
    run.call(&["lock", "acquire", "m2", "--owner", "a"])
        .record();
    run.start(&["t1"]);
    assert_eq!(run.value("/locks/m2/owner"), "a");
    assert_eq!(run.value("/run"), "p");
    run.assert_folded();
}

#[test]
fn a_lock_ends_with_its_process() {
    let run = Run::of(&["t1"]);
    let mut other = Command::new("cat")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let pid = other.id().to_string();
    run.call(&["lock", "acquire", "m1", "--owner", "a", "--pid", &pid])
        .record();
    run.call(&["lock", "acquire", "m1", "--owner", "b"])
        .refused(1, "process");
    drop(other.stdin.take());
    other.wait().unwrap();
    let taken = run
        .call(&["lock", "acquire", "m1", "--owner", "b"])
        .record();
    let reason = taken["reason"].as_str().unwrap();
    assert!(reason.contains("is gone"), "{taken}");
    run.call(&["lock", "acquire", "m2", "--pid", &pid])
        .refused(2, "no process");
}

#[test]
fn a_command_runs_under_the_lock_and_its_code_is_ours() {
    let run = Run::of(&["t1"]);
    let seen = "state-edit-inside";
    let me = env!("CARGO_BIN_EXE_state-edit");
    let script = format!("{me} lock acquire m1 --owner {seen}; echo said; exit 7");
    let call = run.call(&["lock", "m1", "--owner", "a", "--", "sh", "-c", &script]);
    assert_eq!((call.code, call.out.as_str()), (7, "said\n"), "{call:?}");
    assert!(call.err.contains("a has the lock m1"), "{call:?}");
    assert_eq!(run.value("/locks"), json!({}));
    let call = run.call(&["lock", "m1", "--", "sh", "-c", "kill -9 $$"]);
    assert_eq!(call.code, 137, "{call:?}");
    run.call(&["lock", "m1", "--", "/no/such/program"])
        .refused(4, "cannot run /no/such/program");
    run.call(&["lock", "m1"]).refused(2, "COMMAND");
    run.call(&["lock", "--", "true"]).refused(2, "NAME");
    assert_eq!(run.value("/locks"), json!({}));
}

#[test]
fn a_command_that_runs_longer_than_the_time_keeps_its_lock() {
    let run = Run::of(&["t1"]);
    // Ends when the lock was prolonged three times: by the journal, not by a clock.
    let me = env!("CARGO_BIN_EXE_state-edit");
    let script = format!("{me} log --follow --type lock-acquired --since 2 | head -n 3 >&2");
    let call = run.call(&["lock", "m1", "--ttl", "300ms", "--", "sh", "-c", &script]);
    assert_eq!(call.code, 0, "{call:?}");
    assert_eq!(call.err.matches("\"renews\":2").count(), 3, "{call:?}");
}

#[test]
fn who_loses_the_lock_has_the_command_ended() {
    let run = Run::of(&["t1"]);
    let mut child = program(
        &run.dir,
        &[
            "lock",
            "m1",
            "--ttl",
            "300ms",
            "--",
            "sh",
            "-c",
            "echo up; exec cat",
        ],
    )
    .stdin(Stdio::piped())
    .stdout(Stdio::piped())
    .stderr(Stdio::piped())
    .spawn()
    .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "up");
    run.call(&["lock", "steal", "m1", "--owner", "b", "--reason", "needed"])
        .record();
    let stdin = child.stdin.take();
    let output = child.wait_with_output().unwrap();
    drop(stdin);
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.contains("the lock is lost: b has the lock m1"), "{err}");
    assert_eq!(run.value("/locks/m1/owner"), "b");
}

#[test]
fn who_waits_gets_the_lock_when_it_is_given_back() {
    let run = Run::of(&["t1"]);
    run.call(&["lock", "acquire", "m1", "--owner", "a"])
        .record();
    run.call(&["lock", "acquire", "m1", "--owner", "b", "--wait", "10ms"])
        .refused(1, "a has the lock");
    let mut child = program(
        &run.dir,
        &[
            "lock", "m1", "--owner", "b", "--wait", "1h", "--", "echo", "mine",
        ],
    )
    .stdout(Stdio::piped())
    .stderr(Stdio::piped())
    .spawn()
    .unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(told.next().unwrap().unwrap().contains("waiting: a has"));
    run.call(&["lock", "release", "m1", "--owner", "a"])
        .record();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "mine\n");
}

#[test]
fn many_that_want_a_lock_have_it_one_after_the_other() {
    let run = Run::of(&["t1"]);
    let inside = run.dir.join("inside");
    let script = format!("mkdir {0} && rmdir {0}", inside.display());
    let spawn = |_| {
        program(
            &run.dir,
            &["lock", "m1", "--wait", "1h", "--", "sh", "-c", &script],
        )
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
    };
    let children: Vec<_> = (0..8).map(spawn).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    run.assert_folded();
}

#[test]
fn a_milestone_is_heeded_and_written() {
    let run = Run::of(&["t1"]);
    let file = run.dir.join("milestone.md");
    let path = file.to_str().unwrap();
    let text = "# M1 Prices\n\n| Field | Value |\n|---|---|\n| Status | planning |\n";
    std::fs::write(&file, text).unwrap();
    let script = format!("grep -c '^Locked-By: 20' {path}");
    let call = run.call(&["lock", "m1", "--milestone", path, "--", "sh", "-c", &script]);
    assert_eq!((call.code, call.out.as_str()), (0, "1\n"), "{call:?}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);

    // A lead without this program: its line counts for an hour, then no more.
    let now = schemas::time::now();
    std::fs::write(&file, format!("# M1\nLocked-By: {now}\n")).unwrap();
    run.call(&["lock", "acquire", "m1", "--milestone", path])
        .refused(1, "milestone.md is locked: Locked-By: 20");
    assert_eq!(run.value("/locks"), json!({}));
    std::fs::write(&file, "# M1\nLocked-By: 2020-01-01 10:00:00\n").unwrap();
    run.call(&["lock", "acquire", "m1", "--milestone", path])
        .record();
    run.call(&["lock", "release", "m1", "--milestone", path])
        .record();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "# M1\n");
    run.call(&["lock", "acquire", "m1", "--milestone", "/no/such/file"])
        .refused(3, "cannot read");
}
