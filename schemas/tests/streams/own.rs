//! Our own small streams: what is heard, in order, and that no split of the bytes changes it.

use proptest::prelude::*;
use schemas::stream::{Dialect, Heard, Reset};

use super::{Whole, hear};

const STREAMS: [(&str, Dialect, &[u8]); 11] = [
    ("claude", Dialect::Claude, include_bytes!("claude.jsonl")),
    ("qwen", Dialect::Claude, include_bytes!("qwen.jsonl")),
    ("cursor", Dialect::Claude, include_bytes!("cursor.jsonl")),
    ("codex", Dialect::Codex, include_bytes!("codex.jsonl")),
    ("gemini", Dialect::Gemini, include_bytes!("gemini.jsonl")),
    (
        "opencode",
        Dialect::Opencode,
        include_bytes!("opencode.jsonl"),
    ),
    ("copilot", Dialect::Copilot, include_bytes!("copilot.jsonl")),
    ("goose", Dialect::Goose, include_bytes!("goose.jsonl")),
    ("acp", Dialect::Acp, include_bytes!("acp.jsonl")),
    ("text", Dialect::Text, include_bytes!("text.txt")),
    ("aider", Dialect::Aider, include_bytes!("aider.txt")),
];

fn heard(name: &str) -> Whole {
    let stream = STREAMS.iter().find(|(this, _, _)| *this == name);
    let (_, dialect, bytes) = stream.expect("a stream of this name");
    hear(*dialect, [*bytes])
}

fn told(one: &Heard) -> String {
    match one {
        Heard::Session(id) => format!("session {id}"),
        Heard::Text(text) => text.clone(),
        Heard::EndOfMessage => ".".to_owned(),
        Heard::ToolStarted { id, name } => format!("{id} {name}"),
        Heard::ToolEnded { id } => format!("{id} over"),
        Heard::Marker(marker) => format!("{} {}", marker.kind.as_str(), marker.text),
    }
}

/// What is heard in order; outcome, tokens and class of the error; the last text.
#[test]
fn what_each_dialect_says() {
    let table: [(&str, &[&str], &str, Option<&str>); 11] = [
        (
            "claude",
            &[
                "session c-1",
                "progress reading",
                ".",
                "u1 Bash",
                "u1 over",
                ".",
                "done all good",
                ".",
            ],
            "ok 115/7/100 -",
            Some("Ready.\n[DONE:x] all good"),
        ),
        ("qwen", &["session q-1", "."], "no 100/3/80 quota", None),
        (
            "cursor",
            &[
                "session k-1",
                "t1 shellToolCall",
                "t1 over",
                "done made",
                ".",
            ],
            "ok 51/4/30 -",
            Some("[DONE:x] made"),
        ),
        (
            "codex",
            &[
                "session th-1",
                "i2 command_execution",
                "i2 over",
                "i3 file_change",
                "i3 over",
                "question which one?",
                ".",
            ],
            "no -/-/- quota",
            Some("[QUESTION:x] which one?"),
        ),
        (
            "gemini",
            &["session g-1", "done é", ".", "t1 shell", "t1 over", "."],
            "no 9/2/4 external",
            Some("bye"),
        ),
        (
            "opencode",
            &["session ses_1", ".", "t1 bash", "t1 over", "done made", "."],
            "ok 36/6/5 -",
            Some("[DONE:x] made"),
        ),
        (
            "copilot",
            &["progress ", ".", "t1 bash", "t1 over", "session p-1"],
            "no -/12/- billing",
            Some("[PROGRESS:x] 10%"),
        ),
        (
            "goose",
            &["done made", ".", "t1 shell", "t1 over"],
            "ok 10/2/- -",
            Some("[DONE:x] made"),
        ),
        (
            "acp",
            &[
                "session a-1",
                "progress é",
                ".",
                "t1 execute",
                "t1 over",
                "t2 edit",
                "t2 over",
                "done made",
                ".",
            ],
            "ok 36/6/5 -",
            Some("[DONE:x] made"),
        ),
        (
            "text",
            &["progress half", "done é made", "."],
            "- -/-/- -",
            Some(
                "Starting\n\u{1b}[1m[PROGRESS:x] 50% - half\u{1b}[0m\n```\n[DONE:x] fenced\n```\n[DONE:x] é made",
            ),
        ),
        (
            "aider",
            &[
                "progress the error of the store is now told as",
                ".",
                "done made",
                ".",
            ],
            "ok 13200/39/800 -",
            Some("Mended.\n[DONE:x] made"),
        ),
    ];
    for (name, order, sum, last) in table {
        let heard = heard(name);
        let found: Vec<String> = heard.rest.iter().map(told).collect();
        assert_eq!(found, order, "{name}");
        let found = format!("{} {} {}", heard.outcome(), heard.tokens(), heard.class());
        assert_eq!(found, sum, "{name}");
        assert_eq!(heard.report.last_text.as_deref(), last, "{name}");
        assert_eq!(heard.report.open_tools.len(), 0, "{name}");
    }
}

#[test]
fn what_else_a_report_holds() {
    assert_eq!(heard("claude").report.cost_usd, Some(0.25));
    assert_eq!(heard("claude").report.model.as_deref(), Some("m-1"));
    assert_eq!(heard("opencode").report.cost_usd, Some(0.75));
    assert_eq!(heard("codex").report.cost_usd, None);
    assert_eq!(heard("acp").report.cost_usd, Some(0.25), "of this run");
    assert_eq!(heard("acp").report.model.as_deref(), Some("m-2"));
    assert_eq!(heard("aider").report.cost_usd, Some(0.0125));
    assert_eq!(heard("aider").report.model.as_deref(), Some("openai/m-1"));
    assert_eq!(heard("codex").report.tool_calls, 2);
    for (name, _, _) in STREAMS {
        let refused = matches!(name, "gemini" | "copilot");
        assert_eq!(heard(name).report.refused_tool, refused, "{name}");
        assert!(heard(name).report.retrying.is_none(), "{name}");
    }
    let reset = |name: &str| heard(name).report.error.and_then(|error| error.reset);
    let clock = |text: &str| Some(Reset::Clock(text.to_owned()));
    assert_eq!(reset("codex"), clock("Nov 24th, 2026 1:00 AM"));
    assert_eq!(reset("qwen"), clock("08-12 10:12:00 UTC"));
}

/// At every line's end: what it waits for is known, and nobody says it has ended.
#[test]
fn a_stream_that_is_cut_off() {
    for (name, dialect, bytes) in STREAMS {
        let last = bytes
            .trim_ascii_end()
            .iter()
            .rposition(|byte| *byte == b'\n');
        let cut = &bytes[..last.unwrap_or(0)];
        let heard = hear(dialect, [cut]);
        if dialect == Dialect::Aider {
            // What follows an answer may be its program's doings: the answer stands until there is another.
            let first = bytes.windows(9).position(|text| text == b"[PROGRESS");
            let heard = hear(dialect, [&bytes[..first.unwrap_or(0)]]);
            assert_eq!((heard.report.is_success, heard.done()), (None, 0));
            continue;
        }
        assert!(!heard.report.saw_result, "{name}");
        assert_eq!(heard.report.is_success, None, "{name}");
    }
    let lines: Vec<&[u8]> = STREAMS[0]
        .2
        .split_inclusive(|byte| *byte == b'\n')
        .collect();
    let waiting = hear(Dialect::Claude, lines[..8].iter().copied())
        .report
        .retrying;
    let waiting = waiting.map(|error| (format!("{:?}", error.class), error.reset));
    assert_eq!(waiting, Some(("External".to_owned(), Some(Reset::In(2)))));
}

#[test]
fn no_split_changes_anything() {
    for (name, dialect, bytes) in STREAMS {
        let whole = hear(dialect, [bytes]);
        for at in 0..=bytes.len() {
            let (before, after) = bytes.split_at(at);
            assert_eq!(hear(dialect, [before, after]), whole, "{name} at {at}");
        }
        assert_eq!(hear(dialect, bytes.chunks(1)), whole, "{name} byte by byte");
        let crlf = String::from_utf8_lossy(bytes).replace('\n', "\r\n");
        if dialect != Dialect::Text {
            assert_eq!(hear(dialect, [crlf.as_bytes()]), whole, "{name} with CRLF");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Garbage in the middle of a stream, read as any dialect: no panic, and no split matters.
    #[test]
    fn garbage_is_borne(
        stream in 0..STREAMS.len(),
        dialect in 0..Dialect::ALL.len(),
        noise in proptest::collection::vec(any::<u8>(), 0..64),
        at in 0usize..3000,
        size in 1usize..200,
    ) {
        let dialect = Dialect::ALL[dialect];
        let (before, after) = STREAMS[stream].2.split_at(at.min(STREAMS[stream].2.len()));
        let bytes = [before, &noise, after].concat();
        prop_assert_eq!(hear(dialect, bytes.chunks(size)), hear(dialect, [&bytes[..]]));
    }
}
