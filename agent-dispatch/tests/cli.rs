//! The real program with small shell agents: what a user sees.

#[cfg(test)]
mod agents;
#[cfg(test)]
mod containment;
#[cfg(test)]
mod edges;
#[cfg(test)]
mod environment;
#[cfg(test)]
mod launchers;
#[cfg(test)]
mod notices;
#[cfg(test)]
mod protocol;
#[cfg(test)]
mod sandbox;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod terminal;
#[cfg(test)]
mod tokens;

use sandbox::{Sandbox, plan};
use schemas::{Body, Outcome};
use serde_json::json;

#[test]
fn tasks_run_in_order_and_leave_prompts_logs_and_a_state() {
    let sandbox = Sandbox::new();
    let schedule = plan(json!([
        {"id": "t1", "project": "a", "title": "one", "command": "cat > got; echo made"},
        {"id": "t2", "project": "b", "title": "two", "command": "cat ../a/got > copy", "dependsOn": ["t1"]}
    ]));
    let run = sandbox.dispatch(&schedule, &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(run.outcomes(), ["t1 succeeded", "t2 succeeded"]);
    let copy = sandbox.read("b/copy");
    assert!(copy.contains("**Task ID:** t1"), "{copy}");
    assert_eq!(sandbox.read(".orchestrate/logs/t1/1.log"), "made\n");
    assert_eq!(sandbox.read(".orchestrate/prompts/t1/1.md"), copy);
    assert_eq!(sandbox.state().progress.succeeded, 2);
    assert!(
        run.stderr.contains("2 of 2 tasks settled: 2 succeeded"),
        "{}",
        run.stderr
    );
}

#[test]
fn starting_again_does_nothing_twice() {
    let sandbox = Sandbox::new();
    let schedule = plan(json!([{"id": "t1", "title": "one", "command": "echo x >> times"}]));
    assert_eq!(sandbox.dispatch(&schedule, &[]).code, 0);
    assert_eq!(sandbox.dispatch(&schedule, &[]).code, 0);
    assert_eq!(sandbox.read("times"), "x\n");
}

#[test]
fn a_changed_task_is_done_again_and_an_unchanged_one_is_not() {
    let sandbox = Sandbox::new();
    let task = |id: &str, word: &str| json!({"id": id, "title": id, "command": format!("echo {word} >> {id}")});
    sandbox.dispatch(
        &plan(json!([task("t1", "a"), task("t2", "a"), task("t3", "a")])),
        &[],
    );
    // Another order, one changed, one gone, one new.
    let run = sandbox.dispatch(
        &plan(json!([task("t4", "a"), task("t2", "b"), task("t1", "a")])),
        &[],
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(sandbox.read("t1"), "a\n");
    assert_eq!(sandbox.read("t2"), "a\nb\n");
    assert_eq!(sandbox.read("t4"), "a\n");
    assert!(
        run.stderr
            .contains("changed, so done again: t2; no longer in the plan: t3"),
        "{}",
        run.stderr
    );
    assert!(!sandbox.state().tasks.contains_key("t3"));
}

#[test]
fn another_plan_in_the_same_folder_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.dispatch(
        &plan(json!([{"id": "t1", "title": "one", "command": "true"}])),
        &[],
    );
    let mut other = plan(json!([{"id": "t1", "title": "one", "command": "true"}]));
    other["plan"]["planId"] = "other".into();
    let run = sandbox.dispatch(&other, &[]);
    assert_eq!((run.code, run.stdout.as_str()), (1, ""));
    assert!(
        run.stderr
            .contains("holds a run of plan test, not of other"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_live_dispatcher_is_never_doubled() {
    let sandbox = Sandbox::new();
    let schedule = plan(
        json!([{"id": "t1", "title": "one", "command": "touch up; while [ ! -e go ]; do sleep 0.02; done"}]),
    );
    let first = sandbox.start(&schedule, &[]);
    sandbox.wait_for("up");
    let second = sandbox.dispatch(&schedule, &[]);
    assert_eq!((second.code, second.stdout.as_str()), (1, ""));
    assert!(
        second.stderr.contains("another dispatcher (pid "),
        "{}",
        second.stderr
    );
    sandbox.write("go", "");
    assert_eq!(first.finish().code, 0);
}

#[test]
fn a_failed_gate_is_mended_by_a_second_attempt_with_the_findings() {
    let sandbox = Sandbox::new();
    let gate = sandbox.script(
        "gate",
        r#"cat > /dev/null
if [ -e mended ]; then echo '{"kind":"verdict","version":1,"verdict":"passed","checks":[]}'; exit 0; fi
echo '{"kind":"verdict","version":1,"verdict":"failed","findings":{"important":1},"checks":[{"name":"lint","kind":"command",
"status":"failed","required":true,"findings":[{"severity":"important","message":"unused x","file":"a.js","line":3}]}]}'
exit 1"#,
    );
    let command = "if grep -q 'a.js:3: unused x' \"$PROMPT_FILE\"; then touch mended; fi";
    let schedule =
        plan(json!([{"id": "t1", "title": "one", "command": command, "gates": ["lint"]}]));
    let run = sandbox.dispatch(&schedule, &["--gate-program", &gate]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(run.outcomes(), ["t1 succeeded"]);
    assert_eq!(sandbox.state().tasks["t1"].attempt, 2);
}

#[test]
fn a_gate_program_that_gives_no_verdict_is_no_pass() {
    let sandbox = Sandbox::new();
    let gate = sandbox.script("gate", "exit 0");
    let schedule =
        plan(json!([{"id": "t1", "title": "one", "command": "true", "gates": ["lint"]}]));
    let run = sandbox.dispatch(&schedule, &["--gate-program", &gate, "--backoff", "1ms"]);
    assert_eq!(run.code, 1);
    let task = &sandbox.state().tasks["t1"];
    assert_eq!(task.verification, schemas::Verification::Infrastructure);
    assert!(
        run.stderr.contains("gave no verdict (exit status: 0)"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_question_pauses_and_the_answer_reaches_the_next_attempt() {
    let sandbox = Sandbox::new();
    let ask =
        "grep -q 'Answer: blue' \"$PROMPT_FILE\" || echo \"[QUESTION:$TERMINAL_ID] which colour?\"";
    let schedule = plan(
        json!([{"id": "t1", "title": "one", "command": ask}, {"id": "t2", "title": "two", "command": "true"}]),
    );
    let run = sandbox.dispatch(&schedule, &[]);
    assert_eq!(run.code, 5, "{}", run.stderr);
    assert!(
        run.stderr.contains("t1 asks: which colour?"),
        "{}",
        run.stderr
    );
    sandbox.append(Body::Answer {
        task: "t1".to_owned(),
        text: "blue".to_owned(),
        by: None,
    });
    let run = sandbox.dispatch(&schedule, &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[test]
fn an_answer_reaches_a_running_agent() {
    let sandbox = Sandbox::new();
    let ask = "echo \"[QUESTION:$TERMINAL_ID] go?\"; while ! grep -q yes \"$ANSWERS_FILE\"; do sleep 0.02; done";
    let schedule = plan(json!([{"id": "t1", "title": "one", "command": ask}]));
    let running = sandbox.start(&schedule, &[]);
    sandbox.wait_until(|| {
        sandbox
            .records()
            .iter()
            .any(|r| matches!(r.body, Body::Question { .. }))
    });
    sandbox.append(Body::Answer {
        task: "t1".to_owned(),
        text: "yes".to_owned(),
        by: None,
    });
    let run = running.finish();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(sandbox.state().tasks["t1"].attempt, 1);
    assert!(
        run.stdout.contains("\"type\":\"answer\""),
        "control records are told, too"
    );
}

#[test]
fn cancelling_a_task_ends_its_agent_and_skips_its_dependents() {
    let sandbox = Sandbox::new();
    let schedule = plan(json!([
        {"id": "t1", "title": "one", "command": "touch up; sleep 600"},
        {"id": "t2", "title": "two", "command": "true", "dependsOn": ["t1"]}]));
    let running = sandbox.start(&schedule, &[]);
    sandbox.wait_for("up");
    sandbox.append(Body::StateTransition {
        event: "cancel".to_owned(),
        task: Some("t1".to_owned()),
        from: None,
        to: None,
        by: None,
        reason: None,
    });
    let run = running.finish();
    assert_eq!(run.code, 1, "{}", run.stderr);
    let state = sandbox.state();
    assert_eq!(state.tasks["t1"].outcome, Some(Outcome::Cancelled));
    assert_eq!(
        state.tasks["t2"].reason.as_deref(),
        Some("t1 was cancelled")
    );
}

#[test]
fn an_interrupt_lets_go_gently_and_the_run_goes_on_another_day() {
    let sandbox = Sandbox::new();
    let command = "if [ -e up ]; then exit 0; fi; trap 'touch let-go; exit 1' TERM; touch up; while :; do sleep 0.02; done";
    let schedule = plan(json!([{"id": "t1", "title": "one", "command": command}]));
    let running = sandbox.start(&schedule, &[]);
    sandbox.wait_for("up");
    running.signal(rustix::process::Signal::INT);
    let run = running.finish();
    assert_eq!(run.code, 130, "{}", run.stderr);
    assert!(sandbox.exists("let-go"));
    assert!(run.stderr.contains("press Ctrl-C again"), "{}", run.stderr);
    assert_eq!(sandbox.state().tasks["t1"].outcome, None);
    assert_eq!(sandbox.dispatch(&schedule, &[]).code, 0);
}

#[test]
fn a_second_interrupt_ends_what_ignores_the_first() {
    let sandbox = Sandbox::new();
    let command = "trap '' TERM; touch up; while :; do sleep 0.02; done";
    let schedule = plan(json!([{"id": "t1", "title": "one", "command": command}]));
    let running = sandbox.start(&schedule, &["--grace", "1h"]);
    sandbox.wait_for("up");
    running.signal(rustix::process::Signal::TERM);
    sandbox.wait_until(|| running.stderr_has("Ctrl-C again"));
    running.signal(rustix::process::Signal::INT);
    let run = running.finish();
    assert_eq!(run.code, 143, "the first signal says why: {}", run.stderr);
}

#[test]
fn a_reader_that_goes_away_stops_the_run() {
    let sandbox = Sandbox::new();
    let command = "while :; do echo \"[PROGRESS:$TERMINAL_ID] 1% - x\"; sleep 0.02; done";
    let schedule = plan(json!([{"id": "t1", "title": "one", "command": command}]));
    let run = sandbox.start_unread(&schedule).finish();
    assert_eq!(run.code, 141, "{}", run.stderr);
    assert_eq!(sandbox.state().tasks["t1"].outcome, None);
}

#[test]
fn what_cannot_be_started_says_why() {
    let sandbox = Sandbox::new();
    let schedule = plan(json!([{"id": "t1", "title": "one", "command": ["no-such-program"]}]));
    let run = sandbox.dispatch(&schedule, &[]);
    assert_eq!(run.code, 1);
    assert!(
        run.stderr
            .contains("cannot find the program no-such-program"),
        "{}",
        run.stderr
    );
    let starts = sandbox
        .records()
        .iter()
        .filter(|r| matches!(r.body, Body::TaskReady { .. }))
        .count();
    assert_eq!(starts, 2, "a failed launch is tried once more");

    let sandbox = Sandbox::new();
    sandbox.write("a", "a file where the project's folder should be");
    let schedule = plan(json!([{"id": "t1", "project": "a", "title": "one", "command": "true"}]));
    let run = sandbox.dispatch(&schedule, &[]);
    assert_eq!(run.code, 1);
    assert!(
        run.stderr.contains("cannot make the project folder "),
        "{}",
        run.stderr
    );
}

#[test]
fn wrong_calls_and_wrong_input_have_their_codes_and_leave_stdout_and_disk_alone() {
    let sandbox = Sandbox::new();
    for (input, args, code, says) in [
        ("", &[][..], 3, "the stage before this one wrote nothing"),
        ("nonsense", &[], 3, "not a schedule"),
        (
            r#"{"kind":"plan","version":1,"plan":{}}"#,
            &[],
            3,
            "not a schedule of version 1",
        ),
        (
            r#"{"kind":"schedule","version":1,"plan":{"planId":"p"}}"#,
            &[],
            3,
            "its plan is not a plan",
        ),
        (
            r#"{"kind":"schedule","version":1,"plan":{"planId":"p","tasks":[{"id":"t","title":"x"}]}}"#,
            &[],
            2,
            "--agent",
        ),
        (
            r#"{"kind":"schedule","version":1,"plan":{"planId":"p","tasks":[]}}"#,
            &["--agent", "nobody"],
            2,
            "nobody",
        ),
        ("", &["--jobs", "0"], 2, "--jobs"),
    ] {
        let run = sandbox.run(input, args);
        assert_eq!(
            (run.code, run.stdout.as_str()),
            (code, ""),
            "{input} {args:?}: {}",
            run.stderr
        );
        assert!(run.stderr.contains(says), "{input}: {}", run.stderr);
    }
    assert!(!sandbox.exists(".orchestrate"));
}

#[test]
fn a_dry_run_writes_nothing() {
    let sandbox = Sandbox::new();
    let schedule = plan(json!([
        {"id": "t1", "title": "one", "command": "touch made", "estimatedMinutes": 5},
        {"id": "t2", "title": "two", "command": "true", "dependsOn": ["t1"]}]));
    let run = sandbox.dispatch(&schedule, &["--dry-run"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(
        run.stdout.contains("would start after 5 min"),
        "{}",
        run.stdout
    );
    assert!(!sandbox.exists(".orchestrate") && !sandbox.exists("made"));
}

#[test]
fn an_empty_plan_is_done_at_once() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.dispatch(&plan(json!([])), &[]).code, 0);
}

#[test]
fn a_huge_prompt_travels_by_stdin_and_by_argument() {
    let sandbox = Sandbox::new();
    let text = "x".repeat(300 << 10);
    let schedule = plan(json!([{"id": "t1", "title": "one", "description": text}]));
    let agent = sandbox.script(
        "agent",
        "wc -c > size; echo \"[DONE:$TERMINAL_ID] counted\"",
    );
    let run = sandbox.dispatch(&schedule, &["--", &agent]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let size: usize = sandbox.read("size").trim().parse().unwrap();
    assert!(size > 300 << 10);

    let sandbox = Sandbox::new();
    sandbox.write(
        "agents.json",
        r#"{"kind":"agents","version":1,"agents":{"arg":{"argv":["sh","-c","printf %s \"$0\" > got","{prompt}"],"promptBy":"argument","done":"exit"}}}"#,
    );
    let run = sandbox.dispatch(&schedule, &["--agents", "agents.json", "--agent", "arg"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let got = sandbox.read("got");
    assert!(got.len() < 1000 && got.contains("prompts/t1/1.md"), "{got}");
}
