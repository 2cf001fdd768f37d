//! The target: one that is checked out, one that moves by itself, names that clash.

use crate::worktrees_ground::Ground;

fn ground() -> Ground {
    Ground::new()
        .task("t1", &[], "echo 1 >t1; reach t1")
        .task("t2", &["t1"], "test -e t1; echo 2 >t2")
        .flags("--target current")
}

#[test]
fn a_clean_checkout_of_the_target_is_fast_forwarded_at_the_end() {
    let ground = Ground::new()
        .task("t1", &[], "echo 1 >t1")
        .task("t2", &["t1"], "test ! -e \"$HOME/my repo/t1\"; echo 2 >t2")
        .flags("--target current");
    ground.sh("echo mine >untracked");
    ground.run().expect(0);
    assert_eq!(ground.sh("ls; rm untracked"), "a\nb\nt1\nt2\nuntracked");
    assert_eq!(
        ground.sh("git for-each-ref refs/heads/orchestrate refs/orchestrate"),
        ""
    );
    ground.assert_tidy(&[]);
}

#[test]
fn a_dirty_checkout_of_the_target_is_refused_and_left_alone() {
    for dirt in [
        "echo x >>a",
        "echo x >>a; git add a",
        "git rm -q --cached a",
    ] {
        let ground = ground();
        ground.sh(dirt);
        let before = ground.sh("git status --porcelain; git for-each-ref; cat a");
        ground
            .run()
            .expect(1)
            .says("main is checked out there with uncommitted changes");
        assert_eq!(
            ground.sh("git status --porcelain; git for-each-ref; cat a"),
            before
        );
        assert!(
            !ground.sandbox.path().join("t1").exists(),
            "a task was begun"
        );
    }
}

#[test]
fn a_target_that_has_moved_on_meanwhile_is_reported_and_nothing_is_lost() {
    let ground = Ground::new()
        .task(
            "t1",
            &[],
            "echo 1 >t1; cd \"$HOME/my repo\"; echo mine >mine; git add mine; git commit -qm mine",
        )
        .flags("--target current");
    ground.run().expect(1);
    assert_eq!(ground.sh("ls"), "a\nb\nmine");
    assert_eq!(ground.sh("git status --porcelain"), "");
    assert!(
        ground
            .notes()
            .contains("git merge refs/orchestrate/staging/p/main"),
        "{}",
        ground.notes()
    );
    ground.sh("git merge -q --no-edit refs/orchestrate/staging/p/main");
    assert_eq!(ground.sh("ls"), "a\nb\nmine\nt1");
    // Now that a person has brought it in, there is nothing to report any more.
    ground.run().expect(0);
    ground.assert_tidy(&[]);
}

#[test]
fn an_untracked_file_in_the_way_is_reported_and_not_overwritten() {
    let ground = ground();
    ground.sh("echo precious >t2");
    ground.run().expect(1);
    assert_eq!(
        ground.sh("cat t2; ls; git status --porcelain"),
        "precious\na\nb\nt2\n?? t2"
    );
    assert!(
        ground.notes().contains("could not be fast-forwarded"),
        "{}",
        ground.notes()
    );
}

#[test]
fn a_checkout_that_became_dirty_meanwhile_keeps_its_changes() {
    let ground = Ground::new()
        .task(
            "t1",
            &[],
            "echo 1 >>a; echo half >>\"$HOME/my repo/a\"; echo half >>\"$HOME/my repo/b\"",
        )
        .flags("--target current");
    ground.run().expect(1);
    assert_eq!(
        ground.sh("tail -n1 a b | xargs"),
        "==> a <== half ==> b <== half"
    );
}

#[test]
fn a_target_that_somebody_pushes_to_meanwhile_keeps_both() {
    let ground = Ground::new()
        .task("t1", &[], "echo 1 >t1; cd \"$HOME/my repo\"; t=$(git commit-tree -p orchestrate/p -m pushed orchestrate/p^{tree}); git update-ref refs/heads/orchestrate/p $t")
        .task("t2", &["t1"], "echo 2 >t2");
    ground.run().expect(0);
    assert_eq!(ground.files(), "a b t1 t2");
    assert!(
        ground
            .sh("git log --format=%s orchestrate/p")
            .contains("pushed")
    );
    ground.assert_tidy(&[]);
}

#[test]
fn a_target_that_moves_while_its_gates_run_is_verified_again() {
    let ground = Ground::new().task("t1", &[], "echo 1 >t1").before_merge(
        "ls | xargs >>\"$HOME/verified\"; test -e p && exit 0; i=$(mktemp); rm $i; blob=$(git hash-object -w --stdin </dev/null)
         tree=$(printf '100644 blob %s\\tp\\n' $blob | git mktree); new=$(git commit-tree -p orchestrate/p -m pushed $tree)
         git update-ref refs/heads/orchestrate/p $new",
    );
    ground.run();
    assert_eq!(
        ground.sandbox.read("verified").lines().next(),
        Some("a b t1")
    );
    assert!(
        ground.sandbox.read("verified").lines().count() > 1,
        "{}",
        ground.sandbox.read("verified")
    );
}

#[test]
fn names_that_clash_are_refused_before_anything_begins() {
    for (there, flags, says) in [
        (
            "orchestrate",
            "",
            "the branch orchestrate keeps orchestrate/p from being made",
        ),
        (
            "orchestrate/p/x",
            "",
            "the branch orchestrate/p/x keeps orchestrate/p from being made",
        ),
        (
            "orchestrate/work",
            "",
            "the branch orchestrate/work keeps orchestrate/work/p/t1 from being made",
        ),
        (
            "orchestrate/work/p",
            "",
            "keeps orchestrate/work/p/t1 from being made",
        ),
        (
            "orchestrate/work/p/t1/x",
            "",
            "keeps orchestrate/work/p/t1 from being made",
        ),
        (
            "main2",
            "--target main/inner",
            "the branch main keeps main/inner from being made",
        ),
        ("main2", "--target orchestrate/work/p/t1", "t1"),
        ("main2", "--target orchestrate/work", "orchestrate/work"),
        (
            "main2",
            "--target no..name",
            "cannot be the name of a branch",
        ),
        ("main2", "--target -x", "cannot be the name of a branch"),
    ] {
        let flags = flags.replace("--target ", "--target=");
        let ground = Ground::new().task("t1", &[], "reach t1").flags(&flags);
        ground.sh(&format!("git branch '{there}'"));
        let before = ground.sh("git for-each-ref; git worktree list");
        let ran = ground.run();
        assert_ne!(ran.code, 0, "{there} {flags}");
        let ran = ran.says(says);
        assert_eq!(ran.stdout, "", "{there} {flags}");
        assert_eq!(
            ground.sh("git for-each-ref; git worktree list"),
            before,
            "{there} {flags}"
        );
        assert!(
            !ground.sandbox.path().join("t1").exists(),
            "a task was begun"
        );
    }
}

#[test]
fn a_branch_of_somebody_elses_work_is_not_taken_over() {
    let ground = Ground::new().task("t1", &[], "echo 1 >t1");
    ground
        .sh("git switch -q -c orchestrate/work/p/t1; echo x >x; commit theirs; git switch -q main");
    ground
        .run()
        .expect(1)
        .says("orchestrate/work/p/t1 is there already, and not of this run");
    assert_eq!(
        ground.sh("git log -1 --format=%s orchestrate/work/p/t1"),
        "theirs"
    );
}

#[test]
fn a_folder_that_somebody_else_has_made_is_not_taken_over() {
    let ground = Ground::new()
        .task("t1", &[], "echo 1 >t1")
        .task("t2", &[], "echo 2 >t2");
    ground
        .sandbox
        .write("my repo-worktrees/p/t1/precious", "precious");
    ground.sh("git worktree add -q -b mine '../my repo-worktrees/p/t2'; echo mine >'../my repo-worktrees/p/t2/mine'");
    ground.run().expect(1);
    assert_eq!(
        ground.sandbox.read("my repo-worktrees/p/t1/precious"),
        "precious"
    );
    assert_eq!(ground.sandbox.read("my repo-worktrees/p/t2/mine"), "mine\n");
    assert_eq!(
        ground.sh("git -C '../my repo-worktrees/p/t2' symbolic-ref --short HEAD"),
        "mine"
    );
}

#[test]
fn a_folder_that_is_no_repository_and_a_repository_without_commits_are_refused() {
    let ground = Ground::new().task("t1", &[], "reach t1");
    for (line, says) in [
        ("rm -rf .git", "is not in a git work tree"),
        ("git init -q", "no commit to begin from"),
    ] {
        ground.sh(line);
        let ran = ground.run().says(says);
        assert_ne!(ran.code, 0);
    }
}

#[test]
fn a_branch_with_the_name_of_the_plan_is_not_in_the_way() {
    let ground = Ground::new().task("t1", &[], "echo 1 >t1");
    ground.sh("git branch p; git tag orchestrate/p; git tag orchestrate/work/p/t1; git branch t1");
    ground.run().expect(0);
    assert_eq!(
        ground.sh("git ls-tree --name-only refs/heads/orchestrate/p | xargs"),
        "a b t1"
    );
}

#[test]
fn to_look_at_the_users_checkout_does_not_lock_it() {
    // A stale index that a `git status` would write anew, and an index that cannot be locked.
    let ground = Ground::new().task("t1", &[], "echo 1 >t1");
    ground.sh("touch -d '1 hour ago' a b");
    let before = ground.sh("sha256sum .git/index");
    ground.run().expect(0);
    assert_eq!(ground.sh("sha256sum .git/index"), before);
}
