//! How a violation of a schema is told to people: which words are allowed, what is missing, what it is for.

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::Value;

use crate::Problem;
use crate::source::escape;

/// The problem that a violation is. `site` is the object of the schema that has the violated keyword.
pub(super) fn problem(error: &ValidationError<'_>, site: Option<&Value>) -> Problem {
    let mut pointer = error.instance_path().as_str().to_owned();
    let mut about = site;
    let message = match error.kind() {
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            pointer.push('/');
            pointer.push_str(&escape(name));
            about = site.and_then(|site| site.get("properties")?.get(name));
            format!("`{name}` is missing")
        }
        kind => message(kind, error.instance(), site)
            // Values of strangers may be huge; the place shows them.
            .unwrap_or_else(|| error.masked_with("it").to_string()),
    };
    let mut problem = Problem::error("schema", message);
    problem.help = help(&pointer, about);
    problem.pointer = Some(pointer);
    problem
}

fn message(kind: &ValidationErrorKind, instance: &Value, site: Option<&Value>) -> Option<String> {
    use ValidationErrorKind as Kind;
    Some(match kind {
        Kind::Enum { options } => format!("{} is not {}", shown(instance), alternatives(options)),
        Kind::Constant { expected_value } => {
            format!("{} is not {}", shown(instance), shown(expected_value))
        }
        Kind::Type { kind } => format!("must be {}, not {}", wanted(kind), found(instance)),
        Kind::Minimum { limit } => format!("must be at least {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("must be above {limit}"),
        Kind::Maximum { limit } => format!("must be at most {limit}"),
        Kind::MinLength { .. } | Kind::MinItems { .. } => "must not be empty".to_owned(),
        // A text without a visible character; other forms are told as they stand in the schema.
        Kind::Pattern { pattern } if pattern.starts_with("[^ ") => "must not be empty".to_owned(),
        Kind::Pattern { pattern } => {
            format!("{} does not have the form `{pattern}`", shown(instance))
        }
        Kind::AnyOf { .. } => {
            let branches = site?.get("anyOf")?.as_array()?.iter();
            let names: Option<Vec<String>> = branches
                .map(|branch| Some(format!("`{}`", branch.pointer("/required/0")?.as_str()?)))
                .collect();
            format!("needs {}", either(&names?))
        }
        _ => return None,
    })
}

/// What the schema says that the value is for.
fn help(pointer: &str, about: Option<&Value>) -> Option<String> {
    let (_, key) = pointer.rsplit_once('/')?;
    let text = about?.get("description")?.as_str()?.trim_end_matches('.');
    if key.is_empty() || key.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut letters = text.chars();
    let first = letters.next()?;
    // An acronym keeps its letters: "US dollars", "JSON Pointer".
    let first = match letters.clone().next() {
        Some(second) if second.is_uppercase() => first.to_string(),
        _ => first.to_lowercase().to_string(),
    };
    let key = key.replace("~1", "/").replace("~0", "~");
    Some(format!("`{key}`: {first}{}", letters.as_str()))
}

/// The value itself when it is short, else its type.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) if text.len() <= 40 && !text.contains(char::is_control) => {
            format!("`{text}`")
        }
        Value::Number(number) => format!("`{number}`"),
        Value::Bool(truth) => format!("`{truth}`"),
        _ => found(value).to_owned(),
    }
}

fn alternatives(options: &Value) -> String {
    let words = options.as_array().map(Vec::as_slice).unwrap_or_default();
    let words: Vec<String> = words
        .iter()
        .filter(|word| !word.is_null())
        .map(shown)
        .collect();
    match words.as_slice() {
        [word] => word.clone(),
        words => either(words),
    }
}

fn either(words: &[String]) -> String {
    format!("one of {}", words.join(", "))
}

fn found(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// `null` is the same as absent, so nobody is told to write it.
fn wanted(kind: &TypeKind) -> String {
    let names: Vec<&str> = match kind {
        TypeKind::Single(kind) => vec![kind.as_str()],
        TypeKind::Multiple(kinds) => kinds.iter().map(|kind| kind.as_str()).collect(),
    };
    let names: Vec<&str> = names
        .into_iter()
        .filter(|name| *name != "null")
        .map(|name| match name {
            "string" => "a string",
            "number" => "a number",
            "integer" => "a whole number",
            "boolean" => "true or false",
            "array" => "an array",
            "object" => "an object",
            other => other,
        })
        .collect();
    names.join(" or ")
}
