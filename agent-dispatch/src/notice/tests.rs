use super::*;

fn occasion(text: &str) -> Occasion {
    Occasion::parse(text).unwrap()
}

fn settled(task: &str, outcome: &str) -> Record {
    let line = format!(
        r#"{{"seq":9,"time":"2026-01-01T00:00:00Z","type":"task-settled","task":"{task}","outcome":"{outcome}","verification":"none"}}"#
    );
    Record::parse(&line).unwrap()
}

fn parsed(line: &str) -> Record {
    Record::parse(line).unwrap()
}

#[test]
fn an_event_that_is_none_is_refused_with_the_nearest_or_with_all() {
    let failure = Occasion::parse("task-setled").unwrap_err();
    assert_eq!(failure.exit, schemas::Exit::Usage);
    assert_eq!(failure.help.as_deref(), Some("did you mean task-settled?"));
    let failure = Occasion::parse("lunch").unwrap_err();
    let help = failure.help.unwrap();
    for name in ["failed", "*", "run-finished"] {
        assert!(help.contains(name), "{help}");
    }
}

#[test]
fn a_failed_task_is_one_that_a_person_may_want_to_hear_of() {
    let state = State::default();
    for (outcome, failed, succeeded, loud) in [
        ("succeeded", false, true, "normal"),
        ("failed", true, false, "high"),
        ("excluded", true, false, "high"),
        ("cancelled", true, false, "high"),
        ("skipped", false, false, "normal"),
    ] {
        let record = settled("t1", outcome);
        let fits = |word: &str| occasion(word).fits("task-settled", &record, &state);
        assert_eq!((fits("failed"), fits("succeeded")), (failed, succeeded));
        assert!(fits("*") && fits("task-settled") && !fits("task-ready"));
        assert_eq!(priority(&record.body), loud, "{outcome}");
    }
}

#[test]
fn a_phase_is_finished_with_its_last_task() {
    let mut state = State::default();
    state.apply(&parsed(
        r#"{"seq":1,"time":"2026-01-01T00:00:00Z","type":"run-started","planId":"p","seed":1,"mark":"m","pid":1,"jobs":1,"containment":"",
        "tasks":[{"id":"t1","phase":"p1"},{"id":"t2","phase":"p1"},{"id":"t3","phase":"p2"}]}"#,
    ));
    let phase = occasion("phase-finished");
    let first = settled("t1", "succeeded");
    state.apply(&first);
    assert!(!phase.fits("task-settled", &first, &state));
    let last = settled("t2", "failed");
    state.apply(&last);
    assert!(phase.fits("task-settled", &last, &state));
    assert_eq!(
        phase.message("task-settled", &last, &state),
        "phase p1 is finished: 1 of 2 succeeded"
    );
}

#[test]
fn messages_are_one_harmless_line() {
    let state = State::default();
    let record = parsed(r#"{"type":"question","task":"t1","text":"a\nb\u001b[31m c"}"#);
    let message = occasion("waiting").message("question", &record, &state);
    assert_eq!(message, "t1 asks: a b\u{fffd}[31m c");
    assert!(occasion("waiting").fits("question", &record, &state));
}
