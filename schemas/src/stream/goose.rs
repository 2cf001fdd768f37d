//! `goose run --output-format stream-json`: messages in deltas that share an id; a banner may come first.
//!
//! The session's id is not in the stream. Tokens come with the end and count the session.

use super::Speaker;
use super::ear::Ear;
use super::event::Event;
use super::report::StreamError;

#[derive(Default)]
pub(super) struct Goose {
    /// The message that deltas belong to.
    message: Option<String>,
}

impl Speaker for Goose {
    fn event(&mut self, event: Event<'_>, ear: &mut Ear<'_>) {
        match event.kind() {
            "message" => self.message(event, ear),
            "error" => {
                let told = event.words("/error").unwrap_or("no reason given");
                ear.failure(StreamError::new(None, "", told));
            }
            "complete" => complete(event, ear),
            _ => {}
        }
    }
}

impl Goose {
    fn message(&mut self, event: Event<'_>, ear: &mut Ear<'_>) {
        let assistant = event.text("/message/role") == Some("assistant");
        let id = event.text("/message/id");
        if !assistant || id.is_none() || id != self.message.as_deref() {
            ear.end_message();
        }
        self.message = id.map(str::to_owned);
        for part in event.each("/message/content") {
            match part.kind() {
                "text" if assistant => ear.text(part.text("/text").unwrap_or_default()),
                "toolRequest" => {
                    let name = part.text("/toolCall/value/name");
                    ear.tool_started(part.text("/id"), name.or(part.text("/toolCall/name")));
                }
                "toolResponse" => answer(part, ear),
                _ => {}
            }
        }
    }
}

fn answer(part: Event<'_>, ear: &mut Ear<'_>) {
    let error = part.text("/toolResult/error").unwrap_or_default();
    let first = part.text("/toolResult/value/0/text");
    let first = first.or(part.text("/toolResult/value/content/0/text"));
    let refused = |text: &str| text.starts_with("The user has declined to run this tool");
    if refused(error) || first.is_some_and(refused) {
        ear.report().refused_tool = true;
    }
    ear.tool_ended(part.text("/id"));
}

/// It completes after an error, too.
fn complete(event: Event<'_>, ear: &mut Ear<'_>) {
    let report = ear.report();
    report.usage.input = event.count("/input_tokens");
    report.usage.output = event.count("/output_tokens");
    report.usage_is_cumulative = report.usage.input.is_some();
    if report.is_success != Some(false) {
        ear.success();
    }
}
