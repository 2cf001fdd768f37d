//! Every command: what it does, and what it refuses.

mod run;

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use serde_json::{Value, json};

use run::{Call, Run, program};

fn question(task: &str) -> Value {
    json!({"type": "question", "task": task, "text": "which?"})
}

fn settled(task: &str, outcome: &str) -> Value {
    json!({"type": "task-settled", "task": task, "outcome": outcome, "verification": "none"})
}

fn reached(checkpoint: &str) -> Value {
    json!({"type": "checkpoint-reached", "checkpoint": checkpoint})
}

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
fn apply_moves_the_machine_and_refuses_what_is_illegal() {
    let run = Run::of(&["t1"]);
    let record = run
        .call(&["apply", "error", "--reason", "no network", "--by", "op"])
        .record();
    let expected = json!({
        "seq": 2, "time": record["time"], "type": "state-transition", "run": "p", "event": "error",
        "from": "in_progress", "to": "blocked", "by": "op", "reason": "no network"
    });
    assert_eq!(record, expected);
    assert_eq!(run.value("/status"), "blocked");
    run.call(&["apply", "approve"])
        .refused(1, "nothing waits for an approval");
    run.call(&["apply", "error"])
        .refused(1, "legal now: resume, skip");
    run.call(&["apply", "resum"])
        .refused(1, "did you mean resume?");
    run.call(&["apply", "resume", "--task", "t1"])
        .refused(2, "takes no --task");
    run.call(&["apply", "retry"]).refused(2, "needs a task");
    assert_eq!(run.value("/lastSeq"), 2);
    assert_eq!(
        run.call(&["apply", "cancel", "--task", "t1"]).record()["task"],
        "t1"
    );
}

#[test]
fn a_checkpoint_is_approved_or_rejected_and_reviewed_again() {
    let run = Run::of(&["t1"]);
    run.call(&["approve"])
        .refused(1, "nothing waits for an approval");
    run.record(&[reached("p1")]);
    run.call(&["approve", "p2"])
        .refused(1, "p2 waits for no approval");
    let record = run
        .call(&["reject", "more tests", "--checkpoint", "p1"])
        .record();
    assert_eq!(
        (&record["checkpoint"], &record["reason"]),
        (&json!("p1"), &json!("more tests"))
    );
    assert_eq!(run.value("/status"), "revision_needed");
    run.call(&["approve"])
        .refused(1, "p1 was rejected: apply revision_complete or re_review");
    run.call(&["apply", "re_review"]).record();
    let record = run.call(&["approve", "--note", "good"]).record();
    assert_eq!(
        (&record["type"], &record["note"]),
        (&json!("checkpoint-approved"), &json!("good"))
    );
    assert_eq!(
        (run.value("/status"), run.value("/approved")),
        (json!("in_progress"), json!(["p1"]))
    );
}

#[test]
fn of_several_that_wait_one_must_be_named() {
    let run = Run::of(&["t1", "t2"]);
    run.record(&[
        json!({"type": "gate-finished", "task": "t1", "attempt": 1, "verdict": "manual"}),
        json!({"type": "gate-finished", "task": "t2", "attempt": 1, "verdict": "manual"}),
    ]);
    run.call(&["approve"])
        .refused(1, "t1, t2 wait for an approval");
    run.call(&["approve", "t2"]).record();
    assert_eq!(run.value("/tasks/t2/verification"), "passed");
    assert_eq!(run.call(&["reject", "no"]).record()["checkpoint"], "t1");
    assert_eq!(run.value("/tasks/t1/verification"), "failed");
}

#[test]
fn answers_go_to_open_questions_only() {
    let run = Run::of(&["t1", "t2"]);
    run.call(&["answer", "t1", "blue"])
        .refused(1, "t1 has no open question");
    run.record(&[question("t2")]);
    run.call(&["answer", "t1", "blue"])
        .refused(1, "these have one: t2");
    run.call(&["answer", "t22", "blue"])
        .refused(1, "did you mean t2?");
    run.call(&["answer", "t2", " "])
        .refused(2, "the text is empty");
    run.call(&["answer", "t2", "-"]).refused(3, "wrote nothing");
    let call = run.with_stdin(&["answer", "t2", "-"], "two\nlines\n");
    assert_eq!(
        (&call.record()["text"], &call.record()["by"]),
        (&json!("two\nlines"), &json!("me"))
    );
    assert_eq!(run.value("/questions/0/answer"), "two\nlines");
    run.call(&["answer", "t2", "again"])
        .refused(1, "t2 has no open question");
}

#[test]
fn steering_cancelling_and_retrying_need_a_task_that_can() {
    let run = Run::of(&["t1", "t2", "t3"]);
    for command in [
        &["steer", "t33", "x"][..],
        &["cancel", "t33"],
        &["retry", "t33"],
    ] {
        run.call(command).refused(1, "did you mean t3?");
    }
    run.call(&["steer", "t1", "use v2"]).record();
    assert_eq!(run.value("/tasks/t1/steering"), json!(["use v2"]));
    run.record(&[settled("t1", "succeeded"), settled("t2", "failed")]);
    run.call(&["cancel", "t2"]).refused(1, "t2 failed already");
    run.call(&["retry", "t1"]).refused(1, "--force");
    run.call(&["retry", "t3"]).refused(1, "t3 is not settled");
    let record = run
        .call(&["retry", "t2", "--reason", "network is back"])
        .record();
    assert_eq!(
        (&record["event"], &record["reason"]),
        (&json!("retry"), &json!("network is back"))
    );
    run.call(&["retry", "t1", "--force"]).record();
    assert_eq!(run.value("/progress/pending"), 3);
    run.call(&["cancel", "t3"]).record();
    assert_eq!(run.value("/tasks/t3/cancelled"), true);
    run.call(&["cancel"]).record();
    run.call(&["cancel"]).refused(1, "cancelled already");
}

#[test]
fn a_hold_is_set_once_and_released_once() {
    let run = Run::of(&["t1"]);
    run.call(&["release"]).refused(1, "not held");
    run.call(&["hold"]).record();
    run.call(&["hold"]).refused(1, "held already");
    run.call(&["release"]).record();
    assert_eq!(run.value("/held"), false);
}

#[test]
fn an_edit_happens_only_when_the_state_is_as_expected() {
    let run = Run::of(&["t1"]);
    let call = run.call(&[
        "hold",
        "--expect",
        "/status=checkpoint",
        "--expect",
        "/held=false",
    ]);
    call.refused(1, "/status is \"in_progress\", expected \"checkpoint\"");
    assert!(!call.err.contains("/held"), "{call:?}");
    assert_eq!(run.value("/lastSeq"), 1);
    run.call(&[
        "hold",
        "--expect",
        "/status=\"in_progress\"",
        "--expect",
        "/checkpoint=null",
    ])
    .record();
    run.call(&["hold", "--expect", "status"])
        .refused(2, "POINTER=JSON");
    run.call(&["record", "--expect", "/held=false", "-"])
        .refused(3, "wrote nothing");
    let call = run.with_stdin(
        &["record", "--expect", "/held=false"],
        "{\"type\":\"note\",\"text\":\"a\"}\n",
    );
    call.refused(1, "/held is true, expected false");
}

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

#[test]
fn verify_finds_the_first_damage_and_its_line() {
    let run = Run::of(&["t1"]);
    run.record(&[
        json!({"type": "note", "text": "abc"}),
        json!({"type": "note", "text": "def"}),
    ]);
    let call = run.call(&["verify"]);
    assert_eq!(
        (call.code, call.err.as_str()),
        (0, "state-edit: 3 records, all whole\n")
    );
    let path = run.dir.join("journal.ndjson");
    let whole = std::fs::read_to_string(&path).unwrap();

    std::fs::write(&path, whole.replace("abc", "abd")).unwrap();
    let call = run.call(&["verify", "--format", "json"]);
    assert_eq!(call.code, 1);
    let problem = &call.records()[0]["problems"][0];
    assert_eq!(
        (&problem["code"], &problem["line"]),
        (&json!("journal-damaged"), &json!(2))
    );
    let byte = whole.find('\n').unwrap() + 1;
    assert!(
        problem["message"]
            .as_str()
            .unwrap()
            .contains(&format!("(byte {byte})")),
        "{problem}"
    );
    run.call(&["log", "--since", "1"]).refused(3, "is damaged");
    std::fs::remove_file(run.dir.join("state.json")).unwrap();
    run.call(&["hold"]).refused(3, "is damaged");

    let lines: Vec<&str> = whole.lines().collect();
    std::fs::write(&path, format!("{}\n{}\n", lines[0], lines[2])).unwrap();
    run.call(&["verify"])
        .refused(1, "record 3 follows record 1");

    std::fs::write(&path, &whole[..whole.len() - 9]).unwrap();
    let call = run.call(&["verify"]);
    assert!(call.err.contains("torn-tail"), "{call:?}");
    let call = run.call(&["hold"]);
    assert_eq!(call.records().len(), 2, "{call:?}");
    assert!(call.out.contains("removed a torn last line"));
    run.assert_folded();
}

#[test]
fn verify_holds_the_saved_state_against_the_journal() {
    let run = Run::of(&["t1"]);
    let path = run.dir.join("state.json");
    let saved = std::fs::read_to_string(&path).unwrap();
    let code = |text: &str| -> (i32, Value) {
        std::fs::write(&path, text).unwrap();
        let call = run.call(&["verify", "--format", "json"]);
        (call.code, call.records()[0]["problems"][0]["code"].clone())
    };
    assert_eq!(
        code(&saved.replace("\"status\": \"pending\"", "\"status\": \"ready\"")),
        (1, json!("snapshot-differs"))
    );
    assert_eq!(code("{\"kind\":"), (1, json!("snapshot-unreadable")));
    assert_eq!(
        code(&saved.replace("\"lastSeq\": 1", "\"lastSeq\": 7")),
        (1, json!("snapshot-foreign"))
    );
    std::fs::remove_file(&path).unwrap();
    let call = run.call(&["verify"]);
    assert_eq!(call.code, 0);
    assert!(call.err.contains("there is no state.json"), "{call:?}");
    run.call(&["hold"]).record();
    run.assert_folded();
}

#[test]
fn verify_tells_of_files_that_are_gone_and_of_work_that_nobody_watches() {
    let run = Run::of(&["t1"]);
    let mut gone = std::process::Command::new("true").spawn().unwrap();
    gone.wait().unwrap();
    std::fs::create_dir(run.dir.join("logs")).unwrap();
    std::fs::write(run.dir.join("logs/1.log"), "").unwrap();
    run.record(&[
        json!({"type": "run-resumed", "pid": gone.id(), "jobs": 1, "containment": "none"}),
        json!({"type": "attempt-started", "task": "t1", "attempt": 1, "agent": "a", "pid": 1, "terminal": "x",
            "workspace": ".", "promptFile": "prompts/1.md", "logFile": "logs/1.log"}),
    ]);
    let call = run.call(&["verify", "--format", "json"]);
    assert_eq!(call.code, 0, "{call:?}");
    let problems = call.records()[0]["problems"].clone();
    assert_eq!(problems[0]["code"], "file-missing");
    assert!(
        problems[0]["message"]
            .as_str()
            .unwrap()
            .contains("prompts/1.md")
    );
    assert_eq!(
        (&problems[1]["code"], &problems[1]["severity"]),
        (&json!("no-dispatcher"), &json!("info"))
    );
    assert_eq!(problems.as_array().unwrap().len(), 2, "{problems}");
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
