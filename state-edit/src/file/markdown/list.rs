//! Entries of lists, and check boxes.

use schemas::Failure;
use serde_json::{Value, json};

use super::address::{Address, Scope};
use super::outline::{Entry, Outline};
use crate::file::splice::{Splice, line_end, line_start, line_stop, whole_lines};

/// Words without what makes them bold, slanted or code.
pub(super) fn plain(text: &str) -> String {
    text.replace(['*', '`'], "").trim().to_owned()
}

/// Whether words begin with a name, and not with a longer one.
pub(super) fn names(text: &str, name: &str) -> bool {
    let begins = |text: &str| {
        text.strip_prefix(name).is_some_and(|rest| {
            !rest.starts_with(|c: char| c.is_alphanumeric() || c == '-' || c == '_')
        })
    };
    begins(text) || begins(&plain(text))
}

fn inside<'a>(
    outline: &'a Outline,
    scope: &'a Scope,
) -> impl DoubleEndedIterator<Item = &'a Entry> {
    outline
        .items
        .iter()
        .filter(|item| scope.range.start <= item.range.start && item.range.start < scope.range.end)
}

/// The only entry that begins with a name, or else the only one that has it in it.
fn find<'a>(
    text: &str,
    all: Vec<&'a Entry>,
    name: &str,
    address: &Address,
) -> Result<&'a Entry, Failure> {
    let words = |item: &Entry| &text[item.words.clone()];
    let begin: Vec<&Entry> = all
        .iter()
        .copied()
        .filter(|item| names(words(item), name))
        .collect();
    let have = || {
        all.iter()
            .copied()
            .filter(|item| plain(words(item)).contains(name))
            .collect()
    };
    let found: Vec<&Entry> = if begin.is_empty() { have() } else { begin };
    match found[..] {
        [one] => Ok(one),
        [] => Err(Failure::no(format!(
            "{address}: no entry of a list is about {name}"
        ))),
        [a, b, ..] => Err(Failure::no(format!(
            "{address}: {} entries are about {name}",
            found.len()
        ))
        .help(format!(
            "such as `{}` and `{}`: name more of it, or the section",
            words(a),
            words(b)
        ))),
    }
}

fn checks<'a>(outline: &'a Outline, scope: &'a Scope) -> Vec<&'a Entry> {
    inside(outline, scope)
        .filter(|item| item.check.is_some())
        .collect()
}

fn is_done(text: &str, item: &Entry) -> bool {
    item.check
        .as_ref()
        .is_some_and(|check| text[check.clone()].trim().eq_ignore_ascii_case("x"))
}

pub(super) fn get_box(
    text: &str,
    outline: &Outline,
    scope: &Scope,
    address: &Address,
    name: Option<&str>,
) -> Result<Value, Failure> {
    let all = checks(outline, scope);
    match name {
        Some(name) => Ok(is_done(text, find(text, all, name, address)?).into()),
        None => Ok(all
            .iter()
            .map(|item| json!({"text": text[item.words.clone()], "done": is_done(text, item)}))
            .collect()),
    }
}

pub(super) fn set_box(
    text: &str,
    outline: &Outline,
    scope: &Scope,
    address: &Address,
    name: &str,
    value: &str,
) -> Result<Vec<Splice>, Failure> {
    let mark = match value {
        "true" | "x" | "X" | "done" | "yes" => "x",
        "false" | "" | " " | "open" | "no" => " ",
        other => {
            return Err(Failure::usage(format!(
                "{address}: a box is true or false, not {other}"
            )));
        }
    };
    let item = find(text, checks(outline, scope), name, address)?;
    let same = is_done(text, item) == (mark == "x");
    Ok(item
        .check
        .iter()
        .filter(|_| !same)
        .map(|check| Splice::replace(check.clone(), mark))
        .collect())
}

/// What an entry says behind its name and a colon; all of it where it has none.
fn value_of(text: &str, item: &Entry, name: &str) -> std::ops::Range<usize> {
    let words = &text[item.words.clone()];
    // A colon in the name is not the one.
    let from = if words.starts_with(name) {
        name.len()
    } else {
        0
    };
    match words[from..].find(": ") {
        Some(colon) => item.words.start + from + colon + 2..item.words.end,
        None if words.ends_with(':') => item.words.end..item.words.end,
        None => item.words.clone(),
    }
}

pub(super) fn get_item(
    text: &str,
    outline: &Outline,
    scope: &Scope,
    address: &Address,
    name: Option<&str>,
) -> Result<Value, Failure> {
    let all: Vec<&Entry> = inside(outline, scope).collect();
    match name {
        Some(name) => Ok(text[value_of(text, find(text, all, name, address)?, name)].into()),
        None => Ok(all
            .iter()
            .map(|item| Value::from(&text[item.words.clone()]))
            .collect()),
    }
}

pub(super) fn set_item(
    text: &str,
    outline: &Outline,
    scope: &Scope,
    address: &Address,
    name: &str,
    value: &str,
) -> Result<Vec<Splice>, Failure> {
    let all: Vec<&Entry> = inside(outline, scope).collect();
    let about = |item: &&Entry| names(&text[item.words.clone()], name);
    if !all.iter().any(about) {
        return Ok(append(text, outline, scope, &format!("{name}: {value}")));
    }
    let item = find(text, all, name, address)?;
    let place = value_of(text, item, name);
    let gap = if text[..place.start].ends_with(':') {
        " "
    } else {
        ""
    };
    let whole = place == item.words;
    let line = one_line(value);
    Ok(vec![Splice::replace(
        place,
        if whole {
            format!("{name}: {line}")
        } else {
            format!("{gap}{line}")
        },
    )])
}

/// One more entry at the end of the last list, in its manner; a list is begun where there is none.
pub(super) fn append(text: &str, outline: &Outline, scope: &Scope, value: &str) -> Vec<Splice> {
    let end = line_end(text);
    let top = inside(outline, scope).map(|item| item.depth).min();
    let last = inside(outline, scope).rfind(|item| Some(item.depth) == top);
    let Some(last) = last else {
        return super::text::append(text, scope, &format!("- {}", one_line(value)));
    };
    let start = line_start(text, last.range.start);
    let lead = text[start..last.range.start].to_owned() + marker(&text[last.range.clone()]);
    let check = if last.check.is_some() { "[ ] " } else { "" };
    let at = last.range.start + text[last.range.clone()].trim_end().len();
    vec![Splice::insert(
        line_stop(text, at),
        format!("{end}{}{check}{}", next_number(&lead), one_line(value)),
    )]
}

/// The marker of an entry with the spaces behind it.
fn marker(item: &str) -> &str {
    let line = item.lines().next().unwrap_or_default();
    let sign = line.find([' ', '\t']).unwrap_or(line.len());
    let spaces = line[sign..].len() - line[sign..].trim_start_matches([' ', '\t']).len();
    &line[..sign + spaces]
}

/// `2. ` behind `1. `.
fn next_number(lead: &str) -> String {
    let digits: String = lead
        .trim_start()
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    match digits.parse::<u64>() {
        Ok(number) => lead.replacen(&digits, &(number.saturating_add(1)).to_string(), 1),
        Err(_) => lead.to_owned(),
    }
}

fn one_line(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(super) fn delete(
    text: &str,
    outline: &Outline,
    scope: &Scope,
    address: &Address,
    name: &str,
) -> Result<Vec<Splice>, Failure> {
    let all = inside(outline, scope).collect();
    let item = find(text, all, name, address)?;
    let end = item.range.start + text[item.range.clone()].trim_end().len();
    Ok(vec![Splice::remove(whole_lines(
        text,
        &(item.range.start..end),
    ))])
}
