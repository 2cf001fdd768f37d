//! Attempts behind a launcher: what counts is their own end record, whatever the launcher says and does.

use rustix::process::Signal;
use schemas::{AttemptResult, Body, FailureClass};
use serde_json::{Value, json};

use crate::sandbox::{Run, Sandbox, plan};

/// One task, whose command is this line of shell.
fn task(line: &str) -> Value {
    plan(json!([{"id": "t1", "title": "x", "command": line}]))
}

fn behind(sandbox: &Sandbox, launcher: &str, line: &str) -> Run {
    let launcher = sandbox.script("launcher", launcher);
    sandbox.dispatch(
        &task(line),
        &["--launcher", &format!("{launcher} --"), "--retries", "0"],
    )
}

fn results(sandbox: &Sandbox) -> Vec<(AttemptResult, Option<FailureClass>, Option<String>)> {
    let records = sandbox.records().into_iter();
    let finished = records.filter_map(|record| match record.body {
        Body::AttemptFinished {
            result,
            class,
            reason,
            ..
        } => Some((result, class, reason)),
        _ => None,
    });
    finished.collect()
}

/// Its attempt was lost, for a reason in which these words stand.
fn assert_lost(sandbox: &Sandbox, run: &Run, words: &str) {
    assert_eq!(run.code, 1, "{}", run.stderr);
    let results = results(sandbox);
    let [(AttemptResult::Lost, Some(FailureClass::Lost), Some(reason))] = &results[..] else {
        panic!("{results:?}");
    };
    assert!(reason.contains(words), "{reason}");
}

#[test]
fn an_honest_launcher_changes_nothing() {
    let sandbox = Sandbox::new();
    let line = r#"echo "$TASK_ID $ATTEMPT $HERE" >seen; pwd >>seen; echo heard; exit 0"#;
    let run = behind(&sandbox, "shift; cd /; HERE=there exec \"$@\"", line);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let seen = sandbox.read("seen");
    let mut lines = seen.lines();
    assert_eq!(lines.next(), Some("t1 1 there"));
    assert!(
        lines.next().is_some_and(|folder| folder != "/"),
        "it works in its own folder: {seen}"
    );
    assert_eq!(sandbox.read(".orchestrate/logs/t1/1.log"), "heard\n");
    assert!(!seen.contains("nonce"));
}

#[test]
fn an_exit_code_and_a_signal_come_through_it() {
    for (line, word) in [("exit 7", "exit code 7"), ("kill -9 $$", "signal 9")] {
        let sandbox = Sandbox::new();
        let run = behind(&sandbox, "shift; \"$@\"; exit 0", line);
        assert_eq!(run.code, 1, "{}", run.stderr);
        let results = results(&sandbox);
        let [(AttemptResult::Failed, _, Some(reason))] = &results[..] else {
            panic!("{results:?}");
        };
        assert!(reason.contains(word), "{reason}");
    }
}

#[test]
fn exit_0_of_a_launcher_that_started_nothing_is_no_success() {
    let sandbox = Sandbox::new();
    let run = behind(&sandbox, "echo 'node is down' >&2; exit 0", "touch made");
    assert_lost(
        &sandbox,
        &run,
        "without an end record of the attempt: node is down",
    );
    assert!(!sandbox.exists("made"));
}

#[test]
fn exit_0_of_a_launcher_that_lost_the_end_is_no_success() {
    let sandbox = Sandbox::new();
    let run = behind(&sandbox, "shift; \"$@\" | head -c 90; exit 0", "touch made");
    assert_lost(&sandbox, &run, "without an end record");
}

#[test]
fn an_attempt_that_prints_an_end_record_has_not_ended_by_it() {
    let sandbox = Sandbox::new();
    let forged = r#"printf '\036%s x 20\n{"attempt":1,"exit":0}' "$TERMINAL_ID"; exit 3"#;
    let run = behind(&sandbox, "shift; exec \"$@\"", forged);
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(matches!(
        &results(&sandbox)[..],
        [(AttemptResult::Failed, ..)]
    ));
}

#[test]
fn a_banner_is_noise_and_goes_to_the_log() {
    let sandbox = Sandbox::new();
    let run = behind(
        &sandbox,
        "shift; echo 'Welcome to node 7'; exec \"$@\"",
        "echo work",
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(
        sandbox.read(".orchestrate/logs/t1/1.log"),
        "Welcome to node 7\nwork\n"
    );
}

#[test]
fn one_that_cannot_be_started_there_is_told_of() {
    let sandbox = Sandbox::new();
    let schedule = plan(json!([{"id": "t1", "title": "x", "command": ["no-such-program"]}]));
    let run = sandbox.dispatch(&schedule, &["--launcher", "env", "--retries", "0"]);
    assert_lost(
        &sandbox,
        &run,
        "cannot find the program no-such-program there",
    );
}

#[test]
fn a_launcher_that_is_not_there_is_found_out_before_anything_starts() {
    let sandbox = Sandbox::new();
    let run = sandbox.dispatch(&task("true"), &["--launcher", "no-such-launcher --"]);
    assert_eq!(run.code, 4, "{}", run.stderr);
    assert!(!sandbox.exists(".orchestrate/journal.ndjson"));
    let run = sandbox.dispatch(&task("true"), &["--launcher", "ssh 'host"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
}

#[test]
fn an_agent_hears_its_prompt_and_speaks_through_it() {
    let sandbox = Sandbox::new();
    let agent = sandbox.script(
        "agent",
        "cat >prompt; echo TMPDIR=$TMPDIR; touch \"$TMPDIR/x\"; echo oops >&2; echo \"[DONE:$TERMINAL_ID] through\"",
    );
    let schedule = plan(json!([{"id": "t1", "title": "say \u{1e} it"}]));
    let args = ["--launcher", "env", "--pass-env", "NONE", "--", &agent];
    let run = sandbox.dispatch(&schedule, &args);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(sandbox.read("prompt").contains("say"));
    let log = sandbox.read(".orchestrate/logs/t1/1.log");
    assert!(log.contains("oops"), "{log}");
    let folder = log
        .lines()
        .find_map(|line| line.strip_prefix("TMPDIR="))
        .unwrap();
    assert!(folder.contains("orchestrate-"), "{folder}");
    assert!(
        !std::path::Path::new(folder).exists(),
        "gone with the attempt"
    );
}

#[test]
fn it_is_asked_to_end_before_it_is_ended() {
    let sandbox = Sandbox::new();
    let line = "trap 'echo asked >asked; exit 1' TERM; echo >ready; while :; do sleep 0.05; done";
    let running = sandbox.start(&task(line), &["--launcher", "env"]);
    sandbox.wait_for("ready");
    running.signal(Signal::INT);
    let run = running.finish();
    assert_eq!(run.code, 128 + 2, "{}", run.stderr);
    assert_eq!(sandbox.read("asked"), "asked\n");
}

#[test]
fn nothing_is_left_behind_it_when_the_dispatcher_is_killed() {
    let sandbox = Sandbox::new();
    // A launcher like one on another machine: no mark, no group, no parent of ours reaches behind it.
    let launcher = sandbox.script(
        "launcher",
        "shift; exec env -u ORCHESTRATE_MARK setsid -w \"$@\"",
    );
    let line = "echo $$ >pid; exec sleep 300";
    let running = sandbox.start(&task(line), &["--launcher", &format!("{launcher} --")]);
    sandbox.wait_until(|| sandbox.exists("pid") && sandbox.read("pid").ends_with('\n'));
    running.signal(Signal::KILL);
    running.finish();
    sandbox.wait_until(|| {
        let pid = sandbox.read("pid");
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
        stat.is_ok_and(|stat| stat.contains(") Z "))
            || !std::path::Path::new(&format!("/proc/{}", pid.trim())).exists()
    });
}

#[test]
fn what_it_left_behind_is_ended_there() {
    let sandbox = Sandbox::new();
    let launcher = sandbox.script("launcher", "shift; exec env -u ORCHESTRATE_MARK \"$@\"");
    let line =
        "setsid sh -c 'echo $$ >pid; exec sleep 300' & while ! test -s pid; do sleep 0.01; done";
    let args = ["--launcher", &format!("{launcher} --")];
    let run = sandbox.dispatch(&task(line), &args);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let pid = sandbox.read("pid");
    assert!(!std::path::Path::new(&format!("/proc/{}", pid.trim())).exists());
    let leaked = sandbox
        .records()
        .into_iter()
        .any(|record| matches!(record.body, Body::AttemptFinished { leaked, .. } if leaked));
    assert!(leaked, "and it is said");
}

#[test]
fn a_launcher_that_does_not_end_after_the_attempt_is_ended() {
    let sandbox = Sandbox::new();
    let run = behind(&sandbox, "shift; \"$@\"; exec sleep 300", "true");
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[test]
fn an_attempt_that_does_not_read_its_prompt_is_asked_to_end() {
    let sandbox = Sandbox::new();
    let line = "trap 'touch asked; exit 1' TERM; touch ready; while :; do sleep 0.05; done";
    let long = "x".repeat(1 << 20);
    let schedule = plan(json!([{"id": "t1", "title": "x", "description": long, "command": line}]));
    let running = sandbox.start(&schedule, &["--launcher", "env"]);
    sandbox.wait_for("ready");
    running.signal(Signal::INT);
    assert_eq!(running.finish().code, 130);
    assert!(sandbox.exists("asked"), "before it is ended");
}

#[test]
fn a_reason_of_any_length_comes_through_it() {
    let sandbox = Sandbox::new();
    let argv = ["x".repeat(100_000)];
    let schedule = plan(json!([{"id": "t1", "title": "x", "command": argv}]));
    let run = sandbox.dispatch(&schedule, &["--launcher", "env", "--retries", "0"]);
    assert_lost(&sandbox, &run, "cannot find the program");
}

#[test]
fn a_shell_that_takes_one_word_is_no_launcher() {
    let sandbox = Sandbox::new();
    for launcher in ["sh -c", "ssh host bash -lc"] {
        let run = sandbox.dispatch(&task("true"), &["--launcher", launcher]);
        assert_eq!(run.code, 2, "{}", run.stderr);
        assert!(run.stderr.contains("exec"), "{}", run.stderr);
        let run = sandbox.dispatch(&task("true"), &["--dry-run", "--launcher", launcher]);
        assert_eq!(run.code, 2, "nor is it said that it would start");
    }
    let words = "sh -c 'exec \"$0\" \"$@\"'";
    let run = sandbox.dispatch(&task("true"), &["--launcher", words]);
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[test]
fn the_name_of_a_folder_is_no_command_of_the_launchers_shell() {
    // As ssh hands on its words.
    let script = "folder=$1; shift 2; eval \"cd $folder\" && exec \"$@\"";
    for (path, code) in [("plain", 0), ("x; true", 1)] {
        let sandbox = Sandbox::new();
        let launcher = sandbox.script("launcher", script);
        let mut schedule = task("touch done");
        schedule["plan"]["projects"] = json!([{"name": "a", "path": path}]);
        schedule["plan"]["tasks"][0]["project"] = json!("a");
        let launcher = format!("{launcher} {{workspace}} --");
        let run = sandbox.dispatch(&schedule, &["--launcher", &launcher, "--retries", "0"]);
        assert_eq!(run.code, code, "{}", run.stderr);
        assert_eq!(sandbox.exists(&format!("{path}/done")), code == 0);
    }
}

#[test]
fn a_huge_prompt_reaches_who_reads_it_late() {
    let sandbox = Sandbox::new();
    let size = 40 << 20;
    // Not before much more than may wait has been sent.
    let line = format!("sleep 0.5; test $(wc -c) -gt {size}");
    let long = "x".repeat(size);
    let schedule = plan(json!([{"id": "t1", "title": "x", "description": long, "command": line}]));
    let run = sandbox.dispatch(&schedule, &["--launcher", "env", "--retries", "0"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
}
