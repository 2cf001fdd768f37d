//! The run as it was, what waits in it, what would happen, and what it came to.

use serde_json::{Value, json};

use crate::run::{Run, question, reached, settled};

/// Two tasks: one done by an agent in two attempts, one that asks.
fn eventful() -> Run {
    let run = Run::of(&["t1", "t2"]);
    let started = |task: &str, attempt: u32, agent: &str| {
        json!({
            "type": "attempt-started", "task": task, "attempt": attempt, "agent": agent, "pid": 1, "terminal": "x",
            "workspace": "w", "promptFile": "", "logFile": "l"
        })
    };
    let finished = |task: &str, attempt: u32, result: &str, cost: Value| {
        json!({
            "type": "attempt-finished", "task": task, "attempt": attempt, "result": result, "durationMs": 1500,
            "costUsd": cost, "tokens": {"input": 10, "output": 5}
        })
    };
    run.record(&[
        started("t1", 1, "quick"),
        finished("t1", 1, "failed", json!(0.25)),
        json!({"type": "attempt-retrying", "task": "t1", "attempt": 1, "result": "failed", "delayMs": 0}),
        started("t1", 2, "careful"),
        finished("t1", 2, "done", json!(null)),
        settled("t1", "succeeded"),
        question("t2"),
    ]);
    run
}

#[test]
fn the_state_is_shown_as_it_was_after_any_record() {
    let run = eventful();
    let at = |seq: &str| {
        let call = run.call(&["show", "--at", seq, "/tasks/t1/status"]);
        assert_eq!(call.code, 0, "{call:?}");
        call.out
    };
    assert_eq!(at("1"), "\"pending\"\n");
    assert_eq!(at("2"), "\"running\"\n");
    assert_eq!(at("8"), "\"settled\"\n");
    run.call(&["show", "--at", "0", "/tasks/t1"])
        .refused(1, "nothing at");
    run.call(&["show", "--at", "9"])
        .refused(1, "no record 9: the last one is 8");
    let table = run.call(&["show", "--at", "2", "--format", "table"]).out;
    assert!(table.contains("t1    running"), "{table}");
}

#[test]
fn a_diff_names_every_value_that_is_not_the_same() {
    let run = eventful();
    let call = run.call(&["diff", "6", "7"]);
    let places: Vec<Value> = call.records();
    let outcome = json!({"pointer": "/tasks/t1/outcome", "from": null, "to": "succeeded"});
    assert!(places.contains(&outcome), "{call:?}");
    assert!(!call.out.contains("lastSeq"), "{call:?}");
    assert_eq!(run.call(&["diff", "7", "7"]).out, "");
    let last = run.call(&["diff", "7"]).records();
    let asked = last
        .iter()
        .find(|it| it["pointer"] == "/questions/0")
        .unwrap();
    assert_eq!(
        (&asked["from"], &asked["to"]["text"]),
        (&json!(null), &json!("which?"))
    );
    run.call(&["diff", "7", "70"]).refused(1, "no record 70");
}

#[test]
fn the_inbox_has_what_waits_most_urgent_first() {
    let run = eventful();
    assert_eq!(Run::of(&["t1"]).call(&["inbox"]).out, "");
    run.record(&[
        settled("t1", "excluded"),
        json!({"type": "quota-hold", "route": "a/b/c", "class": "auth", "reason": "not logged in"}),
        json!({"type": "quota-hold", "route": "a/b/d", "class": "quota", "until": "2030-01-01T00:00:00.000Z"}),
        reached("base"),
    ]);
    let listed = run.call(&["inbox"]).records();
    let kinds: Vec<&str> = listed
        .iter()
        .map(|it| it["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["checkpoint", "route", "question", "failure"]);
    assert_eq!(
        listed[1]["command"],
        json!(["state-edit", "release", "a/b/c"])
    );
    let text = run.call(&["inbox", "--format", "text"]).out;
    assert!(text.starts_with("checkpoint  base "), "{text}");
    // What it says can be done.
    let command: Vec<String> = serde_json::from_value(listed[0]["command"].clone()).unwrap();
    let args: Vec<&str> = command[1..].iter().map(String::as_str).collect();
    run.call(&args).record();
}

#[test]
fn hostile_text_of_an_inbox_steers_no_terminal() {
    let run = Run::of(&["t1"]);
    run.record(&[json!({"type": "question", "task": "t1", "text": "a\u{1b}[2J\nb"})]);
    let text = run.call(&["inbox", "--format", "text"]).out;
    assert!(
        !text.contains('\u{1b}') && text.lines().count() == 1,
        "{text:?}"
    );
}

#[test]
fn next_says_what_would_happen_and_changes_nothing() {
    let run = eventful();
    let text = run.call(&["next"]).out;
    assert!(text.contains("a person sees to the question: t2"), "{text}");
    assert!(text.contains("apply error leads to blocked"), "{text}");
    let call = run.call(&["next", "error"]);
    assert_eq!(call.out, "error: in_progress becomes blocked\n");
    run.call(&["next", "resume"]).refused(1, "legal now: ");
    let json: Value = serde_json::from_str(&run.call(&["next", "--format", "json"]).out).unwrap();
    assert_eq!(json["waiting"][0]["what"], "t2");
    assert_eq!(run.value("/lastSeq"), 8);
}

#[test]
fn stats_are_of_the_run_each_agent_and_each_project() {
    let run = eventful();
    let stats: Value = serde_json::from_str(&run.call(&["stats"]).out).unwrap();
    let total = &stats["total"];
    assert_eq!(
        [
            &total["tasks"],
            &total["attempts"],
            &total["retries"],
            &total["workingMs"]
        ],
        [&json!(2), &json!(2), &json!(1), &json!(3000)]
    );
    assert_eq!(
        (&total["costUsd"], &total["tokens"]),
        (&json!(0.25), &json!(30))
    );
    let agents = &stats["agents"];
    assert_eq!(agents["careful"]["costUsd"], json!(null));
    assert_eq!(
        [
            &agents["quick"]["succeeded"],
            &agents["quick"]["retries"],
            &agents["careful"]["succeeded"]
        ],
        [&json!(0), &json!(1), &json!(1)]
    );
    let table = run.call(&["stats", "--format", "table"]).out;
    assert!(table.contains("agent careful"), "{table}");
}

#[test]
fn the_log_is_cut_by_number_time_and_person() {
    let run = eventful();
    run.call(&["steer", "t2", "hello", "--by", "op"]).record();
    let seqs = |args: &[&str]| -> Vec<u64> {
        let call = run.call(&[&["log"], args].concat());
        call.records()
            .iter()
            .map(|r| r["seq"].as_u64().unwrap())
            .collect()
    };
    assert_eq!(seqs(&["--since", "2", "--until", "4"]), [3, 4]);
    assert_eq!(seqs(&["--by", "op"]), [9]);
    assert_eq!(seqs(&["--before", "2020-01-01T00:00:00Z"]), [] as [u64; 0]);
    assert_eq!(seqs(&["--after", "1h"]).len(), 9);
    // A follower ends where it was told to.
    assert_eq!(seqs(&["--follow", "--until", "2"]), [1, 2]);
    run.call(&["log", "--after", "soon"])
        .refused(2, "no RFC 3339 time");
}
