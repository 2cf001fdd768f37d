//! Numbers out of files and outputs.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde_json::Value;

use crate::assertion::number_of;
use crate::output::Printed;
use crate::planned::{Place, Source};

/// Largest file that a number is looked for in, in bytes.
const MAX_FILE: u64 = 64 << 20;

/// The number of a metric, or why there is none.
pub(crate) fn measure(
    name: &str,
    source: &Source,
    cwd: &Path,
    metrics: Option<&Path>,
    printed: Option<&Printed>,
) -> Result<f64, String> {
    match source {
        Source::Metrics => {
            let file = metrics.ok_or(
                "nothing says where it comes from: give --metrics FILE, or `from` in the gate",
            )?;
            let shown = file.display().to_string();
            find(name, &Place::Whole, &read(file, &shown)?, &shown)
        }
        Source::File(file, place) => {
            let shown = file.display().to_string();
            find(name, place, &read(&cwd.join(file), &shown)?, &shown)
        }
        Source::Output(place) => {
            let printed = printed.ok_or("the command printed nothing")?;
            let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
            let found = find(name, place, &text(&printed.stdout), "the output");
            // Several tools print their summary to stderr.
            let found = found.or_else(|why| {
                find(name, place, &text(&printed.stderr), "the output").map_err(|_| why)
            });
            match printed.whole {
                true => found,
                false => found.map_err(|why| format!("{why} (only the last 1 MiB was looked at)")),
            }
        }
    }
}

fn read(file: &Path, shown: &str) -> Result<String, String> {
    let cannot = |why: String| format!("cannot read {shown}: {why}");
    let mut bytes = Vec::new();
    File::open(file)
        .and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes))
        .map_err(|error| cannot(error.to_string()))?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(cannot("larger than 64 MiB".to_owned()));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn find(name: &str, place: &Place, text: &str, from: &str) -> Result<f64, String> {
    match place {
        Place::Regex(regex) => {
            let captures = regex
                .captures_iter(text)
                .last()
                .ok_or_else(|| format!("nothing in {from} matches {regex}"))?;
            let found = captures.get(1).or_else(|| captures.get(0));
            let found = found.map_or("", |found| found.as_str());
            number(found).ok_or_else(|| not_a_number(found))
        }
        Place::Pointer(pointer) => {
            let value = json(text, from)?;
            let value = value
                .pointer(pointer)
                .ok_or_else(|| format!("there is nothing at {pointer} in {from}"))?;
            value_number(value).ok_or_else(|| not_a_number(&value.to_string()))
        }
        Place::Whole => {
            let value = json(text, from)?;
            let value = if value.is_object() {
                member(&value, name).ok_or_else(|| format!("there is no `{name}` in {from}"))?
            } else {
                &value
            };
            value_number(value).ok_or_else(|| not_a_number(&value.to_string()))
        }
    }
}

fn json(text: &str, from: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("{from} is not JSON: {error}"))
}

/// `lines.pct` is the key of that name, else the member `pct` of `lines`.
fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.get(name).or_else(|| {
        let (outer, inner) = name.split_once('.')?;
        member(value.get(outer)?, inner)
    })
}

fn value_number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(found) => found.as_f64().filter(|number| number.is_finite()),
        Value::String(text) => number(text),
        _ => None,
    }
}

fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    number_of(text.strip_suffix('%').unwrap_or(text).trim_end())
}

fn not_a_number(text: &str) -> String {
    let short: String = text.chars().take(40).collect();
    format!("`{short}` is not a number")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_where_they_are() {
        let regex = |text| Place::Regex(regex::Regex::new(text).expect("it is one"));
        let json =
            r#"{"a": 1, "lines": {"pct": "85.5 %"}, "lines.pct": 3, "list": [7], "word": "x"}"#;
        for (name, place, text, expected) in [
            ("a", Place::Whole, json, Ok(1.0)),
            ("lines.pct", Place::Whole, json, Ok(3.0)),
            ("x", Place::Pointer("/lines/pct".to_owned()), json, Ok(85.5)),
            ("x", Place::Pointer("/list/0".to_owned()), json, Ok(7.0)),
            ("x", Place::Whole, "42", Ok(42.0)),
            ("x", regex(r"(\d+)%"), "10% then 20%", Ok(20.0)),
            ("x", regex(r"\d+"), "10 then 20", Ok(20.0)),
            ("b", Place::Whole, json, Err("there is no `b` in it")),
            ("word", Place::Whole, json, Err("`\"x\"` is not a number")),
            (
                "x",
                Place::Pointer("/no".to_owned()),
                json,
                Err("there is nothing at /no in it"),
            ),
            ("x", regex("(inf)"), "inf", Err("`inf` is not a number")),
            (
                "x",
                regex(r"(\d+)%"),
                "none",
                Err(r"nothing in it matches (\d+)%"),
            ),
        ] {
            let found = find(name, &place, text, "it");
            assert_eq!(found, expected.map_err(str::to_owned), "{name} {place:?}");
        }
        let nested = r#"{"lines": {"pct": 80}}"#;
        assert_eq!(find("lines.pct", &Place::Whole, nested, "it"), Ok(80.0));
    }
}
