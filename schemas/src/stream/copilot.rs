//! `copilot --output-format json`: an envelope with some twenty kinds of events.
//!
//! The session's id comes with the last line only. There is no cost in money; tokens written come with each message where
//! they come at all, and are added up. After an abort the result still says that all went well.

use super::Speaker;
use super::ear::Ear;
use super::event::Event;
use super::report::StreamError;

#[derive(Default)]
pub(super) struct Copilot {
    aborted: Option<String>,
}

impl Speaker for Copilot {
    fn event(&mut self, event: Event<'_>, ear: &mut Ear<'_>) {
        let call = event.text("/data/toolCallId");
        match event.kind() {
            "session.start" | "session.resume" => ear.session(event.text("/data/sessionId")),
            "assistant.message" => said(event, ear),
            "tool.execution_start" => ear.tool_started(call, event.text("/data/toolName")),
            "tool.execution_complete" => {
                if event.text("/data/error/code") == Some("denied") {
                    ear.report().refused_tool = true;
                }
                ear.tool_ended(call);
            }
            "model.call_failure" => {
                let message = event.text("/data/errorMessage").unwrap_or_default();
                let status = event.status("/data/statusCode");
                ear.retrying(StreamError::new(status, "", message));
            }
            "session.error" => {
                let kind = event.text("/data/errorType").unwrap_or_default();
                let message = event.words("/data/message").unwrap_or(kind);
                ear.error(StreamError::new(
                    event.status("/data/statusCode"),
                    kind,
                    message,
                ));
            }
            "abort" => {
                let reason = event.text("/data/reason").unwrap_or("aborted");
                self.aborted = Some(reason.to_owned());
            }
            "result" => self.result(event, ear),
            _ => {}
        }
    }
}

/// The words of an agent below this one are its own affair.
fn said(event: Event<'_>, ear: &mut Ear<'_>) {
    ear.model(event.text("/data/model"));
    if let Some(tokens) = event.count("/data/outputTokens") {
        let output = &mut ear.report().usage.output;
        *output = Some(output.unwrap_or(0).saturating_add(tokens));
    }
    if event.at("/data/parentToolCallId").is_none() {
        ear.message(event.text("/data/content").unwrap_or_default());
    }
}

impl Copilot {
    fn result(&mut self, event: Event<'_>, ear: &mut Ear<'_>) {
        ear.session(event.text("/sessionId"));
        let code = event.count("/exitCode");
        match (&self.aborted, code) {
            (None, Some(0)) => ear.success(),
            (Some(reason), _) => ear.failure(StreamError::new(None, "", reason)),
            (None, _) => {
                let told = ear.report().error.take();
                let code = code.map_or_else(
                    || "no exit code".to_owned(),
                    |code| format!("exit code {code}"),
                );
                ear.failure(told.unwrap_or_else(|| StreamError::new(None, "", &code)));
            }
        }
    }
}
