//! The claude family: `claude -p --output-format stream-json`, qwen, amp; cursor with calls of tools in its own way.
//!
//! claude's tokens and cost are given here for this run: where the program counts a session (`total_cost_usd`), the part
//! since the last result is taken. qwen counts the whole session. The words of agents below the one that was started
//! (`parent_tool_use_id`) are their own affair, those in the name of a model `<synthetic>` are the program's.

use super::ear::Ear;
use super::event::Event;
use super::report::StreamError;
use super::{ErrorClass, Report, Reset, Speaker};
use crate::record::Usage;

#[derive(Default)]
pub(super) struct Claude {
    program: Program,
    /// When the window that is used up begins anew.
    reset: Option<Reset>,
}

/// Who speaks: they count differently, and qwen tells of errors as if the model had said them.
#[derive(Default, Clone, Copy, PartialEq)]
enum Program {
    #[default]
    Unknown,
    Claude,
    Qwen,
}

impl Speaker for Claude {
    fn event(&mut self, event: Event<'_>, ear: &mut Ear<'_>) {
        if event.kind() != "result" {
            ear.session(event.text("/session_id"));
        }
        match event.kind() {
            "system" => self.system(event, ear),
            "assistant" => self.assistant(event, ear),
            "user" => {
                ear.end_message();
                let parts = event.each("/message/content");
                for part in parts.filter(|part| part.kind() == "tool_result") {
                    ear.tool_ended(part.text("/tool_use_id"));
                }
            }
            "tool_call" => tool_call(event, ear),
            "rate_limit_event" => self.rate_limit(event, ear),
            "error" => {
                let told = event.words("/message").or(event.words("/error/message"));
                ear.error(StreamError::new(
                    None,
                    "",
                    told.unwrap_or("no reason given"),
                ));
            }
            "result" => self.result(event, ear),
            _ => {}
        }
    }
}

impl Claude {
    fn system(&mut self, event: Event<'_>, ear: &mut Ear<'_>) {
        match event.text("/subtype").unwrap_or_default() {
            "init" => {
                ear.model(event.text("/model"));
                if event.at("/qwen_code_version").is_some() {
                    self.program = Program::Qwen;
                } else if event.at("/claude_code_version").is_some() {
                    self.program = Program::Claude;
                }
            }
            "permission_denied" => ear.report().refused_tool = true,
            "api_retry" => {
                let kind = event.text("/error").unwrap_or_default();
                let wait = event.count("/retry_delay_ms").map(rounded_up);
                let error = StreamError::new(event.status("/error_status"), kind, kind);
                ear.retrying(error.with_reset(wait));
            }
            "retry" => {
                let wait = event.count("/data/delayMs").map(rounded_up);
                let kind = event.text("/data/reason").unwrap_or_default();
                // It does not say what went wrong, only that it lies with the server.
                let mut error = StreamError::new(None, "", kind).with_reset(wait);
                error.class = ErrorClass::External;
                ear.retrying(error);
                if !event.is("/data/preserveText") {
                    ear.discard();
                }
            }
            _ => {}
        }
    }

    fn assistant(&mut self, event: Event<'_>, ear: &mut Ear<'_>) {
        let model = event.text("/message/model");
        if model == Some("<synthetic>") || event.is("/is_api_error_message") {
            return;
        }
        ear.model(model);
        let own = event.at("/parent_tool_use_id").is_none();
        for part in event.each("/message/content") {
            match part.kind() {
                "text" if own => {
                    let text = part.text("/text").unwrap_or_default();
                    if !self.is_error_text(text) {
                        ear.message(text);
                    }
                }
                "tool_use" => ear.tool_started(part.text("/id"), part.text("/name")),
                _ => {}
            }
        }
    }

    /// The programs that hand on errors as the model's words put them so. claude does not: there it may well be words.
    fn is_error_text(&self, text: &str) -> bool {
        self.program != Program::Claude && text.starts_with("[API Error:")
    }

    fn rate_limit(&mut self, event: Event<'_>, ear: &mut Ear<'_>) {
        let rejected = event.text("/rate_limit_info/status") == Some("rejected");
        if rejected && !event.is("/rate_limit_info/isUsingOverage") {
            self.reset = event.count("/rate_limit_info/resetsAt").map(Reset::At);
            let window = event.text("/rate_limit_info/rateLimitType");
            let told = format!("usage limit: {}", window.unwrap_or("rejected"));
            ear.error(StreamError::new(Some(429), "", &told).with_reset(self.reset.clone()));
        }
    }

    fn result(&mut self, event: Event<'_>, ear: &mut Ear<'_>) {
        if event.each("/permission_denials").next().is_some() {
            ear.report().refused_tool = true;
        }
        self.count(event, ear.report());
        let text = event.words("/result").or(event.words("/finalText"));
        let subtype = event.text("/subtype");
        let well = !event.is("/is_error")
            && matches!(subtype, None | Some("success"))
            && !text.is_some_and(|text| self.is_error_text(text));
        let error = (!well).then(|| self.told(event, text));
        // A failed attempt to take up a session names the session that is not there.
        let lost = |error: &StreamError| error.class == ErrorClass::Session;
        if !error.as_ref().is_some_and(lost) {
            ear.session(event.text("/session_id").or(event.text("/sessionId")));
        }
        if let Some(error) = error {
            return ear.failure(error);
        }
        ear.success();
        if let Some(text) = text {
            if !ear.spoke() {
                ear.message(text);
            }
            ear.report().last_text = None;
            super::ear::keep_last(ear.report().last_text.get_or_insert_default(), text);
        }
    }

    fn told(&self, event: Event<'_>, text: Option<&str>) -> StreamError {
        let first = event.each("/errors").next().and_then(Event::as_text);
        let subtype = event.text("/subtype").unwrap_or_default();
        let told = event.words("/error/message").or(first).or(text);
        let kinds = [
            "/terminal_reason",
            "/api_error",
            "/api_error_type",
            "/error/type",
        ];
        let kinds: Vec<&str> = kinds.iter().filter_map(|at| event.text(at)).collect();
        let status = event.status("/api_error_status");
        let mut error = StreamError::new(status, &kinds.join(" "), told.unwrap_or(subtype));
        if subtype.contains("max_turns") || subtype.contains("max_budget") {
            error.class = ErrorClass::Limit;
        }
        if error.class == ErrorClass::Quota {
            return error.with_reset(self.reset.clone());
        }
        error
    }

    fn count(&self, event: Event<'_>, report: &mut Report) {
        let main = self.usage(event);
        let nothing = [main.input, main.output]
            .iter()
            .all(|n| n.is_none_or(|n| n == 0));
        let since = "/model_usage_since_last_result";
        report.usage_is_cumulative = self.program == Program::Qwen;
        // The main loop's figures leave out agents below it, and are zero when a budget ended the run.
        if event.at(since).is_none() {
            report.usage = by_model(event, "/modelUsage")
                .filter(|_| nothing)
                .unwrap_or(main);
            report.cost_usd = event.money("/total_cost_usd");
            return;
        }
        let cost: f64 = event
            .values(since)
            .filter_map(|m| m.money("/costUSD"))
            .sum();
        report.cost_usd = Some(report.cost_usd.unwrap_or(0.0) + cost);
        // A run may have several results: each counts from the one before it.
        match by_model(event, since) {
            Some(part) => report.usage = plus(report.usage, part),
            None if report.usage == Usage::default() => report.usage = main,
            None => {}
        }
    }

    fn usage(&self, event: Event<'_>) -> Usage {
        let at = |snake: &str, camel: &str| {
            let count = event.count(&format!("/usage/{snake}"));
            count.or_else(|| event.count(&format!("/usage/{camel}")))
        };
        let input = at("input_tokens", "inputTokens");
        let output = at("output_tokens", "outputTokens");
        let cached = at("cache_read_input_tokens", "cacheReadTokens");
        let written = at("cache_creation_input_tokens", "cacheWriteTokens");
        let whole = input
            .zip(output)
            .map(|(input, output)| input.saturating_add(output));
        let counted = self.program == Program::Qwen
            || (whole.is_some() && whole == event.count("/usage/total_tokens"));
        let apart = [cached, written].into_iter().flatten();
        let apart = apart.filter(|_| !counted).fold(0, u64::saturating_add);
        Usage {
            input: input.map(|input| input.saturating_add(apart)),
            output,
            cached,
        }
    }
}

/// The sum over the models, when there are any.
fn by_model(event: Event<'_>, pointer: &str) -> Option<Usage> {
    let mut models = event.values(pointer).peekable();
    models.peek()?;
    let (mut input, mut output, mut cached) = (0u64, 0u64, 0u64);
    for model in models {
        let at = |name: &str| model.count(name).unwrap_or(0);
        let read = at("/cacheReadInputTokens");
        for part in [at("/inputTokens"), read, at("/cacheCreationInputTokens")] {
            input = input.saturating_add(part);
        }
        output = output.saturating_add(at("/outputTokens"));
        cached = cached.saturating_add(read);
    }
    Some(Usage {
        input: Some(input),
        output: Some(output),
        cached: Some(cached),
    })
}

fn plus(total: Usage, part: Usage) -> Usage {
    let sum = |total: Option<u64>, part: Option<u64>| match (total, part) {
        (Some(total), Some(part)) => Some(total.saturating_add(part)),
        (total, part) => total.or(part),
    };
    Usage {
        input: sum(total.input, part.input),
        output: sum(total.output, part.output),
        cached: sum(total.cached, part.cached),
    }
}

/// cursor: `{"shellToolCall": {…}}`.
fn tool_call(event: Event<'_>, ear: &mut Ear<'_>) {
    let id = event.text("/call_id");
    let name = event.first_key("/tool_call");
    match event.text("/subtype") {
        Some("started") => ear.tool_started(id, name),
        Some("completed") => ear.tool_over(id, name),
        _ => {}
    }
}

fn rounded_up(milliseconds: u64) -> Reset {
    Reset::In(milliseconds.div_ceil(1000))
}
