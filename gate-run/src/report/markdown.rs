//! Markdown, for the page of a run or a comment.

use schemas::{Check, CheckStatus, Verdict};

use super::place;
use crate::verdict;

/// Most findings that are listed one by one.
const SHOWN: usize = 50;

/// The whole report.
pub(super) fn text(verdict: &Verdict) -> String {
    let mut text = format!("## gate-run: {}\n\n", verdict::word(verdict.verdict));
    text.push_str("| | check | kind | time | |\n|---|---|---|--:|---|\n");
    for check in &verdict.checks {
        text.push_str(&format!(
            "| {} {} | {} | {} | {} | {} |\n",
            sign(check.status),
            verdict::status_word(check.status),
            escaped(&check.name),
            escaped(&check.kind),
            time(check),
            escaped(check.reason.as_deref().unwrap_or_default()),
        ));
    }
    let all: Vec<_> = verdict
        .checks
        .iter()
        .flat_map(|check| check.findings.iter().map(move |finding| (check, finding)))
        .collect();
    if !all.is_empty() {
        text.push_str("\n### Findings\n\n");
    }
    for (check, finding) in all.iter().take(SHOWN) {
        let place = place(finding)
            .map(|place| format!("{}: ", escaped(&place)))
            .unwrap_or_default();
        let rule = finding
            .rule
            .as_ref()
            .map(|rule| format!(" ({})", escaped(rule)))
            .unwrap_or_default();
        let message = finding.message.lines().next().unwrap_or_default();
        text.push_str(&format!(
            "- **{}** {}: {place}{}{rule}\n",
            escaped(&finding.severity),
            escaped(&check.name),
            escaped(message)
        ));
    }
    if all.len() > SHOWN {
        text.push_str(&format!("- and {} more\n", all.len() - SHOWN));
    }
    text
}

fn sign(status: CheckStatus) -> &'static str {
    match status {
        CheckStatus::Passed | CheckStatus::Leaked => "✅",
        CheckStatus::Failed | CheckStatus::TimedOut => "❌",
        CheckStatus::Warned => "⚠️",
        CheckStatus::Infrastructure => "💥",
        CheckStatus::Manual => "👤",
        CheckStatus::Skipped => "⏭️",
    }
}

fn time(check: &Check) -> String {
    if check.cached == Some(true) {
        return "cached".to_owned();
    }
    schemas::time::for_people(std::time::Duration::from_millis(check.duration_ms))
}

/// Text from outside, which is no markup here.
fn escaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in schemas::printable(text).chars() {
        match c {
            '\n' | '\t' => plain.push(' '),
            '<' => plain.push_str("&lt;"),
            '>' => plain.push_str("&gt;"),
            '&' => plain.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '!' | '@' => {
                plain.extend(['\\', c]);
            }
            c => plain.push(c),
        }
    }
    plain
}
