//! What `verify` finds, and what it lets pass.

use serde_json::{Value, json};

use crate::run::Run;

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
