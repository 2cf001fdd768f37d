use schemas::Record;

use super::*;

fn state(lines: &[&str]) -> State {
    let mut state = State::default();
    for line in lines {
        state.apply(&Record::parse(line).unwrap());
    }
    state.refresh();
    state
}

#[test]
fn a_row_per_task_then_who_waits_then_the_counts() {
    let state = state(&[
        r#"{"type":"run-started","planId":"shop","seed":1,"mark":"m","pid":1,"jobs":1,"containment":"group",
            "tasks":[{"id":"t10","title":"Deploy"},{"id":"t2","title":"Page"},{"id":"t1","title":"API"}]}"#,
        r#"{"type":"task-ready","task":"t1","attempt":1,"terminal":"a"}"#,
        r#"{"type":"task-settled","task":"t1","outcome":"failed","verification":"failed","reason":"2 tests failed"}"#,
        r#"{"type":"attempt-started","task":"t2","attempt":3,"agent":"a","pid":2,"terminal":"b","workspace":"w",
            "promptFile":"p","logFile":"l"}"#,
        r#"{"type":"progress","task":"t2","percent":45,"text":"two\nlines \u001b[31m"}"#,
        r#"{"type":"question","task":"t2","text":"which palette?"}"#,
        r#"{"type":"checkpoint-reached","checkpoint":"p1"}"#,
    ]);
    assert_eq!(
        draw(&state, 80),
        "\
shop: checkpoint

TASK  STATUS   OUTCOME  VERIFICATION  ATTEMPT   %  MESSAGE
t1    settled  failed   failed              1   -  2 tests failed
t2    running  -        none                3  45  which palette?
t10   pending  -        none                -   -  Deploy

t2 asks: which palette?
p1 waits for an approval

3 tasks: 1 failed, 1 active, 1 pending (33% settled)
"
    );
}

#[test]
fn texts_cannot_steer_the_terminal_and_are_cut_by_the_columns_they_take() {
    let state = state(&[
        r#"{"type":"message","task":"t1","text":"\u001b[2J\u0007 進捗は順調です、すべてのテストが通りました"}"#,
    ]);
    let text = draw(&state, 70);
    assert!(!text.contains(['\u{1b}', '\u{7}']));
    let row = text.lines().find(|line| line.starts_with("t1")).unwrap();
    assert!(row.ends_with('…'), "{row}");
    assert!(row.width() <= 70, "{}", row.width());
}

#[test]
fn an_empty_run_is_shown() {
    assert_eq!(
        draw(&State::default(), 80),
        "run: ready\n\n0 tasks (0% settled)\n"
    );
}
