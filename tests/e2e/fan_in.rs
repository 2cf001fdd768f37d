//! `scripts/fan-in`: what gets in, and how.

use crate::fan_in_ground::{Ground, rows};

#[test]
fn p2_is_merged_before_p10_and_p01_before_p_rev1() {
    let names = ["p10", "p-rev1", "p2", "p01"];
    let ground = Ground::with(&names);
    let ran = ground.fan_in(&names.join(" ")).expect(0);
    let merged = |name| format!("Merge branch '{name}' into main");
    assert_eq!(ground.story(), ["p01", "p2", "p10", "p-rev1"].map(merged));
    assert!(
        ran.stdout
            .starts_with("BRANCH  RESULT  HOW    COMMIT      FILES\np01     merged  merge  "),
        "{}",
        ran.stdout
    );
    ground.assert_tidy();

    let ground = Ground::with(&["p2", "p10"]);
    ground.fan_in("--order given p10 p2").expect(0);
    assert_eq!(ground.story(), ["p10", "p2"].map(merged));
}

#[test]
fn a_conflict_is_exit_1_names_its_files_and_holds_up_nobody() {
    let ground = Ground::with(&["p1", "p4"]);
    ground.branch("p2", "echo two >>a; commit two");
    ground.branch("p3", "echo three >>a; echo three >>b; commit three");
    let ran = ground
        .fan_in("p1 p2 p3 p4")
        .expect(1)
        .says("p3: conflict in a: left out");
    let expected = [
        ("p1", "merged"),
        ("p2", "merged"),
        ("p3", "conflict"),
        ("p4", "merged"),
    ];
    assert_eq!(Ground::results(&ran), rows(&expected));
    assert!(!ground.sh("cat a b").contains("three"));
    ground.assert_tidy();
}

#[test]
fn of_a_branch_whose_second_commit_conflicts_the_first_does_not_stay() {
    let ground = Ground::new();
    ground.branch("p1", "echo one >>a; commit one");
    ground.branch(
        "p2",
        "echo new >new; commit fine; echo two >>a; commit clash",
    );
    for strategy in ["merge", "cherry-pick"] {
        let ran = ground
            .fan_in(&format!("--strategy {strategy} p1 p2"))
            .expect(1);
        assert_eq!(
            Ground::results(&ran)[1],
            ("p2".to_owned(), "conflict".to_owned())
        );
        assert_eq!(ground.story(), ["Merge branch 'p1' into main"]);
        assert_eq!(ground.sh("ls"), "a\nb");
        ground.assert_tidy();
    }
}

/// The first commit of `p1` is in `main` as a copy; merged as a whole the second one clashes with it.
fn half_picked() -> Ground {
    let ground = Ground::new();
    ground.branch(
        "p1",
        "sed -i s/2/two/ a; commit first; commit 'nothing, on purpose'; sed -i s/two/TWO/ a; commit second",
    );
    // On another parent: on the same one, within the same second, the copy would be the commit itself.
    ground.sh("echo c >c; commit other; git cherry-pick p1~2 >/dev/null");
    ground
}

#[test]
fn what_does_not_merge_is_picked_and_a_second_run_knows_it() {
    let ground = half_picked();
    let ran = ground
        .fan_in("p1")
        .expect(0)
        .says("p1: merged (cherry-pick)");
    assert!(ran.stdout.contains("cherry-pick  "), "{}", ran.stdout);
    // The commit that is in already is not picked; the one that was made empty is.
    assert_eq!(
        ground.story(),
        ["other", "first", "nothing, on purpose", "second"]
    );
    assert_eq!(ground.sh("cat a"), "1\nTWO\n3");
    ground.sh("sed -i s/TWO/other/ a; commit later");
    let ran = ground.fan_in("p1").expect(0).says("p1: already in main");
    assert_eq!(Ground::results(&ran), rows(&[("p1", "already")]));
    ground.assert_tidy();
}

#[test]
fn already_merged_branches_are_said_to_be_and_skipped() {
    let ground = Ground::with(&["p1", "p2"]);
    ground.fan_in("p1").expect(0);
    let before = ground.tip("main");
    let ran = ground.fan_in("p1").expect(0);
    assert_eq!(Ground::results(&ran), rows(&[("p1", "already")]));
    assert_eq!(ground.tip("main"), before);
    let ran = ground.fan_in("p1 p2").expect(0);
    assert_eq!(
        Ground::results(&ran),
        rows(&[("p1", "already"), ("p2", "merged")])
    );
}

#[test]
fn empty_commits_are_equal_to_none() {
    let ground = Ground::new();
    for name in ["p1", "p2"] {
        ground.branch(name, &format!("commit 'empty of {name}'"));
    }
    ground.fan_in("--strategy cherry-pick p1 p2").expect(0);
    assert_eq!(ground.story(), ["empty of p1", "empty of p2"]);
    let ran = ground.fan_in("p1 p2").expect(0);
    assert_eq!(
        Ground::results(&ran),
        rows(&[("p1", "already"), ("p2", "already")])
    );
}

#[test]
fn a_branch_is_squashed_into_one_commit_and_only_once() {
    let ground = Ground::new();
    ground.branch(
        "p1",
        "echo x >x; commit one; echo '# not a comment' >>x; commit '# two'",
    );
    ground.branch("p2", "echo two >>a; commit clash");
    ground.branch("p3", "echo three >>a; commit clash");
    let ran = ground.fan_in("--strategy squash p1 p2 p3").expect(1);
    let expected = [("p1", "merged"), ("p2", "merged"), ("p3", "conflict")];
    assert_eq!(Ground::results(&ran), rows(&expected));
    let message = ground.sh("git log -1 --format=%B main~1");
    let id = ground.tip("p1");
    assert_eq!(
        message,
        format!("Squash branch 'p1' into main\n\n* one\n* # two\n\nBranch-Commit: {id}")
    );
    ground.sh("echo other >x; commit other");
    let ran = ground.fan_in("--strategy squash p1 p2").expect(0);
    assert_eq!(
        Ground::results(&ran),
        rows(&[("p1", "already"), ("p2", "already")])
    );
    ground.assert_tidy();
}

#[test]
fn a_merge_inside_a_branch_is_picked_as_what_it_changed_there() {
    let ground = Ground::new();
    ground.branch("side", "echo side >side; commit side");
    ground.branch(
        "p1",
        "echo x >x; commit x; git merge -q --no-ff -m join side; echo y >y; commit y",
    );
    ground.fan_in("--strategy cherry-pick p1").expect(0);
    assert_eq!(ground.story(), ["x", "join", "y"]);
    assert_eq!(ground.sh("ls"), "a\nb\nside\nx\ny");
    let ran = ground.fan_in("p1").expect(0);
    assert_eq!(Ground::results(&ran), rows(&[("p1", "already")]));
}

#[test]
fn renames_binary_files_executable_bits_links_and_empty_commits_survive() {
    for strategy in ["merge", "cherry-pick", "squash"] {
        let ground = Ground::new();
        ground.branch("p1", "git mv a moved; commit move");
        ground.branch(
            "p2",
            "sed -i s/2/two/ a; printf '\\0\\377\\r\\n' >bin; echo run >run; chmod +x run; ln -s b link; \
             echo z >$'new\\nline'; commit 'all sorts'; commit 'empty, on purpose'",
        );
        ground
            .fan_in(&format!("--strategy {strategy} p1 p2"))
            .expect(0);
        assert_eq!(
            ground.sh("cat moved"),
            "1\ntwo\n3",
            "followed to where it was moved"
        );
        assert_eq!(ground.sh("od -An -tx1 bin"), " 00 ff 0d 0a");
        assert_eq!(
            ground.sh("test -x run; readlink link; cat $'new\\nline'"),
            "b\nz"
        );
        if strategy != "squash" {
            assert!(
                ground
                    .sh("git log --format=%s main")
                    .contains("empty, on purpose")
            );
        }
        ground.assert_tidy();
    }
}

#[test]
fn a_failed_verification_drops_that_merge_only() {
    let ground = Ground::with(&["p1", "p2", "p3"]);
    // Each passes alone; p1 and p2 together do not, which only the integrated state shows.
    let verify = "echo output; ls >\"$OUT/$FAN_IN_BRANCH-$FAN_IN_TARGET\"; echo junk >>a; touch left; \
                  test ! -e p1.txt -o ! -e p2.txt";
    let out = ground.sandbox.path().join("out");
    std::fs::create_dir(&out).unwrap();
    let arguments = format!("--verify 'OUT={}; {verify}' p1 p2 p3", out.display());
    let ran = ground
        .fan_in(&arguments)
        .expect(1)
        .says("p2: the verification ended with exit code 1: dropped");
    let expected = [
        ("p1", "merged"),
        ("p2", "verification-failed"),
        ("p3", "merged"),
    ];
    assert_eq!(Ground::results(&ran), rows(&expected));
    assert!(!ran.stdout.contains("output") && ran.stderr.contains("output\n"));
    assert_eq!(ground.sandbox.read("out/p2-main"), "a\nb\np1.txt\np2.txt\n");
    // What it changed and left lying in the work tree is neither merged nor seen by the next.
    assert_eq!(ground.sandbox.read("out/p3-main"), "a\nb\np1.txt\np3.txt\n");
    assert_eq!(ground.sh("cat a"), "1\n2\n3");
    ground.assert_tidy();
}

#[test]
fn a_checkout_of_another_branch_is_not_disturbed() {
    let ground = Ground::with(&["p1", "p2"]);
    ground.sh("git checkout -q p2; echo half >>a; git add a; echo more >>b");
    let status = ground.sh("git status --porcelain");
    ground.fan_in("--target main p1 p2").expect(0);
    assert_eq!(ground.sh("git status --porcelain"), status);
    assert_eq!(ground.sh("git symbolic-ref --short HEAD"), "p2");
    assert_eq!(ground.story().len(), 2);
}

#[test]
fn a_checkout_of_the_target_goes_along_and_so_does_one_elsewhere() {
    let ground = Ground::with(&["p1", "p2"]);
    ground.sh("echo mine >untracked");
    ground.fan_in("p1").expect(0);
    assert_eq!(ground.sh("ls"), "a\nb\np1.txt\nuntracked");
    ground.sh("git checkout -q -b other; git worktree add -q ../linked main; mkdir -p deep/er");
    ground.fan_in("--repo deep/er --target main p2").expect(0);
    assert_eq!(
        ground.sh("cd ../linked; git status --porcelain; ls"),
        "a\nb\np1.txt\np2.txt"
    );
    ground.assert_tidy();
}

#[test]
fn a_bare_repository_and_branches_of_a_remote_will_do() {
    let ground = Ground::with(&["p1", "p2"]);
    ground.sh("git clone -q --bare . ../bare; git clone -q ../bare ../clone");
    ground.fan_in("--repo ../bare p1").expect(0);
    assert!(
        ground
            .sh("git -C ../bare log --format=%s main")
            .contains("add p1")
    );
    ground
        .fan_in("--repo ../clone origin/p1 origin/p2")
        .expect(0);
    assert_eq!(ground.sh("ls ../clone"), "a\nb\np1.txt\np2.txt");
}

#[test]
fn records_are_of_the_contract_and_one_per_branch() {
    let ground = half_picked();
    ground.branch("plan/p2", "echo two >two; commit two");
    ground.branch("p3", "echo three >three; commit three");
    ground.branch("p4", "sed -i s/two/vier/ a; commit four");
    let arguments = "--format json --verify 'test ! -e three' p1 plan/p2 p3 p4 p4x";
    ground.sh("git branch p4x p1~2");
    let ran = ground.fan_in(arguments).expect(1);
    let told = |field: &'static str| -> Vec<String> {
        let word = |record: &serde_json::Value| record[field].as_str().unwrap_or("-").to_owned();
        ran.records().iter().map(word).collect()
    };
    assert_eq!(
        told("type"),
        [
            "merge-finished",
            "merge-reverted",
            "merge-conflict",
            "note",
            "merge-finished"
        ]
    );
    assert_eq!(told("task"), ["p1", "p3", "p4", "p4x", "p2"]);
    assert_eq!(told("branch")[4], "plan/p2");
    assert_eq!(told("commit")[4], ground.tip("main"));
    assert_eq!(told("how"), ["cherry-pick", "-", "-", "-", "merge"]);
    assert_eq!(ran.records()[2]["files"], serde_json::json!(["a"]));
    ground.sandbox.write("records", &ran.stdout);
    ground
        .sandbox
        .sh("plan-validate --quiet --as record records >/dev/null")
        .expect(0);
}

#[test]
fn a_dry_run_tells_and_changes_nothing() {
    let ground = Ground::with(&["p1", "p2"]);
    ground.branch("p3", "echo a >p1.txt; commit clash");
    ground
        .sandbox
        .write("repo/.git/hooks/pre-merge-commit", "#!/bin/sh\nexit 1\n");
    ground.sh("chmod +x .git/hooks/pre-merge-commit");
    let refs = ground.sh("git for-each-ref; git reflog --all");
    let ran = ground
        .fan_in("--dry-run --verify 'touch ../../verified' p1 p2 p3")
        .expect(1);
    let expected = [
        ("p1", "would-merge"),
        ("p2", "would-merge"),
        ("p3", "conflict"),
    ];
    assert_eq!(Ground::results(&ran), rows(&expected));
    assert_eq!(ground.sh("git for-each-ref; git reflog --all"), refs);
    assert_eq!(ground.sh("ls ..; ls"), "repo\ntmp\na\nb");
    ground.assert_tidy();
}
