//! `scripts/fan-in`, ended in the middle.

use std::time::Duration;

use e2e::until;
use rustix::process::{Pid, Signal, kill_process};

use crate::fan_in_ground::Ground;

#[test]
fn ctrl_c_ends_the_verification_and_leaves_nothing() {
    let ground = Ground::with(&["p1", "p2"]);
    let verify = "case $FAN_IN_BRANCH in p2) touch $HOME/there; sleep 600 & sleep 600;; esac";
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let running = ground.start(&format!("--verify '{verify}' p1 p2"));
        ground.sandbox.wait_for("there");
        ground.sh("rm ../there");
        kill_process(Pid::from_raw(running.pid() as i32).unwrap(), signal).unwrap();
        let ran = running.wait().expect(code);
        assert_eq!(
            Ground::results(&ran)[1],
            ("p2".to_owned(), "not-tried".to_owned())
        );
        ground.sandbox.assert_nothing_left();
        assert_eq!(ground.story(), ["Merge branch 'p1' into main"]);
        ground.assert_tidy();
    }
}

#[test]
fn the_lock_of_a_git_that_was_killed_does_not_stay() {
    let ground = Ground::with(&["p1"]);
    ground.sh("touch .git/packed-refs.lock");
    ground.fan_in("--target main p1").expect(0);
    ground.assert_tidy();
}

/// What must hold whenever it is looked at: the target is at a merge that passed.
#[track_caller]
fn assert_verified(ground: &Ground) {
    let passed = ground.sandbox.read("passed");
    let tip = ground.tip("main^{tree}");
    assert!(
        ground.story().is_empty() || passed.contains(&tip),
        "{tip} is not in\n{passed}"
    );
}

#[test]
fn killed_at_any_moment_the_target_is_at_a_verified_merge_and_a_second_run_finishes() {
    let names = ["p1", "p2", "p3"];
    let verify = "git rev-parse HEAD^{tree} >>$HOME/passed";
    for round in 0..16 {
        let ground = Ground::with(&names);
        // Where the target is checked out a power cut may leave new files beside the old commit, so there only the script
        // dies, and git comes to its end; elsewhere everything dies at once.
        let alone = round % 2 == 0;
        if !alone {
            ground.sh("git checkout -q -b elsewhere");
        }
        let arguments = format!("--target main --verify '{verify}' p1 p2 p3");
        let mut running = ground.start(&arguments);
        let moment = Duration::from_millis(60 * round);
        until(moment, || running.has_ended());
        if alone {
            let _ = kill_process(Pid::from_raw(running.pid() as i32).unwrap(), Signal::KILL);
        } else {
            ground.sandbox.processes().kill();
        }
        running.wait();
        ground.sandbox.assert_nothing_left();
        assert_verified(&ground);
        let ran = ground.fan_in(&arguments).expect(0);
        assert_eq!(Ground::results(&ran).len(), 3);
        assert_verified(&ground);
        assert_eq!(ground.story().len(), 3);
        assert_eq!(
            ground.sh("git ls-tree --name-only main"),
            "a\nb\np1.txt\np2.txt\np3.txt"
        );
        ground.assert_tidy();
    }
}
