//! Tasks in worktrees of their own: what gets into the target, in which order, and from where the next begins.

use crate::worktrees_ground::Ground;

#[test]
fn dependents_begin_from_a_tip_that_holds_all_they_wait_for() {
    let ground = Ground::new()
        .task("t1", &[], "echo 1 >t1")
        .task("t2", &[], "echo 2 >t2; commit two")
        .task("t3", &["t1", "t2"], "cat t1 t2 >t3")
        .task("t4", &["t3"], "cat t3 >t4");
    let main = ground.tip("main");
    ground.run().expect(0);
    assert_eq!(ground.files(), "a b t1 t2 t3 t4");
    assert_eq!(ground.file("t4"), "1\n2");
    assert_eq!(ground.tip("main"), main);
    assert_eq!(
        ground.sh("git for-each-ref refs/heads/orchestrate/work"),
        ""
    );
    ground.assert_tidy(&[]);
}

#[test]
fn what_is_left_uncommitted_becomes_a_conventional_commit() {
    let mut ground =
        Ground::new().task("t1", &[], "echo 1 >t1; git rm -q a; git mv b c; git add t1");
    ground.plan["tasks"][0]["title"] =
        "Fix what is wrong with a very long title that goes on and on, and on, and on".into();
    ground.run().expect(0);
    assert_eq!(ground.files(), "c t1");
    let subject = ground.sh("git log -1 --format=%s orchestrate/p^2");
    assert!(
        subject.starts_with("fix(t1): Fix what is") && subject.chars().count() <= 72,
        "{subject}"
    );
    assert_eq!(
        ground.sh("git log -1 --format=%an%b orchestrate/p^2"),
        "Tess"
    );
    ground.assert_tidy(&[]);
}

#[test]
fn p2_is_merged_before_p10_when_the_order_is_the_plans() {
    // The one that is to come last is done first.
    let ground = Ground::new()
        .task("p10", &[], "echo 10 >p10; reach p10")
        .task("p2", &[], "await p10; echo 2 >p2")
        .flags("--merge-order plan");
    ground.run().expect(0);
    assert_eq!(ground.merged(), ["p2", "p10"]);
    ground.assert_tidy(&[]);
}

#[test]
fn who_is_done_first_is_merged_first_otherwise() {
    let ground = Ground::new().task("p10", &[], "echo 10 >p10").task(
        "p2",
        &[],
        "until git cat-file -e orchestrate/p:p10; do sleep 0.1; done; echo 2 >p2",
    );
    ground.run().expect(0);
    assert_eq!(ground.merged(), ["p10", "p2"]);
}

#[test]
fn the_users_checkout_is_never_touched_and_its_changes_are_warned_of() {
    let ground = Ground::new()
        .task("t1", &[], "echo 1 >t1; echo one >>a")
        .task("t2", &["t1"], "echo 2 >t2");
    ground.sh("echo half >>a; git add a; echo more >>b; echo new >untracked");
    let look = "git status --porcelain; git symbolic-ref HEAD; cat a b; ls; find . -newer ../agent -type f ! -path './.git/*' | sort";
    let before = ground.sh(look);
    ground.run().expect(0).says("2 uncommitted changes");
    assert_eq!(ground.sh(look), before);
    assert_eq!(ground.file("a"), "1\n2\n3\none");
}

#[test]
fn worktrees_go_where_they_are_asked_to_and_git_overlooks_them() {
    for (before, flags, place) in [
        ("mkdir .worktrees", "", ".worktrees/p"),
        ("mkdir worktrees", "", "worktrees/p"),
        ("git config orchestrate.worktrees deep/er", "", "deep/er/p"),
        ("true", "--worktrees ../there", "../../there/my repo/p"),
    ] {
        let ground = Ground::new()
            .task("t1", &[], "pwd >t1; exit 1")
            .flags(flags);
        ground.sh(before);
        ground.sh("mkdir -p ../../there");
        ground.run().expect(1);
        ground.sh(&format!("test -d '{place}/t1'"));
        assert_eq!(
            ground.sh("git status --porcelain --untracked-files=all"),
            "",
            "{place}"
        );
        assert_eq!(ground.sh("git ls-files .gitignore"), "");
        ground.sh("rm -rf ../../there");
    }
}

#[test]
fn fifty_tasks_side_by_side_in_one_repository() {
    let mut ground = Ground::new().flags("--jobs 50");
    for n in 1..=50 {
        ground = ground.task(
            &format!("t{n}"),
            &[],
            &format!("echo {n} >f{n}; commit {n}; echo more >g{n}"),
        );
    }
    ground.run().expect(0);
    assert_eq!(ground.files().split(' ').count(), 102);
    assert_eq!(
        ground.sh("git log --first-parent --format=%s orchestrate/p | wc -l"),
        "51"
    );
    assert_eq!(ground.sh("git branch --list 'orchestrate/work/*'"), "");
    ground.assert_tidy(&[]);
}

#[test]
fn a_caller_inside_of_a_git_hook_leads_nobody_astray() {
    let ground = Ground::new()
        .task("t1", &[], "echo 1 >t1; commit one")
        .gate("test -f t1 && git log -1 --format=%s | grep -qx one");
    ground
        .sandbox
        .sh("git init -q other; cd other; git commit -q --allow-empty -m other")
        .expect(0);
    let env = "export GIT_DIR=$PWD/other/.git GIT_WORK_TREE=$PWD/other GIT_INDEX_FILE=$PWD/other/.git/index GIT_PREFIX=x/";
    ground.start_with(env).wait().expect(0);
    assert_eq!(ground.files(), "a b t1");
    let other = "git -C other log --all --format=%s; git -C other status --porcelain";
    assert_eq!(ground.sandbox.sh(other).stdout, "other\n");
    ground.assert_tidy(&[]);
}

#[test]
fn a_task_in_two_repositories_is_in_both_targets() {
    let ground = Ground::new()
        .task("t1", &[], "echo 1 >t1; echo 1 >\"$OTHER/t1\"")
        .task(
            "t2",
            &["t1"],
            "test -f t1; test -f \"$OTHER/t1\"; echo 2 >t2",
        )
        .with_other();
    ground.run().expect(0);
    assert_eq!(ground.files(), "a b t1 t2");
    let other = "git -C other ls-tree --name-only orchestrate/p; git -C other worktree list | wc -l; ls -d other*";
    assert_eq!(ground.sandbox.sh(other).stdout, "o\nt1\n1\nother\n");
    ground.assert_tidy(&[]);
}

#[test]
fn what_conflicts_in_the_second_repository_is_not_in_the_first() {
    let ground = Ground::new()
            .task("t1", &[], "echo 1 >t1; echo one >\"$OTHER/o\"; reach t1")
            .task(
                "t2",
                &[],
                "await t1; until git -C \"$OTHER\" show orchestrate/p:o | grep -q one; do sleep 0.1; done
                 echo 2 >t2; echo two >\"$OTHER/o\"",
            )
            .task("t3", &["t1"], "echo 3 >t3")
            .with_other();
    ground.run().expect(1);
    assert_eq!(ground.outcome("t2"), "failed");
    assert_eq!(ground.files(), "a b t1 t3");
    let other = ground.sandbox.sh("git -C other show orchestrate/p:o");
    assert_eq!(other.stdout, "one\n");
    ground.assert_tidy(&["t2"]);
}

#[test]
fn what_cannot_be_merged_at_all_in_the_second_repository_is_not_in_the_first() {
    // The branch there is gone when its turn has come; the first repository has the work on its way already.
    let ground = Ground::new()
            .task("t1", &[], "await t2; echo 1 >t1")
            .task("t2", &[], "reach t2; echo 2 >t2; until test -e \"$HOME/held\"; do sleep 0.1; done")
            .task("t3", &[], "await t2; echo 3 >t3; until test -e \"$HOME/held\"; do sleep 0.1; done")
            .before_merge(
                "test -e \"$HOME/held\" && exit 0; touch \"$HOME/held\"
                 until test $(grep -c merge-started \"$HOME/.orchestrate/journal.ndjson\") -ge 3; do sleep 0.1; done
                 cd \"$HOME/other\"; git worktree remove --force --force ../other-worktrees/p/t2; git branch -q -D orchestrate/work/p/t2",
            )
            .with_other()
            .flags("--bisect");
    ground.run().expect(1);
    let outcomes = ["t1", "t2", "t3"].map(|task| ground.outcome(task));
    assert_eq!(outcomes, ["succeeded", "failed", "succeeded"]);
    assert_eq!(ground.files(), "a b t1 t3");
    ground.assert_tidy(&["t2"]);
}
