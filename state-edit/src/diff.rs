//! `diff`: what is not the same in two states of one run.

use std::path::Path;

use schemas::{Exit, Failure, State, document, journal};
use serde_json::{Value, json};

use crate::cli::Diff;
use crate::history;

/// Where every record leaves its trace.
const PLACE: [&str; 3] = ["/updatedAt", "/lastSeq", "/journalBytes"];

/// Runs `diff`.
pub(crate) fn run(dir: &Path, args: &Diff) -> Result<Exit, Failure> {
    let from = value(&history::at(dir, args.from)?)?;
    let to = match args.to {
        Some(seq) => history::at(dir, seq)?,
        None => journal::view(dir)?.0,
    };
    let mut text = String::new();
    compare("", &from, &value(&to)?, &mut |pointer, from, to| {
        if !PLACE.contains(&pointer) {
            let line = json!({"pointer": pointer, "from": from, "to": to});
            text.push_str(&format!("{line}\n"));
        }
    });
    document::write_text(text.as_bytes())?;
    Ok(Exit::Yes)
}

fn value(state: &State) -> Result<Value, Failure> {
    serde_json::to_value(state)
        .map_err(|error| Failure::trouble("cannot write the state as JSON").because(&error))
}

/// Tells every place where two values are not the same, in the order of the first, then of what only the second has.
fn compare(pointer: &str, from: &Value, to: &Value, tell: &mut impl FnMut(&str, &Value, &Value)) {
    match (from, to) {
        (Value::Object(a), Value::Object(b)) => {
            let new = b.keys().filter(|key| !a.contains_key(*key));
            for key in a.keys().chain(new) {
                let (from, to) = (a.get(key), b.get(key));
                let pointer = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
                compare(
                    &pointer,
                    from.unwrap_or(&Value::Null),
                    to.unwrap_or(&Value::Null),
                    tell,
                );
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            for at in 0..a.len().max(b.len()) {
                let (from, to) = (a.get(at), b.get(at));
                let pointer = format!("{pointer}/{at}");
                compare(
                    &pointer,
                    from.unwrap_or(&Value::Null),
                    to.unwrap_or(&Value::Null),
                    tell,
                );
            }
        }
        _ if from == to => {}
        _ => tell(pointer, from, to),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_pointers_and_absent_is_null() {
        let mut told = Vec::new();
        let (from, to) = (
            json!({"a/b": [1, 2], "c": 1}),
            json!({"a/b": [1], "c": 1, "d": {}}),
        );
        compare("", &from, &to, &mut |pointer, from, to| {
            told.push((pointer.to_owned(), from.clone(), to.clone()));
        });
        let expected = [
            ("/a~1b/1".to_owned(), json!(2), Value::Null),
            ("/d".to_owned(), Value::Null, json!({})),
        ];
        assert_eq!(told, expected);
    }
}
