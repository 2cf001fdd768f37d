//! Agents that speak the Agent Client Protocol: sessions, leave, answers, messages.

use crate::sandbox::{Run, Sandbox, plan};
use schemas::{Body, Record};
use serde_json::json;

/// The agent's half, up to what it does with a prompt: `work` is run with each, `$prompt` being the whole request.
fn speaker(work: &str) -> String {
    let common = r#"
say() { printf '%s\n' "$1"; }
update() { say "{\"jsonrpc\":\"2.0\",\"method\":\"session/update\",\"params\":{\"sessionId\":\"a-1\",\"update\":$1}}"; }
text() { update "{\"sessionUpdate\":\"agent_message_chunk\",\"content\":{\"type\":\"text\",\"text\":\"$1\"}}"; }
over() { id=${prompt#*\"id\":}; say "{\"jsonrpc\":\"2.0\",\"id\":${id%%,*},\"result\":{\"stopReason\":\"${1:-end_turn}\",\"usage\":{\"inputTokens\":10,\"outputTokens\":2}}}"; }
leave() { say "{\"jsonrpc\":\"2.0\",\"id\":77,\"method\":\"session/request_permission\",\"params\":{\"sessionId\":\"a-1\",\"toolCall\":{\"toolCallId\":\"c1\",\"kind\":\"execute\",\"title\":\"$1\"},\"options\":[{\"optionId\":\"o1\",\"name\":\"Allow\",\"kind\":\"allow_once\"},{\"optionId\":\"o2\",\"name\":\"Reject\",\"kind\":\"reject_once\"}]}}"; }
while IFS= read -r line; do
  printf '%s\n' "$line" >>"heard.$ATTEMPT"
  case $line in
    *'"method":"initialize"'*) say '{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":1,"agentCapabilities":{"loadSession":true}}}' ;;
    *'"method":"session/new"'*) say '{"jsonrpc":"2.0","id":1,"result":{"sessionId":"a-1"}}' ;;
    *'"method":"session/load"'*) text "[DONE:$TERMINAL_ID] said before"; say '{"jsonrpc":"2.0","id":2,"result":{}}' ;;
    *'"method":"session/prompt"'*) prompt=$line; WORK ;;
    *'"method":"session/cancel"'*) over cancelled ;;
    *'"id":77'*) ANSWERED ;;
  esac
done
"#;
    let (work, answered) = work.split_once(" // ").unwrap_or((work, ":"));
    common.replace("WORK", work).replace("ANSWERED", answered)
}

fn profile(sandbox: &Sandbox, script: &str, more: serde_json::Value) {
    let agent = sandbox.script("agent", script);
    let mut profile = json!({"argv": [agent], "dialect": "acp", "steer": "live"});
    let fields = profile.as_object_mut().unwrap();
    fields.extend(more.as_object().unwrap().clone());
    sandbox.write(
        "agents.json",
        &json!({"agents": {"speaker": profile}}).to_string(),
    );
}

const ARGS: [&str; 6] = [
    "--agents",
    "agents.json",
    "--agent",
    "speaker",
    "--retries",
    "0",
];

fn one() -> serde_json::Value {
    plan(json!([{"id": "t1", "title": "one"}]))
}

fn dispatch(sandbox: &Sandbox, script: &str, more: serde_json::Value) -> Run {
    profile(sandbox, script, more);
    sandbox.dispatch(&one(), &ARGS)
}

fn finished(sandbox: &Sandbox) -> Vec<Body> {
    let bodies = sandbox
        .records()
        .into_iter()
        .map(|record: Record| record.body);
    bodies
        .filter(|body| matches!(body, Body::AttemptFinished { .. }))
        .collect()
}

#[test]
fn a_prompt_is_worked_on_and_told_of() {
    let sandbox = Sandbox::new();
    let work = speaker("text \"[DONE:$TERMINAL_ID] made it\"; over");
    let run = dispatch(&sandbox, &work, json!({}));
    assert_eq!(run.code, 0, "{}", run.stderr);
    let heard = sandbox.read("heard.1");
    assert!(
        heard.contains("one") && heard.contains("PROGRESS"),
        "the whole prompt: {heard}"
    );
    let [
        Body::AttemptFinished {
            session,
            tokens,
            summary,
            ..
        },
    ] = &finished(&sandbox)[..]
    else {
        panic!("one attempt");
    };
    assert_eq!(session.as_deref(), Some("a-1"));
    assert_eq!(tokens.and_then(|tokens| tokens.input), Some(10));
    assert_eq!(summary.as_deref(), Some("made it"));
}

#[test]
fn any_program_that_speaks_it_is_an_agent() {
    let sandbox = Sandbox::new();
    let work = speaker("text \"[DONE:$TERMINAL_ID] made it\"; over");
    sandbox.script("agent", &work);
    let run = sandbox.dispatch(&one(), &["--agent", "acp", "--", "./agent", "--acp"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let run = sandbox.dispatch(&one(), &["--agent", "acp"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    let run = sandbox.dispatch(&one(), &["--agent", "claude", "--", "./agent"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
}

#[test]
fn leave_is_given_by_the_policy_and_a_done_after_a_refusal_is_no_evidence() {
    let script = speaker("leave 'rm -r x' // text \"[DONE:$TERMINAL_ID] made it\"; over");
    for (permissions, code) in [("allow", 0), ("deny", 1)] {
        let sandbox = Sandbox::new();
        let run = dispatch(&sandbox, &script, json!({"permissions": permissions}));
        assert_eq!(run.code, code, "{permissions}: {}", run.stderr);
    }
}

#[test]
fn a_person_is_asked_for_leave_and_the_agent_goes_on_with_the_answer() {
    let sandbox = Sandbox::new();
    let work = speaker("leave 'rm -r x' // text \"[DONE:$TERMINAL_ID] made it\"; over");
    profile(&sandbox, &work, json!({"permissions": "ask"}));
    let running = sandbox.start(&one(), &ARGS);
    sandbox.wait_until(|| {
        sandbox
            .records()
            .iter()
            .any(|record| record.body.kind() == "question")
    });
    let asked = sandbox
        .records()
        .into_iter()
        .find_map(|record| match record.body {
            Body::Question { text, .. } => Some(text),
            _ => None,
        });
    assert!(asked.is_some_and(|text| text.contains("rm -r x")));
    sandbox.append(Body::Answer {
        task: "t1".to_owned(),
        text: "yes".to_owned(),
        by: None,
    });
    let run = running.finish();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(finished(&sandbox).len(), 1, "the same attempt");
    assert!(sandbox.read("heard.1").contains("o1"));
}

#[test]
fn a_question_is_answered_in_the_same_conversation() {
    let sandbox = Sandbox::new();
    let work = "case $prompt in *blue*) text \"[DONE:$TERMINAL_ID] made it blue\" ;; *) text \"[QUESTION:$TERMINAL_ID] which colour?\" ;; esac; over";
    profile(&sandbox, &speaker(work), json!({}));
    let running = sandbox.start(&one(), &ARGS);
    sandbox.wait_until(|| {
        sandbox
            .records()
            .iter()
            .any(|record| record.body.kind() == "question")
    });
    sandbox.append(Body::Answer {
        task: "t1".to_owned(),
        text: "blue".to_owned(),
        by: None,
    });
    let run = running.finish();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(finished(&sandbox).len(), 1);
}

#[test]
fn a_message_reaches_it_while_it_works() {
    let sandbox = Sandbox::new();
    let work = "case $prompt in *'use red'*) text \"[DONE:$TERMINAL_ID] red\"; over ;; *) text \"[PROGRESS:$TERMINAL_ID] 10% - blue\\n\" ;; esac";
    profile(&sandbox, &speaker(work), json!({}));
    let running = sandbox.start(&one(), &ARGS);
    sandbox.wait_until(|| {
        sandbox
            .records()
            .iter()
            .any(|record| record.body.kind() == "progress")
    });
    sandbox.append(Body::Steering {
        task: "t1".to_owned(),
        text: "use red".to_owned(),
        by: None,
    });
    let run = running.finish();
    assert_eq!(run.code, 0, "{}", run.stderr);
    let finished = finished(&sandbox);
    assert!(
        matches!(&finished[..], [Body::AttemptFinished { summary, .. }] if summary.as_deref() == Some("red"))
    );
}

#[test]
fn a_retry_loads_the_session_and_does_not_believe_what_it_repeats() {
    let sandbox = Sandbox::new();
    let work = "test $ATTEMPT = 2 && text \"[DONE:$TERMINAL_ID] now\"; over";
    profile(&sandbox, &speaker(work), json!({}));
    let args = [&ARGS[..4], &["--retries", "1"]].concat();
    let run = sandbox.dispatch(&one(), &args);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(sandbox.read("heard.2").contains(r#""sessionId":"a-1""#));
    let [
        first,
        Body::AttemptFinished {
            summary, tokens, ..
        },
    ] = &finished(&sandbox)[..]
    else {
        panic!("two attempts");
    };
    assert_eq!(summary.as_deref(), Some("now"));
    assert!(
        matches!(first, Body::AttemptFinished { summary: None, .. }),
        "{first:?}"
    );
    let input = tokens.and_then(|tokens| tokens.input);
    assert_eq!(input, Some(0), "the session's ten were the first attempt's");
}

#[test]
fn a_refused_login_stops_the_route() {
    let sandbox = Sandbox::new();
    let script = speaker("over").replace(
        r#"say '{"jsonrpc":"2.0","id":1,"result":{"sessionId":"a-1"}}'"#,
        r#"say '{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"Log in first"}}'"#,
    );
    let run = dispatch(&sandbox, &script, json!({}));
    assert_eq!(run.code, 5, "{}", run.stderr);
    assert!(run.stderr.contains("is held"), "{}", run.stderr);
}

#[test]
fn one_that_does_not_heed_the_end_of_its_input_is_ended() {
    let sandbox = Sandbox::new();
    let work = speaker("text \"[DONE:$TERMINAL_ID] made it\"; over; sleep 300");
    profile(&sandbox, &work, json!({}));
    let run = sandbox.dispatch(
        &one(),
        &[&ARGS[..], &["--result-grace", "100ms", "--grace", "1s"]].concat(),
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
}
