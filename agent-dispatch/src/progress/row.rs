//! One task in one line of a terminal, whatever its width.

use std::time::Duration;

use schemas::terminal::{cut, one_line};
use unicode_width::UnicodeWidthStr;

use super::liveness::Liveness;

/// What a line says of a task.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) agent: String,
    pub(super) attempt: u32,
    pub(super) percent: Option<u8>,
    pub(super) liveness: Liveness,
    pub(super) elapsed: Duration,
    pub(super) cost_usd: Option<f64>,
    pub(super) message: String,
}

/// Below this many columns there is room for the task, its state and its words only.
const NARROW: usize = 60;

/// From this many columns on, bars are long.
const WIDE: usize = 120;

/// The rows as lines of at most `columns` columns, in columns of their own.
pub(super) fn lines(rows: &[Row], columns: usize) -> Vec<String> {
    let cells: Vec<Vec<String>> = rows.iter().map(|row| row.cells(columns)).collect();
    let count = cells.iter().map(Vec::len).max().unwrap_or(0);
    let widest = |at: usize| {
        cells
            .iter()
            .filter_map(move |row| row.get(at))
            .map(|cell| cell.width())
    };
    // The last cell takes what is left.
    let last = count.saturating_sub(1);
    let widths: Vec<usize> = (0..last).map(|at| widest(at).max().unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths).filter(|(_, width)| **width > 0) {
            line.push_str(&padded(cell, *width));
            line.push(' ');
        }
        line.push_str(row.last().map_or("", String::as_str));
        cut(line.trim_end(), columns)
    };
    cells.iter().map(line).collect()
}

impl Row {
    fn cells(&self, columns: usize) -> Vec<String> {
        let id = cut(&one_line(&self.id), (columns / 5).clamp(6, 16));
        let percent = self.percent.map_or(String::new(), |it| format!("{it}%"));
        let percent = format!("{percent:>4}");
        let word = self.liveness.word().to_owned();
        let time = format!("{:>6}", elapsed(self.elapsed));
        let message = one_line(&self.message);
        if columns < NARROW {
            return vec![id, percent, format!("{word}  {message}")];
        }
        let bar = bar(self.percent, if columns < WIDE { 8 } else { 20 });
        let agent = cut(&one_line(&self.agent), 12);
        let who = match self.attempt {
            0 | 1 => agent,
            attempt => format!("{agent} #{attempt}"),
        };
        let cost = self
            .cost_usd
            .map_or(String::new(), |usd| format!("${usd:.2}"));
        vec![id, bar, percent, time, who, cost, word, message]
    }
}

/// Time that has passed, in at most six columns for less than four days.
pub(super) fn elapsed(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

/// `[====>   ]`; empty while nobody knows how far it is.
pub(super) fn bar(percent: Option<u8>, width: usize) -> String {
    let filled = percent.map_or(0, |percent| width * usize::from(percent.min(100)) / 100);
    let head = if percent.is_some() && filled < width {
        ">"
    } else {
        ""
    };
    let bar = format!("{}{head}", "=".repeat(filled));
    format!("[{bar:<width$}]")
}

/// Filled up with blanks to so many columns.
pub(super) fn padded(text: &str, columns: usize) -> String {
    let missing = columns.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(missing))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str, message: &str) -> Row {
        Row {
            id: id.to_owned(),
            agent: "claude".to_owned(),
            attempt: 1,
            percent: Some(40),
            liveness: Liveness::Working,
            elapsed: Duration::from_secs(75),
            cost_usd: None,
            message: message.to_owned(),
        }
    }

    #[test]
    fn everything_that_is_known_is_in_the_line() {
        let mut second = row("t10", "reading the tests");
        (second.attempt, second.cost_usd) = (2, Some(0.5));
        (second.liveness, second.percent) = (Liveness::Silent, None);
        assert_eq!(
            lines(&[row("t1", "writing the parser"), second], 100),
            [
                "t1  [===>    ]  40%  1m15s claude          working writing the parser",
                "t10 [        ]       1m15s claude #2 $0.50 silent  reading the tests",
            ]
        );
    }

    #[test]
    fn lines_fit_terminals_of_any_width_with_characters_of_any_width() {
        let long = "日本語のメッセージ, 👩‍💻 e\u{301}\u{301} ".repeat(30);
        let mut asks = row("a-task-with-a-very-long-name-日本語", "may I?");
        asks.liveness = Liveness::Permission;
        let rows = [
            row("t1", &long),
            row("任務任務任務任務任務", "two\nlines\tand \u{1b}[31m"),
            asks,
        ];
        for columns in (1..=200).chain([1000]) {
            for line in lines(&rows, columns) {
                assert!(line.width() <= columns, "{columns}: {line}");
                assert!(!line.contains(char::is_control), "{line:?}");
            }
        }
        let narrow = lines(&rows, 40);
        assert_eq!(narrow[2], "a-task-…  40% waiting for permission  m…");
        let at_80 = lines(&rows, 80);
        assert!(
            at_80[2].ends_with("waiting for permission may I?"),
            "{at_80:?}"
        );
        assert!(lines(&rows, 200)[0].contains("[========>           ]"));
    }

    #[test]
    fn bars_and_times_have_their_bounds() {
        assert_eq!(bar(Some(0), 4), "[>   ]");
        assert_eq!(bar(Some(100), 4), "[====]");
        assert_eq!(bar(None, 4), "[    ]");
        let times = [5, 65, 3600, 359_999].map(|seconds| elapsed(Duration::from_secs(seconds)));
        assert_eq!(times, ["5s", "1m05s", "1h00m", "99h59m"]);
    }
}
