//! `watch`: the run in the terminal as it goes.

use std::fmt::Write;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::termios::tcgetwinsize;
use schemas::document::Reader;
use schemas::journal::Journal;
use schemas::terminal::cut;
use schemas::{Body, Exit, Failure, TaskState, TaskStatus, compare_ids, document, time};

use super::plan::PlanView;
use super::report::{Report, Standing, millis, standing};
use super::words;
use crate::cli::Live;
use crate::columns::columns;
use crate::edit::waiting_for_approval;
use crate::table::clean;
use crate::watch::Watch;

/// Between two frames: the clock in it goes on where nothing happens.
const FRAME: Duration = Duration::from_secs(1);

/// Runs `watch`.
pub(crate) fn watch(dir: &Path, args: &Live) -> Result<Exit, Failure> {
    let size = tcgetwinsize(std::io::stdout()).map_err(|_| {
        Failure::usage("watch draws on a terminal, and stdout is none")
            .help("state-edit log --follow has the records as they come")
    })?;
    let (mut height, mut width) = (usize::from(size.ws_row), usize::from(size.ws_col));
    let mut report = Report::new(PlanView::read(args.plan.as_deref())?);
    // Before the first look, so that what is written after it ends the wait.
    let changes = Watch::on(dir);
    let mut journal = Journal::open_history(dir)?;
    let mut drawn = 0;
    loop {
        let mut finished = false;
        for record in journal.read_new()? {
            report.step(&record);
            finished = matches!(record.body, Body::RunFinished { .. });
        }
        report.finish();
        if let Ok(size) = tcgetwinsize(std::io::stdout()) {
            (height, width) = (usize::from(size.ws_row), usize::from(size.ws_col));
        }
        let frame = frame(&report, height.max(8), width.max(40), SystemTime::now());
        // Over the last frame: what was on the terminal before stays above.
        let back = if drawn > 0 {
            format!("\u{1b}[{drawn}A\r\u{1b}[J")
        } else {
            String::new()
        };
        drawn = frame.lines().count();
        if document::write_text(format!("{back}{frame}").as_bytes())? == Reader::Gone
            || finished
            || !changes.wait(Some(FRAME))
        {
            return Ok(Exit::Yes);
        }
    }
}

/// One frame of at most `height - 1` lines.
fn frame(report: &Report, height: usize, width: usize, now: SystemTime) -> String {
    let state = &report.state;
    let mut lines = Vec::new();
    let name = clean(report.name());
    let over = state
        .tasks
        .values()
        .all(|task| task.status == TaskStatus::Settled);
    let begun = state.started_at.as_deref().and_then(time::parse);
    let running = begun
        .and_then(|begun| now.duration_since(begun).ok())
        .filter(|_| !over);
    let elapsed = running.unwrap_or(Duration::from_millis(report.elapsed_ms()));
    let held = if state.held { ", held" } else { "" };
    lines.push(format!(
        "{name} \u{25ba} {}{held} | {}",
        state.status.as_str(),
        time::for_people(elapsed)
    ));
    lines.push(bar(report, width));
    lines.push(String::new());
    let mut waits: Vec<String> = Vec::new();
    for question in state.open_questions() {
        waits.push(format!(
            "{} asks: {}",
            clean(&question.task),
            clean(&question.text)
        ));
    }
    waits.extend(
        waiting_for_approval(state)
            .into_iter()
            .map(|what| format!("{} waits for an approval", clean(what))),
    );
    waits.truncate(height / 3);
    let below = waits.len() + usize::from(!waits.is_empty());
    let room = height.saturating_sub(1 + lines.len() + below);
    lines.extend(rows(report, room));
    if !waits.is_empty() {
        lines.push(String::new());
        lines.extend(waits);
    }
    lines.truncate(height - 1);
    lines
        .iter()
        .map(|line| format!("{}\n", cut(line, width - 1)))
        .collect()
}

/// `████████▒▒░░░░ 12/40, 3 in flight, 1 blocked, $1.20`
fn bar(report: &Report, width: usize) -> String {
    let [done, wip, queue, blocked] = report.standings();
    let total = done + wip + queue + blocked;
    let columns = (width / 3).clamp(10, 40);
    let part = |count: u32| {
        (count as usize * columns)
            .checked_div(total as usize)
            .unwrap_or(0)
    };
    let (full, half) = (part(done + blocked), part(wip));
    let rest = columns.saturating_sub(full + half);
    let mut text = format!(
        "{}{}{} {done}/{total}",
        "\u{2588}".repeat(full),
        "\u{2592}".repeat(half),
        "\u{2591}".repeat(rest)
    );
    for (count, word) in [(wip, "in flight"), (queue, "queued"), (blocked, "blocked")] {
        if count > 0 {
            let _ = write!(text, ", {count} {word}");
        }
    }
    if let Some(cost) = report.state.totals.cost_usd {
        let _ = write!(text, ", ${cost:.2}");
    }
    text
}

/// The tasks that matter most now, as many as there is room for.
fn rows(report: &Report, room: usize) -> Vec<String> {
    let mut tasks = report.tasks();
    let settled = |task: &TaskState| task.settled_at.as_deref().and_then(millis).unwrap_or(0);
    tasks.sort_by(|(a, x), (b, y)| {
        let by_standing = urgency(x).cmp(&urgency(y));
        by_standing
            .then_with(|| settled(y).cmp(&settled(x)))
            .then_with(|| compare_ids(a, b))
    });
    // The head, and the line that tells of those that are left out.
    let shown = match tasks.len() < room {
        true => tasks.len(),
        false => room.saturating_sub(2),
    };
    let left = tasks.len() - shown;
    let mut cells = vec![words::HEAD.map(str::to_owned).to_vec()];
    cells.extend(
        tasks
            .iter()
            .take(shown)
            .map(|(id, task)| words::row(report, id, task)),
    );
    let mut lines: Vec<String> = columns(&cells, &[5]).lines().map(str::to_owned).collect();
    if left > 0 {
        lines.push(format!("\u{2026} and {left} more"));
    }
    lines
}

fn urgency(task: &TaskState) -> u8 {
    match (standing(task), task.status) {
        (_, TaskStatus::Waiting) => 0,
        (Standing::Wip, _) => 1,
        (Standing::Blocked, _) => 2,
        (Standing::Done, _) => 3,
        (Standing::Queue, _) => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::Record;

    fn run(tasks: usize) -> Report {
        let labels: Vec<_> = (0..tasks).map(|n| serde_json::json!({"id": format!("t{n}"), "title": "\u{1b}[2J wide 表表表 title"})).collect();
        let records = [
            serde_json::json!({"type": "run-started", "planId": "p", "seed": 1, "mark": "m", "pid": 1, "jobs": 2, "containment": "group", "tasks": labels}),
            serde_json::json!({"type": "task-ready", "task": "t1", "attempt": 1, "terminal": "x"}),
            serde_json::json!({"type": "question", "task": "t2", "attempt": 1, "text": "which\nof them?"}),
            serde_json::json!({"type": "attempt-finished", "task": "t2", "attempt": 1, "result": "question", "durationMs": 5}),
            serde_json::json!({"type": "task-settled", "task": "t3", "outcome": "failed", "verification": "none"}),
            serde_json::json!({"type": "task-settled", "task": "t4", "outcome": "succeeded", "verification": "none"}),
        ];
        let mut report = Report::new(PlanView::default());
        for (seq, mut record) in (1..).zip(records) {
            record["seq"] = seq.into();
            record["time"] = "2026-01-01T12:00:00.000Z".into();
            report.step(&Record::parse(&record.to_string()).unwrap());
        }
        report.finish();
        report
    }

    #[test]
    fn a_frame_fits_its_terminal_and_cannot_steer_it() {
        let now = time::parse("2026-01-01T12:01:00Z").unwrap();
        for tasks in [5, 500] {
            for (height, width) in [(8, 40), (24, 80), (60, 200)] {
                let frame = frame(&run(tasks), height, width, now);
                assert!(frame.lines().count() < height, "{frame}");
                assert!(!frame.contains('\u{1b}'));
                let columns = |line: &str| unicode_width::UnicodeWidthStr::width(line);
                assert!(frame.lines().all(|line| columns(line) < width), "{frame}");
                assert!(frame.contains("t2 asks: which of them?"), "{frame}");
            }
        }
    }

    #[test]
    fn what_matters_now_comes_first() {
        let rows = rows(&run(500), 6);
        let firsts: Vec<&str> = rows[1..5]
            .iter()
            .filter_map(|row| row.split(' ').next())
            .collect();
        assert_eq!(firsts, ["t2", "t1", "t3", "t4"], "{rows:?}");
        assert_eq!(rows[5], "\u{2026} and 496 more");
    }
}
