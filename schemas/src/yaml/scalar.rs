//! What a scalar means by the core schema of YAML 1.2.

use saphyr_parser::{ScalarStyle, Tag};
use serde_json::{Number, Value};

/// Why a scalar has no value.
pub(super) struct Wrong {
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) help: &'static str,
}

/// The value of a scalar: only what is plain and looks like null, a bool or a number is one.
pub(super) fn value(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, Wrong> {
    match tag {
        None if style == ScalarStyle::Plain => core(text),
        None => Ok(text.into()),
        Some(tag) if is_unspecific(tag) => Ok(text.into()),
        Some(tag) if tag.is_yaml_core_schema() => tagged(text, tag),
        Some(tag) => Err(unknown_tag(tag)),
    }
}

/// `!`: "not what it looks like".
pub(super) fn is_unspecific(tag: &Tag) -> bool {
    matches!(
        (tag.handle.as_str(), tag.suffix.as_str()),
        ("", "!") | ("!", "")
    )
}

pub(super) fn unknown_tag(tag: &Tag) -> Wrong {
    Wrong {
        code: "unknown-tag",
        message: format!("the tag `{tag}` means nothing here"),
        help: "write the value itself: JSON has no tags",
    }
}

fn tagged(text: &str, tag: &Tag) -> Result<Value, Wrong> {
    let fits = |value: &Value| match tag.suffix.as_str() {
        "null" => value.is_null(),
        "bool" => value.is_boolean(),
        "int" => value.is_i64() || value.is_u64(),
        _ => value.is_number(),
    };
    match tag.suffix.as_str() {
        "str" | "timestamp" | "binary" => Ok(text.into()),
        "null" | "bool" | "int" | "float" => core(text).ok().filter(fits).ok_or_else(|| Wrong {
            code: "wrong-tag",
            message: format!("the text is not a `{}`", tag.suffix),
            help: "leave the tag out, or write what it asks for",
        }),
        _ => Err(unknown_tag(tag)),
    }
}

fn core(text: &str) -> Result<Value, Wrong> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Value::Null),
        "true" | "True" | "TRUE" => return Ok(true.into()),
        "false" | "False" | "FALSE" => return Ok(false.into()),
        _ => {}
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let starts_number = unsigned
        .bytes()
        .next()
        .is_some_and(|b| b.is_ascii_digit() || b == b'.');
    if !starts_number {
        return Ok(text.into());
    }
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Err(no_number(text));
    }
    if let Some(number) = in_other_base(text) {
        return Ok(number.into());
    }
    if is_decimal(unsigned) {
        return decimal(text);
    }
    Ok(text.into())
}

fn no_number(text: &str) -> Wrong {
    Wrong {
        code: "not-a-number",
        message: format!("JSON has no number `{text}`"),
        help: "leave it out, or quote it to make it a string",
    }
}

fn in_other_base(text: &str) -> Option<u64> {
    let digits = |rest: &str, base| {
        let only_digits = rest.bytes().all(|b| b.is_ascii_alphanumeric());
        only_digits
            .then(|| u64::from_str_radix(rest, base).ok())
            .flatten()
    };
    match text.get(..2)? {
        "0x" => digits(&text[2..], 16),
        "0o" => digits(&text[2..], 8),
        _ => None,
    }
}

/// `[0-9]+`, `[0-9]+\.[0-9]*` or `\.[0-9]+`, each with an optional exponent.
fn is_decimal(text: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent_fits = exponent.is_none_or(|e| {
        let e = e.strip_prefix(['-', '+']).unwrap_or(e);
        !e.is_empty() && digits(e)
    });
    digits(whole) && digits(part) && !(whole.is_empty() && part.is_empty()) && exponent_fits
}

fn decimal(text: &str) -> Result<Value, Wrong> {
    let text = text.strip_prefix('+').unwrap_or(text);
    if let Ok(number) = text.parse::<i64>() {
        return Ok(number.into());
    }
    if let Ok(number) = text.parse::<u64>() {
        return Ok(number.into());
    }
    let number = text.parse::<f64>().ok().and_then(Number::from_f64);
    number.map(Value::Number).ok_or_else(|| no_number(text))
}
