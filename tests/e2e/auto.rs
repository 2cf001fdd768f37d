//! `scripts/auto`: OMGKIT's commands over a project folder.

use e2e::{Ran, Sandbox};

use crate::scripts::script;

const ARCHETYPE: &str = r#"name: Pocket
id: pocket
description: An app that fits into a pocket
phases:
  - {id: discovery, name: Discovery, order: 1, checkpoint: true, description: Find out what is wanted and write it down}
  - {id: planning, name: Planning, order: 2, checkpoint: true, description: Say how it will be made and in which order, outputs: [plan.md]}
  - id: core
    name: Features
    order: 3
    dynamic: true
    per_feature: {workflows: [feature]}
quality_gates:
  after_feature: [{command: test -e made, required: true}]
autonomy: {default_level: 1}
"#;

const FEATURES: &str = "project_name: Pocket\npriorities:\n  p0:\n    - {id: accounts, name: Accounts, description: People have accounts and see their balance}\n    - {id: transfers, name: Transfers, description: Money moves from one account to another, dependencies: [accounts]}\n";

/// Writes what each step is to write; fails where it is told to.
const WORKER: &str = r#"#!/bin/sh
cat >"$HOME/prompt.$TASK_ID.$ATTEMPT"
echo $TASK_ID >>"$HOME/log"
test ! -e "$HOME/bad-$TASK_ID" || { echo "[ERROR:$TERMINAL_ID] the tests fail"; exit; }
case $TASK_ID in planning*) echo plan >plan.md ;; core*) touch made ;; esac
echo "[DONE:$TERMINAL_ID] did $TASK_ID"
"#;

fn prepared() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("archetype.yaml", ARCHETYPE);
    sandbox.write("features.yaml", FEATURES);
    sandbox.write("worker", WORKER);
    sandbox.sh("chmod +x worker").expect(0);
    auto(
        &sandbox,
        "init pocket --archetype archetype.yaml --features features.yaml",
    )
    .expect(0);
    sandbox
}

fn auto(sandbox: &Sandbox, arguments: &str) -> Ran {
    sandbox.sh(&format!("{} {arguments}", script("auto")))
}

fn value(sandbox: &Sandbox, path: &str) -> String {
    let line = format!("state-edit get .omgkit/state.yaml {path} --raw");
    sandbox.sh(&line).stdout.trim().to_owned()
}

#[test]
fn from_the_first_checkpoint_to_the_last_feature() {
    let sandbox = prepared();
    assert_eq!(
        (
            value(&sandbox, "phase").as_str(),
            value(&sandbox, "status").as_str()
        ),
        ("discovery", "ready")
    );
    auto(&sandbox, "init again --archetype archetype.yaml").expect(1);
    assert!(
        auto(&sandbox, "next")
            .expect(0)
            .stdout
            .contains("would start: discovery\n")
    );
    auto(&sandbox, "start --dry-run").expect(0);
    assert_eq!(sandbox.read("log"), "");

    sandbox
        .sh("sed -i '1i # ours\\nowner: Ann # keeps it' .omgkit/state.yaml")
        .expect(0);
    auto(&sandbox, "start -- $PWD/worker").expect(5);
    assert_eq!(value(&sandbox, "checkpoint.pending"), "true");
    auto(&sandbox, "start -- $PWD/worker")
        .expect(5)
        .says("a checkpoint waits");
    auto(&sandbox, "resume -- $PWD/worker")
        .expect(5)
        .says("a checkpoint waits");
    auto(&sandbox, "verify").expect(0);
    auto(&sandbox, "approve").expect(0);
    assert_eq!(value(&sandbox, "approval_history.0.phase"), "discovery");
    let decides = "export ORCHESTRATE_DIR=.omgkit/run; state-edit --quiet decision ask ../storage 'where do sessions live?' \
        --level 2 --option redis --option postgres --suggest redis --timeout 1ms && state-edit --quiet decision wait ../storage";
    sandbox.sh(decides).expect(0);

    auto(&sandbox, "resume -- $PWD/worker").expect(5);
    auto(
        &sandbox,
        "reject 'Need soft delete columns' --category missing_item",
    )
    .expect(0);
    assert_eq!(value(&sandbox, "status"), "revision_needed");
    assert_eq!(
        value(&sandbox, "rejection_history.0.category"),
        "missing_item"
    );
    auto(&sandbox, "resume -- $PWD/worker").expect(5);
    let prompts = sandbox.sh("cat prompt.planning*.2").stdout;
    assert!(prompts.contains("Need soft delete columns"), "{prompts}");

    auto(&sandbox, "approve").expect(0);
    auto(&sandbox, "resume -- $PWD/worker").expect(0);
    assert_eq!(value(&sandbox, "status"), "completed");
    let kept = sandbox.read(".omgkit/state.yaml");
    assert!(
        kept.contains("owner: Ann # keeps it") && kept.contains("- core.transfers"),
        "{kept}"
    );
    let memory = sandbox.sh("cat .omgkit/memory/journal/*.md .omgkit/memory/decisions/*.md .omgkit/memory/context/*.md").stdout;
    for told in [
        "- core.accounts: did core.accounts",
        "status: rejected",
        "Need soft delete columns",
        "# pocket",
        "where do sessions live? By timeout, level 2.",
    ] {
        assert!(memory.contains(told), "{told:?} is not in\n{memory}");
    }
    auto(&sandbox, "verify").expect(0);
    sandbox
        .sh("sed -i 's/^status: .*/status: ready/' .omgkit/state.yaml")
        .expect(0);
    auto(&sandbox, "verify")
        .expect(1)
        .says("is not what the run says");
}

#[test]
fn a_failed_step_is_done_again_left_out_or_put_before_a_person() {
    let sandbox = prepared();
    for _ in 0..2 {
        auto(&sandbox, "resume -q -- $PWD/worker");
        auto(&sandbox, "approve");
    }
    sandbox.write("bad-core.accounts", "");
    auto(&sandbox, "resume -q -- $PWD/worker").expect(1);
    assert_eq!(value(&sandbox, "status"), "blocked");
    assert!(value(&sandbox, "error_context.message").contains("the tests fail"));
    auto(&sandbox, "resume -q --retry -- $PWD/worker").expect(1);
    auto(&sandbox, "resume -q --retry -- $PWD/worker").expect(1);
    // The third failure is for a person.
    auto(&sandbox, "resume -q --retry -- $PWD/worker")
        .expect(5)
        .says("failed 3 times");
    assert_eq!(value(&sandbox, "checkpoint.pending"), "true");
    auto(&sandbox, "approve").expect(0);
    auto(&sandbox, "resume -q --skip -- $PWD/worker").expect(0);
    let log = sandbox.read("log");
    assert!(log.ends_with("core.accounts\ncore.transfers\n"), "{log}");
    assert_eq!(log.matches("core.accounts").count(), 3);
}

#[test]
fn where_there_is_no_project_nothing_is_made() {
    let sandbox = Sandbox::new();
    auto(&sandbox, "start").expect(3).says("auto init");
    for arguments in ["", "begin", "init pocket", "init --archetype x"] {
        auto(&sandbox, arguments).expect(2);
    }
    auto(&sandbox, "init pocket --archetype none.yaml").expect(3);
    assert!(!sandbox.path().join(".omgkit").exists());
}
