//! `gemini -o stream-json`: an assistant's message comes in deltas and ends with the next event of another kind.
//!
//! Tokens count this run. There is no cost. While the program tries again it says so on stderr only, and what it had said
//! before stands in the stream once for every try.

use super::Speaker;
use super::ear::Ear;
use super::event::Event;
use super::report::StreamError;
use crate::record::Usage;

#[derive(Default)]
pub(super) struct Gemini {
    /// The last error told of apart: the result may lack its own.
    error: Option<String>,
}

impl Speaker for Gemini {
    fn event(&mut self, event: Event<'_>, ear: &mut Ear<'_>) {
        match event.kind() {
            "init" => {
                ear.session(event.text("/session_id"));
                ear.model(event.text("/model"));
            }
            "message" if event.text("/role") == Some("assistant") => {
                let text = event.text("/content").unwrap_or_default();
                if event.is("/delta") {
                    ear.text(text);
                } else {
                    ear.message(text);
                }
            }
            "message" => ear.end_message(),
            "tool_use" => ear.tool_started(event.text("/tool_id"), event.text("/tool_name")),
            "tool_result" => {
                let kind = event.text("/error/type").unwrap_or_default();
                let kind = kind.to_ascii_lowercase();
                if kind.contains("policy") || kind.contains("denied_by_user") {
                    ear.report().refused_tool = true;
                }
                ear.tool_ended(event.text("/tool_id"));
            }
            "error" if event.text("/severity") != Some("warning") => {
                self.error = event.words("/message").map(str::to_owned);
                let told = self.error.as_deref().unwrap_or("error");
                ear.error(StreamError::new(None, "", told));
            }
            "result" => self.result(event, ear),
            _ => {}
        }
    }
}

impl Gemini {
    fn result(&mut self, event: Event<'_>, ear: &mut Ear<'_>) {
        ear.report().usage = Usage {
            input: event.count("/stats/input_tokens"),
            output: event.count("/stats/output_tokens"),
            cached: event.count("/stats/cached"),
        };
        if event.text("/status") == Some("success") {
            return ear.success();
        }
        let kind = event.text("/error/type").unwrap_or_default();
        let told = event.words("/error/message").or(self.error.as_deref());
        ear.failure(StreamError::new(
            None,
            kind,
            told.unwrap_or("no reason given"),
        ));
    }
}
