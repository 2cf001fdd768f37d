//! `aider --no-stream --no-pretty`: lines of text, most of them the program's own. It exits 0 whatever happened.
//!
//! An answer is what comes before a line of `Tokens:`, back to the announcements, the answer before, or what the program
//! says of its own doings. What no such line follows was no answer: the message of a commit, the output of a test. An error
//! of the model's server begins with `litellm.`; only one that no answer and no further try follows is the last word.

use super::ear::Ear;
use super::event::Event;
use super::report::StreamError;
use super::{MAX_TEXT, Speaker};

#[derive(Default)]
pub(super) struct Aider {
    /// The announcements are over.
    began: bool,
    /// What may become an answer.
    said: String,
    /// An error whose lines have not ended: its kind and its words.
    error: Option<(String, String)>,
    /// A line of tokens whose cost may come in the next line.
    counted: Option<String>,
}

/// Where an answer cannot reach back over.
const DOINGS: [&str; 4] = [
    "Applied edit to ",
    "Restored previous conversation history.",
    "Retrying in ",
    "Repo-map:",
];

const EMPTY: &str = "Empty response received from LLM";

impl Speaker for Aider {
    fn event(&mut self, _event: Event<'_>, _ear: &mut Ear<'_>) {}

    fn line(&mut self, line: &[u8], ear: &mut Ear<'_>) {
        let line = String::from_utf8_lossy(line);
        let line = line.trim_end_matches('\r');
        if !self.began {
            announcement(line, ear);
            self.began = line.starts_with("Repo-map:");
            return;
        }
        self.count_cost(line, ear);
        if line.starts_with("Tokens: ") {
            self.answered(line, ear);
            return;
        }
        self.listen_to_error(line, ear);
        if DOINGS.iter().any(|doing| line.starts_with(doing)) {
            self.said.clear();
        } else if self.said.len() + line.len() < 2 * MAX_TEXT {
            self.said.push_str(line);
            self.said.push('\n');
        }
    }

    fn finish(&mut self, ear: &mut Ear<'_>) {
        self.tell_error(ear);
        self.count_cost("", ear);
    }
}

impl Aider {
    /// What was said before was an answer, with which all errors are overcome.
    fn answered(&mut self, line: &str, ear: &mut Ear<'_>) {
        self.error = None;
        ear.turn();
        let said = std::mem::take(&mut self.said);
        let said = said.trim_matches('\n');
        count_tokens(line, ear);
        self.counted = Some(line.to_owned());
        if said.starts_with(EMPTY) {
            ear.failure(StreamError::new(None, "", said));
        } else {
            ear.message(said);
            ear.success();
        }
    }

    /// Its costs end the line of tokens, or stand in the next two.
    fn count_cost(&mut self, line: &str, ear: &mut Ear<'_>) {
        let Some(counted) = &mut self.counted else {
            return;
        };
        if !line.is_empty() {
            counted.push(' ');
            counted.push_str(line);
        }
        let words: Vec<&str> = counted.split_whitespace().collect();
        let of_session = words
            .windows(2)
            .find(|pair| pair[1].trim_end_matches('.') == "session");
        let known = of_session.and_then(|pair| dollars(pair[0]));
        if let Some(known) = known {
            ear.report().cost_usd = Some(known);
        }
        if known.is_some() || line.is_empty() || counted.len() > 1000 {
            self.counted = None;
        }
    }

    fn listen_to_error(&mut self, line: &str, ear: &mut Ear<'_>) {
        if let Some((kind, words)) = error_in(line) {
            self.tell_error(ear);
            self.error = Some((kind.to_owned(), words.to_owned()));
        } else if line.starts_with("Retrying in ") {
            self.tell_error(ear);
            if let Some(error) = ear.report().error.take() {
                ear.turn();
                ear.retrying(error);
            }
        } else if line.trim().is_empty() || line.starts_with("The API provider") {
            self.tell_error(ear);
        } else if let Some((_, words)) = &mut self.error {
            // Its program breaks lines at the width of a terminal.
            if words.len() + line.len() < MAX_TEXT {
                words.push(' ');
                words.push_str(line.trim());
            }
        }
    }

    fn tell_error(&mut self, ear: &mut Ear<'_>) {
        if let Some((kind, words)) = self.error.take() {
            ear.failure(StreamError::new(status(&kind), &kind, &words));
        }
    }
}

/// `Model: NAME with …`, before anything is asked.
fn announcement(line: &str, ear: &mut Ear<'_>) {
    let named = line
        .strip_prefix("Model: ")
        .or_else(|| line.strip_prefix("Main model: "));
    ear.model(named.and_then(|rest| rest.split_whitespace().next()));
}

/// `litellm.RateLimitError: its words`.
fn error_in(line: &str) -> Option<(&str, &str)> {
    let (kind, words) = line.strip_prefix("litellm.")?.split_once(':')?;
    let is_name = kind.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let is_error = kind.ends_with("Error") || kind == "Timeout";
    (is_name && is_error).then_some((kind, words.trim()))
}

/// The status that stands behind a kind of error, where its name says more than its words.
fn status(kind: &str) -> Option<u16> {
    Some(match kind {
        "AuthenticationError" => 401,
        "PermissionDeniedError" => 403,
        "RateLimitError" | "RouterRateLimitError" => 429,
        "ContextWindowExceededError" => 413,
        "Timeout" => 408,
        "InternalServerError"
        | "APIError"
        | "APIConnectionError"
        | "APIResponseValidationError" => 500,
        "BadGatewayError" => 502,
        "ServiceUnavailableError" => 503,
        _ => return None,
    })
}

/// `Tokens: 12k sent, 3.4k cache write, 800 cache hit, 34 received.`, of this answer alone.
fn count_tokens(line: &str, ear: &mut Ear<'_>) {
    let counts = line.strip_prefix("Tokens: ").unwrap_or_default();
    let counts = counts.split(" Cost: ").next().unwrap_or_default();
    let usage = &mut ear.report().usage;
    for part in counts.split(", ") {
        let Some((count, what)) = part.trim().split_once(' ') else {
            continue;
        };
        let total = match what.trim_end_matches('.') {
            "sent" => &mut usage.input,
            "received" => &mut usage.output,
            "cache hit" => &mut usage.cached,
            _ => continue,
        };
        if let Some(count) = tokens(count) {
            *total = Some(total.unwrap_or(0).saturating_add(count));
        }
    }
}

/// `34`, `1.2k`, `12k`.
fn tokens(text: &str) -> Option<u64> {
    let (number, unit) = match text.strip_suffix('k') {
        Some(number) => (number, 1000.0),
        None => (text, 1.0),
    };
    let count: f64 = number.replace(',', "").parse().ok()?;
    let count = (count * unit).round();
    (count.is_finite() && count >= 0.0).then_some(count as u64)
}

fn dollars(text: &str) -> Option<f64> {
    let amount: f64 = text.strip_prefix('$')?.replace(',', "").parse().ok()?;
    (amount.is_finite() && amount >= 0.0).then_some(amount)
}
