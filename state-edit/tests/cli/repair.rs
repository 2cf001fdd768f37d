//! What `repair` mends, and what it keeps.

use serde_json::{Value, json};

use crate::run::{Call, Run};

/// A run of five records without a dispatcher.
fn notes() -> Run {
    let run = Run::missing();
    let notes: Vec<Value> = (1..=5)
        .map(|n| json!({"type": "note", "text": format!("note {n}")}))
        .collect();
    run.record(&notes);
    run
}

fn report(call: &Call) -> Value {
    assert_eq!(call.code, 0, "{call:?}");
    serde_json::from_str(&call.out).unwrap()
}

fn texts(run: &Run) -> Vec<String> {
    let call = run.call(&["log"]);
    call.records()
        .iter()
        .map(|it| it["text"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_damaged_record_becomes_a_note_and_those_behind_it_stay() {
    let run = notes();
    let path = run.dir.join("journal.ndjson");
    let damaged = std::fs::read_to_string(&path)
        .unwrap()
        .replace("note 3", "note 8");
    std::fs::write(&path, &damaged).unwrap();
    let planned = report(&run.call(&["repair", "--dry-run"]));
    assert_eq!(
        (&planned["lost"], &planned["copy"]),
        (&json!([3]), &json!(null))
    );
    assert_eq!(std::fs::read_to_string(&path).unwrap(), damaged);

    let done = report(&run.call(&["repair"]));
    assert_eq!(done["lost"], json!([3]));
    assert_eq!(
        std::fs::read_to_string(done["copy"].as_str().unwrap()).unwrap(),
        damaged
    );
    let texts = texts(&run);
    assert_eq!(
        texts[..5],
        [
            "note 1",
            "note 2",
            "record 3 was damaged and is lost",
            "note 4",
            "note 5"
        ]
    );
    assert!(texts[5].contains("was repaired"), "{texts:?}");
    run.assert_folded();
    run.call(&["hold"]).record();
}

#[test]
fn lines_that_are_gone_torn_or_without_a_checksum() {
    let run = notes();
    let path = run.dir.join("journal.ndjson");
    let whole = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let text = format!(
        "{}\n{}\n{{\"type\":\"note\",\"text\":\"by hand\"}}\n{{\"half",
        lines[0], lines[3]
    );
    std::fs::write(&path, text).unwrap();
    let done = report(&run.call(&["repair"]));
    assert_eq!(
        (&done["lost"], &done["adopted"], &done["removed"]),
        (&json!([2, 3]), &json!(1), &json!(1))
    );
    assert_eq!(texts(&run)[3..5], ["note 4", "by hand"]);
    run.assert_folded();
}

#[test]
fn wherever_a_journal_is_cut_or_flipped_what_is_whole_survives() {
    let run = notes();
    let path = run.dir.join("journal.ndjson");
    let whole = std::fs::read(&path).unwrap();
    for at in (0..whole.len()).step_by(7) {
        let mut flipped = whole.clone();
        flipped[at] ^= 1;
        std::fs::write(&path, flipped).unwrap();
        run.call(&["repair", "-q"]);
        assert_eq!(run.call(&["verify", "-q"]).code, 0, "byte {at}");
        // One line is damaged, or two when it is the end between them.
        let kept = texts(&run)
            .iter()
            .filter(|text| text.starts_with("note "))
            .count();
        assert!(kept >= 3, "byte {at}: {kept}");
    }
}

#[test]
fn what_is_whole_is_left_alone_and_a_dispatcher_is_not_disturbed() {
    let run = notes();
    let before = std::fs::read(run.dir.join("journal.ndjson")).unwrap();
    let call = run.call(&["repair"]);
    assert!(call.err.contains("nothing to repair"), "{call:?}");
    assert_eq!(
        std::fs::read(run.dir.join("journal.ndjson")).unwrap(),
        before
    );
    Run::of(&["t1"])
        .call(&["repair"])
        .refused(1, "a dispatcher is at work");
}
