//! Worktrees made ready: copied files, set-up and baseline commands, ports, hooks; and what happens when they cannot be.

use serde_json::json;

use crate::worktrees_ground::Ground;

#[test]
fn what_the_include_file_names_is_copied_when_git_ignores_it() {
    let ground = Ground::new().task(
        "t1",
        &[],
        "cat .env; test -x cache/deep/tool; test ! -e build; test ! -e untracked; test -L link; echo changed >.env; echo 1 >t1",
    );
    ground.sh("printf '.env*\\ncache/\\nbuild\\nlink\\n' >.gitignore; printf '# mine\\n.env\\ncache/**\\nlink\\nuntracked\\n' >.worktreeinclude; commit ignored");
    ground.sh("echo SECRET >.env; mkdir -p cache/deep; echo x >cache/deep/tool; chmod +x cache/deep/tool; echo b >build; echo u >untracked; ln -s .env link");
    ground.run().expect(0);
    assert_eq!(ground.files(), ".gitignore .worktreeinclude a b t1");
    assert_eq!(ground.sh("cat .env; rm untracked"), "SECRET");
    ground.assert_tidy(&[]);
}

#[test]
fn what_the_plan_names_is_copied_into_the_projects_folder() {
    let mut ground = Ground::new()
        .task(
            "t1",
            &[],
            "test \"$(cat x.cache)\" = own; test ! -e ../x.cache; echo 1 >t1",
        )
        .workspace(json!({"copy": ["*.cache"]}));
    ground.plan["projects"][0]["path"] = json!("./my repo/inner");
    ground.sh("mkdir inner; echo '*.cache' >.gitignore; touch inner/i; commit inner; echo own >inner/x.cache; echo top >x.cache");
    ground.run().expect(0);
    assert_eq!(ground.files(), ".gitignore a b inner/i inner/t1");
    ground.assert_tidy(&[]);
}

#[test]
fn set_up_and_baseline_are_run_once_in_order_with_their_environment() {
    let set_up = "echo \"set-up $TASK_ID ${PORT:+port} ${GIT_DIR:-none}\" >>\"$HOME/ran\"; echo ignored >ignored";
    let ground = Ground::new()
        .task("t1", &[], "test -e ignored; case $ATTEMPT in 1) exit 1;; esac; echo 1 >t1")
        .workspace(json!({"setup": [["sh", "-c", set_up]], "baseline": ["echo baseline >>\"$HOME/ran\"", "test -e ignored"]}))
        .flags("--retries 1");
    ground.sh("echo ignored >.gitignore; commit ignored");
    ground.run().expect(0);
    assert_eq!(
        ground.sandbox.read("ran"),
        "set-up t1 port none\nbaseline\n"
    );
    ground.assert_tidy(&[]);
}

#[test]
fn a_baseline_that_does_not_hold_stops_the_task_when_strict_and_is_noted_otherwise() {
    for (policy, code) in [("strict", 1), ("allow-failing", 0)] {
        let ground = Ground::new().task("t1", &[], "echo 1 >t1").workspace(
            json!({"baseline": ["echo out; echo why >&2; false"], "baselinePolicy": policy}),
        );
        ground.run().expect(code);
        if code == 1 {
            assert!(
                ground.reason("t1").contains("the baseline does not hold"),
                "{}",
                ground.reason("t1")
            );
            assert!(
                !ground.sandbox.path().join("prompt-t1-1").exists()
                    || ground.outcome("t1") == "failed"
            );
            assert_eq!(ground.files(), "a b");
            let log = ground.sandbox.sh("cat .orchestrate/logs/t1/*setup*").stdout;
            assert!(log.contains("out\nwhy\n"), "{log}");
            ground.assert_tidy(&["t1"]);
        } else {
            assert!(
                ground.notes().contains("the baseline does not hold"),
                "{}",
                ground.notes()
            );
            ground.assert_tidy(&[]);
        }
    }
}

#[test]
fn tasks_side_by_side_have_ports_of_their_own() {
    let mut ground = Ground::new()
        .workspace(json!({"ports": 3}))
        .flags("--jobs 4");
    for id in ["t1", "t2", "t3", "t4"] {
        ground = ground.task(id, &[], "seq $PORT_FIRST $PORT_LAST >$TASK_ID; test $PORT = $PORT_FIRST; reach $TASK_ID; for t in t1 t2 t3 t4; do await $t; done");
    }
    ground.run().expect(0);
    let ports = ground.sh("for t in t1 t2 t3 t4; do git show orchestrate/p:$t; done");
    let mut ports: Vec<&str> = ports.lines().collect();
    assert_eq!(ports.len(), 12);
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), 12, "{ports:?}");
}

#[test]
fn one_that_cannot_be_made_ready_sends_its_group_one_after_the_other() {
    // The first of all set-ups fails; whoever works tells when, and that nobody else does.
    let alone = "mkdir \"$HOME/busy\"; sleep 0.1; rmdir \"$HOME/busy\"; echo 1 >$TASK_ID";
    let set_up = "mkdir \"$HOME/first\" 2>/dev/null || { until test -e \"$HOME/failed\"; do sleep 0.1; done; exit 0; }; touch \"$HOME/failed\"; exit 1";
    let mut ground = Ground::new()
        .workspace(json!({"setup": [["sh", "-c", set_up]]}))
        .flags("--jobs 4 --retries 3");
    let ids = ["t1", "t2", "t3", "t4"];
    for id in ids {
        ground = ground.task(id, &[], alone);
    }
    let phases = ids.map(|id| json!({"id": format!("p-{id}"), "title": id, "order": 1}));
    for (task, phase) in ground.tasks().iter_mut().zip(&phases) {
        task["phase"] = phase["id"].clone();
    }
    ground.plan["phases"] = json!(phases);
    ground.plan["parallelGroups"] = json!([["p-t1", "p-t2", "p-t3", "p-t4"]]);
    ground.run();
    assert!(
        ground.notes().contains("go on one after the other"),
        "{}",
        ground.notes()
    );
    let journal = ground.journal();
    let told = |record: &serde_json::Value| {
        record["text"]
            .as_str()
            .is_some_and(|text| text.contains("one after the other"))
    };
    let degraded = journal.iter().position(told).expect("it is told");
    // From then on, whoever begins does so when nobody else is at work.
    let mut at_work = std::collections::BTreeSet::new();
    for (at, record) in journal.iter().enumerate() {
        let task = record["task"].as_str().unwrap_or_default();
        match record["type"].as_str() {
            Some("task-ready") => {
                assert!(
                    at < degraded || at_work.is_empty(),
                    "{task} began beside {at_work:?}"
                );
                at_work.insert(task);
            }
            Some("task-settled") => drop(at_work.remove(task)),
            Some("attempt-finished") if record["result"] != "done" => drop(at_work.remove(task)),
            _ => {}
        }
    }
}

#[test]
fn hooks_that_refuse_are_heard_and_lose_no_work() {
    let ground = Ground::new()
        .task("t1", &[], "echo 1 >t1")
        .task("t2", &[], "echo 2 >t2")
        .task("t3", &["t1"], "echo 3 >t3");
    ground.sandbox.write(
        "my repo/.git/hooks/pre-commit",
        "#!/bin/sh\ncase $PWD in */t1) echo 'no tests' >&2; exit 1;; esac\n",
    );
    ground.sandbox.write(
        "my repo/.git/hooks/pre-merge-commit",
        "#!/bin/sh\ntest ! -e t2 || { echo 'not with t2' >&2; exit 1; }\n",
    );
    ground.sh("chmod +x .git/hooks/pre-commit .git/hooks/pre-merge-commit");
    ground.run().expect(1);
    assert_eq!(ground.files(), "a b t1 t3");
    assert!(
        ground.notes().contains("a hook refused: no tests"),
        "{}",
        ground.notes()
    );
    assert!(
        ground.reason("t2").contains("not with t2"),
        "{}",
        ground.reason("t2")
    );
    assert_eq!(ground.sh("git show orchestrate/work/p/t2:t2"), "2");
    ground.assert_tidy(&["t2"]);
}

#[test]
fn hooks_that_fail_after_the_fact_do_no_harm() {
    for (hook, strategy) in [
        ("post-checkout", "rebase"),
        ("post-commit", "merge"),
        ("post-merge", "merge"),
    ] {
        let lines = "case $ATTEMPT in 1) echo 1 >t1; exit 1;; *) test -e t1;; esac";
        let flags = format!("--retries 1 --merge-strategy {strategy}");
        let ground = Ground::new().task("t1", &[], lines).flags(&flags);
        let refuses = "#!/bin/sh\necho afterwards >&2\nexit 1\n";
        ground
            .sandbox
            .write(&format!("my repo/.git/hooks/{hook}"), refuses);
        ground.sh(&format!("chmod +x .git/hooks/{hook}"));
        ground.run().expect(0);
        assert_eq!(ground.files(), "a b t1", "{hook} {strategy}");
        ground.assert_tidy(&[]);
    }
}

#[test]
fn a_hook_that_keeps_the_target_from_moving_leaves_it_where_it_was() {
    let ground = Ground::new().task("t1", &[], "echo 1 >t1");
    let hook = "#!/bin/sh\ntest \"$1\" = prepared || exit 0\nwhile read old new ref; do case $ref in refs/heads/orchestrate/p) case $old in *[1-9a-f]*) echo locked >&2; exit 1;; esac;; esac; done\n";
    ground
        .sandbox
        .write("my repo/.git/hooks/reference-transaction", hook);
    ground.sh("chmod +x .git/hooks/reference-transaction");
    ground.run().expect(1);
    assert_eq!(ground.tip("orchestrate/p"), ground.tip("main"));
    assert_eq!(ground.outcome("t1"), "failed");
    assert_eq!(ground.sh("git show orchestrate/work/p/t1:t1"), "1");
    ground.assert_tidy(&["t1"]);
}

#[test]
fn signed_commits_are_signed_and_one_that_cannot_be_is_not_lost() {
    let ground = Ground::new().task("t1", &[], "echo 1 >t1");
    ground.sh("git config commit.gpgSign true; git config gpg.program false");
    ground.run().expect(1);
    assert_eq!(ground.tip("orchestrate/p"), ground.tip("main"));
    assert_eq!(ground.sandbox.read("my repo-worktrees/p/t1/t1"), "1\n");

    let ground = Ground::new().task("t1", &[], "echo 1 >t1");
    let gpg = "#!/bin/sh\ncat >/dev/null\necho '[GNUPG:] SIG_CREATED ' >&2\n\
               printf -- '-----BEGIN PGP SIGNATURE-----\\nx\\n-----END PGP SIGNATURE-----\\n'\n";
    ground.sandbox.write("gpg", gpg);
    ground.sh(
        "chmod +x ../gpg; git config commit.gpgSign true; git config gpg.program \"$HOME/gpg\"",
    );
    ground.run().expect(0);
    for commit in ["orchestrate/p", "orchestrate/p^2"] {
        assert!(
            ground
                .sh(&format!("git cat-file commit {commit}"))
                .contains("gpgsig")
        );
    }
}

#[test]
fn commands_in_worktrees_have_a_folder_of_their_own_for_temporary_files() {
    let ground = Ground::new()
        .task("t1", &[], "test -w \"$TMPDIR\"; echo \"$TMPDIR\" >t1")
        .task("t2", &[], "test -w \"$TMPDIR\"; echo \"$TMPDIR\" >t2");
    ground.run().expect(0);
    let (one, two) = (ground.file("t1"), ground.file("t2"));
    assert_ne!(one, two);
    for folder in [one, two] {
        assert!(
            !folder.is_empty() && !std::path::Path::new(&folder).exists(),
            "{folder}"
        );
    }
}
