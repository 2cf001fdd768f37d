//! What people and scripts see: lines, tables, exit codes, commands that are told.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::support::{Running, program, start, wait_until};

const LOG: &str =
    "[PROGRESS:t1] 40% - parser\n[QUESTION:t2] tabs?\n[PROGRESS:t1] 40% - parser\n[DONE:t1] all\n";

#[test]
fn lines_and_tables_for_people() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a.log"), LOG).expect("written");
    for format in ["text", "bars"] {
        let ended = start(folder.path(), &["--format", format, "a.log"]).end();
        let lines: Vec<_> = ended
            .records
            .iter()
            .filter_map(|line| line.as_str())
            .collect();
        assert_eq!(
            lines,
            [
                "t1 40% parser",
                "t2 asks: tabs?",
                "t1 40% parser",
                "t1 is done: all"
            ],
            "{format}"
        );
        assert_eq!(ended.code, Some(5));
    }
    let ended = start(folder.path(), &["--format", "table", "a.log"]).end();
    let lines: Vec<_> = ended
        .records
        .iter()
        .filter_map(|line| line.as_str())
        .collect();
    assert_eq!(lines.len(), 3);
    assert!(
        lines[1].starts_with("t1    100%") && lines[1].ends_with("done      all"),
        "{lines:?}"
    );
    assert!(
        lines[2].starts_with("t2") && lines[2].ends_with("question  tabs?"),
        "{lines:?}"
    );
}

#[test]
fn what_would_steer_a_terminal_does_not() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(
        folder.path().join("a.log"),
        "[DONE:t1] \u{202e}live\u{7f}\u{85} it\n",
    )
    .expect("written");
    let ended = start(folder.path(), &["--format", "text", "a.log"]).end();
    assert_eq!(ended.records, ["t1 is done: \u{fffd}live it"]);
}

#[test]
fn all_waits_for_each_and_the_slowest() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut running = start(folder.path(), &["--until", "all", "--id", "a", "--id", "b"]);
    let stdin = running.stdin.as_mut().expect("it is open");
    stdin
        .write_all(b"[DONE:a] x\n[PROGRESS:b] 5%\n")
        .expect("it reads");
    running.texts(2);
    let stdin = running.stdin.as_mut().expect("it is open");
    stdin.write_all(b"[DONE:b] y\n").expect("it reads");
    // Its input stays open.
    let stdin = running.stdin.take();
    let ended = running.end();
    drop(stdin);
    assert_eq!((ended.texts(), ended.code), (vec!["y".to_owned()], Some(0)));
}

#[test]
fn commands_are_told_once_of_each_event() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a.log"), LOG).expect("written");
    let on = [
        "--on",
        "waiting",
        "cat >>asked",
        "--on",
        "*",
        "echo \"$PRIORITY $RECORD_TYPE $TASK_ID: $MESSAGE\" >>all; echo said",
    ];
    let mut args = on.to_vec();
    args.extend(["--notify", "echo \"$MESSAGE\" >>noticed", "a.log"]);
    let ended = start(folder.path(), &args).end();
    assert_eq!(ended.code, Some(5));
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap_or_default();
    let asked: serde_json::Value = serde_json::from_str(&read("asked")).expect("one record");
    assert_eq!(
        (&asked["task"], &asked["text"]),
        (&"t2".into(), &"tabs?".into())
    );
    assert_eq!(
        read("all").lines().collect::<Vec<_>>(),
        [
            "normal progress t1: t1 40% parser",
            "high question t2: t2 asks: tabs?",
            "normal done t1: t1 is done: all"
        ]
    );
    assert_eq!(
        read("noticed").lines().collect::<Vec<_>>(),
        ["t2 asks: tabs?", "t1 is done: all"]
    );
    assert_eq!(ended.stderr, "said\n".repeat(3), "stdout is data");
}

/// With these programs and no others.
fn with_programs(folder: &Path, programs: &[(&str, &str)]) -> PathBuf {
    let bin = folder.join("bin");
    fs::create_dir(&bin).expect("a folder");
    for (name, script) in programs {
        let path = bin.join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it may run");
    }
    symlink("/bin/sh", bin.join("sh")).expect("a link");
    bin
}

#[test]
fn the_desktop_is_told_by_what_is_there_for_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = "[PROGRESS:t1] 40% - x\n[QUESTION:t2] $(touch harm) --tabs?\n[DONE:t1] all\n";
    fs::write(folder.path().join("a.log"), log).expect("written");
    let record = r#"for word; do printf '<%s>' "$word"; done >>told; echo >>told"#;
    let bin = with_programs(folder.path(), &[("notify-send", record)]);
    let tell = || {
        let mut command = program(folder.path(), &["--notify", "desktop", "a.log"]);
        command.env("PATH", &bin);
        Running::of(command).end()
    };
    let ended = tell();
    assert_eq!((ended.stderr.as_str(), ended.code), ("", Some(5)));
    let told = fs::read_to_string(folder.path().join("told")).unwrap_or_default();
    assert_eq!(
        told,
        "<--><t2><t2 asks: $(touch harm) --tabs?>\n<--><t1><t1 is done: all>\n"
    );
    assert!(!folder.path().join("harm").exists());
    fs::remove_file(bin.join("notify-send")).expect("it was there");
    let ended = tell();
    assert!(
        ended.stderr.contains("neither notify-send nor osascript"),
        "{}",
        ended.stderr
    );
    assert_eq!(ended.code, Some(5), "and that is no reason to fail");
}

#[test]
fn the_bell_rings_once_for_each_event() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a.log"), LOG.repeat(2)).expect("written");
    let ours = env!("CARGO_BIN_EXE_marker-watch");
    let bells = |notify: &[&str]| {
        // On a terminal, of which everything passes through.
        let args = [&["--pty", "--", ours][..], notify, &["a.log"]].concat();
        let ended = start(folder.path(), &args).end();
        ended.stderr.matches('\u{7}').count()
    };
    // A question and a result; what is said twice in a row is told once.
    assert_eq!(bells(&["--notify", "bell"]), 2);
    assert_eq!(bells(&[]), 0);
}

#[test]
fn text_of_an_agent_never_becomes_a_command() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(
        folder.path().join("a.log"),
        "[DONE:t] $(touch harm); touch harm; `touch harm`\n",
    )
    .expect("written");
    let ended = start(
        folder.path(),
        &["--notify", "echo \"$MESSAGE\" >told", "a.log"],
    )
    .end();
    assert_eq!(ended.code, Some(0));
    assert!(folder.path().join("told").exists() && !folder.path().join("harm").exists());
}

#[test]
fn a_command_that_fails_is_warned_of_once_and_a_wrong_event_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a.log"), LOG).expect("written");
    let ended = start(folder.path(), &["--on", "*", "exit 3", "a.log"]).end();
    assert_eq!(
        ended.stderr,
        "marker-watch: warning: --on: `exit 3` ended with exit code 3 (told once)\n"
    );
    let wrong = start(folder.path(), &["--on", "dnoe", "true", "a.log"]).end();
    assert_eq!(wrong.code, Some(2));
    assert!(
        wrong.stderr.contains("--on knows no event dnoe"),
        "{}",
        wrong.stderr
    );
}

#[test]
fn who_has_stopped_reading_ends_it_though_nothing_comes() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a.log"), "").expect("written");
    let mut child = program(folder.path(), &["--follow", "a.log"])
        .spawn()
        .expect("it starts");
    drop(child.stdout.take());
    let code = std::cell::Cell::new(None);
    let child = std::cell::RefCell::new(child);
    wait_until("it ends", || {
        code.set(
            child
                .borrow_mut()
                .try_wait()
                .expect("it can be asked")
                .map(|status| status.code()),
        );
        code.get().is_some()
    });
    assert_eq!(code.get().flatten(), Some(1));
}

#[test]
fn several_files_name_themselves_and_missing_ones_are_told_before_anything_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a.log"), "[DONE:t] a\n").expect("written");
    fs::write(folder.path().join("b.log"), "[DONE:t] b\n").expect("written");
    let ended = start(folder.path(), &["?.log"]).end();
    let sources: Vec<_> = ended
        .records
        .iter()
        .filter_map(|record| record["source"].as_str())
        .collect();
    assert_eq!(sources, ["a.log", "b.log"]);
    let missing = start(folder.path(), &["a.log", "c.log"]).end();
    assert_eq!((missing.records.len(), missing.code), (0, Some(3)));
    let none = start(folder.path(), &["*.txt"]).end();
    assert_eq!(none.code, Some(3));
    assert!(
        none.stderr.contains("no file to read in ."),
        "{}",
        none.stderr
    );
}
