//! Nothing that an agent started outlives it, and none is ended that works.

use std::io::Write;

use rustix::process::Signal;
use schemas::Body;
use serde_json::json;

use crate::sandbox::{Sandbox, plan};

/// Writes the profile of an agent, for the means that only agents get.
fn agent(sandbox: &Sandbox, script: &str) {
    let agent = sandbox.script("agent", script);
    let agents = json!({"agents": {"wild": {"argv": [agent], "done": "exit"}}});
    sandbox.write("agents.json", &agents.to_string());
}

const WILD: [&str; 4] = ["--agents", "agents.json", "--agent", "wild"];

/// Leaves a process that has no mark, no group and no parent of ours, and waits until it is there.
const ESCAPE: &str = "cat >/dev/null; env -i PATH=\"$PATH\" setsid sh -c 'echo $$ >escaped; exec sleep 300' \
    </dev/null >/dev/null 2>&1 & while ! test -s escaped; do sleep 0.01; done";

/// Whether this machine has what the test is about; says so when not.
fn has_cgroups() -> bool {
    let sandbox = Sandbox::new();
    agent(&sandbox, "cat >/dev/null; echo x");
    let schedule = plan(json!([{"id": "probe", "title": "x"}]));
    let run = sandbox.dispatch(&schedule, &[&WILD[..], &["--contain", "cgroup"]].concat());
    if run.code != 0 {
        eprintln!("skipped: no cgroup of version 2 may be written to here");
        if let Some(file) = std::env::var_os("SKIPPED_FILE") {
            let file = std::fs::OpenOptions::new().append(true).open(file);
            let _ = file.and_then(|mut file| writeln!(file, "no writable cgroup of version 2"));
        }
    }
    run.code == 0
}

fn is_gone(sandbox: &Sandbox) -> bool {
    let pid = sandbox.read("escaped");
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    stat.is_empty() || stat.contains(") Z ")
}

#[test]
fn what_throws_its_mark_away_and_leaves_its_group_ends_with_its_attempt() {
    let sandbox = Sandbox::new();
    if !has_cgroups() {
        return;
    }
    agent(
        &sandbox,
        &format!(
            "if test $TASK_ID = t1; then {ESCAPE}; echo done; else kill -0 $(cat escaped) 2>/dev/null && exit 9; echo gone; fi"
        ),
    );
    let tasks =
        json!([{"id": "t1", "title": "x"}, {"id": "t2", "title": "y", "dependsOn": ["t1"]}]);
    let run = sandbox.dispatch(&plan(tasks), &[&WILD[..], &["--retries", "0"]].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    let leaked = sandbox
        .records()
        .into_iter()
        .any(|record| matches!(record.body, Body::AttemptFinished { leaked, .. } if leaked));
    assert!(leaked, "and it is said");
}

#[test]
fn it_ends_with_a_dispatcher_that_is_killed_too() {
    let sandbox = Sandbox::new();
    if !has_cgroups() {
        return;
    }
    agent(&sandbox, &format!("{ESCAPE}; echo here; sleep 300"));
    let running = sandbox.start(&plan(json!([{"id": "t1", "title": "x"}])), &WILD);
    sandbox.wait_until(|| sandbox.exists("escaped") && !sandbox.read("escaped").is_empty());
    running.signal(Signal::KILL);
    running.finish();
    sandbox.wait_until(|| is_gone(&sandbox));
}

#[test]
fn an_agent_that_works_without_a_word_is_not_taken_for_dead() {
    let sandbox = Sandbox::new();
    agent(
        &sandbox,
        "cat >/dev/null; end=$(($(date +%s) + 4)); while test $(date +%s) -lt $end; do :; done; echo done",
    );
    let args = [&WILD[..], &["--retries", "0", "--stall", "1s"]].concat();
    let run = sandbox.dispatch(&plan(json!([{"id": "t1", "title": "x"}])), &args);
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[test]
fn what_prints_for_ever_after_its_attempt_has_ended_is_ended_too() {
    let sandbox = Sandbox::new();
    let schedule = plan(json!([{"id": "t1", "title": "x", "command": "yes & exit 0"}]));
    let run = sandbox.dispatch(&schedule, &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let leaked = |record: schemas::Record| match record.body {
        Body::AttemptFinished { leaked, .. } => Some(leaked),
        _ => None,
    };
    let leaked: Vec<bool> = sandbox.records().into_iter().filter_map(leaked).collect();
    assert_eq!(leaked, [true], "and it is told");
}
