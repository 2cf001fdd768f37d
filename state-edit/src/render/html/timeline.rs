//! What really ran when: a line for each task, a bar for each attempt.

use std::fmt::Write;
use std::time::Duration;

use schemas::{AttemptResult, VerdictWord, time};

use super::{MANY, escape};
use crate::render::report::{Report, millis};
use crate::render::story::{Attempt, Story};

/// Units from the first attempt's start to the last record.
const WIDTH: f64 = 1000.0;

/// The narrowest bar.
const NARROW: f64 = 5.0;

pub(super) fn draw(page: &mut String, report: &Report) {
    let tasks = report.tasks();
    let stories: Vec<_> = tasks.iter().map(|(id, _)| report.story(id)).collect();
    let begun = stories
        .iter()
        .flat_map(|story| &story.attempts)
        .filter_map(|it| millis(&it.started_at))
        .min();
    let end = report.state.updated_at.as_deref().and_then(millis);
    let Some((begun, end)) = begun.zip(end) else {
        return;
    };
    let span = end.saturating_sub(begun).max(1);
    let (long, many) = if tasks.len() > MANY {
        (" long", " many")
    } else {
        ("", "")
    };
    let _ = write!(
        page,
        "<h2>Timeline</h2>\n<div class=\"card{long}\"><div class=\"times{many}\">\n<div class=\"axis\">"
    );
    for quarter in 0..=4 {
        let _ = write!(
            page,
            "<span>{}</span>",
            time::for_people(Duration::from_millis(span * quarter / 4))
        );
    }
    page.push_str("</div>\n");
    for (at, ((id, _), story)) in tasks.iter().zip(&stories).enumerate() {
        let id = escape(id);
        let _ = write!(
            page,
            "<a href=\"#task-{at}\" title=\"{id}\">{id}</a><svg viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\">"
        );
        for attempt in &story.attempts {
            bar(page, attempt, refused(story, attempt), begun, end, span);
        }
        page.push_str("</svg>\n");
    }
    page.push_str("</div></div>\n");
}

/// Whether the gates did not let its work pass: that its agent called it done is not all.
fn refused(story: &Story, attempt: &Attempt) -> bool {
    let mut gates = story.gates.iter();
    gates.any(|gate| gate.attempt == attempt.attempt && gate.verdict == VerdictWord::Failed)
}

fn bar(page: &mut String, attempt: &Attempt, refused: bool, begun: u64, end: u64, span: u64) {
    let start = millis(&attempt.started_at).unwrap_or(begun);
    let stop = attempt.ended_at.as_deref().and_then(millis).unwrap_or(end);
    let place = |at: u64| WIDTH * at.saturating_sub(begun) as f64 / span as f64;
    let width = (place(stop) - place(start)).max(NARROW);
    let x = place(start).min(WIDTH - width);
    let class = match attempt.result {
        Some(AttemptResult::Done) if refused => "blocked",
        Some(AttemptResult::Done) => "done",
        None | Some(AttemptResult::Question | AttemptResult::Steered) => "wip",
        Some(_) => "blocked",
    };
    let result = attempt
        .result
        .as_ref()
        .map_or_else(|| "running".to_owned(), crate::render::word);
    let gates = if refused { ", gates failed" } else { "" };
    let long = time::for_people(Duration::from_millis(stop.saturating_sub(start)));
    let _ = write!(
        page,
        "<rect class=\"{class}\" x=\"{x:.2}\" y=\"1\" width=\"{width:.2}\" height=\"8\"><title>attempt {}, {}: {result}{gates}, {long}</title></rect>",
        attempt.attempt,
        escape(&attempt.agent)
    );
}
