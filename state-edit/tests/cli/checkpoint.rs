//! Checkpoints that a person or a script makes, and approvals of just what was shown.

use serde_json::json;

use crate::run::Run;

#[test]
fn a_checkpoint_holds_the_run_until_what_was_shown_is_approved() {
    let run = Run::of(&["t1"]);
    let file = run.dir.with_file_name("design.md");
    std::fs::write(&file, "one").unwrap();
    let path = file.to_str().unwrap();
    let call = run.call(&[
        "checkpoint",
        "create",
        "design",
        "--type",
        "decision",
        "--artifact",
        path,
        "--note",
        "look",
    ]);
    let types: Vec<_> = call.records().iter().map(|it| it["type"].clone()).collect();
    assert_eq!(
        types,
        ["checkpoint-reached", "checkpoint-shown", "state-transition"],
        "{call:?}"
    );
    assert_eq!(run.value("/checkpoint/artifacts/0/path"), "design.md");
    assert_eq!(
        (run.value("/held"), run.value("/status")),
        (json!(true), json!("checkpoint"))
    );
    run.call(&["checkpoint", "create", "other"])
        .refused(1, "waits at the checkpoint design");

    assert_eq!(
        run.call(&["verify"]).err,
        "state-edit: 4 records, all whole\n"
    );
    std::fs::write(&file, "two").unwrap();
    let call = run.call(&["verify"]);
    assert!(call.err.contains("checkpoint-stale"), "{call:?}");
    run.call(&["approve"])
        .refused(1, "changed since it was shown at design: design.md");
    let before = run.value("/checkpoint/digest");
    run.call(&["checkpoint", "renew"]).record();
    let before = before.as_str().unwrap();
    run.call(&["approve", "design", "--digest", before])
        .refused(1, "not what is shown");
    let call = run.call(&["approve"]);
    let events: Vec<_> = call
        .records()
        .iter()
        .map(|it| it["event"].clone())
        .collect();
    assert_eq!(events, [json!(null), json!("release")], "{call:?}");
    assert_eq!(
        (run.value("/held"), run.value("/status")),
        (json!(false), json!("in_progress"))
    );
    run.assert_folded();
}

#[test]
fn what_is_gone_or_late_is_not_approved() {
    let run = Run::of(&["t1"]);
    let file = run.dir.with_file_name("plan.md");
    std::fs::write(&file, "one").unwrap();
    let path = file.to_str().unwrap();
    run.call(&["checkpoint", "create", "c", "--artifact", "/no/such/file"])
        .refused(3, "cannot read");
    run.call(&["checkpoint", "create", "t1"])
        .refused(1, "t1 is a task");
    assert_eq!(
        run.call(&[
            "checkpoint",
            "create",
            "c",
            "--artifact",
            path,
            "--until",
            "0s"
        ])
        .code,
        0
    );
    run.call(&["approve"])
        .refused(1, "was to be approved until");
    std::fs::remove_file(&file).unwrap();
    run.call(&["checkpoint", "renew"]).refused(3, "cannot read");
    std::fs::write(&file, "one").unwrap();
    run.call(&["checkpoint", "renew"]).record();
    std::fs::remove_file(&file).unwrap();
    run.call(&["approve"]).refused(1, "changed since");
    // Who wants changes need not have what was shown.
    run.call(&["reject", "not so"]).record();
    assert_eq!(run.value("/held"), true);
    let call = run.call(&["apply", "revision_complete"]);
    assert_eq!(call.records().len(), 2, "{call:?}");
    assert_eq!(run.value("/held"), false);
}

#[test]
fn a_persons_own_hold_outlives_a_checkpoint() {
    let run = Run::of(&["t1"]);
    run.call(&["hold"]).record();
    assert_eq!(run.call(&["checkpoint", "create", "c"]).records().len(), 2);
    run.call(&["approve"]).record();
    assert_eq!(
        (run.value("/held"), run.value("/status")),
        (json!(true), json!("in_progress"))
    );
    run.call(&["apply", "error"]).record();
    run.call(&["checkpoint", "create", "d"])
        .refused(1, "the run is blocked");
}

#[test]
fn a_phase_that_no_task_belongs_to_is_noticed() {
    let run = Run::of(&["t1"]);
    run.record(&[crate::run::reached("p9")]);
    let call = run.call(&["verify"]);
    assert!(
        call.code == 0 && call.err.contains("phase-unknown"),
        "{call:?}"
    );
}
