//! A model that does as it is told: it writes a page by the agent's own shell tool, mends it when a gate found fault,
//! and says so with the attempt's marker. It keeps no state of conversations: what is to be done next follows from what
//! the request holds, so that a session that is taken up is seen to be one.

mod dialect;
pub mod http;

use std::time::Duration;

use serde_json::{Value, json};

use self::dialect::{Dialect, Say};
use self::http::{Request, Response};

/// Long enough for every limit of a test.
const FOR_EVER: Duration = Duration::from_secs(600);

/// Answers one request in the dialect that its path asks for.
pub fn answer(request: &Request) -> Response {
    let path = request.path.trim_start_matches('/');
    let (scenario, rest) = path.split_once('/').unwrap_or((path, ""));
    let body: Value = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
    let Some(dialect) = Dialect::of(rest) else {
        return plain(200, &json!({"data": [], "object": "list", "models": []}));
    };
    let text = String::from_utf8_lossy(&request.body);
    match scenario {
        "auth" => error(401, dialect, Vec::new()),
        "hang" => Response {
            delay: FOR_EVER,
            ..plain(200, &Value::Null)
        },
        // The first attempt of a task, however often its program tries.
        "quota" if terminal(&text).rsplit('-').nth(1) == Some("1") => {
            error(429, dialect, vec![("retry-after", "2".to_owned())])
        }
        "review" => dialect.say(&body, rest, &review(dialect, &body, &text)),
        _ => dialect.say(&body, rest, &next(dialect, &body, &text)),
    }
}

/// What is done next: from what the conversation holds. To count what came back would not do: some programs send a
/// result twice when they take a session up.
fn next(dialect: Dialect, body: &Value, text: &str) -> Say {
    let (id, fault) = (terminal(text), text.contains("did not pass"));
    let Some(tool) = dialect.shell(body) else {
        // A program that edits by text, or one that wants a title.
        let page = if fault { "one\ntwo" } else { "one" };
        return Say::Text(format!(
            "page.txt\n```\n{page}\n```\n\n[DONE:{id}] wrote the page"
        ));
    };
    match (text.contains("echo one"), text.contains("echo two"), fault) {
        (false, _, _) => Say::Call(tool, "echo one >page.txt"),
        (true, false, true) => Say::Call(tool, "echo two >>page.txt"),
        _ => Say::Text(format!("[DONE:{id}] wrote the page")),
    }
}

/// A review that looks by the agent's own shell tool what has changed, and finds fault with the page where there is one.
fn review(dialect: Dialect, body: &Value, text: &str) -> Say {
    if let (Some(tool), false) = (dialect.shell(body), text.contains("--porcelain")) {
        return Say::Call(tool, "git status --porcelain");
    }
    let review = match text.contains("page.txt") {
        true => json!({"verdict": "changes requested", "findings": [
            {"severity": "important", "file": "page.txt", "line": 1, "message": "nobody has asked for a page"}]}),
        false => json!({"verdict": "approved", "findings": []}),
    };
    Say::Text(format!("I looked.\n\n```json\n{review}\n```\n"))
}

/// The id of the attempt that asks: the last one in the conversation.
fn terminal(text: &str) -> String {
    let last = text.rsplit("[DONE:").find_map(|rest| {
        let (id, _) = rest.split_once(']')?;
        let plain = id
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        (plain && id.contains('-')).then_some(id)
    });
    last.unwrap_or_default().to_owned()
}

fn plain(status: u16, body: &Value) -> Response {
    Response {
        status,
        headers: vec![("Content-Type", "application/json".to_owned())],
        body: body.to_string(),
        delay: Duration::ZERO,
    }
}

fn error(status: u16, dialect: Dialect, headers: Vec<(&'static str, String)>) -> Response {
    let mut response = plain(status, &dialect.error(status));
    response.headers.extend(headers);
    response
}
