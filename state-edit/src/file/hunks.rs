//! What an edit changes, line by line, as a unified diff. Every line knows where it came from, so that nothing has to
//! be guessed afterwards.

use std::fmt::Write;

/// Lines around a change.
const AROUND: usize = 3;

/// A text on its way through its changes.
pub(super) struct Trail {
    old: Vec<String>,
    /// Every line, and which line of the old text it is.
    lines: Vec<(String, Option<usize>)>,
}

impl Trail {
    pub(super) fn of(text: &str) -> Trail {
        let old = split(text);
        let lines = old.iter().cloned().zip((0..).map(Some)).collect();
        Trail { old, lines }
    }

    /// The text has become this one.
    pub(super) fn step(&mut self, text: &str) {
        let fresh = split(text);
        let same = |((a, _), b): &(&(String, Option<usize>), &String)| a == *b;
        let head = self.lines.iter().zip(&fresh).take_while(same).count();
        let tail = self.lines[head..]
            .iter()
            .rev()
            .zip(fresh[head..].iter().rev());
        let tail = tail.take_while(same).count();
        let middle = fresh[head..fresh.len() - tail]
            .iter()
            .map(|line| (line.clone(), None));
        let end = self.lines.len() - tail;
        self.lines.splice(head..end, middle.collect::<Vec<_>>());
    }

    /// The diff; empty when nothing changed.
    pub(super) fn diff(&self, name: &str) -> String {
        let rows = self.rows();
        let mut text = String::new();
        let mut at = 0;
        while let Some(next) = rows[at..].iter().position(|row| row.sign != ' ') {
            let first = at + next;
            let start = first.saturating_sub(AROUND).max(at);
            let mut end = first;
            while let Some(more) = rows[end..]
                .iter()
                .take(2 * AROUND + 1)
                .position(|row| row.sign != ' ')
            {
                end += more + 1;
            }
            let end_shown = (end + AROUND).min(rows.len());
            hunk(&mut text, &rows, start..end_shown);
            at = end_shown;
        }
        if text.is_empty() {
            return text;
        }
        let name = schemas::printable(name.trim_start_matches('/'));
        format!("--- a/{name}\n+++ b/{name}\n{text}")
    }

    fn rows(&self) -> Vec<Row<'_>> {
        let mut rows = Vec::new();
        let mut old = 0;
        let mut new = Vec::new();
        for (line, origin) in &self.lines {
            let Some(origin) = origin else {
                new.push(Row { sign: '+', line });
                continue;
            };
            rows.extend(
                self.old[old..*origin]
                    .iter()
                    .map(|line| Row { sign: '-', line }),
            );
            rows.append(&mut new);
            rows.push(Row { sign: ' ', line });
            old = origin + 1;
        }
        rows.extend(self.old[old..].iter().map(|line| Row { sign: '-', line }));
        rows.append(&mut new);
        rows
    }
}

struct Row<'a> {
    sign: char,
    line: &'a str,
}

fn hunk(text: &mut String, rows: &[Row<'_>], range: std::ops::Range<usize>) {
    let count = |range: &[Row<'_>], not: char| range.iter().filter(|row| row.sign != not).count();
    let (before, inside) = (&rows[..range.start], &rows[range.clone()]);
    let (old, new) = (count(inside, '+'), count(inside, '-'));
    let first = |before: usize, size: usize| if size == 0 { before } else { before + 1 };
    let _ = writeln!(
        text,
        "@@ -{},{old} +{},{new} @@",
        first(count(before, '+'), old),
        first(count(before, '-'), new)
    );
    for row in inside {
        let line = row.line.strip_suffix('\n');
        let _ = writeln!(text, "{}{}", row.sign, line.unwrap_or(row.line));
        if line.is_none() {
            text.push_str("\\ No newline at end of file\n");
        }
    }
}

fn split(text: &str) -> Vec<String> {
    text.split_inclusive('\n').map(str::to_owned).collect()
}
