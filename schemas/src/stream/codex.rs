//! `codex exec --json`: threads, turns, items.
//!
//! Tokens count the whole thread, the runs before this one included. There is no cost and no name of a model. A refused
//! call of a tool does not show at all in most versions.

use super::ear::Ear;
use super::event::Event;
use super::report::StreamError;
use super::{Report, Speaker};
use crate::record::Usage;

pub(super) struct Codex;

impl Speaker for Codex {
    fn event(&mut self, event: Event<'_>, ear: &mut Ear<'_>) {
        match event.kind() {
            "thread.started" => ear.session(event.text("/thread_id")),
            "turn.started" => ear.turn(),
            "item.started" | "item.updated" => item(event, ear, false),
            "item.completed" => item(event, ear, true),
            "turn.completed" => {
                usage(event, ear.report());
                ear.success();
            }
            "turn.failed" => ear.failure(told(event, "/error/message")),
            "error" => {
                let error = told(event, "/message");
                if error.message.starts_with("Reconnecting") {
                    ear.retrying(error);
                } else {
                    ear.error(error);
                }
            }
            _ => {}
        }
    }
}

/// An item of the type `error` is a warning: the turn goes on.
fn item(event: Event<'_>, ear: &mut Ear<'_>, over: bool) {
    let kind = event.text("/item/type").unwrap_or_default();
    let id = event.text("/item/id");
    match kind {
        "agent_message" if over => ear.message(event.text("/item/text").unwrap_or_default()),
        "command_execution" | "file_change" | "mcp_tool_call" | "web_search"
        | "collab_tool_call" => {
            ear.tool_started(id, Some(kind));
            if event.text("/item/status") == Some("declined") {
                ear.report().refused_tool = true;
            }
            if over {
                ear.tool_ended(id);
            }
        }
        _ => {}
    }
}

fn usage(event: Event<'_>, report: &mut Report) {
    report.usage = Usage {
        input: event.count("/usage/input_tokens"),
        output: event.count("/usage/output_tokens"),
        cached: event.count("/usage/cached_input_tokens"),
    };
    report.usage_is_cumulative = true;
}

fn told(event: Event<'_>, pointer: &str) -> StreamError {
    StreamError::new(None, "", event.text(pointer).unwrap_or("the turn failed"))
}
