//! When a gate applies: `typescript`, `business_model == subscription`, `autonomy_level >= 2 && !legacy`.
//!
//! Only what the call and the document say is asked, never the work: whoever deletes `tsconfig.json` must not get rid of
//! the type check with it. Where nobody can tell, the gate applies.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;
use schemas::Problem;
use serde_json::Value;

use crate::planned::Planned;

/// Longest condition that is read, in bytes: it bounds how deep one nests.
const MAX_TEXT: usize = 512;

/// What is known, by name.
#[derive(Debug, Default)]
pub(crate) struct Facts(BTreeMap<String, String>);

impl Facts {
    /// What the document says in `defaults` (as archetypes do) and `metadata`, and the call, whose word counts.
    pub(crate) fn new(document: &Value, said: &[(String, String)]) -> Facts {
        let objects = ["defaults", "metadata"].map(|key| document.get(key)?.as_object());
        let mut facts = BTreeMap::new();
        for (name, value) in objects.into_iter().flatten().flatten() {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Bool(_) | Value::Number(_) => value.to_string(),
                _ => continue,
            };
            facts.insert(name.clone(), text);
        }
        facts.extend(said.iter().cloned());
        Facts(facts)
    }
}

/// `NAME=VALUE` or `NAME`, as the call gives it.
pub(crate) fn fact(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').unwrap_or((text, "true"));
    if name.trim().is_empty() {
        return Err("write NAME or NAME=VALUE".to_owned());
    }
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

/// Rules out the gates whose condition does not hold, and tells of those where nobody can say.
pub(crate) fn apply(gates: &mut [(String, Planned)], facts: &Facts, problems: &mut Vec<Problem>) {
    for (pointer, gate) in gates {
        let Some(condition) = &gate.condition else {
            continue;
        };
        let (message, help) = match holds(condition, facts) {
            Ok(true) => continue,
            Ok(false) => {
                gate.ruled_out = Some(format!("its condition does not hold: {condition}"));
                continue;
            }
            Err(unknown) if unknown.is_empty() => (
                format!("the condition `{condition}` cannot be read: the gate runs"),
                "write NAME, NAME == VALUE, `!`, `&&`, `||` and parentheses".to_owned(),
            ),
            Err(unknown) => (
                format!("nothing says whether `{condition}` holds: the gate runs"),
                format!("say it with --var {}=VALUE", unknown.join("=VALUE --var ")),
            ),
        };
        problems.push(
            Problem::warning("condition", message)
                .at(format!("{pointer}/condition"))
                .help(help),
        );
    }
}

/// Whether it holds; else the names that nothing is known of, or none when it is no condition.
fn holds(text: &str, facts: &Facts) -> Result<bool, Vec<String>> {
    static TOKENS: LazyLock<Regex> = LazyLock::new(|| {
        let tokens = r#"\s*(&&|\|\||[=!<>]=|[<>!()]|"[^"]*"|'[^']*'|[\w.-]+)"#;
        Regex::new(tokens).expect("a constant")
    });
    let text = text.trim();
    let mut end = 0;
    let found = TOKENS.captures_iter(text).filter_map(|token| {
        let whole = token.get(0)?;
        // Behind what is no token nothing follows any more.
        if whole.start() != end {
            return None;
        }
        end = whole.end();
        token.get(1).map(|word| word.as_str())
    });
    let tokens: Vec<&str> = found.collect();
    if text.len() > MAX_TEXT || end != text.len() {
        return Err(Vec::new());
    }
    let mut reader = Reader {
        left: &tokens,
        facts,
        unknown: BTreeSet::new(),
    };
    let answer = reader.any().filter(|_| reader.left.is_empty());
    let unknown = reader.unknown.into_iter().map(str::to_owned).collect();
    match answer {
        Some(Some(answer)) => Ok(answer),
        Some(None) => Err(unknown),
        None => Err(Vec::new()),
    }
}

/// `None`: it cannot be told. Of two, one may decide for both.
type Answer = Option<bool>;

struct Reader<'a> {
    left: &'a [&'a str],
    facts: &'a Facts,
    unknown: BTreeSet<&'a str>,
}

/// Each answers `None` where the text is no condition.
impl<'a> Reader<'a> {
    fn any(&mut self) -> Option<Answer> {
        let mut answer = self.all()?;
        while self.takes(&["||", "or"]) {
            let other = self.all()?;
            answer = match (answer, other) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            };
        }
        Some(answer)
    }

    fn all(&mut self) -> Option<Answer> {
        let mut answer = self.one()?;
        while self.takes(&["&&", "and"]) {
            let other = self.one()?;
            answer = match (answer, other) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            };
        }
        Some(answer)
    }

    fn one(&mut self) -> Option<Answer> {
        if self.takes(&["!", "not"]) {
            return Some(self.one()?.map(|answer| !answer));
        }
        if self.takes(&["("]) {
            let answer = self.any()?;
            return self.takes(&[")"]).then_some(answer);
        }
        let name = self.word()?;
        let known = self.facts.0.get(name).map(String::as_str);
        let constant = matches!(name, "true" | "false").then_some(name);
        let value = known.or(constant);
        if value.is_none() {
            self.unknown.insert(name);
        }
        let operators = ["==", "!=", ">=", "<=", ">", "<"];
        let Some(op) = operators.into_iter().find(|op| self.takes(&[op])) else {
            return Some(value.map(is_yes));
        };
        let wanted = self.word()?.trim_matches(['"', '\'']);
        Some(value.and_then(|value| compare(value, op, wanted)))
    }

    fn word(&mut self) -> Option<&'a str> {
        let (first, rest) = self.left.split_first()?;
        let is_word = first.starts_with(|c: char| c.is_alphanumeric() || "_.-\"'".contains(c));
        self.left = rest;
        is_word.then_some(first)
    }

    fn takes(&mut self, tokens: &[&str]) -> bool {
        match self.left.split_first() {
            Some((first, rest)) if tokens.contains(first) => {
                self.left = rest;
                true
            }
            _ => false,
        }
    }
}

fn is_yes(value: &str) -> bool {
    !matches!(value, "" | "false" | "no" | "off" | "none" | "null" | "0")
}

/// Numbers as numbers; words are only the same or not.
fn compare(value: &str, op: &str, wanted: &str) -> Answer {
    let numbers = value.parse::<f64>().ok().zip(wanted.parse::<f64>().ok());
    let order = numbers.and_then(|(value, wanted)| value.partial_cmp(&wanted));
    let same = order.map_or(value == wanted, |order| order.is_eq());
    match op {
        "==" => Some(same),
        "!=" => Some(!same),
        ">=" => order.map(|order| order.is_ge()),
        "<=" => order.map(|order| order.is_le()),
        ">" => order.map(|order| order.is_gt()),
        _ => order.map(|order| order.is_lt()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Result<bool, Vec<String>> {
        let document = serde_json::json!({"defaults": {"language": "go", "stack": [1]}, "metadata": {"level": 2, "e2e": false}});
        let said = [fact("has_payments").unwrap(), fact("model=a b").unwrap()];
        holds(text, &Facts::new(&document, &said))
    }

    #[test]
    fn what_is_known_decides() {
        for (text, answer) in [
            ("has_payments", true),
            ("e2e", false),
            ("!e2e", true),
            ("language == go", true),
            ("language != 'go'", false),
            ("model == \"a b\"", true),
            ("level >= 2 && level<10", true),
            ("not (level > 1 or e2e)", false),
            ("true", true),
            // One that is known may decide for both.
            ("e2e && typescript", false),
            ("typescript || has_payments", true),
        ] {
            assert_eq!(told(text), Ok(answer), "{text}");
        }
    }

    #[test]
    fn what_nobody_can_tell_is_named() {
        for (text, unknown) in [
            ("typescript", "typescript"),
            ("step.tests.length > 0 && has_payments", "step.tests.length"),
            ("!stack", "stack"),
        ] {
            assert_eq!(told(text), Err(vec![unknown.to_owned()]), "{text}");
        }
    }

    #[test]
    fn what_is_no_condition_does_not_hold_by_accident() {
        let deep = "(".repeat(100_000);
        for text in [
            "",
            "e2e &&",
            "e2e e2e",
            "(e2e",
            "e2e)",
            "== go",
            "e2e; rm",
            "e2e ==",
            "level > many",
            &deep,
        ] {
            assert_eq!(told(text), Err(Vec::new()), "{text}");
        }
    }
}
