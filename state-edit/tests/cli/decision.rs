//! Decisions by level, and why something is rejected.

use serde_json::json;

use crate::run::{Run, program, reached};

#[test]
fn the_level_says_who_decides() {
    let run = Run::of(&["t1"]);
    let ask = |name: &str, level: &str, more: &[&str]| {
        let args = [&["decision", "ask", name, "which?", "--level", level], more].concat();
        run.call(&args)
    };
    // An agent's own: taken at once.
    let call = ask("d0", "1", &["--suggest", "a"]);
    assert_eq!(call.records().len(), 2, "{call:?}");
    assert_eq!(run.value("/decisions/0"), run.value("/decisions/0"));
    assert_eq!(run.value("/decisions/0/text"), "a");
    assert_eq!(run.value("/decisions/0/asked"), "which?");
    // A person's: open however long.
    ask(
        "d3",
        "3",
        &["--option", "a", "--option", "b", "--suggest", "a"],
    )
    .record();
    assert_eq!(run.value("/decisions/1/open"), true);
    let inbox = run.call(&["inbox"]).records();
    assert_eq!(
        inbox[0]["command"],
        json!(["state-edit", "decision", "take", "d3", "a"])
    );
    run.call(&["decision", "wait", "d3", "--timeout", "1ms"])
        .refused(5, "d3 was not decided in time");
    run.call(&["decision", "take", "d3", "c"])
        .refused(1, "c is none of the options of d3");
    run.call(&["decision", "take", "d3", "b", "--by", "me"])
        .record();
    let call = run.call(&["decision", "wait", "d3"]);
    assert_eq!(
        (call.code, call.records()[0]["text"].as_str()),
        (0, Some("b")),
        "{call:?}"
    );
    run.call(&["decision", "take", "d3", "a"])
        .refused(1, "d3 is decided: b");
    run.call(&["decision", "take", "d4", "a"])
        .refused(1, "nothing is to be decided");
    ask("d3", "3", &[]).refused(1, "the decision d3 is decided");
    ask("d5", "4", &["--timeout", "1s"]).refused(2, "level 4 knows no --timeout");
    ask("d5", "2", &[]).refused(2, "level 2 needs a --suggest");
    ask("d5", "2", &["--option", "a", "--suggest", "b"]).refused(2, "b is none of the options");
    run.call(&["decision", "log", "plain", "--level", "5"])
        .refused(2, "5 is not in 0..=4");
    run.assert_folded();
}

#[test]
fn at_level_two_a_person_may_be_quicker() {
    let run = Run::of(&["t1"]);
    run.call(&[
        "decision",
        "ask",
        "slow",
        "which?",
        "--level",
        "2",
        "--suggest",
        "a",
        "--timeout",
        "1ms",
    ])
    .record();
    let call = run.call(&["decision", "wait", "slow"]);
    assert_eq!(call.record()["text"], "a");
    assert_eq!(call.record()["by"], "timeout");
    run.call(&[
        "decision",
        "ask",
        "quick",
        "which?",
        "--level",
        "2",
        "--suggest",
        "a",
        "--timeout",
        "1h",
    ])
    .record();
    let waiting = program(&run.dir, &["decision", "wait", "quick"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    run.call(&["decision", "take", "quick", "b"]).record();
    let output = waiting.wait_with_output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("\"text\":\"b\""));
    // Of all who waited for the time to be over one takes the suggestion.
    let decisions = run.call(&["log", "--type", "decision"]).records();
    assert_eq!(decisions.len(), 4);
    run.assert_folded();
}

#[test]
fn a_rejection_says_what_kind_it_is() {
    let run = Run::of(&["t1"]);
    run.record(&[reached("p1")]);
    let record = run
        .call(&["reject", "no labels", "--category", "missing_item"])
        .record();
    assert_eq!(record["category"], "missing_item");
    assert_eq!(run.value("/checkpoint/category"), "missing_item");
    run.call(&["reject", "no labels", "--category", "taste"])
        .refused(2, "taste");
}

#[test]
fn a_run_is_exported_as_one_document() {
    let run = Run::of(&["t1"]);
    std::fs::create_dir(run.dir.join("verdicts")).unwrap();
    std::fs::write(
        run.dir.join("verdicts/t1.json"),
        "{\"kind\":\"verdict\",\"n\":1.50}",
    )
    .unwrap();
    let finished = |file: &str| json!({"type": "gate-finished", "task": "t1", "attempt": 1, "verdict": "passed", "verdictFile": file});
    run.record(&[
        finished("verdicts/t1.json"),
        finished("/etc/hostname"),
        json!({"type": "note", "text": "x", "own": [1]}),
    ]);
    let call = run.call(&["export"]);
    assert_eq!(call.code, 0, "{call:?}");
    let export: serde_json::Value = serde_json::from_str(&call.out).unwrap();
    assert_eq!(export["kind"], "export");
    assert_eq!(export["state"]["lastSeq"], 4);
    assert_eq!(export["records"].as_array().unwrap().len(), 4);
    assert_eq!(export["records"][3]["own"], json!([1]));
    assert_eq!(
        export["verdicts"]
            .as_object()
            .unwrap()
            .keys()
            .collect::<Vec<_>>(),
        ["verdicts/t1.json"]
    );
    assert!(call.out.contains("1.50"));
}
