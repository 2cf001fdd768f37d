use std::time::{Duration, SystemTime};

use super::*;

fn hear(dialect: Dialect, pieces: &[&[u8]]) -> (Vec<Heard>, Report) {
    let mut parser = Parser::new(dialect);
    let mut heard = Vec::new();
    for piece in pieces {
        parser.feed(piece, |one| heard.push(one));
    }
    parser.finish(|one| heard.push(one));
    (heard, parser.report().clone())
}

#[test]
fn a_dialect_has_one_name() {
    for dialect in Dialect::ALL {
        assert_eq!(dialect.to_string().parse(), Ok(dialect));
        let json = serde_json::to_value(dialect).unwrap();
        assert_eq!(json, dialect.as_str());
    }
    let refused = "klingon".parse::<Dialect>().unwrap_err();
    assert!(refused.starts_with("no such dialect: klingon"), "{refused}");
}

#[test]
fn classes_by_status_and_words() {
    let table = [
        (Some(429), "slow down", ErrorClass::Quota),
        (Some(429), "insufficient_quota", ErrorClass::Billing),
        (Some(401), "Insufficient balance", ErrorClass::Billing),
        (Some(401), "no", ErrorClass::Auth),
        (Some(403), "You're out of usage", ErrorClass::Quota),
        (Some(402), "pay", ErrorClass::Billing),
        (Some(400), "Prompt is too long", ErrorClass::Context),
        (Some(400), "API key not valid", ErrorClass::Auth),
        (Some(400), "connection of a pipe", ErrorClass::Other),
        (
            Some(503),
            "rate limit service is down",
            ErrorClass::External,
        ),
        (
            None,
            "exceeded retry limit, last status: 429 Too Many",
            ErrorClass::Quota,
        ),
        (
            None,
            "unexpected status 404 Not Found: m, url: http://h:8099/v1",
            ErrorClass::Other,
        ),
        (
            None,
            "[API Error: {\"error\":{\"code\":401}}]",
            ErrorClass::Auth,
        ),
        (None, "[API Error: 529 later]", ErrorClass::External),
        (
            None,
            "No conversation found with session ID: 0-401-0",
            ErrorClass::Session,
        ),
        (None, "Model 'gpt-500' is unknown", ErrorClass::Other),
        (None, "", ErrorClass::Other),
        (None, "status 99999999999999999999", ErrorClass::Other),
    ];
    for (status, text, class) in table {
        assert_eq!(ErrorClass::of(status, text), class, "{text}");
    }
}

/// What a message says of the end, seen at noon (UTC) on 21 November 2026, two hours ahead of UTC.
fn reset(message: &str) -> Option<String> {
    let said = crate::time::parse("2026-11-21T12:00:00Z").unwrap();
    let time: SystemTime = Reset::in_text(message)?.when(said, 7200)?;
    Some(crate::time::format(time).replace(":00.000Z", ""))
}

#[test]
fn the_end_of_a_quota() {
    let table = [
        ("or try again at 10:26 PM.", "2026-11-21T20:26"),
        ("or try again at 1:00 AM.", "2026-11-21T23:00"),
        ("or try again at 12:30 AM.", "2026-11-21T22:30"),
        ("or try again at 12:30 PM.", "2026-11-22T10:30"),
        ("try again at Nov 24th, 2026 1:00 AM.", "2026-11-23T23:00"),
        ("try again at Oct 1st, 2027 1:00 PM.", "2027-10-01T11:00"),
        ("5-hour limit · resets 10:26pm (UTC)", "2026-11-21T22:26"),
        ("resets 3pm (Europe/Nowhere)", "2026-11-21T13:00"),
        (
            "Quota exhausted, will reset at 12-01 10:12:00 UTC",
            "2026-12-01T10:12",
        ),
        ("will reset at 01-02 10:12:00 UTC]", "2027-01-02T10:12"),
        ("resets at 2026-11-22T06:00:00Z", "2026-11-22T06:00"),
        ("Resets in 59m. Buy more", "2026-11-21T12:59"),
        ("limit (resets in 2 days)", "2026-11-23T12:00"),
        ("limit (resets in 1h 48min)", "2026-11-21T13:48"),
        ("usage limit reached|1795300000", "2026-11-21T22:26:40.000Z"),
        (
            "quota will reset after 2h16m14s.",
            "2026-11-21T14:16:14.000Z",
        ),
        ("Please retry in 34.07s", "2026-11-21T12:00:35.000Z"),
    ];
    for (message, time) in table {
        assert_eq!(reset(message).as_deref(), Some(time), "{message}");
    }
}

#[test]
fn no_end_of_a_quota() {
    for message in [
        "",
        "try again at your leisure",
        "resets in a while",
        "resets 99:99",
        "try again at Foo 99th, 2026 1:00 AM.",
        "resets in 99999999999999999999 days",
        "resets in 9999999999999999 days",
        "limit reached|99999999999999",
        "limit reached|",
        "resets 1️⃣0pm · ∞",
    ] {
        assert_eq!(reset(message), None, "{message}");
    }
}

#[test]
fn a_line_that_is_too_long_is_skipped_whole() {
    let started = "{\"type\":\"thread.started\",\"thread_id\":\"t-1\"}\n";
    let long = format!(
        "{{\"type\":\"error\",\"message\":\"{}\"}}\n",
        "x".repeat(MAX_LINE)
    );
    let bytes = [long.as_bytes(), started.as_bytes()].concat();
    let pieces: Vec<&[u8]> = bytes.chunks(1 << 20).collect();
    for pieces in [&pieces[..], &[&bytes[..]]] {
        let (heard, report) = hear(Dialect::Codex, pieces);
        assert_eq!(heard, [Heard::Session("t-1".to_owned())]);
        assert_eq!(report.error, None);
    }
}

#[test]
fn of_a_long_text_the_end_is_kept() {
    let text = format!("{}é the end", "ü".repeat(2 * MAX_TEXT));
    let (_, whole) = hear(Dialect::Text, &[text.as_bytes()]);
    let pieces: Vec<&[u8]> = text.as_bytes().chunks(4097).collect();
    let (_, pieced) = hear(Dialect::Text, &pieces);
    let kept = whole.last_text.as_deref().unwrap_or_default();
    assert!(kept.ends_with("üé the end"), "{}", kept.len());
    assert!(
        (MAX_TEXT..=2 * MAX_TEXT).contains(&kept.len()),
        "{}",
        kept.len()
    );
    assert_eq!(whole, pieced);
}

#[test]
fn text_that_is_no_text() {
    let bytes = b"a\xff\xf0\x9f\x98\n[DONE:t] \xc3\xa9\xe2\x82";
    let (_, report) = hear(Dialect::Text, &[bytes]);
    let text = "a\u{fffd}\u{fffd}\n[DONE:t] é\u{fffd}";
    assert_eq!(report.last_text.as_deref(), Some(text));
    for at in 0..=bytes.len() {
        let (heard, split) = hear(Dialect::Text, &[&bytes[..at], &bytes[at..]]);
        assert_eq!(split, report, "at {at}");
        let markers = heard.iter().filter(|one| matches!(one, Heard::Marker(_)));
        assert_eq!(markers.count(), 1, "at {at}");
    }
}

#[test]
fn a_session_that_looks_like_a_flag_is_none() {
    for id in ["--help", "-", "", "two words", "new\\nline", "é"] {
        let line = format!("{{\"type\":\"thread.started\",\"thread_id\":\"{id}\"}}");
        assert_eq!(hear(Dialect::Codex, &[line.as_bytes()]).0, [], "{id}");
    }
}

#[test]
fn a_far_time_is_no_time() {
    let said = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    for reset in [
        Reset::At(u64::MAX),
        Reset::In(u64::MAX),
        Reset::At(4_000_000_000),
    ] {
        assert_eq!(reset.when(said, 0), None);
    }
}

#[test]
fn stderr_tells_of_known_errors_only() {
    let error = StreamError::in_stderr(
        "starting\nError: thread/resume: no rollout found for thread id 1\n",
    );
    assert_eq!(error.map(|error| error.class), Some(ErrorClass::Session));
    assert_eq!(StreamError::in_stderr("warning: 3 files\n\n"), None);
}
