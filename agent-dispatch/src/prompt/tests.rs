use schemas::marker::Scanner;

use super::*;

const PLAN: &str = r#"{"planId":"p","summary":"a shop","projects":[{"name":"web","techStack":"React"}],"tasks":[
 {"id":"t1","title":"Set up","project":"web"},
 {"id":"t2","title":"Build the page","project":"web","description":"With a form.","dependsOn":["t1"],
  "acceptance":["the form posts"],"paths":["src/page/**"],"forbiddenPaths":["src/api/**"]}]}"#;

fn prompt(attempt: u32, state: serde_json::Value, verdict: Option<serde_json::Value>) -> String {
    whole(PLAN, attempt, state, verdict, false).text
}

fn whole(
    plan: &str,
    attempt: u32,
    state: serde_json::Value,
    verdict: Option<serde_json::Value>,
    follow_up: bool,
) -> Prompt {
    let plan: Plan = serde_json::from_str(plan).unwrap();
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
        worktree: None,
        verdict: verdict.as_ref(),
        owning: &owning(&plan),
        follow_up,
        context_file: "/run/context.md",
    })
}

#[test]
fn the_first_prompt_has_all_that_an_agent_needs_to_act_alone() {
    let state = serde_json::json!({"tasks": {"t1": {
        "status": "settled", "title": "Set up", "outcome": "succeeded", "summary": "Vite is there"}}});
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
        {"name": "lint", "kind": "command", "status": "failed", "required": true, "outputTail": "a.js: unused x", "fix": "npm run mend",
         "findings": [{"severity": "important", "message": "unused x", "file": "a.js", "line": 3}]}]});
    let text = prompt(2, state, Some(verdict));
    for part in [
        "lint (important): a.js:3: unused x",
        "`npm run mend` may mend it",
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
    assert_eq!(schemas::result::in_message(&echoed), None);
    let protocol = text.find("## Communication Protocol").unwrap();
    for (end, _) in text.match_indices('\n').filter(|(end, _)| *end > protocol) {
        assert_eq!(schemas::result::in_message(&text[..end]), None);
    }
}

#[test]
fn a_follow_up_has_the_news_and_does_not_repeat_the_task() {
    let state = serde_json::json!({"tasks": {"t2": {"status": "ready", "steering": ["use the new API"],
        "lastResult": "steered"}}});
    let text = whole(PLAN, 2, state, None, true).text;
    assert!(text.contains("use the new API") && text.contains("[DONE:t2-1-abc]"));
    assert!(!text.contains("With a form.") && !text.contains("the form posts"));
}

#[test]
fn a_retry_after_a_stall_narrows_the_scope_and_lists_what_was_touched() {
    let state = serde_json::json!({"tasks": {"t2": {"status": "ready", "lastResult": "stalled",
        "reason": "was silent for too long", "files": ["src/page/form.js"], "different": true}}});
    let text = prompt(2, state, None);
    for part in [
        "silent for too long",
        "src/page/form.js",
        "Do less at once",
        "another way",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
}

#[test]
fn a_dependent_knows_what_was_written_and_whose_the_other_files_are() {
    let plan = PLAN.replace(
        r#""title":"Set up","project":"web""#,
        r#""title":"Set up","project":"web","paths":["vite.config.js"]"#,
    );
    let state = serde_json::json!({"tasks": {"t1": {"status": "settled", "outcome": "succeeded",
        "files": ["vite.config.js", "package.json"], "concerns": "slow build"}}});
    let text = whole(&plan, 1, state, None, false).text;
    for part in [
        "It wrote: vite.config.js, package.json",
        "slow build",
        "- vite.config.js (t1, settled)",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
}

#[test]
fn a_context_that_is_too_large_goes_to_a_file() {
    let files: Vec<String> = (0..5_000).map(|n| format!("src/ä/{n}.rs")).collect();
    let state = serde_json::json!({"tasks": {"t1": {"status": "settled", "outcome": "succeeded", "files": files}}});
    let prompt = whole(PLAN, 1, state, None, false);
    assert!(prompt.text.len() < 12 << 10 && prompt.text.contains("/run/context.md"));
    let context = prompt.context.unwrap();
    assert!(context.contains("src/ä/4999.rs") && context.contains("src/api/**"));
}
