//! Real files, where they are at hand: every value of each is edited, and only what was meant changes.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{append, delete, set};
use crate::file::Step;
use crate::file::document::{edited, value};
use crate::file::format::Format;
use crate::file::path::pointer;

fn files() -> Vec<(std::path::PathBuf, String)> {
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    let mut found = Vec::new();
    for folder in [
        "oat",
        "omgkit",
        "aiter",
        "sulhadin",
        "task-master",
        "claude-ops",
        "ccpm",
    ] {
        for entry in walk(&corpus.join(folder)) {
            let small = entry.metadata().is_ok_and(|it| it.len() < 24 << 10);
            if small
                && Format::of(&entry).is_some()
                && let Ok(text) = std::fs::read_to_string(&entry)
            {
                found.push((entry, text));
            }
        }
    }
    if found.is_empty() {
        eprintln!("skipped: the corpus is not here");
    }
    found
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files: Vec<_> = entries
        .flatten()
        .flat_map(|entry| {
            if entry.path().is_dir() {
                walk(&entry.path())
            } else {
                vec![entry.path()]
            }
        })
        .collect();
    files.sort();
    files
}

/// Every place of a value, the deeper ones of large documents left out.
fn places(value: &Value, at: &mut Vec<String>, all: &mut Vec<(Vec<String>, Value)>) {
    if all.len() > 60 {
        return;
    }
    if !at.is_empty() {
        all.push((at.clone(), value.clone()));
    }
    let mut below = |key: String, value: &Value| {
        at.push(key);
        places(value, at, all);
        at.pop();
    };
    match value {
        Value::Object(object) => object
            .iter()
            .for_each(|(key, value)| below(key.clone(), value)),
        Value::Array(array) => array
            .iter()
            .enumerate()
            .for_each(|(n, value)| below(n.to_string(), value)),
        _ => {}
    }
}

/// Lines of the old text that are not in the new one, as often as they are missing.
fn lost<'a>(old: &'a str, new: &str) -> Vec<&'a str> {
    let mut there: HashMap<&str, usize> = HashMap::new();
    for line in new.lines() {
        *there.entry(line).or_default() += 1;
    }
    let mut gone = Vec::new();
    for line in old.lines() {
        match there.get_mut(line) {
            Some(count) if *count > 0 => *count -= 1,
            _ => gone.push(line),
        }
    }
    gone
}

#[test]
fn every_value_of_every_real_file_can_be_edited_and_nothing_else_changes() {
    let (mut edits, mut read) = (0, 0);
    for (path, text) in files() {
        let format = Format::of(&path).unwrap();
        let name = path.display().to_string();
        let Ok(root) = value(format, &name, &text) else {
            continue;
        };
        read += 1;
        let mut all = Vec::new();
        places(&root, &mut Vec::new(), &mut all);
        for (at, old) in all {
            let place = pointer(&at);
            let mut steps = vec![
                set(&place, json!("a new: value # here")),
                set(&place, json!(17)),
                delete(&place),
            ];
            steps.push(set(&place, json!({"new": ["a", {"b": null}]})));
            if old.is_array() {
                steps.push(append(&place, json!("one: more")));
            }
            if old.is_object() {
                steps.push(set(&format!("{place}/fresh"), json!("yes")));
            }
            for step in steps {
                let fresh = match edited(
                    format,
                    &name,
                    &text,
                    &|_| Ok(()),
                    std::slice::from_ref(&step),
                    &mut |_, _| {},
                ) {
                    Ok(fresh) => fresh,
                    Err(failure) => panic!("{failure}: {step:?}"),
                };
                edits += 1;
                check(&text, &fresh, &step, &old, &name);
            }
        }
    }
    eprintln!("{edits} edits of {read} files");
}

fn check(text: &str, fresh: &str, step: &Step, old: &Value, name: &str) {
    let gone = lost(text, fresh);
    let most = match (step, old) {
        (Step::Append(..), _) => 2,
        // The last entry of a list takes the brackets on lines of their own along.
        (Step::Delete { .. }, Value::Number(_) | Value::Bool(_) | Value::Null) => 3,
        (Step::Set(path, _), _) if path.0.last().is_some_and(|last| last == "fresh") => 2,
        // A value may stand on several lines; a comma before it may go.
        (_, Value::Array(_) | Value::Object(_)) => usize::MAX,
        (_, Value::String(text)) => 3 + text.len() / 20 + text.matches('\n').count(),
        _ => 2,
    };
    assert!(
        gone.len() <= most,
        "{name}: {step:?} lost {} lines: {:?}",
        gone.len(),
        gone.iter().take(5).collect::<Vec<_>>()
    );
    for comment in text
        .lines()
        .filter(|line| line.trim_start().starts_with('#'))
    {
        let whole = matches!(old, Value::Array(_) | Value::Object(_));
        assert!(
            whole || fresh.contains(comment),
            "{name}: {step:?} lost {comment}"
        );
    }
}
