//! How work gets into the target: strategies, conflicts, gates of the integrated state.

use crate::worktrees_ground::Ground;

const STRATEGIES: [&str; 4] = ["merge", "cherry-pick", "squash", "rebase"];

/// Two tasks that change the same line; the second one does so when the first is in.
fn conflicting() -> Ground {
    Ground::new()
        .task("t1", &[], "await t2; sed -i s/2/one/ a; sed -i s/2/one/ b; reach t1")
        .task(
            "t2",
            &[],
            "case $ATTEMPT in 1) reach t2; sed -i s/2/two/ a; sed -i s/2/two/ b; echo 2 >t2; commit two
             until git show orchestrate/p:a | grep -q one; do sleep 0.1; done;; *) . \"$HOME/resolve\";; esac",
        )
        .task("t3", &["t1"], "echo 3 >t3")
}

#[test]
fn a_conflict_fails_with_its_files_keeps_the_work_and_holds_up_nobody() {
    for strategy in ["merge", "squash"] {
        let ground = conflicting().flags(&format!("--merge-strategy {strategy}"));
        ground.run().expect(1);
        assert_eq!(ground.outcome("t2"), "failed", "{strategy}");
        assert!(
            ground
                .reason("t2")
                .contains("conflict with orchestrate/p in a, b"),
            "{}",
            ground.reason("t2")
        );
        let journal = ground.journal();
        let conflict = journal
            .iter()
            .find(|record| record["type"] == "merge-conflict")
            .unwrap();
        assert_eq!(conflict["files"], serde_json::json!(["a", "b"]));
        assert_eq!(ground.file("a"), "1\none\n3");
        assert_eq!(ground.files(), "a b t3", "{strategy}");
        assert_eq!(ground.sh("git show orchestrate/work/p/t2:a"), "1\ntwo\n3");
        ground.assert_tidy(&["t2"]);
    }
}

#[test]
fn a_conflict_is_resolved_by_the_agent_which_finds_it_in_its_worktree() {
    for strategy in STRATEGIES {
        let ground = conflicting().flags(&format!("--merge-strategy {strategy} --fix-limit 1"));
        let resolve = "grep -q '<<<<<<<' a; git status --porcelain | grep -q '^UU a'; printf '1\\nboth\\n3\\n' | tee a >b; commit resolved";
        ground.sandbox.write("resolve", resolve);
        ground.run().expect(0);
        assert_eq!(ground.file("a"), "1\nboth\n3", "{strategy}");
        assert_eq!(ground.files(), "a b t2 t3");
        ground.assert_tidy(&[]);
    }
}

#[test]
fn what_somebody_leaves_in_the_worktree_for_merges_gets_into_no_merge() {
    // Staged, changed, in the way of what the next task brings, and in the middle of a merge of its own.
    let spoils = "cd \"$(dirname \"$WORKSPACE\")/.integration\"; echo x >staged; git add staged; echo x >b; echo x >t3;
        git merge -q --no-commit --no-ff orchestrate/work/p/t2 || true";
    for strategy in STRATEGIES {
        let ground = Ground::new()
            .task("t1", &[], "echo 1 >t1")
            .task(
                "t2",
                &["t1"],
                &format!("echo 2 >t2; commit two; ({spoils})"),
            )
            .task("t3", &["t2"], "echo 3 >t3")
            .flags(&format!("--merge-strategy {strategy}"));
        ground.run().expect(0);
        assert_eq!(ground.files(), "a b t1 t2 t3", "{strategy}");
        assert_eq!(ground.file("b"), "1\n2\n3", "{strategy}");
        assert_eq!(ground.file("t3"), "3", "{strategy}");
        ground.assert_tidy(&[]);
    }
}

#[test]
fn left_over_markers_are_refused_also_in_files_with_odd_names() {
    for resolve in ["true", "mv a 'ä b'; echo x >b; commit moved"] {
        let ground = conflicting().flags("--fix-limit 1");
        ground.sandbox.write("resolve", resolve);
        ground.run().expect(1);
        assert_eq!(ground.outcome("t2"), "excluded", "{resolve}");
        assert!(
            ground.reason("t2").contains("marker"),
            "{}",
            ground.reason("t2")
        );
        assert_eq!(ground.file("a"), "1\none\n3");
        ground.assert_tidy(&["t2"]);
    }
}

#[test]
fn nobody_resolves_where_nobody_is_to() {
    let ground = conflicting().flags("--fix-limit 1 --conflict-agent none");
    ground.run().expect(1);
    assert_eq!(ground.outcome("t2"), "failed");
    assert!(!ground.sandbox.path().join("prompt-t2-2").exists());
    ground.assert_tidy(&["t2"]);
}

#[test]
fn of_a_branch_whose_second_commit_conflicts_the_first_does_not_stay() {
    for strategy in ["cherry-pick", "rebase"] {
        let ground = Ground::new()
            .task("t1", &[], "await t2; sed -i s/2/one/ a")
            .task(
                "t2",
                &[],
                "reach t2; echo 2 >t2; commit fine; sed -i s/2/two/ a; commit clash
                  until git show orchestrate/p:a | grep -q one; do sleep 0.1; done",
            )
            .flags(&format!("--merge-strategy {strategy}"));
        ground.run().expect(1);
        assert_eq!(ground.files(), "a b", "{strategy}");
        assert_eq!(
            ground.sh("git log --format=%s main..orchestrate/p | grep -c fine || true"),
            "0"
        );
        ground.assert_tidy(&["t2"]);
    }
}

#[test]
fn what_does_not_merge_is_picked_when_its_commits_fit() {
    // The first commit comes into the target as a copy and is changed there; merged as a whole, it clashes.
    let ground = Ground::new()
        .task("t1", &[], "sed -i s/2/two/ a; commit first; reach first; await picked; sed -i s/two/TWO/ a; commit second; until git show orchestrate/p:a | grep -q two; do sleep 0.1; done")
        .task("t2", &[], "await first; echo c >c; commit other; git cherry-pick -x orchestrate/work/p/t1; reach picked");
    ground.run().expect(0);
    assert_eq!(ground.file("a"), "1\nTWO\n3");
    let journal = ground.journal();
    let how = journal
        .iter()
        .find(|r| r["type"] == "merge-finished" && r["task"] == "t1")
        .unwrap();
    assert_eq!(how["how"], "cherry-pick");
    ground.assert_tidy(&[]);
}

/// With a submodule, and tasks that change all that a commit can hold.
fn all_sorts(strategy: &str) -> Ground {
    let ground = Ground::new()
        .task("t1", &[], "await t2; git mv a moved; commit move")
        .task(
            "t2",
            &[],
            "reach t2; sed -i s/2/two/ a; printf '\\0\\377\\r\\n' >bin; echo run >run; chmod +x run b; ln -s b link
             echo '*.big filter=lfs diff=lfs merge=lfs -text' >.gitattributes
             printf 'version https://git-lfs.github.com/spec/v1\noid sha256:%064d\nsize 12\n' 0 >x.big
             echo z >$'new\\nline'; printf 'no end' >'sp ace'; commit 'all sorts'; commit 'empty, on purpose'
             until git cat-file -e orchestrate/p:moved 2>/dev/null; do sleep 0.1; done",
        )
        .task(
            "t3",
            &["t2"],
            "git submodule --quiet update --init; echo 1 >sub/one; git -C sub add .; git -C sub commit -qm in-sub
             commit 'moves the submodule'",
        )
        .task("t4", &["t2"], "commit 'nothing else, on purpose'")
        .task("t5", &["t3", "t4"], "test ! -e sub/s")
        .flags(&format!("--merge-strategy {strategy}"));
    let sub = "git init -q sub; cd sub; echo s >s; git add s; git commit -qm base";
    ground.sandbox.sh(sub).expect(0);
    ground.sh("git submodule --quiet add ../sub sub; commit 'with a submodule'");
    ground
}

#[test]
fn renames_binary_files_executable_bits_links_pointers_empty_commits_and_submodules_survive() {
    for strategy in STRATEGIES {
        let ground = all_sorts(strategy);
        ground.run().expect(0);
        ground.sh("git worktree add -q ../look orchestrate/p");
        let look = "cd ../look; cat moved; od -An -tx1 bin; test -x run; test -x b; readlink link; cat $'new\\nline'; cat 'sp ace'; head -c 16 x.big";
        let expected = "1\ntwo\n3\n 00 ff 0d 0a\nb\nz\nno endversion https://";
        assert_eq!(ground.sh(look), expected, "{strategy}");
        let told = ground.sh("git log --format=%B orchestrate/p");
        assert!(told.contains("empty, on purpose"), "{strategy}: {told}");
        ground.sh("git worktree remove --force ../look");
        let link = ground.sh("git rev-parse orchestrate/p:sub");
        assert_ne!(link, ground.sh("git rev-parse main:sub"), "{strategy}");
        // Nobody else has that commit: its worktree stays.
        ground.sh(&format!(
            "git -C '../my repo-worktrees/p/t3/sub' cat-file -e {link}"
        ));
        ground.assert_tidy(&["t3"]);
    }
}

#[test]
fn a_failing_gate_of_the_integrated_state_leaves_the_target_and_the_next_goes_on() {
    // Each passes alone; t1 and t2 together do not, which only the integrated state shows.
    let ground = Ground::new()
        .task("t1", &[], "echo 1 >t1")
        .task("t2", &[], "until git cat-file -e orchestrate/p:t1 2>/dev/null; do sleep 0.1; done; echo 2 >t2; reach t2")
        .task("t3", &[], "await t2; echo 3 >t3; until grep -q merge-reverted \"$HOME/.orchestrate/journal.ndjson\"; do sleep 0.1; done")
        .before_merge("echo junk >>a; touch left; test ! -e t1 -o ! -e t2");
    ground.run().expect(1);
    assert_eq!(ground.outcome("t2"), "excluded");
    assert_eq!(ground.files(), "a b t1 t3");
    assert_eq!(ground.file("a"), "1\n2\n3");
    assert!(
        ground.reason("t2").starts_with("review_gate_failed"),
        "{}",
        ground.reason("t2")
    );
    ground.assert_tidy(&["t2"]);
}

#[test]
fn one_fix_attempt_is_made_for_a_failing_gate_of_the_integrated_state() {
    let ground = Ground::new()
        .task("t1", &[], "case $ATTEMPT in 1) echo bad >t1;; *) grep -q bad t1; echo good >t1; reach fixed;; esac")
        .task("t2", &[], "echo $ATTEMPT >t2-bad")
        .before_merge("! grep -q bad t1 && ! test -e t2-bad")
        .flags("--fix-limit 3");
    ground.run().expect(1);
    assert_eq!(ground.outcome("t1"), "succeeded");
    assert_eq!(ground.outcome("t2"), "excluded");
    assert_eq!(ground.file("t1"), "good");
    assert!(ground.sandbox.path().join("prompt-t2-2").exists());
    assert!(!ground.sandbox.path().join("prompt-t2-3").exists());
    ground.assert_tidy(&["t2"]);
}

#[test]
fn gates_are_required_where_they_are_required() {
    let ground = Ground::new()
        .task("t1", &[], "echo 1 >t1")
        .task("t2", &[], "echo 2 >t2")
        .gate("true")
        .task("t3", &[], "echo 3 >t3")
        .gate("false")
        .flags("--require-gates");
    ground.run().expect(1);
    assert_eq!(
        ["t1", "t2", "t3"].map(|task| ground.outcome(task)),
        ["excluded", "succeeded", "excluded"]
    );
    assert!(
        ground.reason("t1").starts_with("review_gate_missing"),
        "{}",
        ground.reason("t1")
    );
    assert!(
        ground.reason("t3").starts_with("review_gate_failed"),
        "{}",
        ground.reason("t3")
    );
    assert_eq!(ground.files(), "a b t2");
    assert_eq!(ground.sh("git show orchestrate/work/p/t3:t3"), "3");
    ground.assert_tidy(&["t1", "t3"]);
}

#[test]
fn where_commits_are_signed_ours_are_too() {
    if std::process::Command::new("ssh-keygen")
        .arg("-V")
        .output()
        .is_err()
    {
        return e2e::skip(
            "where_commits_are_signed_ours_are_too",
            "there is no ssh-keygen",
        );
    }
    for strategy in STRATEGIES {
        let ground = Ground::new()
            // One leaves its work for us to commit; the other is merged beside it.
            .task("t1", &[], "echo 1 >t1")
            .task("t2", &["t1"], "echo 2 >t2; commit two")
            .flags(&format!("--merge-strategy {strategy}"));
        ground.sh(
            "ssh-keygen -q -t ed25519 -N '' -f ../key && git config gpg.format ssh && \
                   git config user.signingkey \"$PWD/../key\" && git config commit.gpgsign true",
        );
        ground.run().expect(0);
        let unsigned = ground.sh("for commit in $(git rev-list main..orchestrate/p); do
                 git cat-file commit $commit | grep -q '^gpgsig' || git log -1 --format=%s $commit; done");
        assert_eq!(unsigned, "", "{strategy}");
        let commits = ground.sh("git rev-list --count main..orchestrate/p");
        assert!(
            commits.parse::<u32>().is_ok_and(|count| count >= 2),
            "{commits}"
        );
    }
}
