//! `--bisect`: all that waits is verified at once, and split only when that does not pass.

use crate::worktrees_ground::Ground;

/// The first task holds up the target with its gate until all others wait.
fn batch(others: &[(&str, &str)]) -> Ground {
    let mut ground = Ground::new()
        .task("t0", &[], "echo 0 >t0")
        .flags("--bisect --jobs 12");
    for (id, lines) in others {
        ground = ground.task(id, &[], &format!("await held; {lines}"));
    }
    let all = others.len() + 1;
    let gate = format!(
        "echo \"$(ls | tr '\\n' ' ')\" >>\"$HOME/verified\"; test ! -e bad || exit 1; test -e \"$HOME/held\" && exit 0
         touch \"$HOME/held\"; until test $(grep -c merge-started \"$HOME/.orchestrate/journal.ndjson\") -ge {all}; do sleep 0.1; done"
    );
    ground.before_merge(&gate)
}

#[test]
fn what_passes_together_is_verified_once() {
    let ground = batch(&[
        ("t1", "echo 1 >t1"),
        ("t2", "echo 2 >t2"),
        ("t3", "echo 3 >t3"),
        ("t4", "echo 4 >t4"),
    ]);
    ground.run().expect(0);
    assert_eq!(ground.files(), "a b t0 t1 t2 t3 t4");
    assert_eq!(
        ground.sandbox.read("verified"),
        "a b t0 \na b t0 t1 t2 t3 t4 \n"
    );
    ground.assert_tidy(&[]);
}

#[test]
fn one_that_fails_is_found_and_the_others_get_in() {
    let ground = batch(&[
        ("t1", "echo 1 >t1"),
        ("t2", "echo 2 >bad"),
        ("t3", "echo 3 >t3"),
        ("t4", "echo 4 >t4"),
    ]);
    ground.run().expect(1);
    assert_eq!(ground.files(), "a b t0 t1 t3 t4");
    assert_eq!(ground.outcome("t2"), "excluded");
    ground.assert_tidy(&["t2"]);
}

#[test]
fn who_conflicts_only_with_one_that_fails_gets_in() {
    let ground = batch(&[
        ("t1", "echo 1 >bad; echo 1 >same"),
        ("t2", "echo 2 >same"),
        ("t3", "echo 3 >t3"),
    ]);
    ground.run().expect(1);
    assert_eq!(
        ["t1", "t2", "t3"].map(|task| ground.outcome(task)),
        ["excluded", "succeeded", "succeeded"]
    );
    assert_eq!(ground.files(), "a b same t0 t3");
    ground.assert_tidy(&["t1"]);
}

#[test]
fn who_conflicts_with_one_that_passes_fails() {
    let ground = batch(&[
        ("t1", "echo 1 >same"),
        ("t2", "echo 2 >same"),
        ("t3", "echo 3 >t3"),
    ]);
    ground.run().expect(1);
    assert_eq!(
        ["t1", "t2", "t3"].map(|task| ground.outcome(task)),
        ["succeeded", "failed", "succeeded"]
    );
    assert_eq!(ground.file("same"), "1");
    ground.assert_tidy(&["t2"]);
}
