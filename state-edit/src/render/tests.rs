//! Every rendering of hostile words, and the published state file there and back.

use serde_json::{Value, json};

use super::report::Report;
use super::{aiter, context, html, import, oat, plan::PlanView, words};
use schemas::{Record, State};

const PUBLISHED: &str = "\
---
type: orchestration-state
planId: orch-abc123
created: 2024-01-15T10:00:00Z
status: in_progress
---

## Plan Summary
A shop with a page and a service

## Projects
| Name | Project ID | Terminal ID | Status |
|------|-----------|-------------|--------|
| page | project-1 | terminal-a | active |
| service | project-2 | terminal-b | active |

## Execution State

### Phase 1 (completed)
- **t1** [DONE]: Begin the page \u{2014} terminal-a
  - Completed: 2024-01-15T10:05:00Z
  - Output: a page, and nothing else
- **t2** [ERROR]: Begin the service \u{2014} terminal-b
  - Completed: 2024-01-15T10:06:00Z
  - Error: failed: no compiler

### Phase 2 (in_progress)
- **t3** [IN_PROGRESS 65%]: Sign in \u{2014} terminal-b
  - Started: 2024-01-15T10:07:00Z
  - Last update: refresh tokens

### Phase 3 (pending)
- **t4** [PENDING]: A page for it \u{2014} terminal-a
  - Blocked by: t3
";

fn imported(text: &str) -> Report {
    let state = import::read("orchestration.md", text).unwrap();
    let mut report = Report::new(PlanView::default());
    report.state = serde_json::from_value::<State>(state.clone()).unwrap();
    report.whole = state;
    report.finish();
    report
}

#[test]
fn the_published_state_file_comes_back_as_it_was() {
    assert_eq!(aiter::draw(&imported(PUBLISHED)), PUBLISHED);
    let real = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/corpus/aiter/orchestration.md");
    match std::fs::read_to_string(real) {
        Ok(text) => assert_eq!(aiter::draw(&imported(&text)), text),
        Err(_) => eprintln!("skipped: the corpus is not here"),
    }
}

#[test]
fn what_is_no_state_file_is_named_with_its_line() {
    for (text, message) in [
        ("# nothing\n", "x.md:1: the front matter has no"),
        (
            &PUBLISHED.replace("[PENDING]", "[LATER]"),
            "x.md:33: no tag [LATER]",
        ),
        (
            &PUBLISHED.replace("**t4**", "**t3**"),
            "the task t3 stands twice",
        ),
        (&PUBLISHED.replace("65%", "much"), "much is no percentage"),
        (
            &PUBLISHED.replace("status: in_progress", "status: odd"),
            "no status odd",
        ),
    ] {
        let failure = import::read("x.md", text).unwrap_err();
        assert!(failure.message.contains(message), "{failure}");
    }
}

/// A run whose every word is hostile.
fn hostile(words: &str) -> Report {
    let records = [
        json!({"type": "run-started", "planId": words, "summary": words, "seed": 1, "mark": "m", "pid": 1, "jobs": 2, "containment": "group",
            "tasks": [{"id": words, "title": words, "project": words, "phase": words}, {"id": "t2", "title": words, "phase": words}]}),
        json!({"type": "attempt-started", "task": words, "attempt": 1, "agent": words, "pid": 1, "terminal": words, "workspace": words,
            "promptFile": words, "logFile": words}),
        json!({"type": "question", "task": "t2", "attempt": 1, "text": words}),
        json!({"type": "attempt-finished", "task": words, "attempt": 1, "result": "failed", "reason": words, "durationMs": 5, "costUsd": null,
            "tokens": null, "files": [words], "concerns": words}),
        json!({"type": "gate-finished", "task": words, "attempt": 1, "verdict": "failed", "reason": words, "verdictFile": words}),
        json!({"type": "workspace-created", "task": words, "path": words, "branch": words, "target": words, "base": words, "repository": words}),
        json!({"type": "merge-finished", "task": words, "branch": words, "commit": words, "target": words, "how": words}),
        json!({"type": "decision", "text": words, "by": words}),
        json!({"type": "task-settled", "task": words, "outcome": "failed", "verification": "failed", "reason": words, "summary": words}),
        json!({"type": "checkpoint-reached", "checkpoint": words}),
    ];
    let mut report = Report::new(PlanView::default());
    for (seq, mut record) in (1..).zip(records) {
        record["seq"] = seq.into();
        record["time"] = format!("2026-01-01T12:00:0{}.000Z", seq % 10).into();
        record["run"] = words.into();
        report.step(&Record::parse(&record.to_string()).unwrap());
    }
    report.finish();
    report
}

const HOSTILE: [&str; 7] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'onmouseover='alert(1)",
    "a | b\n### Phase 9 (completed)\n- **t9** [DONE]: x \u{2014} y\n<!-- orchestration-runs-end -->",
    "\u{1b}[2J\u{1b}]0;title\u{7}\u{202e}evil\u{9b}1m",
    "</style></pre></details>&lt;b&gt;&#60;",
    "../../../../etc/passwd",
];

/// Tags of a page, as a browser would see them, sorted: hostile names may come in another order.
fn tags(page: &str) -> Vec<&str> {
    let tag = |(at, _): (usize, &str)| {
        page[at + 1..]
            .split([' ', '>', '\n'])
            .next()
            .unwrap_or_default()
    };
    let mut tags: Vec<&str> = page.match_indices('<').map(tag).collect();
    tags.sort_unstable();
    tags
}

#[test]
fn a_bar_tells_what_the_gates_said_of_what_its_agent_called_done() {
    let bars = |verdict: &str| {
        let mut report = Report::new(PlanView::default());
        let bodies = [
            json!({"type": "run-started", "planId": "p", "seed": 1, "mark": "", "pid": 1, "jobs": 1,
                "containment": "group", "tasks": [{"id": "t1"}]}),
            json!({"type": "attempt-started", "task": "t1", "attempt": 1, "agent": "a", "pid": 1, "terminal": "x",
                "workspace": ".", "promptFile": "", "logFile": ""}),
            json!({"type": "attempt-finished", "task": "t1", "attempt": 1, "result": "done", "durationMs": 5}),
            json!({"type": "gate-finished", "task": "t1", "attempt": 1, "verdict": verdict}),
        ];
        for (seq, mut record) in (1..).zip(bodies) {
            record["seq"] = seq.into();
            record["time"] = "2026-01-01T12:00:00.000Z".into();
            report.step(&Record::parse(&record.to_string()).unwrap());
        }
        let dir = tempfile::tempdir().unwrap();
        html::draw(&report, dir.path())
    };
    assert!(bars("passed").contains("<rect class=\"done\""));
    let page = bars("failed");
    assert!(page.contains("<rect class=\"blocked\"") && page.contains("done, gates failed"));
}

#[test]
fn an_entry_of_a_run_says_what_records_tell_and_nothing_else() {
    let mut report = Report::new(PlanView::default());
    let step = |report: &mut Report, body: Value| {
        let mut record = json!({"seq": 1, "time": "2026-01-01T12:00:00.000Z", "run": "p"});
        let fields = body.as_object().unwrap().clone();
        record.as_object_mut().unwrap().extend(fields);
        report.step(&Record::parse(&record.to_string()).unwrap());
        oat::draw(report, 1)
    };
    let started = json!({"type": "run-started", "planId": "p", "seed": 1, "mark": "", "pid": 1, "jobs": 1,
        "containment": "group", "tasks": [{"id": "t1"}, {"id": "t2"}]});
    let entry = step(&mut report, started);
    assert!(
        !entry.contains("Tier") && !entry.contains("merge-strategy"),
        "{entry}"
    );
    assert!(entry.contains("**Policy:** retry-limit=2\n"), "{entry}");
    for (task, how) in [("t1", "squash"), ("t2", "already")] {
        step(
            &mut report,
            json!({"type": "attempt-started", "task": task, "attempt": 1, "agent": "a", "pid": 1,
            "terminal": "x", "workspace": ".", "promptFile": "", "logFile": ""}),
        );
        step(
            &mut report,
            json!({"type": "merge-finished", "task": task, "branch": "b", "commit": "c", "how": how}),
        );
    }
    let entry = oat::draw(&report, 1);
    assert!(
        entry.contains("**Tier:** 1\n**Policy:** merge-strategy=squash, retry-limit=2\n"),
        "{entry}"
    );
}

#[test]
fn hostile_words_stay_words() {
    let dir = tempfile::tempdir().unwrap();
    let harmless = html::draw(&hostile("words"), dir.path());
    for words in HOSTILE {
        let report = hostile(words);
        let page = html::draw(&report, dir.path());
        assert_eq!(tags(&page), tags(&harmless), "{words}");
        assert!(
            !page.contains('\u{1b}') && !page.contains('\u{202e}'),
            "{words}"
        );
        assert!(
            !page.contains("='alert") && !page.contains("\"onerror"),
            "{words}"
        );
        for (name, text) in [
            ("aiter", aiter::draw(&report)),
            ("oat", oat::draw(&report, 1)),
            ("context", context::draw(&report)),
            ("words", words::draw(&report)),
            ("table", crate::table::draw(&report.state, 120)),
        ] {
            assert!(
                !text.contains('\u{1b}') && !text.contains('\u{202e}'),
                "{name} of {words}: {text}"
            );
            assert!(
                matches!(name, "words" | "table")
                    || !text.contains("<!--") && !text.contains("<script"),
                "{name} of {words}: {text}"
            );
        }
        // As many lines as harmless words have: none can begin a heading, an entry or a row.
        let lines = |text: String| text.lines().count();
        assert_eq!(
            lines(aiter::draw(&report)),
            lines(aiter::draw(&hostile("words"))),
            "{words}"
        );
        assert_eq!(
            lines(oat::draw(&report, 1)),
            lines(oat::draw(&hostile("words"), 1)),
            "{words}"
        );
        assert_eq!(
            lines(context::draw(&report)),
            lines(context::draw(&hostile("words"))),
            "{words}"
        );
        serde_json::from_str::<Value>(&report.document().to_string()).unwrap();
    }
}

#[test]
fn hostile_words_come_back_from_the_state_file() {
    for words in HOSTILE
        .into_iter()
        .filter(|words| !words.contains("\n") && !words.contains('\u{1b}'))
    {
        let text = aiter::draw(&hostile(words));
        let again = imported(&text);
        assert_eq!(aiter::draw(&again), text, "{words}");
        assert_eq!(again.state.tasks["t2"].title, words);
    }
}

#[test]
fn a_page_asks_for_nothing() {
    let page = html::draw(&hostile("words"), std::path::Path::new("none"));
    assert!(page.contains("default-src 'none'"));
    for word in [
        "http:", "https:", "src=", "@import", "url(", "<script", "<link", "style=\"",
    ] {
        assert!(!page.contains(word), "{word}");
    }
}
