//! Scalars in YAML: without quotes where every reader takes them for what they are, else in quotes.

use serde_json::Value;

use super::tree::Form;

/// Words that readers of YAML 1.1 or 1.2 take for something else than a string.
const WORDS: [&str; 12] = [
    "null", "true", "false", "yes", "no", "on", "off", "y", "n", "~", "<<", "=",
];

/// Writes a scalar, or an empty collection, on one line: like the old one where there is one.
pub(super) fn written(
    value: &Value,
    like: Option<(&Form, &str)>,
    quotes: &Form,
    flow: bool,
) -> String {
    let Value::String(text) = value else {
        return value.to_string();
    };
    let form = match like {
        Some((form @ (Form::Single | Form::Double), _)) => form,
        // A time that stood there without quotes is read as one by those who know times.
        Some((Form::Plain, old)) if is_time(text) && is_time(old) => return text.clone(),
        _ if is_plain(text, flow) => return text.clone(),
        _ => quotes,
    };
    match form {
        Form::Single if !text.chars().any(char::is_control) => {
            format!("'{}'", text.replace('\'', "''"))
        }
        _ => Value::from(text.as_str()).to_string(),
    }
}

/// Whether a string is read as itself without quotes.
fn is_plain(text: &str, flow: bool) -> bool {
    let begins = |c: char| !"-?:,[]{}#&*!|>'\"%@`.+".contains(c) && !c.is_whitespace();
    let inside = |c: char| !c.is_control() && c != '\u{feff}' && !(flow && ",[]{}".contains(c));
    let lower = text.to_ascii_lowercase();
    text.starts_with(begins)
        && text.chars().all(inside)
        && !text.ends_with(char::is_whitespace)
        && !text.contains(": ")
        && !text.ends_with(':')
        && !text.contains(" #")
        && !(flow && text.contains(':'))
        && !WORDS.contains(&lower.as_str())
        && !looks_like_number(text)
}

/// Numbers in any notation, and times: what begins with a digit and has nothing else in it.
fn looks_like_number(text: &str) -> bool {
    let digit = text.starts_with(|c: char| c.is_ascii_digit());
    let based = ["0x", "0X", "0o", "0b"]
        .iter()
        .any(|base| text.starts_with(base));
    let number = |c: char| c.is_ascii_digit() || "eE.+-_:TtZz ".contains(c);
    digit && (based || text.chars().all(number))
}

/// Whether it begins like `2026-01-31`.
fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    let shape = |at: usize| {
        if matches!(at, 4 | 7) {
            bytes[at] == b'-'
        } else {
            bytes[at].is_ascii_digit()
        }
    };
    bytes.len() >= 10
        && (0..10).all(shape)
        && !text.chars().any(char::is_control)
        && !text.contains('#')
}

/// The lines of a block scalar and its header; none for a string that one cannot say plainly.
pub(super) fn block(text: &str) -> Option<(&'static str, Vec<&str>)> {
    let body = text.strip_suffix('\n').unwrap_or(text);
    let header = if body.len() < text.len() { "|" } else { "|-" };
    let lines: Vec<&str> = body.split('\n').collect();
    let odd = |c: char| c.is_control() && c != '\n' && c != '\t';
    let plain = lines.len() > 1
        && !text.contains(odd)
        && lines
            .first()
            .is_some_and(|line| !line.starts_with([' ', '\t']) && !line.is_empty())
        && lines.last().is_some_and(|line| !line.is_empty())
        && lines
            .iter()
            .all(|line| line.is_empty() || !line.trim().is_empty());
    plain.then_some((header, lines))
}
