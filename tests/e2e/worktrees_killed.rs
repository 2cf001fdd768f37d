//! The dispatcher dies, or is told to end, in the middle of work with worktrees; taken up again, nothing is lost or done twice.

use std::time::Duration;

use e2e::{Running, until};
use rustix::process::{Pid, Signal, kill_process};

use crate::worktrees_ground::Ground;

fn signal(running: &Running<'_>, signal: Signal) {
    let pid = Pid::from_raw(running.pid() as i32).expect("a process has a pid");
    kill_process(pid, signal).expect("it runs");
}

fn kill(running: Running<'_>) {
    signal(&running, Signal::KILL);
    running.wait();
}

/// The first attempt does `lines` and is killed with its dispatcher; then the target moves on, and the second one does `then`.
#[track_caller]
fn killed_at_work(lines: &str, then: &str) -> Ground {
    let lines = format!("case $ATTEMPT in 1) {lines}; reach there; sleep 600;; *) {then};; esac");
    let ground = Ground::new()
        .task("t1", &[], &lines)
        .task("t2", &[], "sed -i s/1/one/ a; echo 2 >t2")
        .flags("--jobs 2");
    let running = ground.start();
    ground.sandbox.wait_for("there");
    let moved = || {
        !ground
            .sh("git rev-parse -q --verify orchestrate/p:t2 || true")
            .is_empty()
    };
    assert!(until(Duration::from_secs(60), moved));
    kill(running);
    ground
}

#[test]
fn what_a_killed_agent_left_uncommitted_is_committed_for_it() {
    let ground = killed_at_work(
        "echo 1 >new; sed -i s/3/three/ a; git add a; echo b >>b",
        "test -f new; echo 2 >more",
    );
    ground.run().expect(0);
    assert_eq!(ground.files(), "a b more new t2");
    assert_eq!(ground.file("a"), "one\n2\nthree");
    let told = ground.sh("git log --format=%s orchestrate/p");
    assert!(
        told.contains("chore(t1): keep what attempt 1 left of Do t1"),
        "{told}"
    );
    ground.assert_tidy(&[]);
}

#[test]
fn what_a_killed_agent_committed_elsewhere_is_its_work() {
    let ground = killed_at_work(
        "git switch -q --detach; echo 1 >new; commit elsewhere; echo 1 >>b",
        "test -f new",
    );
    ground.run().expect(0);
    assert_eq!(ground.files(), "a b new t2");
    assert_eq!(ground.file("b"), "1\n2\n3\n1");
    ground.assert_tidy(&[]);
}

#[test]
fn a_rebase_of_a_killed_agent_is_ended_and_its_branch_is_as_it_was() {
    let rebase = "echo mine >b; commit mine; git switch -q -c side main; echo side >b; commit side; git rebase side orchestrate/work/p/t1 || true";
    let ground = killed_at_work(
        rebase,
        "test \"$(cat b)\" = mine; test -z \"$(git status --porcelain)\"",
    );
    ground.run().expect(0);
    assert_eq!(ground.file("b"), "mine");
    ground.assert_tidy(&[]);
}

#[test]
fn a_merge_that_a_killed_agent_left_half_done_gets_in_without_its_markers_or_not_at_all() {
    let merge = "echo mine >b; commit mine; git switch -q -c side main; echo side >b; commit side; git switch -q -; git merge side || true";
    let ground = killed_at_work(merge, "grep -q '<<<<' b; echo both >b");
    ground.run().expect(0);
    assert_eq!(ground.file("b"), "both");
    ground.assert_tidy(&[]);
}

#[test]
fn a_lock_of_a_killed_git_holds_up_nobody() {
    let locks = "touch \"$(git rev-parse --git-dir)/index.lock\" \"$(git rev-parse --git-dir)/HEAD.lock\" \"$(git rev-parse --git-dir)/AUTO_MERGE.lock\" \
                 \"$(git rev-parse --git-common-dir)/refs/heads/orchestrate/work/p/t1.lock\" \
                 \"$(git rev-parse --git-common-dir)/packed-refs.lock\"";
    let ground = killed_at_work(&format!("echo 1 >new; {locks}"), "test -f new");
    ground.run().expect(0);
    assert_eq!(ground.files(), "a b new t2");
    ground.assert_tidy(&[]);
}

#[test]
fn an_entry_of_a_folder_that_a_killed_git_has_removed_is_forgotten() {
    let ground = Ground::new().task("t1", &[], "echo 1 >t1");
    ground.run().expect(0);
    for name in [".integration", ".target"] {
        ground.sh(&format!(
            "git worktree add -q --detach --lock ../'my repo-worktrees/p/{name}' && rm -r ../'my repo-worktrees/p'"
        ));
        ground.run().expect(0);
        ground.assert_tidy(&[]);
    }
}

#[test]
fn killed_while_a_worktree_is_made() {
    let hook = "#!/bin/sh\ntest -e \"$HOME/slow\" || exit 0\ncase $PWD in */p/t2) touch \"$HOME/there\"; exec sleep 600;; esac\n";
    for (target, flags) in [("orchestrate/p", ""), ("main", "--target current")] {
        // The second begins from a tip at which nobody was when the run began.
        let ground = Ground::new()
            .task("t1", &[], "echo 1 >t1")
            .task("t2", &["t1"], "echo 2 >t2")
            .flags(flags);
        ground
            .sandbox
            .write("my repo/.git/hooks/post-checkout", hook);
        ground.sh("chmod +x .git/hooks/post-checkout; touch ../slow");
        let running = ground.start();
        ground.sandbox.wait_for("there");
        kill(running);
        ground.sh("rm ../slow");
        ground.run().expect(0);
        let files = ground.sh(&format!("git ls-tree --name-only {target} | xargs"));
        assert_eq!(files, "a b t1 t2");
        ground.assert_tidy(&[]);
    }
}

#[test]
fn a_branch_that_the_journal_has_lost_is_known_by_its_worktree() {
    let ground = killed_at_work("echo 1 >new; commit new", "test -f new");
    // As after a power cut: what was written last is not there.
    let cut = "sed -i '/workspace-created/,$d' .orchestrate/journal.ndjson; rm -f .orchestrate/state.json";
    ground.sandbox.sh(cut).expect(0);
    ground.sh("git update-ref -d refs/heads/orchestrate/work/p/t2");
    ground.sandbox.write("agents/t1", "test -f new");
    ground.run().expect(0);
    assert!(ground.files().contains("new"), "{}", ground.files());
}

/// Stopped in a merge by a hook that waits for a file.
fn with_slow_hook(name: &str) -> Ground {
    let hook = "#!/bin/sh\ncase $PWD in */.integration) touch \"$HOME/there\"; until test -e \"$HOME/go\"; do sleep 0.05; done;; esac\n";
    let ground = Ground::new()
        .task("t1", &[], "echo 1 >t1")
        .task("t2", &["t1"], "echo 2 >t2");
    ground
        .sandbox
        .write(&format!("my repo/.git/hooks/{name}"), hook);
    ground.sh(&format!("chmod +x '.git/hooks/{name}'"));
    ground
}

#[test]
fn killed_while_a_merge_runs() {
    let ground = with_slow_hook("pre-merge-commit");
    let running = ground.start();
    ground.sandbox.wait_for("there");
    kill(running);
    assert_eq!(ground.tip("orchestrate/p"), ground.tip("main"));
    ground.sandbox.write("go", "");
    ground.run().expect(0);
    assert_eq!(ground.files(), "a b t1 t2");
    assert_eq!(
        ground.sh("git log --first-parent --format=%s orchestrate/p | wc -l"),
        "3"
    );
    ground.assert_tidy(&[]);
}

#[test]
fn killed_between_the_merge_and_its_record() {
    // The target moves, and its reflog is written, before the hook is told of it.
    let hook = "#!/bin/sh\ntest \"$1\" = committed || exit 0\ngrep -q refs/heads/orchestrate/p$ || exit 0\n\
                git cat-file -e orchestrate/p:t1 2>/dev/null || exit 0\n\
                touch \"$HOME/there\"; until test -e \"$HOME/go\"; do sleep 0.05; done\n";
    let ground = Ground::new()
        .task("t1", &[], "echo 1 >t1")
        .task("t2", &["t1"], "echo 2 >t2");
    ground
        .sandbox
        .write("my repo/.git/hooks/reference-transaction", hook);
    ground.sh("chmod +x .git/hooks/reference-transaction");
    let running = ground.start();
    ground.sandbox.wait_for("there");
    kill(running);
    assert_eq!(ground.files(), "a b t1");
    let merged = ground.tip("orchestrate/p");
    assert!(ground.merged().is_empty());
    ground.sandbox.write("go", "");
    ground.run().expect(0);
    assert_eq!(ground.files(), "a b t1 t2");
    assert_eq!(ground.tip("orchestrate/p~1"), merged, "not merged twice");
    assert_eq!(ground.merged(), ["t1", "t2"]);
    ground.assert_tidy(&[]);
}

#[test]
fn ctrl_c_during_a_merge_with_a_slow_hook_lets_it_come_to_its_end() {
    let ground = with_slow_hook("pre-merge-commit");
    let running = ground.start();
    ground.sandbox.wait_for("there");
    signal(&running, Signal::INT);
    ground.sandbox.write("go", "");
    running.wait().expect(130);
    ground.sandbox.assert_nothing_left();
    ground.run().expect(0);
    assert_eq!(ground.files(), "a b t1 t2");
    ground.assert_tidy(&[]);
}

#[test]
fn ctrl_c_twice_ends_a_hook_that_never_ends() {
    let ground = with_slow_hook("pre-merge-commit").flags("--grace 1h");
    let running = ground.start();
    ground.sandbox.wait_for("there");
    // Two of a kind might be taken as one.
    signal(&running, Signal::INT);
    signal(&running, Signal::TERM);
    let ran = running.wait();
    assert!([130, 143].contains(&ran.code), "{}", ran.code);
    ground.sandbox.assert_nothing_left();
    assert_eq!(ground.tip("orchestrate/p"), ground.tip("main"));
    ground.sandbox.write("go", "");
    ground.run().expect(0);
    assert_eq!(ground.files(), "a b t1 t2");
    ground.assert_tidy(&[]);
}

#[test]
fn ctrl_c_during_a_slow_set_up_command_ends_it() {
    let setup = "touch \"$HOME/there\"; until test -e \"$HOME/go\"; do sleep 0.05; done; echo set up >set-up";
    let ground = Ground::new()
        .task("t1", &[], "test -f set-up; echo 1 >t1")
        .workspace(serde_json::json!({"setup": [["sh", "-c", setup]]}));
    let running = ground.start();
    ground.sandbox.wait_for("there");
    signal(&running, Signal::INT);
    running.wait().expect(130);
    ground.sandbox.assert_nothing_left();
    assert_eq!(ground.outcome("t1"), "");
    ground.sandbox.write("go", "");
    ground.run().expect(0);
    assert_eq!(ground.files(), "a b set-up t1");
    ground.assert_tidy(&[]);
}

#[test]
fn a_set_up_command_that_was_killed_is_run_again() {
    let setup = "echo begun >>\"$HOME/begun\"; test -e \"$HOME/go\" || { touch \"$HOME/there\"; sleep 600; }";
    let ground = Ground::new()
        .task("t1", &[], "echo 1 >t1")
        .workspace(serde_json::json!({"setup": [["sh", "-c", setup]]}));
    let running = ground.start();
    ground.sandbox.wait_for("there");
    kill(running);
    ground.sandbox.write("go", "");
    ground.run().expect(0);
    assert_eq!(ground.sandbox.read("begun"), "begun\nbegun\n");
    assert_eq!(ground.files(), "a b t1");
    ground.assert_tidy(&[]);
}
