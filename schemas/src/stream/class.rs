//! Kinds of errors: by the HTTP status, refined by the words that programs and their vendors use.

use serde::{Deserialize, Serialize};

/// What an error asks of whoever started the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ErrorClass {
    /// Too much for now: wait, until the stated time if there is one.
    Quota,
    /// Not signed in, or not allowed: a person is needed.
    Auth,
    /// Nothing left to pay with: a person is needed.
    Billing,
    /// The conversation is too long for the model.
    Context,
    /// The model's server or the way to it failed: try again later.
    External,
    /// The session to be taken up is not there: start a new one.
    Session,
    /// A limit that whoever started it had set: turns, money.
    Limit,
    /// Anything else.
    Other,
}

const BILLING: &[&str] = &[
    "credit balance is too low",
    "insufficient balance",
    "insufficient_quota",
    "insufficient credit",
    "billing_error",
    "billing details",
    "payment required",
    "premium request limit",
    "exceeded your monthly quota",
    "quota_exceeded",
    "reload your tokens",
];

const QUOTA: &[&str] = &[
    "usage limit",
    "usage_limit",
    "5-hour limit",
    "hour limit",
    "session limit",
    "weekly limit",
    "hit your limit",
    "quota exceeded",
    "quota exhausted",
    "quota has been exhausted",
    "quota reached",
    "quota limit",
    "exceeded your current quota",
    "out of usage",
    "usage balance exhausted",
    "resource_exhausted",
    "resource exhausted",
    "rate limit",
    "rate_limit",
    "ratelimit",
    "too many requests",
];

const CONTEXT: &[&str] = &[
    "prompt is too long",
    "prompt_too_long",
    "context_length",
    "context length",
    "context window",
    "context_window",
    "maximum context",
    "input token count",
    "contextoverflow",
];

const AUTH: &[&str] = &[
    "authentication",
    "failed to authenticate",
    "unauthorized",
    "unauthenticated",
    "permission_denied",
    "api key not valid",
    "invalid api key",
    "invalid_api_key",
    "not logged in",
    "run /login",
    "run /auth",
    "invalid auth method",
    "ineligibletier",
];

const EXTERNAL: &[&str] = &[
    "overloaded",
    "server_error",
    "server error",
    "high demand",
    "stream disconnected",
    "without a finish reason",
    "timed out",
    "timeout",
    "connection",
    "econnre",
    "enotfound",
    "fetch failed",
    "network",
    "service unavailable",
    "bad gateway",
];

const SESSION: &[&str] = &[
    "no conversation found",
    "no rollout found",
    "session not found",
    "no saved session found",
    "error resuming session",
    "no session, task, or name matched",
];

impl ErrorClass {
    /// By a status, if the program gives one apart or within its text, and by its words.
    pub(super) fn of(status: Option<u16>, text: &str) -> ErrorClass {
        let text = text.to_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
        let status = status.or_else(|| status_in(&text));
        match status {
            Some(408 | 500..) => return ErrorClass::External,
            Some(_) if says(BILLING) => return ErrorClass::Billing,
            Some(_) if says(QUOTA) => return ErrorClass::Quota,
            Some(_) if says(CONTEXT) => return ErrorClass::Context,
            Some(401 | 403) => return ErrorClass::Auth,
            Some(402) => return ErrorClass::Billing,
            Some(413) => return ErrorClass::Context,
            Some(429) => return ErrorClass::Quota,
            Some(_) if says(AUTH) => return ErrorClass::Auth,
            Some(_) => return ErrorClass::Other,
            None => {}
        }
        let kinds = [
            (SESSION, ErrorClass::Session),
            (BILLING, ErrorClass::Billing),
            (QUOTA, ErrorClass::Quota),
            (CONTEXT, ErrorClass::Context),
            (AUTH, ErrorClass::Auth),
            (EXTERNAL, ErrorClass::External),
        ];
        let kind = kinds.into_iter().find(|(words, _)| says(words));
        kind.map_or(ErrorClass::Other, |(_, class)| class)
    }
}

/// A status in text of lower case: `status 503`, `http 401`, `error: 429`, `"code":401`, `(429)`, or at the very start.
fn status_in(text: &str) -> Option<u16> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let length = bytes[at..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let (from, to) = (at, at + length);
        at = to;
        let alone = !bytes[..from]
            .last()
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || b".-_/".contains(byte));
        let before = text[..from].trim_end_matches([' ', ':', '(', '"', '[']);
        let named = ["status", "http", "error", "code", "rejected"];
        let named = before.is_empty() || named.iter().any(|word| before.ends_with(word));
        if length == 3
            && alone
            && named
            && let Ok(status @ 400..=599) = text[from..to].parse()
        {
            return Some(status);
        }
    }
    None
}
