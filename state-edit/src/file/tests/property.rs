//! Any document in any manner, any edit: it comes out as the value that was asked for, and nothing else moves.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::file::document::{edited, value};
use crate::file::format::Format;
use crate::file::path::pointer;
use crate::file::{Path, Step};

const WORDS: [&str; 24] = [
    "x",
    "yes",
    "null",
    "12",
    "1e5",
    "a: b",
    "a #b",
    "it's",
    "\"q\"",
    "[x",
    "- y",
    "ü€😀",
    "",
    " lead",
    "trail ",
    "one\ntwo",
    "one\ntwo\n",
    "2026-01-01",
    "tab\there",
    "&a",
    "*b",
    "!c",
    "%d",
    "key:",
];

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-5i64..5000).prop_map(Value::from),
        (0..WORDS.len()).prop_map(|n| WORDS[n].into()),
    ]
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-f]".prop_map(String::from),
        (0..WORDS.len()).prop_map(|n| WORDS[n].replace('\n', " ")),
    ]
}

fn any_value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((key(), inner), 0..4).prop_map(|entries| Value::Object(
                entries.into_iter().filter(|(key, _)| key != "<<").collect()
            )),
        ]
    })
}

fn document() -> impl Strategy<Value = Value> {
    prop::collection::vec((key(), any_value()), 1..5)
        .prop_map(|entries| Value::Object(entries.into_iter().collect::<Map<_, _>>()))
}

/// Choices, one after the other.
struct Dice<'a>(&'a [u8], usize);

impl Dice<'_> {
    fn roll(&mut self, sides: u8) -> u8 {
        let roll = self
            .0
            .get(self.1 % self.0.len().max(1))
            .copied()
            .unwrap_or(0);
        self.1 += 1;
        roll % sides
    }
}

fn json_text(value: &Value, dice: &mut Dice<'_>, pad: &str) -> String {
    let note = |dice: &mut Dice<'_>| {
        if dice.roll(4) == 0 {
            " /* n, \" ] */"
        } else {
            ""
        }
    };
    let spread = dice.roll(3) > 0;
    let inner = if spread {
        format!("{pad}   ")
    } else {
        pad.to_owned()
    };
    let (parts, open, close): (Vec<String>, _, _) = match value {
        Value::Array(items) => (
            items
                .iter()
                .map(|item| json_text(item, dice, &inner))
                .collect(),
            '[',
            ']',
        ),
        Value::Object(entries) => {
            let entry = |(key, value): (&String, &Value)| {
                format!(
                    "{}{}: {}",
                    Value::from(key.as_str()),
                    note(dice),
                    json_text(value, dice, &inner)
                )
            };
            (entries.iter().map(entry).collect(), '{', '}')
        }
        scalar => return scalar.to_string(),
    };
    let last = parts.len();
    let mut text = String::from(open);
    for (n, part) in parts.iter().enumerate() {
        text.push_str(&if spread {
            format!("\n{inner}{part}")
        } else {
            format!(" {part}")
        });
        text.push_str(note(dice));
        let trailing = n + 1 == last && dice.roll(3) > 0;
        text.push_str(if trailing { "" } else { "," });
        if spread && dice.roll(3) == 0 {
            text.push_str(" // it, } said");
        }
    }
    if spread && last > 0 {
        text.push_str(&format!("\n{pad}"));
    }
    text.push(close);
    text
}

fn yaml_key(key: &str) -> String {
    let plain = !key.is_empty()
        && key.bytes().all(|b| b.is_ascii_lowercase())
        && !matches!(key, "yes" | "null");
    if plain {
        key.to_owned()
    } else {
        Value::from(key).to_string()
    }
}

/// Behind what `key:` or a dash has led to.
fn yaml_text(value: &Value, dice: &mut Dice<'_>, pad: usize, dashes: usize) -> String {
    let comment = |dice: &mut Dice<'_>| {
        if dice.roll(3) == 0 {
            " # note: [x, 'y"
        } else {
            ""
        }
    };
    let space = " ".repeat(pad);
    match value {
        Value::Object(entries) if !entries.is_empty() && dice.roll(4) > 0 => {
            let mut text = comment(dice).to_owned();
            for (key, value) in entries {
                if dice.roll(5) == 0 {
                    text.push_str(&format!("\n{space}# about it"));
                }
                text.push_str(&format!(
                    "\n{space}{}:{}",
                    yaml_key(key),
                    yaml_text(value, dice, pad + 2, dashes)
                ));
            }
            text
        }
        Value::Array(items) if !items.is_empty() && dice.roll(4) > 0 => {
            let at = (pad + dashes).saturating_sub(2);
            let mut text = comment(dice).to_owned();
            for item in items {
                let deeper = if item.is_array() {
                    at + 4 - dashes
                } else {
                    at + 2
                };
                let below = yaml_text(item, dice, deeper, dashes);
                // An object goes on beside its dash, where no comment stands there.
                let beside = item.is_object()
                    && below.starts_with('\n')
                    && !below.trim_start().starts_with('#');
                let below = if beside {
                    format!(" {}", below.trim_start())
                } else {
                    below
                };
                text.push_str(&format!("\n{}-{below}", " ".repeat(at)));
            }
            text
        }
        Value::Null if dice.roll(2) == 0 => comment(dice).to_owned(),
        Value::String(text) if dice.roll(3) == 0 && !text.contains(['\n', '\t']) => {
            format!(" '{}'{}", text.replace('\'', "''"), comment(dice))
        }
        Value::String(text) if text == "one\ntwo\n" => {
            format!(" |{}\n{space}one\n{space}two", comment(dice))
        }
        other => format!(" {other}{}", comment(dice)),
    }
}

fn places(value: &Value, at: Vec<String>, all: &mut Vec<Vec<String>>) {
    match value {
        Value::Object(object) => object.iter().for_each(|(key, value)| {
            places(value, [at.clone(), vec![key.clone()]].concat(), all);
        }),
        Value::Array(array) => array.iter().enumerate().for_each(|(n, value)| {
            places(value, [at.clone(), vec![n.to_string()]].concat(), all);
        }),
        _ => {}
    }
    if !at.is_empty() {
        all.push(at);
    }
}

fn step(root: &Value, kind: u8, place: usize, value: Value, key: &str) -> Step {
    let mut all = Vec::new();
    places(root, Vec::new(), &mut all);
    let at = all[place % all.len()].clone();
    let there = root.pointer(&pointer(&at)).cloned().unwrap_or_default();
    match (kind % 4, there) {
        (0, _) => Step::Delete {
            path: Path(at),
            if_present: false,
        },
        (1, Value::Array(_)) => Step::Append(Path(at), value),
        (2, Value::Object(_)) => Step::Set(Path([at, vec![key.to_owned()]].concat()), value),
        (3, _) => Step::Merge(json!({key: value})),
        _ => Step::Set(Path(at), value),
    }
}

/// What is between the bytes that two texts begin and end with.
fn between<'a>(old: &'a str, new: &'a str) -> (&'a str, &'a str) {
    let head = old
        .bytes()
        .zip(new.bytes())
        .take_while(|(a, b)| a == b)
        .count();
    let tail = old
        .bytes()
        .rev()
        .zip(new.bytes().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let tail = tail.min(old.len() - head).min(new.len() - head);
    let cut = |text: &'a str| text.get(head..text.len() - tail).unwrap_or("");
    (cut(old), cut(new))
}

fn holds(format: Format, text: &str, root: &Value, steps: &[Step]) -> Result<(), TestCaseError> {
    let read =
        value(format, "file", text).map_err(|f| TestCaseError::fail(format!("{f}\n{text}")))?;
    prop_assert_eq!(&read, root, "{}", text);
    let mut wanted = root.clone();
    for step in steps {
        step.apply(&mut wanted)
            .map_err(|f| TestCaseError::fail(f.to_string()))?;
    }
    let fresh = edited(format, "file", text, &|_| Ok(()), steps, &mut |_, _| {});
    let fresh = fresh.map_err(|f| TestCaseError::fail(format!("{f}: {steps:?}\n{text}")))?;
    prop_assert_eq!(
        value(format, "file", &fresh).unwrap(),
        wanted,
        "{}\n{}",
        text,
        fresh
    );
    let (gone, _) = between(text, &fresh);
    if let [Step::Set(path, new)] = steps
        && let Some(old) = super::super::step::at(root, &path.0)
        && !old.is_array()
        && !old.is_object()
        && !new.is_array()
        && !new.is_object()
        && !new.as_str().is_some_and(|text| text.contains('\n'))
    {
        prop_assert!(
            !gone.contains('#') || old.as_str().is_some_and(|old| old.contains('#')),
            "{text}\n{fresh}"
        );
        let at_most = old.to_string().len() + 8;
        prop_assert!(gone.len() <= at_most, "{gone:?} of\n{text}\n{fresh}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn json_in_any_manner(root in document(), dice in prop::collection::vec(any::<u8>(), 1..40), kind: u8, place: usize, new in any_value(), key in key()) {
        let text = json_text(&root, &mut Dice(&dice, 0), "");
        holds(Format::Json, &text, &root, &[step(&root, kind, place, new, &key)])?;
    }

    #[test]
    fn yaml_in_any_manner(root in document(), dice in prop::collection::vec(any::<u8>(), 1..40), dashes in prop_oneof![Just(0usize), Just(2)], crlf: bool, kind: u8, place: usize, new in any_value(), key in key()) {
        let mut text = yaml_text(&root, &mut Dice(&dice, 0), 0, dashes).trim_start().to_owned() + "\n";
        prop_assume!(!root.as_object().is_some_and(|it| it.contains_key("<<")) && key != "<<");
        if crlf && !text.contains('|') {
            text = text.replace('\n', "\r\n");
        }
        holds(Format::Yaml, &text, &root, &[step(&root, kind, place, new, &key)])?;
    }

    #[test]
    fn toml_in_any_manner(root in document(), kind: u8, place: usize, new in any_value(), key in key()) {
        let root = without_null(root);
        prop_assume!(root.as_object().is_some_and(|it| !it.is_empty()));
        let empty = json!({});
        let text = edited(Format::Toml, "file", "# top\n", &|_| Ok(()), &[Step::Merge(root.clone())], &mut |_, _| {});
        let text = text.map_err(|f| TestCaseError::fail(f.to_string()))?;
        prop_assert!(value(Format::Toml, "file", "").unwrap() == empty);
        holds(Format::Toml, &text, &root, &[step(&root, kind, place, without_null(new), &key)])?;
    }
}

fn without_null(value: Value) -> Value {
    match value {
        Value::Null => json!(0),
        Value::Array(items) => items.into_iter().map(without_null).collect(),
        Value::Object(entries) => Value::Object(
            entries
                .into_iter()
                .map(|(key, value)| (key, without_null(value)))
                .collect(),
        ),
        other => other,
    }
}
