//! The Agent Client Protocol, version 1: what an agent's program writes to its client, JSON-RPC messages a line each.
//!
//! Gemini, copilot, cursor, opencode, goose, qwen, kimi and others speak it. What an agent repeats of a session that is
//! loaded is not said now: updates count once the session is there. Tokens in the answer to a prompt count the whole session
//! (gemini's own figures, which stand elsewhere, that prompt alone), and so does the cost, of which what had been spent
//! before is taken off.

use super::ear::Ear;
use super::event::Event;
use super::report::StreamError;
use super::{ErrorClass, Speaker};
use crate::record::Usage;

/// The number under which our client asks for an earlier session: an error that answers it is about that session.
pub const LOAD: u64 = 2;

#[derive(Default)]
pub(super) struct Acp {
    /// The session is there: what is said from now on is said now.
    ready: bool,
    loaded: bool,
    /// What the session had cost before; absent when nothing was said.
    before: Option<f64>,
}

impl Speaker for Acp {
    fn event(&mut self, event: Event<'_>, ear: &mut Ear<'_>) {
        match event.text("/method") {
            Some("session/update") => self.update(event, ear),
            Some("session/request_permission") => call(event, "/params/toolCall", ear),
            Some(_) => {}
            None if event.at("/error").is_some() => self.error(event, ear),
            None if event.at("/id").is_some() => self.answer(event, ear),
            None => {}
        }
    }
}

impl Acp {
    fn update(&mut self, event: Event<'_>, ear: &mut Ear<'_>) {
        let update = "/params/update";
        let kind = event.text("/params/update/sessionUpdate");
        if kind == Some("usage_update") {
            return self.cost(event, ear);
        }
        if !self.ready {
            return;
        }
        ear.session(event.text("/params/sessionId"));
        match kind {
            Some("agent_message_chunk") => {
                ear.text(
                    event
                        .text("/params/update/content/text")
                        .unwrap_or_default(),
                );
            }
            Some("tool_call" | "tool_call_update") => call(event, update, ear),
            Some("user_message_chunk") => ear.end_message(),
            _ => {}
        }
    }

    fn cost(&mut self, event: Event<'_>, ear: &mut Ear<'_>) {
        let currency = event.text("/params/update/cost/currency");
        let amount = event.money("/params/update/cost/amount");
        let Some(amount) = amount.filter(|_| currency.is_none_or(|word| word == "USD")) else {
            return;
        };
        if !self.ready {
            self.before = Some(amount);
            return;
        }
        let before = self.before.or((!self.loaded).then_some(0.0));
        ear.report().cost_usd = before.map(|before| (amount - before).max(0.0));
    }

    fn answer(&mut self, event: Event<'_>, ear: &mut Ear<'_>) {
        if event.at("/result/protocolVersion").is_some() {
            return;
        }
        ear.session(event.text("/result/sessionId"));
        ear.model(event.text("/result/models/currentModelId"));
        let Some(reason) = event.text("/result/stopReason") else {
            self.loaded |= event.count("/id") == Some(LOAD);
            self.ready = true;
            return;
        };
        count(event, ear);
        match reason {
            "end_turn" => ear.success(),
            // Whoever cancelled it knows why.
            "cancelled" => ear.turn(),
            _ => {
                let class = match reason {
                    "max_tokens" => ErrorClass::Context,
                    "max_turn_requests" => ErrorClass::Limit,
                    _ => ErrorClass::Other,
                };
                let told = StreamError::new(None, "", &format!("the turn ended: {reason}"));
                ear.failure(StreamError { class, ..told });
            }
        }
    }

    fn error(&mut self, event: Event<'_>, ear: &mut Ear<'_>) {
        let message = event.words("/error/message").unwrap_or("error");
        let details = ["/error/data/details", "/error/data/message", "/error/data"];
        let detail = details.into_iter().find_map(|place| event.words(place));
        let message = match detail {
            Some(detail) if !message.contains(detail) => format!("{message}: {detail}"),
            _ => message.to_owned(),
        };
        // The protocol's own number for "log in first".
        let kind = match event.number("/error/code") {
            Some(-32000) => "authentication required",
            _ => "",
        };
        let status = event.status("/error/code");
        let mut error = StreamError::new(status, kind, &message);
        if !self.ready && event.count("/id") == Some(LOAD) && error.class == ErrorClass::Other {
            error.class = ErrorClass::Session;
        }
        ear.failure(error);
    }
}

/// A call of a tool, new or not. Some programs tell of it only when it waits for leave, or when it is over.
fn call(event: Event<'_>, at: &str, ear: &mut Ear<'_>) {
    let id = event.text(&format!("{at}/toolCallId"));
    let name = ["kind", "title"];
    let name = name
        .into_iter()
        .find_map(|name| event.words(&format!("{at}/{name}")));
    match event.text(&format!("{at}/status")) {
        Some("completed" | "failed") => ear.tool_over(id, name),
        _ => ear.tool_started(id, name),
    }
}

fn count(event: Event<'_>, ear: &mut Ear<'_>) {
    let of_prompt = "/result/_meta/quota/token_count";
    if event.at(of_prompt).is_some() {
        let usage = &mut ear.report().usage;
        let add = |total: &mut Option<u64>, name: &str| {
            if let Some(more) = event.count(&format!("{of_prompt}/{name}")) {
                *total = Some(total.unwrap_or(0).saturating_add(more));
            }
        };
        add(&mut usage.input, "input_tokens");
        add(&mut usage.output, "output_tokens");
    } else if event.at("/result/usage").is_some() {
        let at = |name: &str| event.count(&format!("/result/usage/{name}"));
        ear.report().usage_is_cumulative = true;
        ear.report().usage = Usage {
            input: at("inputTokens"),
            output: at("outputTokens"),
            cached: at("cachedReadTokens"),
        };
    }
}
