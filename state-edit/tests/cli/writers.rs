//! Many writers at once, and writers that are killed: nothing is lost, nothing is torn.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use crate::run::{Run, program};

const WRITERS: usize = 64;

/// Appends of each writer's stream, one by one.
const EDITS: usize = 200;

/// Edits of each writer that are a process each; `STATE_EDIT_PROCESSES=200` has the long version.
const PROCESSES: usize = 5;

#[test]
fn sixty_four_writers_lose_nothing_and_nobody_sees_half_a_state() {
    let run = Run::missing();
    let ids: Vec<String> = (0..WRITERS).map(|writer| format!("w{writer}")).collect();
    run.start(&ids.iter().map(String::as_str).collect::<Vec<_>>());
    let processes = std::env::var("STATE_EDIT_PROCESSES")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(PROCESSES);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| watch(&run, &done));
        let writers: Vec<_> = ids
            .iter()
            .map(|id| scope.spawn(|| write(&run, id, processes)))
            .collect();
        for writer in writers {
            writer.join().unwrap();
        }
        done.store(true, Ordering::Relaxed);
        watcher.join().unwrap();
    });

    let mut said: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (seq, record) in (1..).zip(run.call(&["log"]).records()) {
        assert_eq!(record["seq"], seq);
        if let (Some(task), Some(text)) = (record["task"].as_str(), record["text"].as_str()) {
            said.entry(task.to_owned())
                .or_default()
                .push(text.to_owned());
        }
    }
    assert_eq!(said.len(), WRITERS);
    let expected: Vec<String> = (0..EDITS + processes)
        .map(|edit| edit.to_string())
        .collect();
    for (id, texts) in said {
        assert_eq!(texts, expected, "{id}");
    }
    run.assert_folded();
    assert_eq!(run.value("/lastSeq"), 1 + WRITERS * (EDITS + processes));
}

/// Each of its edits happens before it makes the next.
fn write(run: &Run, id: &str, processes: usize) {
    let mut child = program(&run.dir, &["record"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut echo = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut last = 0;
    for edit in 0..EDITS {
        let record = serde_json::json!({"type": "progress", "task": id, "text": edit.to_string()});
        writeln!(stdin, "{record}").unwrap();
        let written: Value = serde_json::from_str(&echo.next().unwrap().unwrap()).unwrap();
        assert_eq!(written["text"], record["text"]);
        let seq = written["seq"].as_u64().unwrap();
        assert!(seq > last);
        last = seq;
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
    for edit in EDITS..EDITS + processes {
        let call = run.call(&["steer", id, &edit.to_string()]);
        assert_eq!(call.record()["task"], id);
    }
}

/// Whoever looks finds a whole document, and never an older one than before.
fn watch(run: &Run, done: &AtomicBool) {
    let mut last = 0;
    while !done.load(Ordering::Relaxed) {
        let call = run.call(&["show"]);
        let shown: Value = serde_json::from_str(&call.out).unwrap();
        let seq = shown["lastSeq"].as_u64().unwrap();
        assert!(seq >= last);
        last = seq;
        let saved = std::fs::read(run.dir.join("state.json")).unwrap();
        let saved: Value = serde_json::from_slice(&saved).unwrap();
        assert_eq!(saved["kind"], "state");
    }
}

#[test]
fn of_many_who_expect_the_same_one_is_first() {
    let run = Run::of(&["t1"]);
    let calls: Vec<_> = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..16)
            .map(|n| {
                let run = &run;
                scope.spawn(move || {
                    run.call(&["steer", "t1", &n.to_string(), "--expect", "/lastSeq=1"])
                })
            })
            .collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert_eq!(calls.iter().filter(|call| call.code == 0).count(), 1);
    for call in calls.iter().filter(|call| call.code != 0) {
        call.refused(1, "/lastSeq is 2, expected 1");
    }
    assert_eq!(run.value("/lastSeq"), 2);
}

#[test]
fn a_writer_killed_at_any_moment_leaves_a_journal_that_goes_on() {
    let run = Run::of(&["t1"]);
    let mut told = BTreeSet::new();
    let mut random = 88_172_645_463_325_252_u64;
    for round in 0..50 {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        // In some rounds a batch of many small lines is on its way, in others few long ones.
        let padding = "x".repeat(if round % 2 == 0 { 10 } else { 20_000 });
        told.extend(killed(&run, round, (random % 40) as usize, &padding));
        let call = run.call(&["steer", "t1", "go on"]);
        assert_eq!(call.code, 0, "{call:?}");
        let call = run.call(&["verify"]);
        assert_eq!(call.code, 0, "{call:?}");
    }
    let kept = run.call(&["log", "--type", "message"]).records();
    let kept: BTreeSet<_> = kept
        .iter()
        .map(|record| record["key"].to_string())
        .collect();
    // What a writer was told to have happened has happened, whatever became of the writer.
    assert!(told.is_subset(&kept));
    run.assert_folded();
    let left: Vec<_> = std::fs::read_dir(&run.dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !["journal.ndjson", "state.json", "state.lock"].contains(&name.as_str()))
        .collect();
    assert!(left.len() <= 1, "{left:?}");
}

/// Kills a writer that has more to write after it has told of `after` records; gives what it told.
fn killed(run: &Run, round: usize, after: usize, padding: &str) -> Vec<String> {
    let mut child = program(&run.dir, &["record"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut echo = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut told = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for n in 0.. {
                let record = serde_json::json!({
                    "type": "message", "task": "t1", "text": "", "key": format!("{round}/{n}"), "padding": padding
                });
                if writeln!(stdin, "{record}").is_err() {
                    break;
                }
            }
        });
        let told_of = |line: &str| {
            let record: Value = serde_json::from_str(line).ok()?;
            Some(record["key"].to_string())
        };
        told.extend(
            echo.by_ref()
                .take(after)
                .filter_map(|line| told_of(&line.unwrap())),
        );
        child.kill().unwrap();
        // The echo is printed after the sync: what still comes out of the pipe has happened, too.
        told.extend(echo.map_while(Result::ok).filter_map(|line| told_of(&line)));
        child.wait().unwrap();
    });
    told
}
