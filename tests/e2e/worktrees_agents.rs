//! Agents that do with git what they should not. Nothing of theirs is lost, nothing of it gets where it does not belong.

use crate::worktrees_ground::Ground;

/// Some ref of the repository holds a commit with this subject.
#[track_caller]
fn assert_reachable(ground: &Ground, subject: &str) {
    let subjects = ground.sh("git log --all --format=%s");
    assert!(
        subjects.lines().any(|line| line == subject),
        "{subject} is lost:\n{subjects}"
    );
}

#[test]
fn who_commits_by_himself_keeps_his_commits() {
    let ground = Ground::new().task(
        "t1",
        &[],
        "echo 1 >t1; commit first; echo 2 >t1; commit second; echo 3 >rest",
    );
    ground.run().expect(0);
    let told = ground.sh("git log --format=%s main..orchestrate/p");
    assert_eq!(told, "merge(t1): Do t1\nfeat(t1): Do t1\nsecond\nfirst");
    ground.assert_tidy(&[]);
}

#[test]
fn who_switches_branches_is_brought_home() {
    let ground = Ground::new()
        .task(
            "t1",
            &[],
            "git switch -q -c mine; echo 1 >t1; commit one; echo 2 >t1",
        )
        .task("t2", &[], "git switch -q --detach; echo 2 >t2; commit two");
    ground.run().expect(0);
    assert_eq!(ground.files(), "a b t1 t2");
    assert_eq!(ground.file("t1"), "2");
    ground.assert_tidy(&[]);
}

#[test]
fn what_was_committed_on_one_branch_is_not_lost_by_going_to_another() {
    let ground = Ground::new().task(
        "t1",
        &[],
        "echo 1 >one; commit one; git switch -q --detach main; echo 2 >two; commit two; exit 0",
    );
    ground.run().expect(0);
    assert_eq!(ground.files(), "a b two");
    assert_reachable(&ground, "one");
    assert!(
        ground.notes().contains("refs/orchestrate/kept/p/t1/1"),
        "{}",
        ground.notes()
    );
}

#[test]
fn two_lost_commits_are_both_kept() {
    let lines = "case $ATTEMPT in
        1) echo 1 >one; commit one; exit 1;;
        *) git reset -q --hard main; echo 2 >two; commit two; git switch -q --detach main; echo 3 >three; commit three;;
        esac";
    let ground = Ground::new().task("t1", &[], lines).flags("--retries 1");
    ground.run().expect(0);
    for subject in ["one", "two", "three"] {
        assert_reachable(&ground, subject);
    }
    assert_eq!(ground.files(), "a b three");
}

#[test]
fn what_an_earlier_run_has_kept_is_not_overwritten() {
    let ground = Ground::new().task("t1", &[], "echo 1 >one; commit \"lost in $(cat \"$HOME/run\")\"; git switch -q --detach HEAD~1; echo 2 >\"$(cat \"$HOME/run\")\"");
    for run in ["first", "second"] {
        ground.sandbox.write("run", run);
        ground.run().expect(0);
        ground.sandbox.sh("mv .orchestrate $(cat run)").expect(0);
    }
    assert_reachable(&ground, "lost in first");
    assert_reachable(&ground, "lost in second");
}

#[test]
fn who_deletes_his_worktree_fails_and_the_next_attempt_gets_a_new_one() {
    for how in [
        "cd ..; rm -rf \"$OLDPWD\"",
        "cd \"$HOME/my repo\"; git worktree remove --force --force \"$OLDPWD\"",
    ] {
        let lines = format!(
            "case $ATTEMPT in 1) echo 1 >one; commit one; {how};; *) test -f one; echo 2 >two;; esac"
        );
        let ground = Ground::new().task("t1", &[], &lines).flags("--retries 1");
        ground.run().expect(0);
        assert_eq!(ground.files(), "a b one two");
        ground.assert_tidy(&[]);
    }
}

#[test]
fn who_deletes_his_worktree_for_good_does_no_harm_to_anybody() {
    let ground = Ground::new()
        .task(
            "t1",
            &[],
            "cd ..; rm -rf \"$OLDPWD\"; mkdir \"$OLDPWD\"; echo 1 >\"$OLDPWD/one\"",
        )
        .task("t2", &[], "echo 2 >t2");
    ground.run().expect(1);
    assert_eq!(ground.outcome("t1"), "failed");
    assert!(
        ground.reason("t1").contains("worktree"),
        "{}",
        ground.reason("t1")
    );
    assert_eq!(ground.files(), "a b t2");
    assert_eq!(ground.sh("git status --porcelain"), "");
}

#[test]
fn who_deletes_his_branch_keeps_his_work() {
    let ground = Ground::new().task(
        "t1",
        &[],
        "echo 1 >one; commit one; git switch -q --detach; git branch -q -D orchestrate/work/p/t1",
    );
    ground.run().expect(0);
    assert_eq!(ground.files(), "a b one");
    ground.assert_tidy(&[]);
}

#[test]
fn a_merge_left_half_done_is_not_merged_with_its_markers() {
    let lines = "git switch -q -c side; echo side >a; commit side; git switch -q -; echo mine >a; commit mine; git merge side || true";
    let ground = Ground::new()
        .task("t1", &[], lines)
        .task("t2", &[], "echo 2 >t2");
    ground.run().expect(1);
    assert_eq!(ground.outcome("t1"), "excluded");
    assert_eq!(ground.files(), "a b t2");
    assert_eq!(ground.file("a"), "1\n2\n3");
    assert_reachable(&ground, "mine");
    ground.assert_tidy(&["t1"]);
}

#[test]
fn a_rebase_left_half_done_is_no_work_and_loses_none() {
    let lines = "echo x >>a; commit kept-1; echo mine >b; commit kept-2; git switch -q -c side main; echo side >b; commit side; \
                 git rebase side orchestrate/work/p/t1 || true; git status >\"$HOME/status\"";
    let ground = Ground::new()
        .task("t1", &[], lines)
        .task("t2", &[], "echo 2 >t2");
    ground.run().expect(1);
    assert_eq!(ground.outcome("t1"), "failed");
    assert!(
        ground.reason("t1").contains("rebase"),
        "{}",
        ground.reason("t1")
    );
    for subject in ["kept-1", "kept-2"] {
        assert_reachable(&ground, subject);
    }
    assert_eq!(ground.files(), "a b t2");
    let branch = ground.sh("git log --format=%s main..orchestrate/work/p/t1");
    assert!(
        branch.contains("kept-1") && branch.contains("kept-2"),
        "{branch}"
    );
}

#[test]
fn an_attempt_after_a_rebase_left_half_done_finds_its_branch_as_it_was() {
    let lines = "case $ATTEMPT in
        1) echo mine >b; commit mine; git switch -q -c side main; echo side >b; commit side; git rebase side orchestrate/work/p/t1 || true; exit 1;;
        *) git status | grep -v rebase; test \"$(git symbolic-ref --short HEAD)\" = orchestrate/work/p/t1; test \"$(cat b)\" = mine; echo 2 >two; commit two;;
        esac";
    let ground = Ground::new().task("t1", &[], lines).flags("--retries 1");
    ground.run().expect(0);
    assert_eq!(ground.file("b"), "mine");
    assert_eq!(ground.files(), "a b two");
    ground.assert_tidy(&[]);
}

#[test]
fn a_cherry_pick_left_half_done_is_not_merged_with_its_markers() {
    let lines = "git switch -q -c side; echo side >a; commit side; echo s2 >b; commit side2; git switch -q -; git reset -q --hard main; echo mine >a; commit mine; \
                 git cherry-pick main..side || true";
    let ground = Ground::new().task("t1", &[], lines);
    ground.run().expect(1);
    assert_eq!(ground.files(), "a b");
    assert_eq!(ground.file("a"), "1\n2\n3");
    assert_reachable(&ground, "mine");
}

#[test]
fn who_rewrites_history_below_where_he_began_fails_and_loses_nothing() {
    for lines in [
        "echo 1 >one; commit one; git checkout -q --orphan fresh; echo 2 >two; commit rewritten",
        "echo 1 >one; commit one; git checkout -q --orphan fresh; echo 2 >two; commit rewritten; git branch -f orchestrate/work/p/t1; git switch -q orchestrate/work/p/t1",
        "git commit -q --amend -m rewritten",
    ] {
        let ground = Ground::new()
            .task("t1", &[], lines)
            .task("t2", &[], "echo 2 >t2");
        ground.run().expect(1);
        assert_eq!(ground.outcome("t1"), "failed", "{lines}");
        assert_reachable(&ground, "rewritten");
        assert_eq!(ground.files(), "a b t2");
        let subjects = ground.sh("git log --format=%s orchestrate/work/p/t1");
        assert!(subjects.ends_with("base"), "{subjects}");
        ground.assert_tidy(&["t1"]);
    }
}

#[test]
fn an_unborn_branch_is_no_work() {
    let ground = Ground::new()
        .task("t1", &[], "git checkout -q --orphan fresh; git rm -qrf .")
        .task("t2", &[], "echo 2 >t2");
    ground.run().expect(1);
    assert_eq!(ground.outcome("t1"), "failed");
    assert_eq!(ground.files(), "a b t2");
}

#[test]
fn what_is_changed_in_the_users_checkout_is_not_merged() {
    let ground = Ground::new().task("t1", &[], "echo 1 >t1; echo outside >>\"$HOME/my repo/a\"");
    ground.run().expect(0);
    assert_eq!(ground.files(), "a b t1");
    assert_eq!(ground.file("a"), "1\n2\n3");
    assert_eq!(
        ground.sh("git status --porcelain").trim(),
        "M a",
        "and git status shows it"
    );
}

#[test]
fn a_secrets_file_is_never_committed() {
    let ground = Ground::new()
        .task("t1", &[], "echo 1 >t1; echo SECRET >.env; mkdir -p deep; echo SECRET >deep/server.KEY; git add .; echo x >.env.example")
        .task("t2", &[], "echo 2 >t2; echo SECRET >.env; commit 'with a secret'")
        .task("t3", &[], "echo 2 >t3; echo SECRET >.env; commit 'with a secret'; git rm -q .env; commit 'without'");
    ground.run().expect(1);
    assert_eq!(ground.files(), "a b");
    for task in ["t1", "t2", "t3"] {
        assert_eq!(ground.outcome(task), "excluded");
        let reason = ground.reason(task);
        assert!(
            reason.contains("review_gate_failed: boundaries:"),
            "{reason}"
        );
    }
    assert!(
        ground
            .notes()
            .contains("not committed, for it may hold secrets"),
        "{}",
        ground.notes()
    );
    let kept = ground.sh("git ls-tree -r --name-only orchestrate/work/p/t1 | xargs");
    assert_eq!(kept, ".env.example a b t1");
    let everywhere =
        ground.sh("for c in $(git rev-list orchestrate/p); do git ls-tree -r --name-only $c; done");
    assert!(
        !everywhere
            .lines()
            .any(|name| name == ".env" || name.contains("KEY")),
        "{everywhere}"
    );
    // What was not committed is not thrown away either.
    assert_eq!(
        ground.sandbox.read("my repo-worktrees/p/t1/.env"),
        "SECRET\n"
    );
}

#[test]
fn nobody_commits_on_the_target_itself() {
    let ground = Ground::new().task(
        "t1",
        &[],
        "git switch -q orchestrate/p || exit 7; echo 1 >t1; commit sneaked",
    );
    ground.run().expect(1);
    assert_eq!(ground.reason("t1"), "exit code 7");
    assert_eq!(ground.files(), "a b");
    ground.sh("git switch -q orchestrate/p && git switch -q -");
}
