//! GNU make's jobserver, served and used: with the real make, and with small clients in shell.

use std::io::Write;

use serde_json::{Value, json};

use crate::sandbox::{Sandbox, plan};

/// Targets that wait until so many of them run at once: less of them at a time never come to an end.
fn together(targets: usize) -> String {
    let names: Vec<String> = (0..targets).map(|n| format!("m{n}")).collect();
    let all = names.join(" ");
    let wait = format!("while test $$(ls here.* | wc -l) -lt {targets}; do sleep 0.01; done");
    format!("all: {all}\n{all}:\n\t@touch here.$@; {wait}\n")
}

/// Targets that fail when they run at once with any other.
const ALONE: &str = "all: a b c\na b c:\n\t@mkdir $(LOCK) && sleep 0.05 && rmdir $(LOCK)\n";

fn has_make() -> bool {
    let found = which::which("make").is_ok();
    if !found {
        eprintln!("skipped: no make here");
        if let Some(file) = std::env::var_os("SKIPPED_FILE") {
            let file = std::fs::OpenOptions::new().append(true).open(file);
            let _ = file.and_then(|mut file| writeln!(file, "no make"));
        }
    }
    found
}

fn tasks(commands: &[&str]) -> Value {
    let tasks: Vec<Value> = commands
        .iter()
        .enumerate()
        .map(|(n, command)| json!({"id": format!("t{n}"), "title": "x", "command": command}))
        .collect();
    plan(json!(tasks))
}

#[test]
fn make_in_an_attempt_takes_what_is_left_of_the_pool() {
    let sandbox = Sandbox::new();
    if !has_make() {
        return;
    }
    sandbox.write("together.mk", &together(3));
    let args = [
        "--jobserver",
        "pipe",
        "--jobserver-tokens",
        "3",
        "--retries",
        "0",
        "--timeout",
        "30s",
    ];
    let run = sandbox.dispatch(&tasks(&["make -f together.mk"]), &args);
    assert_eq!(
        run.code, 0,
        "one that the attempt holds, and two: {}",
        run.stderr
    );
}

#[test]
fn all_attempts_together_run_no_more_than_the_pool_holds() {
    let sandbox = Sandbox::new();
    if !has_make() {
        return;
    }
    sandbox.write("alone.mk", ALONE);
    let make = "make -f alone.mk LOCK=$TASK_ID.lock";
    let args = [
        "--jobserver",
        "pipe",
        "--jobserver-tokens",
        "2",
        "-j2",
        "--retries",
        "0",
    ];
    let run = sandbox.dispatch(&tasks(&[make, make]), &args);
    assert_eq!(
        run.code, 0,
        "each has its own token and no other: {}",
        run.stderr
    );
}

#[test]
fn tokens_that_a_client_lost_are_there_again() {
    let sandbox = Sandbox::new();
    if !has_make() {
        return;
    }
    sandbox.write("together.mk", &together(3));
    let thief = r#"fds=${MAKEFLAGS##*--jobserver-auth=}; eval "dd bs=1 count=2 of=stolen <&${fds%%,*}"; kill -9 $$"#;
    let schedule = plan(json!([
        {"id": "t1", "title": "x", "command": thief},
        {"id": "t2", "title": "y", "command": "make -f together.mk", "dependsOn": ["t1"], "runIf": "always"}]));
    let args = [
        "--jobserver",
        "pipe",
        "--jobserver-tokens",
        "3",
        "--retries",
        "0",
        "--timeout",
        "30s",
    ];
    let run = sandbox.dispatch(&schedule, &args);
    assert_eq!(
        run.outcomes(),
        ["t1 failed", "t2 succeeded"],
        "{}",
        run.stderr
    );
    assert_eq!(sandbox.read("stolen"), "++");
}

#[test]
fn a_named_pipe_serves_who_inherits_nothing() {
    let sandbox = Sandbox::new();
    let client = r#"path=${MAKEFLAGS##*--jobserver-auth=fifo:}; dd bs=1 count=1 <"$path" >took 2>/dev/null; cat took >"$path""#;
    let args = [
        "--jobserver",
        "fifo",
        "--jobserver-tokens",
        "3",
        "--retries",
        "0",
        "--timeout",
        "30s",
    ];
    let run = sandbox.dispatch(&tasks(&[client, client]), &args);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(sandbox.read("took"), "+");
}

#[test]
fn gates_hold_a_token_too_and_an_interrupt_does_not_wait_for_one() {
    let sandbox = Sandbox::new();
    let schedule = plan(json!([
        {"id": "t1", "title": "x", "command": "touch ready; while ! test -e never; do sleep 0.02; done"},
        {"id": "t2", "title": "y", "command": "touch begun"}]));
    let args = ["--jobserver", "pipe", "--jobserver-tokens", "1", "-j2"];
    let running = sandbox.start(&schedule, &args);
    sandbox.wait_for("ready");
    running.signal(rustix::process::Signal::INT);
    let run = running.finish();
    assert_eq!(run.code, 130, "{}", run.stderr);
    assert!(!sandbox.exists("begun"), "there was one token");
}

#[test]
fn under_make_it_runs_as_many_as_make_has_tokens_for() {
    let sandbox = Sandbox::new();
    if !has_make() {
        return;
    }
    let wait = "touch here.$TASK_ID; while test $(ls here.* | wc -l) -lt 3; do sleep 0.01; done";
    sandbox.write("together.json", &tasks(&[wait, wait, wait]).to_string());
    let program = env!("CARGO_BIN_EXE_agent-dispatch");
    let recipe =
        format!("+@{program} --quiet --retries 0 --timeout 30s --dir run-$@ $@.json >$@.ndjson");
    let idle = "idle:\n\t@while ! test -e alone.over; do sleep 0.01; done\n";
    sandbox.write(
        "Makefile",
        &format!("together alone:\n\t{recipe}; code=$$?; touch $@.over; exit $$code\n{idle}"),
    );
    let make = |args: &[&str]| {
        let mut make = std::process::Command::new("make");
        make.args(args)
            .current_dir(sandbox.path())
            .env_remove("MAKEFLAGS");
        make.status().unwrap().success()
    };
    assert!(make(&["-j3", "together"]));
    // The other token is taken: one after the other.
    let waits = tasks(&["mkdir lock && sleep 0.05 && rmdir lock"; 4]);
    sandbox.write("alone.json", &waits.to_string());
    assert!(make(&["-j2", "alone", "idle"]));
}

/// A pool of somebody else's, as MAKEFLAGS names it.
fn their_pool(sandbox: &mut Sandbox) -> String {
    let path = sandbox.path().join("pool").display().to_string();
    let mut mkfifo = std::process::Command::new("mkfifo");
    assert!(mkfifo.arg(&path).status().unwrap().success());
    sandbox.env("MAKEFLAGS", &format!(" -j2 --jobserver-auth=fifo:{path}"));
    path
}

#[test]
fn a_pool_that_its_make_has_left_holds_up_nothing() {
    let mut sandbox = Sandbox::new();
    their_pool(&mut sandbox);
    let run = sandbox.dispatch(&tasks(&["true", "true"]), &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[test]
fn a_token_that_comes_when_all_is_done_goes_back() {
    let mut sandbox = Sandbox::new();
    let path = their_pool(&mut sandbox);
    let mut open = std::fs::OpenOptions::new();
    let pool = open.read(true).write(true).open(&path).unwrap();
    // Two of them have asked for a token when the third is done with the one that we have.
    let put = format!("printf + >'{path}'");
    let args = ["--on", "run-finished", &put];
    let run = sandbox.dispatch(&tasks(&["true", "true", "true"]), &args);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(rustix::io::ioctl_fionread(&pool).unwrap(), 1);
}
