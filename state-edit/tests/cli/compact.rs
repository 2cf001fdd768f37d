//! A journal that is compacted: everybody sees what they saw before, and it goes on.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::run::{Run, program, question, settled};

/// A run whose dispatcher has ended.
fn ended() -> Run {
    let run = Run::of(&["t1", "t2", "t3"]);
    run.record(&[
        json!({"type": "task-ready", "task": "t1", "attempt": 1, "terminal": "x", "digest": "d"}),
        json!({"type": "attempt-started", "task": "t1", "attempt": 1, "agent": "quick", "pid": 1,
            "terminal": "x", "workspace": ".", "promptFile": "", "logFile": ""}),
        json!({"type": "attempt-finished", "task": "t1", "attempt": 1, "result": "done", "durationMs": 1500,
            "costUsd": 0.1}),
        settled("t1", "succeeded"),
        question("t2"),
        json!({"type": "run-paused", "reason": "question", "waiting": ["t2"]}),
    ]);
    run
}

fn compacted(run: &Run) -> Value {
    let call = run.call(&["compact"]);
    assert_eq!(call.code, 0, "{call:?}");
    serde_json::from_str(&call.out).unwrap()
}

#[test]
fn every_command_sees_what_it_saw_before() {
    let run = ended();
    let looks = [
        vec!["show"],
        vec!["show", "--at", "5"],
        vec!["diff", "2", "6"],
        vec!["log"],
        vec!["log", "--type", "question", "--since", "1"],
        vec!["stats"],
        vec!["inbox"],
        vec!["wait", "t1"],
        vec!["render", "--format", "json"],
        vec!["render", "--format", "html"],
        vec!["render", "--format", "aiter", "--at", "4"],
        vec!["export"],
    ];
    let look = |args: &Vec<&str>| {
        let call = run.call(&args.iter().map(|arg| &**arg).collect::<Vec<_>>());
        assert_eq!((call.code, call.err.as_str()), (0, ""), "{args:?}");
        call.out
    };
    let place = |text: &str| -> String {
        let lines = text.split(',').flat_map(|part| part.lines());
        let lines = lines.filter(|line| !line.contains("\"journalBytes\""));
        lines.collect()
    };
    let before: Vec<String> = looks.iter().map(look).collect();
    let report = compacted(&run);
    assert_eq!(
        (&report["kind"], &report["records"]),
        (&json!("compaction"), &json!(7))
    );
    let archive = report["archive"].as_str().unwrap();
    assert!(archive.ends_with("journal.1-7.ndjson"), "{archive}");
    for (args, before) in looks.iter().zip(&before) {
        assert_eq!(place(&look(args)), place(before), "{args:?}");
    }
    run.assert_folded();
    assert_eq!(compacted(&run)["archive"], Value::Null);

    let answered = run.call(&["answer", "t2", "that one"]).record();
    assert_eq!(answered["seq"], 8);
    assert!(
        compacted(&run)["archive"]
            .as_str()
            .unwrap()
            .ends_with("journal.8-8.ndjson")
    );
    run.call(&["hold"]).record();
    run.assert_folded();
    let seqs: Vec<Value> = run
        .call(&["log"])
        .records()
        .iter()
        .map(|record| record["seq"].clone())
        .collect();
    assert_eq!(seqs, (1..=9).map(Value::from).collect::<Vec<_>>());
    assert_eq!(run.call(&["undo"]).record()["event"], "release");
}

#[test]
fn a_dispatcher_is_not_disturbed() {
    Run::of(&["t1"])
        .call(&["compact"])
        .refused(1, "a dispatcher is at work: process");
    let run = ended();
    let journal = std::fs::read(run.dir.join("journal.ndjson")).unwrap();
    let lock = File::create(run.dir.join("dispatch.lock")).unwrap();
    lock.lock().unwrap();
    run.call(&["compact"]).refused(1, "a dispatcher is at work");
    assert_eq!(
        std::fs::read(run.dir.join("journal.ndjson")).unwrap(),
        journal
    );
    drop(lock);
    compacted(&run);
    Run::missing()
        .call(&["compact"])
        .refused(3, "no run directory");
}

#[test]
fn without_the_archive_only_what_is_older_is_missing() {
    let run = ended();
    let state = run.call(&["show"]).out;
    compacted(&run);
    run.call(&["answer", "t2", "that one"]).record();
    std::fs::remove_file(run.dir.join("journal.1-7.ndjson")).unwrap();
    assert_eq!(run.value("/tasks/t1/outcome"), "succeeded");
    run.call(&["show", "--at", "5"])
        .refused(1, "record 5 is in an archive that is not there");
    let shown: Value = serde_json::from_str(&run.call(&["show", "--at", "7"]).out).unwrap();
    let mut before: Value = serde_json::from_str(&state).unwrap();
    before["journalBytes"] = 0.into();
    assert_eq!(shown, before);
    let log = run.call(&["log", "--since", "7"]);
    assert_eq!(log.record()["text"], "that one");
    assert!(
        log.err
            .contains("up to 7 are in the archive journal.1-7.ndjson, which is not in"),
        "{log:?}"
    );
    let verified = run.call(&["verify"]);
    assert!(
        verified.code == 0 && verified.err.contains("archive-missing"),
        "{verified:?}"
    );
}

#[test]
fn what_is_wrong_with_an_archive_or_with_what_stands_for_it_is_told_with_its_place() {
    let run = ended();
    compacted(&run);
    let archive = run.dir.join("journal.1-7.ndjson");
    let whole = std::fs::read_to_string(&archive).unwrap();
    std::fs::write(&archive, whole.replace("which?", "what??")).unwrap();
    let verified = run.call(&["verify", "--format", "json"]);
    let report: Value = serde_json::from_str(&verified.out).unwrap();
    let problem = &report["problems"][0];
    assert_eq!(
        (verified.code, &problem["code"], &problem["line"]),
        (1, &json!("journal-damaged"), &json!(6))
    );
    assert_eq!(problem["file"], archive.to_str().unwrap());

    // Another history that is whole in itself.
    let other = ended();
    other.record(&[json!({"type": "note", "text": "more"})]);
    let text = std::fs::read_to_string(other.dir.join("journal.ndjson")).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    std::fs::write(&archive, lines[..7].concat()).unwrap();
    let verified = run.call(&["verify"]);
    assert!(
        verified.code == 1 && verified.err.contains("archive-differs"),
        "{verified:?}"
    );
}

#[test]
fn who_follows_the_journal_goes_on_in_the_new_one() {
    let run = ended();
    let mut child = program(&run.dir, &["log", "--follow", "--since", "6"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    assert_eq!(next()["seq"], 7);
    for seq in 8..12 {
        compacted(&run);
        run.call(&["steer", "t3", "go on"]).record();
        assert_eq!(next()["seq"], seq);
    }
    run.record(&[json!({"type": "run-finished", "outcome": "succeeded"})]);
    assert_eq!(next()["type"], "run-finished");
    assert!(child.wait().unwrap().success());
}

#[test]
fn writers_do_not_notice() {
    let run = ended();
    const WRITERS: usize = 8;
    const EDITS: usize = 20;
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..EDITS {
                        run.call(&["steer", "t3", "go on"]).record();
                    }
                })
            })
            .collect();
        while writers.iter().any(|writer| !writer.is_finished()) {
            compacted(&run);
        }
        writers
            .into_iter()
            .for_each(|writer| writer.join().unwrap());
    });
    let records = run.call(&["log"]).records();
    assert_eq!(records.len(), 7 + WRITERS * EDITS);
    assert!(
        records
            .iter()
            .zip(1..)
            .all(|(record, seq)| record["seq"] == seq)
    );
    run.assert_folded();
}
