//! Records of another dispatcher.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use serde_json::json;

use crate::run::{Run, program};

#[test]
fn record_keeps_what_it_does_not_own_and_numbers_the_rest() {
    let run = Run::missing();
    let lines = r#"
        {"seq":99,"time":"x","type":"run-started","run":"orch-1","planId":"p","seed":1,"mark":"m","pid":1,"jobs":1,"containment":"none"}

        {"type":"progress","task":"t1","percent":5,"text":"a","host":{"name":"n1"}}"#;
    let records = run.with_stdin(&["record"], lines).records();
    assert_eq!(
        (&records[0]["seq"], &records[1]["seq"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(records[1]["run"], "orch-1");
    assert_eq!(records[1]["host"]["name"], "n1");
    assert_eq!(run.call(&["log"]).records(), records);
    run.assert_folded();
}

#[test]
fn record_stops_at_a_line_that_is_no_record_and_keeps_the_lines_before() {
    let run = Run::of(&["t1"]);
    let good = r#"{"type":"note","text":"good"}"#;
    for (bad, why) in [
        ("{", "not a JSON object"),
        ("[]", "not a JSON object"),
        ("{}", "it has no `type`"),
        (
            r#"{"type":"progess","task":"t1","text":""}"#,
            "did you mean progress?",
        ),
        (r#"{"type":"progress","text":"a"}"#, "missing field `task`"),
        (
            r#"{"type":"progress","task":"","text":"a"}"#,
            "`task` is empty",
        ),
        (
            r#"{"type":"progress","task":"t1","percent":101,"text":"a"}"#,
            "more than 100",
        ),
        (
            r#"{"type":"note","text":"a","run":"other"}"#,
            "it is of the run other",
        ),
    ] {
        let before = run.value("/lastSeq").as_u64().unwrap();
        let call = run.with_stdin(&["record"], &format!("{good}\n{bad}\n{good}\n"));
        assert_eq!((call.code, call.records().len()), (3, 1), "{call:?}");
        assert!(
            call.err.contains("stdin line 2") && call.err.contains(why),
            "{call:?}"
        );
        assert_eq!(run.value("/lastSeq"), before + 1);
    }
    let call = run.with_stdin(
        &["record", "--allow-unknown"],
        r#"{"type":"later","x":[1]}"#,
    );
    assert_eq!(
        (&call.record()["type"], &call.record()["x"]),
        (&json!("later"), &json!([1]))
    );
    run.assert_folded();
}

#[test]
fn record_makes_no_run_directory_for_what_is_no_record() {
    let run = Run::missing();
    for text in ["[]\n", "hello\n", "{\"type\":\"later\"}\n", ""] {
        assert_eq!(run.with_stdin(&["record"], text).code, 3, "{text}");
        assert!(!run.dir.exists(), "{text}");
    }
}

#[test]
fn record_reads_a_file_and_says_which_one_it_could_not() {
    let run = Run::of(&["t1"]);
    let file = run.dir.join("more.ndjson");
    std::fs::write(&file, "{\"type\":\"note\",\"text\":\"a\"}").unwrap();
    run.call(&["record", file.to_str().unwrap()]).record();
    std::fs::write(&file, "\n").unwrap();
    run.call(&["record", file.to_str().unwrap()])
        .refused(3, "the file is empty");
    run.call(&["record", "/no/such"])
        .refused(3, "cannot read /no/such");
}

#[test]
fn record_appends_a_line_as_it_comes() {
    let run = Run::of(&["t1"]);
    let mut child = program(&run.dir, &["record"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut echo = BufReader::new(child.stdout.take().unwrap()).lines();
    for n in 2..5 {
        writeln!(stdin, "{}", json!({"type": "note", "text": "a"})).unwrap();
        echo.next().unwrap().unwrap();
        assert_eq!(run.value("/lastSeq"), n);
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}
