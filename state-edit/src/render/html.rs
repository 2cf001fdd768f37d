//! A run as one page: no network, no script, readable on a phone, in light and dark.
//!
//! Everything that comes from plans and agents goes through [`escape`]; the page's own policy forbids whatever might get
//! past it: nothing may be loaded, nothing may run.

mod evidence;
mod task;
mod timeline;

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use schemas::time;

use super::report::{Report, Standing, millis};
use crate::edit::waiting_for_approval;

const STYLE: &str = include_str!("html/style.css");

/// So many tasks, and the timeline takes less room for each.
const MANY: usize = 60;

/// Draws the page; logs and verdicts are read from the run directory.
pub(super) fn draw(report: &Report, dir: &Path) -> String {
    let name = report.name();
    let name = if name.is_empty() { "Run" } else { name };
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{} \u{2014} {}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n",
        escape(name),
        report.state.status.as_str().replace('_', " ")
    );
    head(&mut page, report, name);
    waiting(&mut page, report);
    timeline::draw(&mut page, report);
    tasks(&mut page, report, dir);
    story(&mut page, report);
    let at = report
        .state
        .updated_at
        .as_deref()
        .map_or_else(|| "-".to_owned(), super::seconds);
    let _ = writeln!(
        page,
        "<footer>Drawn by state-edit from the journal up to record {}, {}.</footer>\n</body>\n</html>",
        report.state.last_seq,
        escape(&at)
    );
    page
}

fn head(page: &mut String, report: &Report, name: &str) {
    let state = &report.state;
    let counts = report.standings();
    let total: u32 = counts.iter().sum();
    let class = match state.status {
        schemas::RunStatus::Completed => "done",
        schemas::RunStatus::Blocked | schemas::RunStatus::RevisionNeeded => "blocked",
        schemas::RunStatus::Ready => "queue",
        _ => "wip",
    };
    let status = state.status.as_str().replace('_', " ");
    let _ = write!(
        page,
        "<header class=\"card\">\n<h1>{}</h1>\n<p class=\"soft\"><span class=\"id\">{}</span> <span class=\"pill {class}\">{status}</span>{}</p>\n",
        escape(name),
        escape(&state.run),
        if state.held {
            " <span class=\"pill wip\">held</span>"
        } else {
            ""
        }
    );
    let names = ["done", "wip", "queue", "blocked"];
    let words = ["done", "in flight", "queued", "blocked"];
    page.push_str("<svg class=\"bar\" viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"progress\">");
    let mut x = 0.0;
    for (name, count) in names.iter().zip(counts) {
        let width = 1000.0 * f64::from(count) / f64::from(total.max(1));
        let _ = write!(
            page,
            "<rect class=\"{name}\" x=\"{x:.2}\" y=\"0\" width=\"{width:.2}\" height=\"10\"/>"
        );
        x += width;
    }
    page.push_str("</svg>\n<div class=\"counts\">");
    for ((name, word), count) in names.iter().zip(words).zip(counts) {
        let _ = write!(
            page,
            "<span class=\"count {name}\"><b>{count}</b> {word}</span> "
        );
    }
    page.push_str("</div>\n<div class=\"facts\">");
    let tokens = state
        .totals
        .tokens
        .map_or_else(|| "unknown".to_owned(), grouped);
    let cost = state
        .totals
        .cost_usd
        .map_or_else(|| "unknown".to_owned(), |cost| format!("${cost:.2}"));
    // `2026-01-01 12:00`
    let started = state
        .started_at
        .as_deref()
        .and_then(|at| at.get(..16))
        .unwrap_or("-");
    let started = started.replace('T', " ");
    let facts = [
        ("tasks done", format!("{} of {total}", counts[0])),
        (
            "elapsed",
            time::for_people(Duration::from_millis(report.elapsed_ms())),
        ),
        ("attempts", state.totals.attempts.to_string()),
        ("cost", cost),
        ("tokens", tokens),
        ("started (UTC)", started),
    ];
    for (name, value) in facts {
        let _ = write!(
            page,
            "<div><b>{}</b><span>{name}</span></div>",
            escape(&value)
        );
    }
    page.push_str("</div>\n</header>\n");
}

/// What a person must do, with the command for it.
fn waiting(page: &mut String, report: &Report) {
    let state = &report.state;
    let questions: Vec<_> = state.open_questions().collect();
    let approvals = waiting_for_approval(state);
    if questions.is_empty() && approvals.is_empty() {
        return;
    }
    page.push_str("<h2>Waiting for you</h2>\n");
    for question in questions {
        let (task, text) = (escape(&question.task), escape(&question.text));
        let _ = writeln!(
            page,
            "<div class=\"card wait\"><p><span class=\"id\">{task}</span> asks: {text}</p><code>state-edit answer {task} \u{2026}</code></div>"
        );
    }
    for what in approvals {
        let what = escape(what);
        let _ = writeln!(
            page,
            "<div class=\"card wait\"><p><span class=\"id\">{what}</span> waits for an approval</p><code>state-edit approve {what}</code></div>"
        );
    }
}

fn tasks(page: &mut String, report: &Report, dir: &Path) {
    let tasks = report.tasks();
    if tasks.is_empty() {
        return;
    }
    page.push_str("<h2>Tasks</h2>\n");
    let [done, wip, queue, blocked] = report.standings();
    page.push_str("<fieldset class=\"filter\" aria-label=\"which tasks\">");
    let filters = [
        ("all", "all", tasks.len() as u32),
        ("blocked", "blocked", blocked),
        ("wip", "in flight", wip),
        ("queue", "queued", queue),
        ("done", "done", done),
    ];
    for (id, word, count) in filters
        .iter()
        .filter(|(id, _, count)| *id == "all" || *count > 0)
    {
        let checked = if *id == "all" { " checked" } else { "" };
        let _ = write!(
            page,
            "<label><input type=\"radio\" name=\"f\" id=\"f-{id}\"{checked}> {word} ({count})</label> "
        );
    }
    page.push_str("</fieldset>\n");
    let mut evidence = evidence::Evidence::of(dir, tasks.len());
    for (at, (id, state)) in tasks.into_iter().enumerate() {
        task::draw(page, report, &mut evidence, at, id, state);
    }
}

fn story(page: &mut String, report: &Report) {
    if report.events.is_empty() {
        return;
    }
    let first = report
        .state
        .started_at
        .as_deref()
        .and_then(millis)
        .unwrap_or(0);
    page.push_str("<h2>What happened</h2>\n<div class=\"card\"><ul class=\"story\">\n");
    for (time, event) in &report.events {
        let after = millis(time).unwrap_or(first).saturating_sub(first);
        let _ = writeln!(
            page,
            "<li><span class=\"soft\" title=\"{}\">+{}</span><span>{}</span></li>",
            escape(time),
            time::for_people(Duration::from_millis(after)),
            escape(event)
        );
    }
    page.push_str("</ul></div>\n");
}

/// The class of a standing.
fn class(standing: Standing) -> &'static str {
    match standing {
        Standing::Done => "done",
        Standing::Wip => "wip",
        Standing::Queue => "queue",
        Standing::Blocked => "blocked",
    }
}

/// `12 345 678`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// Text as text: in an element or in an attribute in double quotes. Characters that turn the direction of what follows, or
/// steer a terminal, are shown as what they are not.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in schemas::printable(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}
