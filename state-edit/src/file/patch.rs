//! JSON Patch (RFC 6902). Ours and not a crate's: six operations over what [`super::step`] has anyway.

use schemas::Failure;
use serde_json::Value;

use super::path::{Path, pointer};
use super::step::{add, at, remove};

/// Applies every operation, in order.
pub(super) fn apply(root: &mut Value, patch: &Value) -> Result<(), Failure> {
    let operations = patch.as_array().ok_or_else(|| {
        Failure::input("not a JSON Patch: it is a list of operations")
            .help("a Merge Patch is an object: state-edit merge")
    })?;
    for (number, operation) in operations.iter().enumerate() {
        apply_one(root, operation).map_err(|mut failure| {
            failure.message = format!("operation {number}: {}", failure.message);
            failure
        })?;
    }
    Ok(())
}

fn apply_one(root: &mut Value, operation: &Value) -> Result<(), Failure> {
    let text = |name: &str| {
        let value = operation.get(name).and_then(Value::as_str);
        value.ok_or_else(|| Failure::input(format!("it has no `{name}`")))
    };
    let place = |name: &str| {
        let text = text(name)?;
        if !text.is_empty() && !text.starts_with('/') {
            return Err(Failure::input(format!("`{text}` is no JSON Pointer")));
        }
        Ok(Path::parse(text).0)
    };
    let value = || {
        let value = operation.get("value").cloned();
        value.ok_or_else(|| Failure::input("it has no `value`"))
    };
    let found = |root: &Value, tokens: &[String]| {
        let value = at(root, tokens).cloned();
        value.ok_or_else(|| Failure::no(format!("there is nothing at {}", pointer(tokens))))
    };
    match text("op")? {
        "add" => add(root, &place("path")?, value()?),
        "remove" => remove(root, &place("path")?).map(drop),
        "replace" => {
            let (tokens, value) = (place("path")?, value()?);
            found(root, &tokens)?;
            replace(root, &tokens, value)
        }
        "move" => {
            let (from, to) = (place("from")?, place("path")?);
            if to.len() > from.len() && to.starts_with(&from) {
                return Err(Failure::no("a value cannot be moved into itself"));
            }
            let value = found(root, &from)?;
            if from.is_empty() || from == to {
                return Ok(());
            }
            remove(root, &from)?;
            add(root, &to, value)
        }
        "copy" => {
            let value = found(root, &place("from")?)?;
            add(root, &place("path")?, value)
        }
        "test" => {
            let (tokens, value) = (place("path")?, value()?);
            let there = found(root, &tokens)?;
            if crate::expect::same(&there, &value) {
                return Ok(());
            }
            let place = pointer(&tokens);
            Err(Failure::no(format!("{place} is {there}, expected {value}"))
                .help("nothing was written"))
        }
        other => Err(Failure::input(format!("no operation `{other}`"))),
    }
}

fn replace(root: &mut Value, tokens: &[String], value: Value) -> Result<(), Failure> {
    let mut here = root;
    for token in tokens {
        let below = match here {
            Value::Object(object) => object.get_mut(token),
            Value::Array(array) => super::step::index(token).and_then(|index| array.get_mut(index)),
            _ => None,
        };
        here =
            below.ok_or_else(|| Failure::no(format!("there is nothing at {}", pointer(tokens))))?;
    }
    *here = value;
    Ok(())
}
