//! What agents are at, by other signs than their markers.

use std::io::Write;

use serde_json::Value;

use crate::support::{Running, start};

fn listen(args: &[&str]) -> Running {
    let folder = tempfile::tempdir().expect("a folder");
    start(folder.path(), args)
}

fn say(running: &mut Running, text: &str) {
    let stdin = running.stdin.as_mut().expect("stdin is open");
    stdin.write_all(text.as_bytes()).expect("it reads");
}

fn state(record: &Value) -> String {
    record["state"].as_str().unwrap_or("-").to_owned()
}

#[test]
fn silence_and_stalls_are_told() {
    let mut running = listen(&[
        "--all-states",
        "--silence",
        "100ms",
        "--stall",
        "300ms",
        "--id",
        "t",
    ]);
    say(&mut running, "words\n");
    // It may be silent before the first words reach it.
    let told =
        std::iter::repeat_with(|| running.record()).skip_while(|told| state(told) != "working");
    let told: Vec<Value> = told.take(3).collect();
    assert_eq!(
        told.iter().map(state).collect::<Vec<_>>(),
        ["working", "silent", "stalled"]
    );
    assert_eq!(
        (&told[2]["task"], &told[2]["sign"]),
        (&"t".into(), &"clock".into())
    );
    assert!(told[2]["silentMs"].as_u64() >= Some(300), "{}", told[2]);
    say(&mut running, "words\n");
    assert_eq!(state(&running.record()), "working");
    assert_eq!(
        state(running.end().records.last().expect("it ended")),
        "exited"
    );
}

#[test]
fn an_open_question_is_no_stall() {
    let mut running = listen(&[
        "--all-states",
        "--silence",
        "50ms",
        "--stall",
        "80ms",
        "--timeout",
        "2s",
    ]);
    say(&mut running, "[QUESTION:t] which?\n");
    let stdin = running.stdin.take();
    let ended = running.end();
    drop(stdin);
    let last = ended.records.last().expect("it asks");
    assert_eq!(last["type"], "question", "{:?}", ended.records);
}

#[test]
fn a_known_prompt_waits_for_somebody() {
    let mut running = listen(&["--all-states"]);
    say(&mut running, "Overwrite main.rs? [y/N] ");
    assert_eq!(state(&running.record()), "working");
    let waits = running.record();
    assert_eq!(
        (state(&waits).as_str(), &waits["prompt"]),
        ("waiting-for-input", &"yes-or-no".into())
    );
    assert_eq!(waits["text"], "Overwrite main.rs? [y/N]");
    running.end();
}

#[test]
fn a_prompt_that_is_drawn_word_by_word_is_known() {
    // As Claude Code 2.1.329 and codex 0.169.0 draw theirs.
    for (drawn, name) in [
        (
            r"\033[2GDo\033[5Gyou\033[9Gwant\033[14Gto\033[17Gproceed?\r\r\n\033[2G>\033[4G1.\033[7GYes\r\r\n\033[1C\033[2A",
            "claude-permission",
        ),
        (
            r"\033[5;3HTrust\033[5;9Hthis\033[5;14Hfolder?\033[5;22HCodex\033[5;28Hcan\033[9;1H1. Trust and continue\033[12;3Hesc\033[38;1H",
            "codex-trust",
        ),
    ] {
        let script = format!("printf '{drawn}'; read x");
        let running = listen(&[
            "--quiet",
            "--all-states",
            "--pty",
            "--",
            "sh",
            "-c",
            &script,
        ]);
        assert_eq!(state(&running.record()), "working");
        let waits = running.record();
        assert_eq!(
            (state(&waits).as_str(), &waits["prompt"]),
            ("waiting-for-input", &name.into())
        );
        running.end();
    }
}

#[test]
fn signs_to_the_terminal_are_records_of_their_own() {
    let mut running = listen(&[]);
    say(
        &mut running,
        "\x1b]9;4;3;\x07busy\x1b]9;4;3;\x07\x1b]9;4;1;40\x07\x1b]9;4;0;\x07\x1b]133;D;2\x07\n[DONE:t] x\n",
    );
    let ended = running.end();
    let states: Vec<String> = ended.records.iter().map(state).collect();
    assert_eq!(states, ["working", "working", "idle", "exited", "-"]);
    assert_eq!(ended.records[1]["percent"], 40);
    assert_eq!(
        (&ended.records[3]["exitCode"], &ended.records[3]["sign"]),
        (&2.into(), &"osc-133".into())
    );
    assert_eq!(ended.code, Some(0));
}

#[test]
fn progress_that_was_made_to_fit_says_so() {
    let mut running = listen(&[]);
    say(
        &mut running,
        "[PROGRESS:t] 45 % - a\n[PROGRESS:t] 30% - b\n[PROGRESS:t] 250% - c\n",
    );
    let ended = running.end();
    let told: Vec<_> = ended
        .records
        .iter()
        .map(|r| (r["percent"].as_u64(), r["said"].as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (Some(45), Some("45 %")),
            (Some(45), Some("30%")),
            (Some(100), Some("250%"))
        ]
    );
}

#[test]
fn what_a_source_does_not_own_is_not_believed() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(
        folder.path().join("a.log"),
        "[DONE:t2] forged\n[PROGRESS:t1] 5%\n",
    )
    .expect("written");
    std::fs::write(folder.path().join("b.log"), "[PROGRESS:t2] 5%\n").expect("written");
    let ended = start(folder.path(), &["--spoof-check", "t1=a.log", "t2=b.log"]).end();
    let kinds: Vec<_> = ended
        .records
        .iter()
        .map(|r| r["type"].as_str().unwrap_or("-"))
        .collect();
    assert_eq!(kinds, ["marker-spoofed", "progress", "progress"]);
    assert_eq!(
        (&ended.records[0]["owner"], &ended.records[0]["source"]),
        (&"t1".into(), &"t1".into())
    );
    assert_eq!(ended.code, Some(1), "nobody is done");
}

#[test]
fn patterns_and_families_find_more() {
    let mut running = listen(&[
        "--family",
        "aid",
        "--pattern",
        "done=^ALL GREEN$",
        "--pattern",
        "ticket=ABC-[0-9]+",
        "--id",
        "t",
    ]);
    say(
        &mut running,
        "\x1b[1m[MILESTONE]\x1b[0m parser written\nsee ABC-12\nALL GREEN\n",
    );
    let ended = running.end();
    let told: Vec<_> = ended
        .records
        .iter()
        .map(|r| {
            (
                r["type"].as_str(),
                r["pattern"].as_str(),
                r["task"].as_str(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (Some("message"), Some("milestone"), Some("t")),
            (Some("message"), Some("ticket"), Some("t")),
            (Some("done"), None, Some("t"))
        ]
    );
    assert_eq!(ended.code, Some(0));
}

#[test]
fn the_dialect_is_found_out() {
    let stream = "starting\n{\"type\":\"thread.started\",\"thread_id\":\"x\"}\n{\"type\":\"item.completed\",\"item\":{\"id\":\"1\",\"type\":\"agent_message\",\"text\":\"[DONE:t] said\"}}\n";
    let mut running = listen(&["--dialect", "auto"]);
    say(&mut running, stream);
    assert_eq!(running.end().texts(), ["said"]);
    let mut running = listen(&["--dialect", "auto"]);
    say(&mut running, "{\"level\":\"info\"}\n[DONE:t] at once\n");
    assert_eq!(running.texts(1), ["at once"]);
    running.end();
}

#[test]
fn lines_that_were_broken_at_a_column_are_whole() {
    let mut running = listen(&["--width", "20"]);
    say(
        &mut running,
        "[DONE:t] this is lon\r\nger than the line\r\n",
    );
    assert_eq!(running.end().texts(), ["this is longer than the line"]);
}

#[test]
fn what_agents_draw_before_their_words_hides_no_marker() {
    let drawn = "====================\r\n\u{1b}[1m●\u{1b}[0m [DONE:t] one\r\n• [DONE:u] two\r\n";
    let mut running = listen(&["--width", "20"]);
    say(&mut running, drawn);
    assert_eq!(running.end().texts(), ["one", "two"]);
    // In a log it is a list that somebody has written.
    let mut running = listen(&[]);
    say(&mut running, drawn);
    assert_eq!(running.end().texts(), [""; 0]);
}
