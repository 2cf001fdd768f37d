//! The program as its users meet it.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_marker-watch"));
    command
        .args(args)
        .env_remove("ORCHESTRATE_RUN")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn start(args: &[&str]) -> (Child, ChildStdin) {
    let mut child = program(args).spawn().expect("the program starts");
    let stdin = child.stdin.take().expect("stdin is a pipe");
    (child, stdin)
}

fn watch(args: &[&str], input: &[u8]) -> Output {
    let (child, mut stdin) = start(args);
    let input = input.to_vec();
    // The program may stop reading before the input is over.
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().expect("the program ends");
    let _ = writer.join().expect("the writer does not panic");
    output
}

fn records(output: &Output) -> Vec<Value> {
    let text = std::str::from_utf8(&output.stdout).expect("records are UTF-8");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a record is JSON"))
        .collect()
}

/// `type task text` of each record.
fn said(output: &Output) -> Vec<String> {
    let word = |record: &Value, key: &str| record[key].as_str().unwrap_or("-").to_owned();
    records(output)
        .iter()
        .map(|r| {
            format!(
                "{} {} {}",
                word(r, "type"),
                word(r, "task"),
                word(r, "text")
            )
        })
        .collect()
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn markers_become_records() {
    let output = watch(
        &["--run", "r1"],
        b"noise\n[PROGRESS:t1] 45% - auth\n\x1b[32m[DONE:t1]\x1b[0m all good",
    );
    assert_eq!(output.status.code(), Some(0));
    let records = records(&output);
    assert_eq!(records.len(), 2);
    let first = &records[0];
    assert_eq!((&first["seq"], &first["percent"]), (&1.into(), &45.into()));
    assert_eq!(
        (&first["run"], &first["text"]),
        (&"r1".into(), &"auth".into())
    );
    let time = first["time"].as_str().and_then(schemas::time::parse);
    assert!(time.is_some(), "{first}");
    assert_eq!(records[1]["seq"], 2);
    assert_eq!(records[1]["text"], "all good");
    for line in std::str::from_utf8(&output.stdout).expect("UTF-8").lines() {
        let record = schemas::Record::parse(line).expect("it is a record");
        assert_eq!(record.to_line(), line);
    }
}

#[test]
fn the_exit_code_is_what_was_said_last() {
    for (input, code) in [
        ("[DONE:a] x\n", 0),
        ("[ERROR:a] x\n", 1),
        ("[QUESTION:a] x\n", 5),
        ("[QUESTION:a] x\n[DONE:a] y\n", 0),
        ("[ERROR:a] x\n[DONE:b] y\n", 1),
        ("[PROGRESS:a] 5% - x\n", 1),
        ("nothing\n", 1),
        ("", 3),
    ] {
        let output = watch(&[], input.as_bytes());
        assert_eq!(
            output.status.code(),
            Some(code),
            "{input:?} {}",
            errors(&output)
        );
    }
    assert!(errors(&watch(&[], b"nothing\n")).contains("no result marker"));
    assert!(errors(&watch(&[], b"")).contains("the stage before this one wrote nothing"));
}

#[test]
fn only_the_ids_that_were_asked_for_count() {
    let input = b"[DONE:term-12] x\n[DONE:term-1] y\n[ERROR:other] z\n";
    let output = watch(&["--id", "term-1"], input);
    assert_eq!(said(&output), ["done term-1 y"]);
    assert_eq!(output.status.code(), Some(0));
    let both = watch(&["--id", "term-1", "--id", "gone"], input);
    assert_eq!(both.status.code(), Some(1));
    assert!(errors(&both).contains("no result marker of gone"));
}

#[test]
fn a_prompt_that_explains_the_protocol_completes_nothing() {
    let prompt = include_bytes!("../../schemas/examples/prompt-echo.txt");
    let output = watch(&[], prompt);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
}

#[test]
fn until_stops_reading() {
    let input = b"[PROGRESS:a] 1%\n[QUESTION:a] q\n[DONE:a] d\n[ERROR:a] e\n";
    for (until, code, count) in [
        ("done", 0, 3),
        ("question", 5, 2),
        ("any", 5, 2),
        ("error", 1, 4),
        ("end", 1, 4),
    ] {
        let output = watch(&["--until", until], input);
        assert_eq!(output.status.code(), Some(code), "{until}");
        assert_eq!(records(&output).len(), count, "{until}");
    }
    // The input stays open, and yet it ends.
    let (child, mut stdin) = start(&["--until", "done"]);
    stdin.write_all(b"[DONE:a] x\n").expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0));
    drop(stdin);
}

#[test]
fn a_marker_is_written_while_the_input_is_open() {
    let (mut child, mut stdin) = start(&[]);
    let mut stdout = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
    let mut line = String::new();
    for number in 1..=3 {
        // Cut in the middle of a marker: half of it is nothing yet.
        write!(stdin, "[PROGRESS:a] {number}").expect("it reads");
        writeln!(stdin, "% - step").expect("it reads");
        line.clear();
        stdout.read_line(&mut line).expect("a record comes");
        let record: Value = serde_json::from_str(&line).expect("it is JSON");
        assert_eq!(record["percent"], number);
    }
    drop(stdin);
    assert_eq!(child.wait().expect("it ends").code(), Some(1));
}

#[test]
fn the_time_limit_holds_while_the_input_is_open() {
    let (child, mut stdin) = start(&["--timeout", "300ms"]);
    stdin.write_all(b"[PROGRESS:a] 5% - x\n").expect("it reads");
    let started = Instant::now();
    let output = child.wait_with_output().expect("it ends");
    assert!(started.elapsed() < Duration::from_secs(20));
    assert_eq!(output.status.code(), Some(1));
    assert!(
        errors(&output).contains("no result marker within 0.3s"),
        "{}",
        errors(&output)
    );
    assert_eq!(said(&output), ["progress a x"]);
    drop(stdin);
}

#[test]
fn a_line_of_100_mb_hides_nothing_behind_it() {
    let mut input = vec![b'x'; 100 << 20];
    input.extend_from_slice(b"\n[DONE:a] after\n");
    let output = watch(&[], &input);
    assert_eq!(said(&output), ["done a after"]);
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn the_latest_of_each_id() {
    let output = watch(
        &["--latest"],
        b"[PROGRESS:b] 5% - x\n[PROGRESS:a] 5% - y\n[PROGRESS:b] 50% - z\n[DONE:a] ok\n",
    );
    assert_eq!(said(&output), ["progress b z", "done a ok"]);
}

#[test]
fn tee_copies_the_input_as_it_is() {
    let input = b"\x1b[1mnoise\r\n\xff[DONE:a] x\n[DONE:a] y\n";
    let output = watch(&["--tee"], input);
    assert_eq!(output.stderr, input);
    assert_eq!(said(&output), ["done a y"]);
}

#[test]
fn a_file_may_replace_stdin() {
    let dir = tempfile::tempdir().expect("a folder");
    let log = dir.path().join("a.log");
    std::fs::write(&log, "[DONE:a] x\n").expect("it is written");
    let log = log.to_str().expect("UTF-8");
    assert_eq!(said(&watch(&[log], b"")), ["done a x"]);
    let missing = watch(&["no/such/file"], b"");
    assert_eq!(missing.status.code(), Some(3));
    assert!(missing.stdout.is_empty());
}

#[test]
fn of_an_event_stream_only_the_assistants_words_count() {
    let line = |who: &str, content: &str| {
        format!(
            "{{\"type\":\"{who}\",\"session_id\":\"s\",\"message\":{{\"id\":\"m\",\"role\":\"{who}\",\"content\":[{content}]}}}}\n"
        )
    };
    let tool = r#"{"type":"tool_result","tool_use_id":"x","content":"[DONE:a] says a file"}"#;
    let words = r#"{"type":"text","text":"Well.\n[PROGRESS:a] 50% - half"}"#;
    let stream = line("user", tool) + &line("assistant", words);
    let output = watch(&["--dialect", "claude"], stream.as_bytes());
    assert_eq!(said(&output), ["progress a half"]);
    let wrong = watch(&["--dialect", "latin"], b"");
    assert_eq!(wrong.status.code(), Some(2));
}

#[test]
fn a_reader_that_has_gone_ends_it_quietly() {
    let (mut child, mut stdin) = start(&[]);
    let mut stdout = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
    stdin.write_all(b"[DONE:a] x\n").expect("it reads");
    let mut line = String::new();
    stdout.read_line(&mut line).expect("a record comes");
    // The input stays open, and nothing more comes of it: nobody listens, and that is enough.
    drop(stdout);
    let mut said = String::new();
    let mut stderr = child.stderr.take().expect("stderr is a pipe");
    stderr.read_to_string(&mut said).expect("UTF-8");
    assert_eq!(said, "");
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    drop(stdin);
}
