//! Taking back what can be taken back.

use serde_json::json;

use crate::run::Run;

#[test]
fn a_hold_is_undone_and_what_was_acted_on_is_not() {
    let run = Run::of(&["t1"]);
    run.call(&["undo"]).refused(1, "nothing to undo");
    run.call(&["hold"]).record();
    let record = run.call(&["undo"]).record();
    assert_eq!(
        (&record["event"], &record["reason"]),
        (&json!("release"), &json!("undo of record 2"))
    );
    assert_eq!(run.value("/held"), false);
    assert_eq!(run.call(&["undo"]).record()["event"], "hold");
    run.call(&["steer", "t1", "x"]).record();
    run.call(&["undo"])
        .refused(1, "record 5 cannot be undone: steering");
    run.call(&["release"]).record();
    assert_eq!(run.call(&["checkpoint", "create", "c"]).code, 0);
    run.call(&["undo"]).refused(1, "cannot be undone");
    run.assert_folded();
}
