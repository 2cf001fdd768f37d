//! One task of the page: closed it is a line, open it tells all.

use std::fmt::Write;
use std::time::Duration;

use schemas::{CheckStatus, TaskState, Verification, time};

use super::evidence::Evidence;
use super::{class, escape, grouped};
use crate::render::report::{Report, Standing, standing, why};
use crate::render::story::Story;
use crate::render::word;

/// Most findings of a gate that are listed.
const FINDINGS: usize = 30;

/// Most files that are listed.
const FILES: usize = 40;

pub(super) fn draw(
    page: &mut String,
    report: &Report,
    evidence: &mut Evidence,
    at: usize,
    id: &str,
    task: &TaskState,
) {
    let story = report.story(id);
    let standing = standing(task);
    // A handful is read whole; of many the reader opens what they came for.
    let open = if standing == Standing::Blocked && report.state.tasks.len() <= 12 {
        " open"
    } else {
        ""
    };
    let title = if task.title.is_empty() {
        id
    } else {
        &task.title
    };
    let _ = writeln!(
        page,
        "<details class=\"task {}\" id=\"task-{at}\"{open}>\n<summary><span class=\"id\">{}</span><span class=\"name\">{}</span><span class=\"pill {}\">{}</span>{}</summary>\n<div class=\"body\">",
        class(standing),
        escape(id),
        escape(title),
        class(standing),
        pill(task, standing),
        meta(task, &story)
    );
    said(page, task, standing);
    talk(page, report, id, task);
    attempts(page, &story);
    gates(page, &story, evidence);
    work(page, task, &story, evidence);
    log(page, task, &story, evidence, standing);
    page.push_str("</div>\n</details>\n");
}

fn pill(task: &TaskState, standing: Standing) -> String {
    match standing {
        Standing::Done => "done".to_owned(),
        Standing::Queue => "queued".to_owned(),
        Standing::Wip => task
            .percent
            .map_or_else(|| word(&task.status), |percent| format!("{percent}%")),
        Standing::Blocked if task.outcome.is_some() => word(&task.outcome),
        Standing::Blocked => "waiting".to_owned(),
    }
}

fn meta(task: &TaskState, story: &Story) -> String {
    let mut parts = Vec::new();
    parts.extend(task.project.clone());
    parts.extend(task.phase.as_ref().map(|phase| format!("phase {phase}")));
    parts.extend(task.agent.clone());
    match story.attempts.len() {
        0 | 1 => {}
        many => parts.push(format!("{many} attempts")),
    }
    let worked: u64 = story.attempts.iter().filter_map(|it| it.duration_ms).sum();
    if worked > 0 {
        parts.push(time::for_people(Duration::from_millis(worked)));
    }
    if task.verification != Verification::None {
        parts.push(format!("gates {}", word(&task.verification)));
    }
    parts.extend(task.cost_usd.map(|cost| format!("${cost:.2}")));
    if parts.is_empty() {
        return String::new();
    }
    format!(
        "<span class=\"meta\">{}</span>",
        escape(&parts.join(" \u{b7} "))
    )
}

fn said(page: &mut String, task: &TaskState, standing: Standing) {
    if standing == Standing::Blocked {
        let _ = writeln!(page, "<p><b>{}</b></p>", escape(&why(task)));
    }
    for (name, text) in [("", &task.summary), ("Concerns: ", &task.concerns)] {
        if let Some(text) = text {
            let _ = writeln!(page, "<p>{name}{}</p>", escape(text));
        }
    }
    if standing == Standing::Wip
        && let Some(message) = &task.message
    {
        let _ = writeln!(page, "<p>{}</p>", escape(message));
    }
}

fn talk(page: &mut String, report: &Report, id: &str, task: &TaskState) {
    let questions: Vec<_> = report
        .state
        .questions
        .iter()
        .filter(|question| question.task == id)
        .collect();
    if questions.is_empty() && task.steering.is_empty() {
        return;
    }
    page.push_str("<h3>Said</h3><ul>\n");
    for question in questions {
        let answer = question
            .answer
            .as_deref()
            .map_or("<i>no answer yet</i>".to_owned(), escape);
        let _ = writeln!(
            page,
            "<li>{} \u{2014} {answer}</li>",
            escape(&question.text)
        );
    }
    for text in &task.steering {
        let _ = writeln!(page, "<li>told: {}</li>", escape(text));
    }
    page.push_str("</ul>\n");
}

fn attempts(page: &mut String, story: &Story) {
    if story.attempts.is_empty() {
        return;
    }
    page.push_str("<h3>Attempts</h3><div class=\"scroll\"><table><tr><th>#</th><th>agent</th><th>result</th><th>took</th><th>cost</th><th>tokens</th>");
    // Where nothing went wrong the column would only push the others out of a phone.
    let any = story.attempts.iter().any(|it| it.reason.is_some());
    page.push_str(if any {
        "<th>why</th></tr>\n"
    } else {
        "</tr>\n"
    });
    for attempt in &story.attempts {
        let took = attempt.duration_ms.map_or_else(
            || "\u{2014}".to_owned(),
            |ms| time::for_people(Duration::from_millis(ms)),
        );
        let cost = attempt
            .cost_usd
            .map_or_else(|| "\u{2014}".to_owned(), |cost| format!("${cost:.2}"));
        let tokens = attempt
            .tokens
            .map_or_else(|| "\u{2014}".to_owned(), grouped);
        let result = attempt
            .result
            .as_ref()
            .map_or_else(|| "running".to_owned(), word);
        let why = match any {
            true => format!(
                "<td class=\"w\">{}</td>",
                escape(attempt.reason.as_deref().unwrap_or_default())
            ),
            false => String::new(),
        };
        let _ = writeln!(
            page,
            "<tr><td class=\"n\">{}</td><td class=\"k\">{}</td><td class=\"k\">{result}</td><td class=\"n\">{took}</td><td class=\"n\">{cost}</td><td class=\"n\">{tokens}</td>{why}</tr>",
            attempt.attempt,
            escape(&attempt.agent),
        );
    }
    page.push_str("</table></div>\n");
}

fn gates(page: &mut String, story: &Story, evidence: &mut Evidence) {
    let Some(last) = story.gates.last() else {
        return;
    };
    let passed = if word(&last.verdict) == "passed" {
        "done"
    } else {
        "blocked"
    };
    let rounds = if story.gates.len() > 1 {
        format!(" after {} rounds", story.gates.len())
    } else {
        String::new()
    };
    let _ = writeln!(
        page,
        "<h3>Gates</h3><p><span class=\"pill {passed}\">{}</span>{rounds} {}</p>",
        word(&last.verdict),
        escape(last.reason.as_deref().unwrap_or_default())
    );
    let Some(verdict) = last
        .verdict_file
        .as_deref()
        .and_then(|file| evidence.verdict(file))
    else {
        return;
    };
    page.push_str("<ul>\n");
    let mut room = FINDINGS;
    for check in &verdict.checks {
        let reason = check
            .reason
            .as_ref()
            .map_or(String::new(), |reason| format!(": {}", escape(reason)));
        let _ = writeln!(
            page,
            "<li>{} <b>{}</b>{reason}",
            escape(&check.name),
            word(&check.status)
        );
        if !check.findings.is_empty() {
            page.push_str("<ul>\n");
            for finding in check.findings.iter().take(room) {
                let place = match (&finding.file, finding.line) {
                    (Some(file), Some(line)) => format!("<code>{}:{line}</code> ", escape(file)),
                    (Some(file), None) => format!("<code>{}</code> ", escape(file)),
                    _ => String::new(),
                };
                let _ = writeln!(
                    page,
                    "<li>{}: {place}{}</li>",
                    escape(&finding.severity),
                    escape(&finding.message)
                );
            }
            room = room.saturating_sub(check.findings.len());
            page.push_str("</ul>");
        }
        if check.status != CheckStatus::Passed
            && let Some(tail) = check
                .output_tail
                .as_deref()
                .filter(|tail| !tail.trim().is_empty())
        {
            let tail = schemas::terminal::plain(tail.as_bytes());
            let _ = writeln!(page, "{}", end_of(&tail));
        }
        page.push_str("</li>\n");
    }
    page.push_str("</ul>\n");
}

fn work(page: &mut String, task: &TaskState, story: &Story, evidence: &mut Evidence) {
    let place = task.workspaces.first();
    let diff = place.and_then(|place| evidence.diff(place, story));
    if diff.is_none() && task.files.is_empty() && story.merged.is_none() {
        return;
    }
    page.push_str("<h3>Work</h3>\n");
    if let Some((commit, how)) = &story.merged {
        let short: String = commit.chars().take(12).collect();
        let target = place
            .and_then(|place| place.target.as_deref())
            .unwrap_or("the target");
        let _ = writeln!(
            page,
            "<p>in {} by {}: <code>{}</code></p>",
            escape(target),
            escape(how),
            escape(&short)
        );
    }
    if let Some(files) = diff {
        let (added, removed) = files
            .iter()
            .fold((0, 0), |(a, r), file| (a + file.added, r + file.removed));
        let _ = writeln!(
            page,
            "<p>{} files, +{added} \u{2212}{removed}</p><div class=\"scroll\"><table>",
            files.len()
        );
        for file in files.iter().take(FILES) {
            let _ = writeln!(
                page,
                "<tr><td class=\"n\">+{}</td><td class=\"n\">\u{2212}{}</td><td class=\"w\"><code>{}</code></td></tr>",
                file.added,
                file.removed,
                escape(&file.name)
            );
        }
        page.push_str("</table></div>\n");
    } else if !task.files.is_empty() {
        let shown: Vec<String> = task
            .files
            .iter()
            .take(FILES)
            .map(|file| format!("<code>{}</code>", escape(file)))
            .collect();
        let more = task.files.len().saturating_sub(FILES);
        let rest = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        let _ = writeln!(page, "<p>wrote {}{rest}</p>", shown.join(", "));
    }
}

fn log(
    page: &mut String,
    task: &TaskState,
    story: &Story,
    evidence: &mut Evidence,
    standing: Standing,
) {
    let file = story
        .attempts
        .iter()
        .rev()
        .find_map(|it| it.log_file.as_deref())
        .or(task.log_file.as_deref());
    let Some((file, tail)) =
        file.and_then(|file| Some((file, evidence.tail(file, standing != Standing::Done)?)))
    else {
        return;
    };
    let _ = writeln!(
        page,
        "<h3>End of <code>{}</code></h3>{}",
        escape(file),
        end_of(&tail)
    );
}

/// A text that is seen from its end: what went wrong stands there. Its box begins at the bottom without a script.
fn end_of(text: &str) -> String {
    format!("<div class=\"tail\"><pre>{}</pre></div>", escape(text))
}
