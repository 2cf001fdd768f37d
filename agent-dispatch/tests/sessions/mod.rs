//! Agents that misbehave in the ways that real ones do: quotas, logins, sessions, budgets, results in words.

use crate::sandbox::{Run, Sandbox, plan};
use schemas::{AttemptResult, Body, FailureClass, TaskStatus};
use serde_json::{Value, json};

const INIT: &str = r#"echo '{"type":"system","subtype":"init","session_id":"s-1","model":"m"}'"#;
const DONE: &str = r#"echo "{\"type\":\"assistant\",\"session_id\":\"s-1\",\"message\":{\"id\":\"m1\",\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"[DONE:$TERMINAL_ID] ok\"}]}}""#;
const WELL: &str = r#"echo '{"type":"result","session_id":"s-1","subtype":"success","is_error":false,"result":"ok","total_cost_usd":0.25,"usage":{"input_tokens":100,"output_tokens":20}}'"#;

/// A result that its program calls an error.
fn refused(status: u16, message: &str) -> String {
    let event = json!({"type": "result", "session_id": "s-1", "subtype": "success", "is_error": true,
                       "api_error_status": status, "result": message});
    format!("echo '{event}'\nexit 1")
}

/// Writes the profile of an agent that can take its session up: `--resume ID`.
fn profile(sandbox: &Sandbox, script: &str) {
    let agent = sandbox.script("agent", script);
    let agents = json!({"agents": {"talker": {
        "argv": [agent], "followUp": [agent, "--resume", "{session}"], "dialect": "claude", "provider": "somebody"}}});
    sandbox.write("agents.json", &agents.to_string());
}

fn dispatch(sandbox: &Sandbox, tasks: Value, more: &[&str]) -> Run {
    let mut args = vec!["--agents", "agents.json", "--agent", "talker"];
    args.extend(more);
    sandbox.dispatch(&plan(tasks), &args)
}

fn one() -> Value {
    json!([{"id": "t1", "title": "one"}])
}

fn count(sandbox: &Sandbox, kind: &str) -> usize {
    let records = sandbox.records().into_iter();
    records.filter(|record| record.body.kind() == kind).count()
}

#[test]
fn a_fix_goes_on_in_the_session_of_the_work() {
    let sandbox = Sandbox::new();
    profile(
        &sandbox,
        &format!(
            "cat >prompt.$ATTEMPT\necho \"$*\" >argv.$ATTEMPT\necho $ATTEMPT >page\n{INIT}\n{DONE}\n{WELL}"
        ),
    );
    let gate = sandbox.script(
        "gate",
        r#"cat >/dev/null; word=failed; grep -q 2 page && word=passed
printf '{"kind":"verdict","version":1,"verdict":"%s","checks":[{"name":"second","kind":"command","status":"%s","required":true,"findings":[]}]}' $word $word"#,
    );
    let tasks = json!([{"id": "t1", "title": "one", "gates": ["second"]}]);
    let run = dispatch(&sandbox, tasks, &["--gate-program", &gate]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(sandbox.read("argv.2").trim(), "--resume s-1");
    let resumed = sandbox
        .records()
        .into_iter()
        .filter_map(|record| match record.body {
            Body::AttemptStarted { resumes, route, .. } => Some((resumes, route)),
            _ => None,
        });
    let route = Some("talker/somebody".to_owned());
    let expected = [(None, route.clone()), (Some("s-1".to_owned()), route)];
    assert_eq!(resumed.collect::<Vec<_>>(), expected);
    assert!(count(&sandbox, "attempt-session") >= 1);
    let prompt = sandbox.read("prompt.2");
    assert!(prompt.contains("did not pass"), "{prompt}");
}

#[test]
fn a_quota_waits_for_its_time_and_spends_no_retry() {
    let sandbox = Sandbox::new();
    let refusal = refused(429, "You have hit your usage limit, try again in 1s");
    profile(
        &sandbox,
        &format!(
            "cat >/dev/null\n{INIT}\ntest -e met || {{ touch met; {refusal}; }}\n{DONE}\n{WELL}"
        ),
    );
    let run = dispatch(&sandbox, one(), &["--retries", "0"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(
        (
            count(&sandbox, "quota-hold"),
            count(&sandbox, "quota-released")
        ),
        (1, 1)
    );
    let task = &sandbox.state().tasks["t1"];
    assert_eq!((task.attempt, task.retries), (2, 0));
    assert!(sandbox.state().routes.is_empty(), "it has served since");
}

#[test]
fn a_lost_login_waits_for_a_person_and_starting_again_tries_again() {
    let sandbox = Sandbox::new();
    let refusal = refused(401, "Failed to authenticate. API Error: 401 no such key");
    profile(
        &sandbox,
        &format!("cat >/dev/null\n{INIT}\ntest -e key || {{ {refusal}; }}\n{DONE}\n{WELL}"),
    );
    let run = dispatch(
        &sandbox,
        json!([{"id": "t1", "title": "one"}, {"id": "t2", "title": "two"}]),
        &["-j1"],
    );
    assert_eq!(run.code, 5, "{}", run.stderr);
    let state = sandbox.state();
    let route = &state.routes["talker/somebody"];
    assert!(route.held && route.until.is_none());
    assert_eq!(route.class, Some(FailureClass::Auth));
    assert_eq!(state.tasks["t2"].attempt, 0, "the route stops at once");
    sandbox.write("key", "");
    let run = dispatch(
        &sandbox,
        json!([{"id": "t1", "title": "one"}, {"id": "t2", "title": "two"}]),
        &["-j1"],
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(sandbox.state().tasks["t1"].retries, 0);
}

#[test]
fn nothing_starts_beyond_the_budget() {
    let sandbox = Sandbox::new();
    profile(&sandbox, &format!("cat >/dev/null\n{INIT}\n{DONE}\n{WELL}"));
    let tasks = json!([{"id": "t1", "title": "one"}, {"id": "t2", "title": "two"}]);
    let run = dispatch(&sandbox, tasks.clone(), &["-j1", "--max-cost-usd", "0.2"]);
    assert_eq!(run.code, 5, "{}", run.stderr);
    let state = sandbox.state();
    assert_eq!(state.tasks["t1"].status, TaskStatus::Settled);
    assert_eq!(state.tasks["t2"].attempt, 0);
    let run = dispatch(&sandbox, tasks, &["-j1", "--max-cost-usd", "2"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[test]
fn a_message_to_a_running_agent_reaches_it_in_its_session() {
    let sandbox = Sandbox::new();
    profile(
        &sandbox,
        &format!(
            "cat >prompt.$ATTEMPT\n{INIT}\ntest $ATTEMPT -gt 1 || {{ touch waits; while :; do sleep 0.05; done; }}\n{DONE}\n{WELL}"
        ),
    );
    let running = sandbox.start(
        &plan(one()),
        &[
            "--agents",
            "agents.json",
            "--agent",
            "talker",
            "--retries",
            "0",
        ],
    );
    sandbox.wait_until(|| {
        let seen = |record: &schemas::Record| record.body.kind() == "attempt-session";
        sandbox.exists("waits") && sandbox.records().iter().any(seen)
    });
    let (task, text) = ("t1".to_owned(), "whole cents, please".to_owned());
    sandbox.append(Body::Steering {
        task,
        text,
        by: None,
    });
    let run = running.finish();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(sandbox.read("prompt.2").contains("whole cents, please"));
    let task = &sandbox.state().tasks["t1"];
    assert_eq!((task.attempt, task.retries, task.resumed), (2, 0, true));
}

#[test]
fn a_result_in_words_counts_like_a_marker_and_keeps_its_doubts() {
    let sandbox = Sandbox::new();
    let text = "All there.\\n\\n```json\\n{\\\"status\\\": \\\"DONE_WITH_CONCERNS\\\", \\\"summary\\\": \\\"the page\\\", \\\"concerns\\\": [\\\"it is slow\\\"]}\\n```";
    let event = json!({"type": "assistant", "session_id": "s-1", "message": {"id": "m1", "role": "assistant",
        "content": [{"type": "text", "text": serde_json::from_str::<String>(&format!("\"{text}\"")).unwrap()}]}});
    let said = format!("cat <<'END'\n{event}\nEND");
    let well = WELL.replace(r#""result":"ok","#, "");
    profile(&sandbox, &format!("cat >/dev/null\n{INIT}\n{said}\n{well}"));
    let run = dispatch(&sandbox, one(), &["--retries", "0"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let task = &sandbox.state().tasks["t1"];
    assert_eq!(task.summary.as_deref(), Some("the page"));
    assert_eq!(task.concerns.as_deref(), Some("it is slow"));
}

#[test]
fn an_agent_that_says_and_changes_nothing_has_no_result_whatever_its_exit_code() {
    let sandbox = Sandbox::new();
    let inner = json!([{"id": "t1", "title": "one", "project": "inner"}]);
    let silent = sandbox.script("silent", "cat >/dev/null");
    let agents = json!({"agents": {"talker": {"argv": [silent], "done": "exit"}}});
    sandbox.write("agents.json", &agents.to_string());
    let run = dispatch(&sandbox, inner.clone(), &["--retries", "0"]);
    assert_eq!(run.code, 1);
    let result = sandbox
        .records()
        .into_iter()
        .find_map(|record| match record.body {
            Body::AttemptFinished { result, .. } => Some(result),
            _ => None,
        });
    assert_eq!(result, Some(AttemptResult::NoResult));
    let writer = sandbox.script("silent", "cat >/dev/null; echo x >made");
    assert!(writer.ends_with("silent"));
    sandbox.append(Body::StateTransition {
        event: "retry".to_owned(),
        task: Some("t1".to_owned()),
        from: None,
        to: None,
        by: None,
        reason: None,
    });
    let run = dispatch(&sandbox, inner.clone(), &["--retries", "0"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(sandbox.state().tasks["t1"].files, ["made"]);
}

#[test]
fn an_agent_that_nothing_authorizes_is_not_started() {
    let sandbox = Sandbox::new();
    let agent = sandbox.script("agent", "cat >/dev/null; touch ran");
    let agents = json!({"agents": {"talker": {"argv": [agent], "authorization": {"env": ["NOBODY_SETS_THIS_KEY"]}}}});
    sandbox.write("agents.json", &agents.to_string());
    let run = dispatch(&sandbox, one(), &[]);
    assert_eq!(run.code, 4);
    assert!(
        run.stderr.contains("NOBODY_SETS_THIS_KEY"),
        "{}",
        run.stderr
    );
    assert!(!sandbox.exists("ran") && !sandbox.exists(".orchestrate"));
}
