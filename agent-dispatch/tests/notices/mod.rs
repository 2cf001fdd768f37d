//! `--on EVENT CMD`: who is told what, and that nobody has to wait for it.

use schemas::{Body, Outcome, Record};
use serde_json::json;

use crate::sandbox::{Sandbox, plan};

#[test]
fn commands_are_told_of_their_events_in_order_with_the_record_on_stdin() {
    let sandbox = Sandbox::new();
    let say = "printf '[PROGRESS:%s] 5%% - $(touch hacked)`touch hacked`\\n' \"$TERMINAL_ID\"";
    let title = "$(touch hacked)'; touch hacked; '";
    let schedule = plan(json!([
        {"id": "t1", "title": title, "phase": "p1", "command": say},
        {"id": "t2", "title": "two", "phase": "p1", "command": "false", "dependsOn": ["t1"]}
    ]));
    let told = "printf '%s|%s|%s|%s\\n' \"$RECORD_TYPE\" \"$TASK_ID\" \"$PRIORITY\" \"$MESSAGE\" >> told; cat >> records";
    let args = [
        "--retries",
        "0",
        "--on",
        "failed",
        told,
        "--on",
        "phase-finished",
        "echo \"$MESSAGE\" > phase; echo \"$RUN_DIR\" > where",
        "--on",
        "*",
        "cat >> all",
    ];
    let run = sandbox.dispatch(&schedule, &args);
    assert_eq!(run.code, 1, "{}", run.stderr);
    let line = sandbox.read("told");
    assert!(line.starts_with("task-settled|t2|high|t2 failed"), "{line}");
    let records = sandbox.read("records");
    let record = Record::parse(records.trim()).unwrap();
    assert!(matches!(
        record.body,
        Body::TaskSettled {
            outcome: Outcome::Failed,
            ..
        }
    ));
    assert_eq!(
        sandbox.read("phase"),
        "phase p1 is finished: 1 of 2 succeeded\n"
    );
    assert!(sandbox.read("where").trim().ends_with(".orchestrate"));
    assert_eq!(sandbox.read("all"), run.stdout, "all of it, in order");
    assert!(!sandbox.exists("hacked"), "what is said is no command");
}

#[test]
fn a_command_that_hangs_holds_up_neither_the_tasks_nor_the_others() {
    let sandbox = Sandbox::new();
    let schedule = plan(json!([
        {"id": "t1", "title": "one", "command": "true"},
        {"id": "t2", "title": "two", "command": "while [ ! -e go ]; do sleep 0.02; done", "dependsOn": ["t1"]}
    ]));
    let hang =
        "trap '' TERM; (setsid sh -c 'echo $$ > pid; exec sleep 600') & touch hangs; sleep 600";
    let running = sandbox.start(
        &schedule,
        &[
            "--on",
            "task-settled",
            hang,
            "--on",
            "task-settled",
            "touch \"$TASK_ID-settled\"",
        ],
    );
    sandbox.wait_for("hangs");
    sandbox.wait_for("t1-settled");
    sandbox.write("go", "");
    sandbox.wait_for("t2-settled");
    // Nobody waits half a minute for it who says so.
    sandbox.wait_until(|| {
        running.signal(rustix::process::Signal::INT);
        running.stderr_has("2 of 2 tasks settled")
    });
    let run = running.finish();
    assert!(
        run.stderr
            .contains("took too long and was ended (told once)"),
        "{}",
        run.stderr
    );
    assert!(
        run.stderr.contains("1 events were not told to"),
        "{}",
        run.stderr
    );
    let pid = sandbox.read("pid");
    assert!(
        !std::path::Path::new(&format!("/proc/{}", pid.trim())).exists(),
        "what a command has started ends with it"
    );
}

#[test]
fn a_command_that_fails_is_warned_of_once_and_with_its_last_words() {
    let sandbox = Sandbox::new();
    let schedule = plan(json!([
        {"id": "t1", "title": "one", "command": "true"},
        {"id": "t2", "title": "two", "command": "true"}
    ]));
    let run = sandbox.dispatch(
        &schedule,
        &["--on", "succeeded", "echo no such channel >&2; exit 7"],
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(
        run.stderr
            .contains("ended with exit status: 7: no such channel (told once)"),
        "{}",
        run.stderr
    );
    assert_eq!(run.stderr.matches("--on:").count(), 1, "{}", run.stderr);
    assert_eq!(
        sandbox.read(".orchestrate/notices/1.log"),
        "no such channel\nno such channel\n"
    );
}

#[test]
fn an_event_that_is_none_is_a_wrong_call() {
    let sandbox = Sandbox::new();
    let run = sandbox.dispatch(&plan(json!([])), &["--on", "run-finish", "true"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert!(
        run.stderr.contains("did you mean run-finished?"),
        "{}",
        run.stderr
    );
    assert_eq!(sandbox.run("", &["--on", "failed"]).code, 2);
}
