//! Tasks in rows, whatever the width of the terminal.

use std::time::{Duration, Instant};

use schemas::compare_ids;
use schemas::terminal::{cut, one_line};
use unicode_width::UnicodeWidthStr;

use crate::task::Task;

/// How rows look.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    /// The most that a line may take.
    pub(crate) columns: usize,
    /// The most lines that there may be.
    pub(crate) rows: usize,
    /// With bars; else with a header.
    pub(crate) bars: bool,
}

/// Below this many columns there is room for the task, how far it is, and its words only.
const NARROW: usize = 60;

const BAR: usize = 12;

impl Look {
    /// For a file or a pipe.
    pub(crate) fn plain() -> Look {
        Look {
            columns: usize::MAX,
            rows: usize::MAX,
            bars: false,
        }
    }
}

/// The tasks as lines. What does not fit is left out, last what needs somebody; how many that are is said.
pub(crate) fn lines(tasks: &[Task], now: Instant, look: Look) -> Vec<String> {
    let mut shown: Vec<&Task> = tasks.iter().collect();
    let room = look.rows.saturating_sub(1).max(1);
    let hidden = shown.len().saturating_sub(room);
    if hidden > 0 {
        shown.sort_by(|a, b| {
            urgency(a)
                .cmp(&urgency(b))
                .then_with(|| compare_ids(&a.id, &b.id))
        });
        shown.truncate(room);
    }
    shown.sort_by(|a, b| compare_ids(&a.id, &b.id));
    let mut cells: Vec<Vec<String>> = Vec::new();
    if !look.bars {
        cells.push(header(look.columns));
    }
    cells.extend(shown.iter().map(|task| row(task, now, look)));
    let mut lines = aligned(&cells, look.columns);
    if hidden > 0 {
        lines.push(cut(&format!("and {hidden} more"), look.columns));
    }
    lines
}

fn header(columns: usize) -> Vec<String> {
    let words: &[&str] = if columns < NARROW {
        &["TASK", "  %", "STATE"]
    } else {
        &["TASK", "  %", "   AGE", "STATE", "LAST WORDS"]
    };
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn row(task: &Task, now: Instant, look: Look) -> Vec<String> {
    let id = cut(&one_line(&task.id), (look.columns / 4).clamp(8, 32));
    let percent = task
        .percent
        .map_or(String::new(), |percent| format!("{percent}%"));
    let percent = format!("{percent:>4}");
    let word = task.word().to_owned();
    let text = one_line(&task.text);
    if look.columns < NARROW {
        return vec![id, percent, format!("{word}  {text}")];
    }
    let age = format!("{:>6}", age(now.saturating_duration_since(task.heard)));
    let mut cells = vec![id, percent, age, word, text];
    if look.bars {
        cells.insert(1, bar(task.percent));
    }
    cells
}

/// Who needs somebody comes first, who has ended last.
fn urgency(task: &Task) -> u8 {
    match task.word() {
        "question" | "waiting-for-input" | "stalled" | "error" => 0,
        "done" | "exited" => 2,
        _ => 1,
    }
}

fn aligned(cells: &[Vec<String>], columns: usize) -> Vec<String> {
    let count = cells.iter().map(Vec::len).max().unwrap_or(0);
    let width = |at: usize| {
        cells
            .iter()
            .filter_map(|row| row.get(at))
            .map(|cell| cell.width())
            .max()
    };
    // The last cell takes what is left.
    let widths: Vec<usize> = (0..count.saturating_sub(1))
        .map(|at| width(at).unwrap_or(0))
        .collect();
    let line = |row: &Vec<String>| {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.push_str(&" ".repeat(width.saturating_sub(cell.width()) + 2));
        }
        line.push_str(row.get(widths.len()).map_or("", String::as_str));
        cut(line.trim_end(), columns)
    };
    cells.iter().map(line).collect()
}

/// `[====>   ]`; empty while nobody knows how far it is.
fn bar(percent: Option<u8>) -> String {
    let filled = percent.map_or(0, |percent| BAR * usize::from(percent.min(100)) / 100);
    let head = if percent.is_some() && filled < BAR {
        ">"
    } else {
        ""
    };
    let bar = format!("{}{head}", "=".repeat(filled));
    format!("[{bar:<BAR$}]")
}

/// Time that has passed, in at most six columns for less than four days.
fn age(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use schemas::marker::MarkerKind;

    use super::*;

    fn task(
        id: &str,
        percent: Option<u8>,
        kind: Option<MarkerKind>,
        text: &str,
        now: Instant,
    ) -> Task {
        let mut task = Task::new(id, "log", now);
        task.progress(percent, None);
        if let Some(kind) = kind {
            task.decide(kind);
        }
        text.clone_into(&mut task.text);
        task
    }

    #[test]
    fn rows_are_in_order_and_aligned() {
        let now = Instant::now();
        let tasks = [
            task("t10", Some(5), None, "reading", now),
            task(
                "t2",
                None,
                Some(MarkerKind::Question),
                "tabs or spaces?",
                now,
            ),
        ];
        let later = now + Duration::from_secs(75);
        assert_eq!(
            lines(&tasks, later, Look::plain()),
            [
                "TASK    %      AGE  STATE     LAST WORDS",
                "t2           1m15s  question  tabs or spaces?",
                "t10     5%   1m15s  working   reading",
            ]
        );
        let bars = Look {
            columns: 80,
            rows: 20,
            bars: true,
        };
        assert_eq!(
            lines(&tasks, later, bars)[1],
            "t10  [>           ]    5%   1m15s  working   reading"
        );
    }

    #[test]
    fn lines_fit_terminals_of_any_size_with_characters_of_any_width() {
        let now = Instant::now();
        let long = "日本語のメッセージ, 👩‍💻 e\u{301}\u{301} \u{1b}[31m\n".repeat(30);
        let mut tasks = vec![task(
            "a-task-with-a-very-long-name-日本語任務任務任務任務任務",
            Some(40),
            None,
            &long,
            now,
        )];
        tasks.extend(
            (0..40).map(|n| task(&format!("t{n}"), None, Some(MarkerKind::Done), "x", now)),
        );
        tasks.push(task("z", None, Some(MarkerKind::Question), "?", now));
        for columns in (1..=200).chain([1000]) {
            for bars in [true, false] {
                let lines = lines(
                    &tasks,
                    now,
                    Look {
                        columns,
                        rows: 10,
                        bars,
                    },
                );
                assert!(lines.len() <= 11, "{}", lines.len());
                for line in &lines {
                    assert!(line.width() <= columns, "{columns}: {line}");
                    assert!(!line.contains(char::is_control), "{line:?}");
                }
                assert!(
                    columns < 20 || lines.iter().any(|line| line.starts_with('z')),
                    "{lines:?}"
                );
            }
        }
    }
}
