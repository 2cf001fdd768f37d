//! `--dialect auto`: which agent's program wrote this, by its first events.

use schemas::stream::Dialect;
use serde_json::Value;

/// The dialect that only this line can be of.
pub(crate) fn guess(line: &[u8]) -> Option<Dialect> {
    let line = line.trim_ascii();
    if line.starts_with(b"Aider v") {
        return Some(Dialect::Aider);
    }
    if line.first() != Some(&b'{') {
        return None;
    }
    let event: Value = serde_json::from_slice(line).ok()?;
    let text = |key: &str| event.get(key).and_then(Value::as_str);
    let has = |key: &str| event.get(key).is_some();
    if text("jsonrpc") == Some("2.0") {
        return Some(Dialect::Acp);
    }
    let kind = text("type")?;
    let begins = |starts: &[&str]| starts.iter().any(|start| kind.starts_with(start));
    let dialect = if begins(&["thread.", "turn.", "item."]) {
        Dialect::Codex
    } else if has("sessionID") {
        Dialect::Opencode
    } else if has("data") && begins(&["session.", "user.message", "assistant.", "tool.execution"]) {
        Dialect::Copilot
    } else if kind == "init" && has("session_id") || kind == "message" && text("role").is_some() {
        Dialect::Gemini
    } else if kind == "message" && event.pointer("/message/role").is_some() {
        Dialect::Goose
    } else if matches!(
        kind,
        "system" | "assistant" | "user" | "stream_event" | "result"
    ) {
        Dialect::Claude
    } else {
        return None;
    };
    Some(dialect)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The streams that the parsers are tested with.
    const STREAMS: [(Dialect, &str); 10] = [
        (
            Dialect::Acp,
            include_str!("../../schemas/tests/streams/acp.jsonl"),
        ),
        (
            Dialect::Aider,
            include_str!("../../schemas/tests/streams/aider.txt"),
        ),
        (
            Dialect::Claude,
            include_str!("../../schemas/tests/streams/claude.jsonl"),
        ),
        (
            Dialect::Claude,
            include_str!("../../schemas/tests/streams/cursor.jsonl"),
        ),
        (
            Dialect::Claude,
            include_str!("../../schemas/tests/streams/qwen.jsonl"),
        ),
        (
            Dialect::Codex,
            include_str!("../../schemas/tests/streams/codex.jsonl"),
        ),
        (
            Dialect::Copilot,
            include_str!("../../schemas/tests/streams/copilot.jsonl"),
        ),
        (
            Dialect::Gemini,
            include_str!("../../schemas/tests/streams/gemini.jsonl"),
        ),
        (
            Dialect::Goose,
            include_str!("../../schemas/tests/streams/goose.jsonl"),
        ),
        (
            Dialect::Opencode,
            include_str!("../../schemas/tests/streams/opencode.jsonl"),
        ),
    ];

    #[test]
    fn every_dialect_is_known_by_its_first_event() {
        for (dialect, stream) in STREAMS {
            let first = stream.lines().find_map(|line| guess(line.as_bytes()));
            assert_eq!(first, Some(dialect));
        }
    }

    #[test]
    fn text_is_no_dialect() {
        for line in [
            "[DONE:t] x",
            "{",
            "{\"level\":\"info\"}",
            "{\"type\":\"log\"}",
            "Aider is a program",
            "",
        ] {
            assert_eq!(guess(line.as_bytes()), None, "{line}");
        }
    }
}
