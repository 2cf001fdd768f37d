//! `scripts/fan-in`: what it does not do, and what it leaves alone.

use crate::fan_in_ground::{Ground, rows};

/// Nothing is begun: no table, no ref that moved.
#[track_caller]
fn refused(ground: &Ground, arguments: &str, code: i32, reason: &str) {
    let refs = ground.sh("git for-each-ref");
    let ran = ground.fan_in(arguments).expect(code).says(reason);
    assert_eq!(ran.stdout, "");
    assert_eq!(ground.sh("git for-each-ref"), refs);
    assert_eq!(ground.sh("ls -A \"$TMPDIR\""), "");
}

#[test]
fn a_branch_that_is_not_there_is_an_error_and_so_is_what_is_no_branch() {
    let ground = Ground::with(&["p1"]);
    ground.sh("git tag v1");
    refused(&ground, "p1 p9", 3, "error: p9: no such branch");
    for none in ["v1", "p1~0", "HEAD", "$(git rev-parse p1)"] {
        refused(&ground, none, 3, "no such branch");
    }
    refused(
        &ground,
        "--target gone p1",
        3,
        "--target gone: no such branch",
    );
}

#[test]
fn all_problems_are_told_at_once() {
    let ground = Ground::with(&["p1"]);
    ground.sh("echo mine >>a");
    let ran = ground.fan_in("p1 p7 refs/heads/p1 main p8").expect(2);
    for told in [
        "main: uncommitted changes in ",
        "p7: no such branch",
        "refs/heads/p1: named twice",
        "main: is the target itself",
        "p8: no such branch",
    ] {
        assert!(ran.stderr.contains(told), "{told}: {}", ran.stderr);
    }
}

#[test]
fn called_wrongly_it_says_how() {
    let ground = Ground::with(&["p1"]);
    for arguments in [
        "",
        "--strategy octopus p1",
        "--order random p1",
        "--format yaml p1",
        "--force p1",
        "p1 --target",
    ] {
        refused(&ground, arguments, 2, "--help");
    }
    refused(&ground, "--repo ../tmp p1", 4, "not a git repository");
    assert!(
        ground
            .fan_in("--help")
            .expect(0)
            .stdout
            .starts_with("Usage: ")
    );
}

#[test]
fn a_dirty_checkout_of_the_target_is_refused_and_left_as_it_is() {
    let ground = Ground::with(&["p1"]);
    for change in ["echo mine >>a", "git add a", "git rm -q --cached b"] {
        ground.sh(change);
        let status = ground.sh("git status --porcelain; cat a");
        refused(&ground, "p1", 1, "uncommitted changes");
        assert_eq!(ground.sh("git status --porcelain; cat a"), status);
    }
}

#[test]
fn a_merge_a_rebase_or_a_cherry_pick_in_progress_is_refused() {
    let ground = Ground::new();
    ground.branch("p1", "echo one >>a; commit one");
    ground.branch("p2", "echo two >>a; commit two");
    ground.sh("git merge -q p1");
    for (begin, what) in [
        ("merge -q p2", "merge"),
        ("rebase -q p2", "rebase"),
        ("cherry-pick p2", "cherry-pick"),
        ("revert --no-edit HEAD~1", "revert"),
    ] {
        ground.sh(&format!(
            "git {begin} >/dev/null 2>&1 || true; test -n \"$(git status --porcelain)\" || git revert -n HEAD"
        ));
        let said = format!("a {what} is in progress");
        refused(&ground, "--target main p2", 1, &said);
        ground.sh(&format!("git {what} --abort"));
    }
}

#[test]
fn without_a_current_branch_a_target_must_be_named() {
    let ground = Ground::with(&["p1"]);
    ground.sh("git checkout -q --detach");
    refused(&ground, "p1", 3, "HEAD is detached");
    ground.fan_in("--target main p1").expect(0);
    assert_eq!(ground.story().len(), 1);
}

#[test]
fn a_branch_without_common_history_is_refused() {
    let ground = Ground::with(&["p1"]);
    ground.sh("git checkout -q --orphan p2; commit alone; git checkout -q main");
    refused(&ground, "p1 p2", 1, "p2: has no history in common");
}

#[test]
fn conflict_markers_that_were_committed_do_not_get_in() {
    let ground = Ground::with(&["p1", "p5"]);
    let markers = r"printf '<<<<<<< HEAD\nx\n=======\ny\n>>>>>>> p1\n'";
    ground.branch(
        "p2",
        &format!("echo fine >fine; {markers} >>a; commit unsolved"),
    );
    ground.branch("p3", "echo '>>>>>>> forgotten' >>b; commit half");
    ground.branch(
        "p4",
        "printf 'Heading\\n=======\\n' >text.rst; commit title",
    );
    let ran = ground
        .fan_in("p1 p2 p3 p4 p5")
        .expect(1)
        .says("p2: refused: conflict markers were committed");
    let expected = [
        ("p1", "merged"),
        ("p2", "refused"),
        ("p3", "refused"),
        ("p4", "merged"),
        ("p5", "merged"),
    ];
    assert_eq!(Ground::results(&ran), rows(&expected));
    let row = ran.stdout.lines().nth(2).unwrap();
    assert!(row.ends_with("  a"), "{row}");

    // Who keeps such lines on purpose tells git so.
    ground.branch(
        "p6",
        &format!(
            "echo '*.md conflict-marker-size=40' >.gitattributes; {markers} >a.md; commit manual"
        ),
    );
    ground.fan_in("p6").expect(0);
    // They are no news to later branches.
    ground.branch("p7", "echo more >>a.md; commit more");
    ground.sh("git rm -q .gitattributes; commit plain");
    ground.fan_in("p7").expect(0);
    ground.assert_tidy();
}

#[test]
fn a_file_that_git_does_not_know_is_never_overwritten() {
    let ground = Ground::with(&["p1", "p2"]);
    ground.sh("echo mine >p1.txt");
    let ran = ground.fan_in("p1 p2").expect(1).says("p1: refused: ");
    assert_eq!(
        Ground::results(&ran),
        rows(&[("p1", "refused"), ("p2", "merged")])
    );
    assert_eq!(ground.sh("cat p1.txt"), "mine");
    ground.assert_tidy();
}

#[test]
fn work_begun_in_the_checkout_meanwhile_is_kept() {
    let ground = Ground::new();
    ground.branch("p1", "echo one >>a; commit one");
    ground.branch("p2", "echo two >>b; commit two");
    let ran = ground
        .fan_in("--verify 'echo mine >>$HOME/repo/a' p1 p2")
        .expect(1);
    assert_eq!(
        Ground::results(&ran),
        rows(&[("p1", "refused"), ("p2", "merged")])
    );
    assert_eq!(ground.sh("cat a b"), "1\n2\n3\nmine\nmine\n1\n2\n3\ntwo");
}

#[test]
fn a_target_that_somebody_else_moves_is_left_as_they_left_it() {
    for away in ["true", "git checkout -q -b elsewhere"] {
        let ground = Ground::with(&["p1", "p2"]);
        ground.sh(away);
        let theirs = ground.sh("git commit-tree -p main -m theirs main^{tree}");
        let verify = format!("git update-ref refs/heads/main {theirs}");
        let ran = ground
            .fan_in(&format!("--target main --verify '{verify}' p1 p2"))
            .expect(1)
            .says("main was moved by somebody else");
        assert_eq!(ground.tip("main"), theirs);
        assert_eq!(
            Ground::results(&ran),
            rows(&[("p1", "not-tried"), ("p2", "not-tried")])
        );
        ground.assert_tidy();
    }
}

#[test]
fn the_repository_is_the_one_asked_for_whatever_a_git_hook_has_set() {
    let mut ground = Ground::with(&["p1"]);
    ground.sh("git init -q ../trap");
    let trap = ground.sandbox.path().join("trap");
    let git = trap.join(".git").display().to_string();
    let before = ground.sh("cd ../trap; find . -type f | sort");
    for (name, value) in [
        ("GIT_DIR", git.clone()),
        ("GIT_WORK_TREE", trap.display().to_string()),
        ("GIT_INDEX_FILE", format!("{git}/index")),
        ("GIT_COMMON_DIR", git),
    ] {
        ground.sandbox.env(name, &value);
    }
    ground.fan_in("p1").expect(0);
    let clear = "unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_COMMON_DIR";
    assert_eq!(
        ground.sh(&format!("{clear}; git rev-list --count main")),
        "3"
    );
    assert_eq!(ground.sh("cd ../trap; find . -type f | sort"), before);
}

#[test]
fn hooks_may_refuse_and_commits_are_signed_where_that_is_configured() {
    let ground = Ground::with(&["p1", "p2"]);
    for (hook, line) in [
        (
            "commit-msg",
            "! grep -q p1 \"$1\" || { echo we want no p1 >&2; exit 1; }",
        ),
        ("post-merge", "echo $GIT_REFLOG_ACTION >>$HOME/hooked"),
    ] {
        ground.sandbox.write(
            &format!("repo/.git/hooks/{hook}"),
            &format!("#!/bin/sh\n{line}\n"),
        );
        ground.sh(&format!("chmod +x .git/hooks/{hook}"));
    }
    let signer = ground.sandbox.write(
        "signer",
        "#!/bin/sh\ncat >/dev/null\necho '[GNUPG:] SIG_CREATED ' >&2\n\
         printf -- '-----BEGIN PGP SIGNATURE-----\\n\\nx\\n-----END PGP SIGNATURE-----\\n'\n",
    );
    let signer = signer.display();
    ground.sh(&format!(
        "chmod +x {signer}; git config gpg.program {signer}; git config commit.gpgSign true"
    ));
    let ran = ground
        .fan_in("p1 p2")
        .expect(1)
        .says("p1: refused: we want no p1");
    assert_eq!(
        Ground::results(&ran),
        rows(&[("p1", "refused"), ("p2", "merged")])
    );
    assert!(
        ground
            .sh("git cat-file commit main")
            .contains("gpgsig -----BEGIN")
    );
    // Once where it is merged, once where the checkout is fast-forwarded.
    let hooked = ground.sandbox.read("hooked");
    assert!(
        hooked.lines().count() == 2 && hooked.ends_with("\nfan-in: p2\n"),
        "{hooked}"
    );
    ground.assert_tidy();
}

#[test]
fn what_only_looks_like_a_leftover_stays() {
    let ground = Ground::with(&["p1"]);
    // A number that no process has, and files that no run of ours made.
    ground.sh("mkdir $TMPDIR/fan-in.9999999.abcdef; echo mine >$TMPDIR/fan-in.9999999.abcdef/file");
    ground.sh("git worktree add -q --detach ../fan-in.9999999.abcdef/tree; echo mine >>../fan-in.9999999.abcdef/tree/a");
    ground.sh("mkdir $TMPDIR/fan-in.9999998.abcdef");
    ground.fan_in("p1").expect(0);
    assert_eq!(
        ground.sh("cat $TMPDIR/fan-in.*/file; tail -n 1 ../fan-in.*/tree/a"),
        "mine\nmine"
    );
    assert_eq!(ground.sh("ls $TMPDIR"), "fan-in.9999999.abcdef");
}

#[test]
fn history_that_cannot_be_read_is_no_branch_that_is_in_already() {
    let ground = Ground::new();
    ground.branch("p1", "echo one >one; commit one; echo two >two; commit two");
    let middle = ground.sh("git rev-parse p1~1");
    ground.sh(&format!(
        "rm -f .git/objects/{}/{}",
        &middle[..2],
        &middle[2..]
    ));
    let ran = ground.fan_in("p1");
    assert!(ran.code == 1 || ran.code == 4, "{ran:?}");
    assert!(!ran.stdout.contains("already"), "{ran:?}");
    assert_eq!(ground.story().len(), 0);
}

#[test]
fn a_command_that_breaks_the_work_tree_breaks_nothing_around_it() {
    let mut ground = Ground::with(&["p1", "p2"]);
    ground.sh("mkdir tmp; echo mine >untracked");
    let inside = ground.sandbox.path().join("repo/tmp");
    ground.sandbox.env("TMPDIR", &inside.display().to_string());
    ground.fan_in("--verify 'rm .git' p1 p2").expect(4);
    assert_eq!(
        ground.sh("git symbolic-ref HEAD; ls; ls tmp"),
        "refs/heads/main\na\nb\np1.txt\ntmp\nuntracked"
    );
    ground.assert_tidy();
}

#[test]
fn nothing_is_ever_forced_pushed_stashed_or_reset() {
    let mut ground = Ground::with(&["p1", "p4"]);
    ground.branch("p2", "echo two >>a; commit two");
    ground.branch("p3", "echo three >>a; commit three");
    let trace = ground.sandbox.path().join("trace");
    ground
        .sandbox
        .env("GIT_TRACE", &trace.display().to_string());
    ground
        .fan_in("--verify 'test $FAN_IN_BRANCH != p4' p1 p2 p3 p4")
        .expect(1);
    let trace = ground.sandbox.read("trace");
    assert!(trace.contains(" merge --ff-only "), "{trace}");
    for word in [
        "push",
        "branch -f",
        "branch -D",
        "gc --prune",
        "worktree prune",
    ] {
        assert!(!trace.contains(&format!("built-in: git {word}")), "{word}");
    }
    // git merge itself asks `git stash create` for a commit that it could go back to; nothing is put on the stash.
    assert_eq!(ground.sh("git stash list"), "");
    // `git worktree add` fills the new work tree so.
    let hard: Vec<&str> = trace
        .lines()
        .filter(|line| line.contains("git reset --hard"))
        .collect();
    let count = |word: &str| hard.iter().filter(|line| line.contains(word)).count();
    assert_eq!(count("built-in: "), count("run_command: "), "{hard:#?}");
    assert_eq!(
        count("GIT_WORK_TREE="),
        count("/tree git reset "),
        "{hard:#?}"
    );
    // Only ever in the work tree of its own.
    let forced = |line: &&str| line.contains("built-in: git ") && line.contains("--force");
    for line in trace.lines().filter(forced) {
        assert!(
            line.contains("/fan-in.") || line.contains("git checkout --quiet --force --detach"),
            "{line}"
        );
    }
}
