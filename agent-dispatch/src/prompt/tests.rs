use schemas::marker::Scanner;

use super::*;

const PLAN: &str = r#"{"planId":"p","summary":"a shop","projects":[{"name":"web","techStack":"React"}],"tasks":[
 {"id":"t1","title":"Set up","project":"web"},
 {"id":"t2","title":"Build the page","project":"web","description":"With a form.","dependsOn":["t1"],
  "acceptance":["the form posts"],"paths":["src/page/**"],"forbiddenPaths":["src/api/**"]}]}"#;

fn prompt(attempt: u32, state: serde_json::Value, verdict: Option<serde_json::Value>) -> String {
    let plan: Plan = serde_json::from_str(PLAN).unwrap();
    let mut whole = serde_json::to_value(State::default()).unwrap();
    for (key, value) in state.as_object().unwrap() {
        whole[key] = value.clone();
    }
    let state: State = serde_json::from_value(whole).unwrap();
    let verdict: Option<Verdict> = verdict.map(|verdict| serde_json::from_value(verdict).unwrap());
    compose(&Facts {
        plan: &plan,
        task: &plan.tasks[1],
        state: &state,
        attempt,
        terminal: "t2-1-abc",
        workspace: "/w/web",
        verdict: verdict.as_ref(),
    })
}

#[test]
fn the_first_prompt_has_all_that_an_agent_needs_to_act_alone() {
    let state = serde_json::json!({"tasks": {"t1": {
        "status": "settled", "outcome": "succeeded", "summary": "Vite is there"}}});
    let text = prompt(1, state, None);
    for part in [
        "**Task ID:** t2",
        "**Title:** Build the page",
        "**Project:** web",
        "**Terminal ID:** t2-1-abc",
        "With a form.",
        "a shop",
        "React",
        "**t1** Set up: succeeded — Vite is there",
        "- the form posts",
        "- src/page/**",
        "- src/api/**",
        "[DONE:t2-1-abc]",
        "Begin working now.",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    assert!(!text.contains("## Findings") && !text.contains("## Previous attempts"));
}

#[test]
fn a_fix_prompt_carries_findings_answers_and_messages() {
    let state = serde_json::json!({
        "tasks": {"t2": {"status": "ready", "fixes": 1, "steering": ["use the new API"], "lastResult": "done",
            "reason": "lint: 3 errors"}},
        "questions": [{"task": "t2", "text": "tabs?", "answer": "spaces"}, {"task": "t1", "text": "not mine"}]});
    let verdict = serde_json::json!({"kind": "verdict", "version": 1, "verdict": "failed", "checks": [
        {"name": "lint", "kind": "command", "status": "failed", "required": true, "outputTail": "a.js: unused x",
         "findings": [{"severity": "important", "message": "unused x", "file": "a.js", "line": 3}]}]});
    let text = prompt(2, state, Some(verdict));
    for part in [
        "lint (important): a.js:3: unused x",
        "Question: tabs?\nAnswer: spaces",
        "- use the new API",
        "attempt 2",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    assert!(!text.contains("not mine"));
}

#[test]
fn no_echo_of_a_prompt_completes_the_task() {
    let text = prompt(1, serde_json::json!({}), None);
    let mut echoed = text.clone();
    for line in text.lines() {
        echoed.push_str(line.trim_start());
        echoed.push('\n');
    }
    let mut scanner = Scanner::new();
    scanner.feed(echoed.as_bytes(), |marker| panic!("{marker:?}"));
    scanner.finish(|marker| panic!("{marker:?}"));
}
