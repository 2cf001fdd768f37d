//! What looks and changes nothing: show, log, help.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::run::{Call, Run, program, question};

#[test]
fn without_a_run_every_command_ends_with_code_3_and_makes_nothing() {
    let run = Run::missing();
    for args in [
        &["show"][..],
        &["log"],
        &["log", "--follow"],
        &["verify"],
        &["apply", "start"],
        &["approve"],
        &["reject", "no"],
        &["answer", "t1", "a"],
        &["steer", "t1", "a"],
        &["cancel"],
        &["retry", "t1"],
        &["hold"],
        &["release"],
        &["lock", "refresh", "m"],
        &["lock", "release", "m"],
        &["lock", "steal", "m", "--reason", "x"],
        &["compact"],
        &["inbox"],
        &["next"],
        &["diff", "1"],
        &["show", "--at", "1"],
        &["stats"],
        &["wait"],
        &["undo"],
        &["repair"],
        &["checkpoint", "create", "c"],
        &["checkpoint", "renew"],
    ] {
        run.call(args).refused(3, "no run directory");
    }
    run.call(&["record"])
        .refused(3, "the stage before this one wrote nothing");
    assert!(!run.dir.exists());
    std::fs::create_dir(&run.dir).unwrap();
    run.call(&["show"]).refused(3, "it has no journal.ndjson");
    assert_eq!(std::fs::read_dir(&run.dir).unwrap().count(), 0);
}

#[test]
fn show_prints_the_state_a_value_of_it_or_a_table() {
    let run = Run::of(&["t1", "t2"]);
    let state: Value = serde_json::from_str(&run.call(&["show"]).out).unwrap();
    assert_eq!(
        (&state["kind"], &state["planId"]),
        (&json!("state"), &json!("p"))
    );
    assert_eq!(run.value("/tasks/t2/status"), "pending");
    run.call(&["show", "/tasks/t2/stats"])
        .refused(1, "did you mean /tasks/t2/status?");
    run.call(&["show", "/tasks/t2/status/x"])
        .refused(1, "nothing at /tasks/t2/status/x");
    run.call(&["show", "tasks"]).refused(2, "no JSON Pointer");
    let table = run.call(&["show", "--format", "table"]).out;
    assert!(table.contains("t2    pending"), "{table}");
    assert!(table.contains("2 tasks: 2 pending"), "{table}");
}

#[test]
fn show_never_writes() {
    let run = Run::of(&["t1"]);
    for name in ["state.json", "state.lock"] {
        std::fs::remove_file(run.dir.join(name)).unwrap();
    }
    assert_eq!(run.value("/lastSeq"), 1);
    assert_eq!(run.call(&["verify"]).code, 0);
    assert_eq!(std::fs::read_dir(&run.dir).unwrap().count(), 1);
}

#[test]
fn log_prints_what_was_written_and_filters_it() {
    let run = Run::of(&["t1", "t2"]);
    run.record(&[
        json!({"type": "message", "task": "t1", "text": "a", "host": "n1"}),
        json!({"type": "message", "task": "t2", "text": "b"}),
        question("t1"),
    ]);
    let seqs = |args: &[&str]| -> Vec<u64> {
        let call = run.call(&[&["log"], args].concat());
        let records = call.records();
        records.iter().map(|r| r["seq"].as_u64().unwrap()).collect()
    };
    assert_eq!(seqs(&[]), [1, 2, 3, 4]);
    assert_eq!(seqs(&["--task", "t1"]), [2, 4]);
    assert_eq!(seqs(&["--task", "t1", "--task", "t2"]), [2, 3, 4]);
    assert_eq!(seqs(&["--type", "message", "--task", "t1"]), [2]);
    assert_eq!(seqs(&["--since", "2"]), [3, 4]);
    assert_eq!(seqs(&["--tail", "1"]), [4]);
    assert_eq!(seqs(&["--type", "message", "--tail", "1"]), [3]);
    assert_eq!(
        run.call(&["log", "--since", "1"]).records()[0]["host"],
        "n1"
    );
    assert!(
        run.call(&["log"])
            .records()
            .iter()
            .all(|record| record.get("crc").is_none())
    );
}

#[test]
fn a_follower_sees_records_as_they_come_until_the_run_is_finished() {
    let run = Run::of(&["t1"]);
    let mut child = program(&run.dir, &["log", "--follow"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("run-started"));
    run.call(&["steer", "t1", "hello"]).record();
    assert!(lines.next().unwrap().unwrap().contains("hello"));
    run.record(&[json!({"type": "run-finished", "outcome": "failed"})]);
    assert!(lines.next().unwrap().unwrap().contains("run-finished"));
    assert!(lines.next().is_none());
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_follower_ends_when_its_reader_goes() {
    let run = Run::of(&["t1"]);
    let mut child = program(&run.dir, &["log", "--follow"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_closed_stdout_is_no_failure_and_the_edit_happens() {
    let run = Run::of(&["t1"]);
    for args in [
        &["show"][..],
        &["log"],
        &["verify", "--format", "json"],
        &["hold"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = program(&run.dir, args).stdout(writer).output().unwrap();
        let call = Call::of(&output);
        assert_eq!((call.code, call.err.as_str()), (0, ""), "{args:?}");
    }
    assert_eq!(run.value("/held"), true);
}

#[test]
fn quiet_says_errors_only() {
    let run = Run::of(&["t1"]);
    assert_eq!(run.call(&["verify", "-q"]).err, "");
    run.call(&["release", "-q"]).refused(1, "not held");
}

#[test]
fn help_and_version_are_there() {
    let run = Run::missing();
    let help = run.call(&["--help"]);
    assert!(help.code == 0 && help.out.contains("Examples:"), "{help:?}");
    assert!(run.call(&["--version"]).out.starts_with("state-edit "));
    assert_eq!(run.call(&[]).code, 2);
    assert_eq!(run.call(&["shwo"]).code, 2);
}
