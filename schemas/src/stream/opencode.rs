//! `opencode run --format json`: finished parts of messages, and nothing before the first of them.
//!
//! Tokens and cost come with every step and are added up; they count this run. The last step's reason is the only result.

use super::ear::Ear;
use super::event::Event;
use super::report::StreamError;
use super::{Report, Reset, Speaker};

pub(super) struct Opencode;

impl Speaker for Opencode {
    fn event(&mut self, event: Event<'_>, ear: &mut Ear<'_>) {
        ear.session(event.text("/sessionID"));
        match event.kind() {
            "step_start" => ear.turn(),
            "text" => ear.message(event.text("/part/text").unwrap_or_default()),
            "tool_use" => tool(event, ear),
            "step_finish" => {
                count(event, ear.report());
                if event.text("/part/reason") == Some("stop") {
                    ear.success();
                }
            }
            "error" => ear.failure(told(event)),
            "done" if event.each("/rejected").next().is_some() => {
                ear.report().refused_tool = true;
            }
            _ => {}
        }
    }
}

fn tool(event: Event<'_>, ear: &mut Ear<'_>) {
    let (id, name) = (event.text("/part/callID"), event.text("/part/tool"));
    match event.text("/part/state/status") {
        Some("pending" | "running") => ear.tool_started(id, name),
        _ => ear.tool_over(id, name),
    }
    let error = event.text("/part/state/error").unwrap_or_default();
    if error.contains("rejected permission") || error.contains("a rule which prevents you") {
        ear.report().refused_tool = true;
    }
}

/// What was read apart from the cache and what was written apart from reasoning: together they are what others report.
fn count(event: Event<'_>, report: &mut Report) {
    let at = |name: &str| event.count(&format!("/part/tokens/{name}"));
    let (read, write) = (at("cache/read"), at("cache/write"));
    add(&mut report.usage.input, sum(&[at("input"), read, write]));
    add(
        &mut report.usage.output,
        sum(&[at("output"), at("reasoning")]),
    );
    add(&mut report.usage.cached, read);
    if let Some(cost) = event.money("/part/cost") {
        report.cost_usd = Some(report.cost_usd.unwrap_or(0.0) + cost);
    }
}

/// Unknown when the first is.
fn sum(parts: &[Option<u64>]) -> Option<u64> {
    let first = *parts.first()?;
    let rest = parts.iter().skip(1).flatten();
    rest.fold(first, |total, part| {
        total.map(|total| total.saturating_add(*part))
    })
}

fn add(total: &mut Option<u64>, part: Option<u64>) {
    if let Some(part) = part {
        *total = Some(total.unwrap_or(0).saturating_add(part));
    }
}

fn told(event: Event<'_>) -> StreamError {
    let data = "/error/data";
    let name = event.text("/error/name").unwrap_or_default();
    let message = event.words(&format!("{data}/message")).unwrap_or(name);
    let status = event.status(&format!("{data}/statusCode"));
    let after = event.text(&format!("{data}/responseHeaders/retry-after"));
    StreamError::new(status, name, message).with_reset(after.and_then(Reset::after))
}
