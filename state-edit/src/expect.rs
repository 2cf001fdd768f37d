//! Expectations: what the state must be for an edit to happen.

use std::str::FromStr;

use schemas::{Failure, State};
use serde_json::Value;

/// Longest value that is shown in full, in characters.
const SHOWN: usize = 120;

/// A value that the state must have at a place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expectation {
    pointer: String,
    value: Value,
}

impl FromStr for Expectation {
    type Err = String;

    /// `POINTER=JSON`. What is not JSON is taken for a string: a typing error then holds for no state.
    fn from_str(text: &str) -> Result<Expectation, String> {
        let (pointer, value) = text
            .split_once('=')
            .ok_or("there is no `=`: write POINTER=JSON, such as /status=\"checkpoint\"")?;
        check_pointer(pointer)?;
        Ok(Expectation {
            pointer: pointer.to_owned(),
            value: serde_json::from_str(value).unwrap_or_else(|_| value.into()),
        })
    }
}

/// Whether a text is a JSON Pointer.
pub(crate) fn check_pointer(text: &str) -> Result<(), String> {
    if text.is_empty() || text.starts_with('/') {
        Ok(())
    } else {
        Err(format!(
            "`{text}` is no JSON Pointer: it begins with `/`, such as /tasks/t3/status"
        ))
    }
}

/// Fails with code 1, naming every expectation that does not hold and what was found instead.
pub(crate) fn check(expectations: &[Expectation], state: &State) -> Result<(), Failure> {
    if expectations.is_empty() {
        return Ok(());
    }
    let state = serde_json::to_value(state)
        .map_err(|error| Failure::trouble("cannot write the state as JSON").because(&error))?;
    let unmet: Vec<String> = expectations
        .iter()
        .filter_map(|expectation| expectation.unmet(&state))
        .collect();
    match unmet.as_slice() {
        [] => Ok(()),
        _ => Err(
            Failure::no(format!("not as expected: {}", unmet.join("; ")))
                .help("nothing was written"),
        ),
    }
}

impl Expectation {
    fn unmet(&self, state: &Value) -> Option<String> {
        // Fields that say nothing are left out of the state: absent is `null`.
        let found = state.pointer(&self.pointer).unwrap_or(&Value::Null);
        (!same(found, &self.value)).then(|| {
            let place = if self.pointer.is_empty() {
                "the state"
            } else {
                &self.pointer
            };
            format!("{place} is {}, expected {}", cut(found), cut(&self.value))
        })
    }
}

/// Equal as JSON: 1 is 1.0.
pub(crate) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => {
            x == y || ((x.is_f64() || y.is_f64()) && x.as_f64() == y.as_f64())
        }
        (Value::Array(x), Value::Array(y)) => {
            x.len() == y.len() && x.iter().zip(y).all(|(x, y)| same(x, y))
        }
        (Value::Object(x), Value::Object(y)) => {
            x.len() == y.len()
                && x.iter()
                    .all(|(key, x)| y.get(key).is_some_and(|y| same(x, y)))
        }
        _ => a == b,
    }
}

pub(crate) fn cut(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(text: &str) -> bool {
        check(&[text.parse().unwrap()], &State::default()).is_ok()
    }

    #[test]
    fn a_value_is_json_or_a_bare_word() {
        assert!(holds("/status=\"ready\""));
        assert!(holds("/status=ready"));
        assert!(!holds("/status=running"));
        assert!(holds("/lastSeq=0"));
        assert!(holds("/lastSeq=0.0"));
        assert!(holds("/questions=[]"));
    }

    #[test]
    fn what_is_absent_is_null() {
        assert!(holds("/tasks/t9/outcome=null"));
        assert!(holds("/checkpoint=null"));
        assert!(!holds("/tasks/t9/outcome=failed"));
    }

    #[test]
    fn all_that_does_not_hold_is_named_with_what_was_found() {
        let expectations =
            ["/status=blocked", "/lastSeq=0", "/held=true"].map(|t| t.parse().unwrap());
        let failure = check(&expectations, &State::default()).unwrap_err();
        assert_eq!(
            failure.message,
            "not as expected: /status is \"ready\", expected \"blocked\"; /held is false, expected true"
        );
    }

    #[test]
    fn what_is_no_pointer_is_refused() {
        assert!("status=ready".parse::<Expectation>().is_err());
        assert!("/status".parse::<Expectation>().is_err());
    }
}
