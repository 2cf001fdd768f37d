//! `executionOrder`, derived from the dependencies and written in the manner of the text around it.

use schemas::compare_ids;
use schemas::source::Source;

use super::edit::{Edit, places};
use crate::outline::Outline;
use crate::rules;

const KEY: &str = "executionOrder";

/// Replaces the rows, or adds them at the end of the plan. `None` where no order can be derived, or nowhere to put it.
pub(super) fn derived(source: &Source, outline: &Outline) -> Option<Edit> {
    let mut rows = rules::waves(outline)?;
    for row in &mut rows {
        row.sort_by(|a, b| compare_ids(a, b));
    }
    let text = source.text.as_str();
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let in_json = text.trim_start().starts_with('{');
    match &outline.execution_order {
        Some(order) => {
            let cells = order.iter().enumerate().flat_map(|(row, ids)| {
                (0..ids.len()).map(move |cell| format!("/{KEY}/{row}/{cell}"))
            });
            let pointers: Vec<String> = [format!("/{KEY}")].into_iter().chain(cells).collect();
            let mut places = places(source, &pointers).into_iter();
            let whole = places.next().flatten()?;
            if text[whole.start..].starts_with('[') {
                let old = &text[whole.clone()];
                let text = if old.contains('\n') {
                    lines(&rows, &Indent::of(text, whole.start), in_json, old, end)
                } else {
                    one_line(&rows, in_json, old.contains(", ") || !in_json)
                };
                return Some(Edit { range: whole, text });
            }
            let last = places.flatten().map(|place| place.end).max()?;
            block(text, whole.start, last, &rows, end)
        }
        None if in_json => added(source, &rows, end),
        None if text.trim_end().ends_with("...") => None,
        None => {
            let gap = if text.ends_with('\n') { "" } else { end };
            let rows = block_lines("  ", &rows, end);
            Some(Edit {
                range: text.len()..text.len(),
                text: format!("{gap}{KEY}:{end}{rows}"),
            })
        }
    }
}

/// The rows of a block list of YAML, from the line of its first dash to that of its last id.
fn block(text: &str, first: usize, last: usize, rows: &[Vec<&str>], end: &str) -> Option<Edit> {
    let start = text[..first].rfind('\n').map_or(0, |at| at + 1);
    let stop = text[last..]
        .find('\n')
        .map_or(text.len(), |at| last + at + 1);
    let line = &text[start..stop];
    let indent = &line[..line.len() - line.trim_start_matches(' ').len()];
    let is_block = line.trim_start().starts_with('-');
    is_block.then(|| Edit {
        range: start..stop,
        text: block_lines(indent, rows, end),
    })
}

fn block_lines(indent: &str, rows: &[Vec<&str>], end: &str) -> String {
    let line = |row: &Vec<&str>| format!("{indent}- {}{end}", list(row, false, true));
    rows.iter().map(line).collect()
}

/// A new last member of the plan's object.
fn added(source: &Source, rows: &[Vec<&str>], end: &str) -> Option<Edit> {
    let text = source.text.as_str();
    let close = text.trim_end().strip_suffix('}')?.len();
    let last = text[..close].trim_end().len();
    let is_long = text[..close].contains('\n') && text[last..close].contains('\n');
    let text = if is_long {
        let member = places(source, &["/tasks".to_owned()]).pop().flatten()?;
        let indent = Indent::of(text, member.start);
        let rows = lines(rows, &indent, true, "", end);
        format!(",{end}{}\"{KEY}\": {rows}", indent.here)
    } else {
        let spaced = text.contains("\": ");
        let gap = if spaced { " " } else { "" };
        format!(",{gap}\"{KEY}\":{gap}{}", one_line(rows, true, spaced))
    };
    let range = last..last;
    Some(Edit { range, text })
}

/// How a line is indented, and by how much more what is below it.
struct Indent {
    here: String,
    step: String,
}

impl Indent {
    fn of(text: &str, at: usize) -> Indent {
        let start = text[..at].rfind('\n').map_or(0, |at| at + 1);
        let white = text[start..].chars();
        let here: String = white.take_while(|c| matches!(c, ' ' | '\t')).collect();
        // The rows are of the plan itself, a level within nothing: its own indent is one step.
        let step = match here.is_empty() {
            true => "  ".to_owned(),
            false => here.clone(),
        };
        Indent { here, step }
    }
}

/// A row on each line; each id on its own, where they were so.
fn lines(rows: &[Vec<&str>], indent: &Indent, in_json: bool, old: &str, end: &str) -> String {
    let Indent { here, step } = indent;
    let first_row = old.trim_start_matches('[').trim_start();
    let is_deep = first_row
        .find(']')
        .is_some_and(|close| first_row[..close].contains('\n'));
    let row = |row: &Vec<&str>| {
        if !is_deep {
            return format!("{here}{step}{}", list(row, in_json, true));
        }
        let ids: Vec<String> = row
            .iter()
            .map(|name| format!("{here}{step}{step}{}", id(name, in_json)))
            .collect();
        format!(
            "{here}{step}[{end}{}{end}{here}{step}]",
            ids.join(&format!(",{end}"))
        )
    };
    let rows: Vec<String> = rows.iter().map(row).collect();
    if rows.is_empty() {
        return "[]".to_owned();
    }
    format!("[{end}{}{end}{here}]", rows.join(&format!(",{end}")))
}

fn one_line(rows: &[Vec<&str>], in_json: bool, spaced: bool) -> String {
    let rows: Vec<String> = rows.iter().map(|row| list(row, in_json, spaced)).collect();
    format!("[{}]", rows.join(if spaced { ", " } else { "," }))
}

fn list(ids: &[&str], in_json: bool, spaced: bool) -> String {
    let ids: Vec<String> = ids.iter().map(|name| id(name, in_json)).collect();
    format!("[{}]", ids.join(if spaced { ", " } else { "," }))
}

/// A JSON string is a YAML string, too; a plain word needs no quotes there.
fn id(name: &str, in_json: bool) -> String {
    let mut letters = name.chars();
    let is_word = letters.next().is_some_and(|c| c.is_ascii_alphabetic())
        && letters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        && !["true", "false", "null"].contains(&name.to_lowercase().as_str());
    if is_word && !in_json {
        return name.to_owned();
    }
    serde_json::Value::from(name).to_string()
}
