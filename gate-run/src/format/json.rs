//! Numbers of reports that are JSON: coverage.py, Istanbul, SARIF, Criterion, or any object of numbers.

use std::collections::BTreeMap;
use std::io::{BufRead, Read};

use serde_json::{Map, Value};

use super::coverage::{ChangedLines, Coverage, Ratio, counts};
use super::{Format, MAX_JSON, Numbers, not_a_number};
use crate::unit::Number;

/// The numbers of a report, those that `name` could mean among them.
pub(super) fn numbers(
    format: Format,
    name: &str,
    mut report: impl BufRead,
    changed: Option<&ChangedLines>,
) -> Result<Numbers, String> {
    let mut text = String::new();
    let read = report.by_ref().take(MAX_JSON + 1).read_to_string(&mut text);
    read.map_err(|error| error.to_string())?;
    if text.len() as u64 > MAX_JSON {
        return Err("larger than 64 MiB".to_owned());
    }
    let value: Value =
        serde_json::from_str(&text).map_err(|error| format!("it is not JSON: {error}"))?;
    let format = match format {
        Format::Json if changed.is_none() && member(&value, name).is_some() => Format::Json,
        Format::Json => shape(&value),
        format => format,
    };
    match format {
        Format::CoveragePy => Ok(coverage_py(&value, changed)),
        Format::Istanbul => Ok(istanbul(&value, changed)),
        Format::Sarif => Ok(sarif(&value)),
        Format::Criterion => criterion(&value, name),
        _ if changed.is_some() => Err("it does not say which lines are covered".to_owned()),
        _ => plain(&value, name),
    }
}

/// A number that stands alone, or the member of that name.
pub(crate) fn plain(value: &Value, name: &str) -> Result<Numbers, String> {
    let found = if value.is_object() {
        member(value, name)
    } else {
        Some(value)
    };
    let Some(found) = found else {
        return Ok(Numbers::new());
    };
    let number = number(found).ok_or_else(|| not_a_number(&found.to_string()))?;
    Ok(BTreeMap::from([(name.to_owned(), number)]))
}

/// `lines.pct` is the key of that name, else the member `pct` of `lines`.
fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.get(name).or_else(|| {
        let (outer, inner) = name.split_once('.')?;
        member(value.get(outer)?, inner)
    })
}

/// The number that a JSON value is, or that its text is.
pub(crate) fn number(value: &Value) -> Option<Number> {
    match value {
        Value::Number(found) => found
            .as_f64()
            .filter(|number| number.is_finite())
            .map(Number::plain),
        Value::String(text) => Number::parse(text),
        _ => None,
    }
}

fn shape(value: &Value) -> Format {
    let total = value.get("total");
    if value.get("runs").is_some_and(Value::is_array) {
        Format::Sarif
    } else if value.get("totals").is_some() && value.get("files").is_some() {
        Format::CoveragePy
    } else if value.pointer("/mean/point_estimate").is_some() {
        Format::Criterion
    } else if total.is_some_and(|total| total.get("lines").is_some())
        || finals(value).next().is_some()
    {
        Format::Istanbul
    } else {
        Format::Json
    }
}

fn coverage_py(value: &Value, changed: Option<&ChangedLines>) -> Numbers {
    let mut all = Coverage::default();
    if let Some(changed) = changed {
        for (file, lines) in value
            .get("files")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            let changed = changed.of(file);
            for (key, covered) in [("executed_lines", true), ("missing_lines", false)] {
                for line in lines
                    .get(key)
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                {
                    let line = line
                        .as_u64()
                        .and_then(|line| u32::try_from(line).ok())
                        .unwrap_or(0);
                    if counts(Some(changed), line) {
                        all.lines.count(covered);
                    }
                }
            }
        }
        return all.numbers();
    }
    let total = |key: &str| {
        value
            .pointer(&format!("/totals/{key}"))
            .and_then(Value::as_u64)
            .unwrap_or(0)
    };
    all.lines
        .add(total("covered_lines"), total("num_statements"));
    all.branches
        .add(total("covered_branches"), total("num_branches"));
    all.numbers()
}

/// The summary, or the whole report by its maps.
fn istanbul(value: &Value, changed: Option<&ChangedLines>) -> Numbers {
    let mut all = Coverage::default();
    if let (Some(total), None) = (value.get("total"), changed) {
        let ratio = |what: &str| {
            let count = |key: &str| {
                total
                    .pointer(&format!("/{what}/{key}"))
                    .and_then(Value::as_u64)
                    .unwrap_or(0)
            };
            let mut ratio = Ratio::default();
            ratio.add(count("covered"), count("total"));
            ratio
        };
        all.lines = ratio("lines");
        all.branches = ratio("branches");
        all.functions = ratio("functions");
        all.statements = ratio("statements");
        return all.numbers();
    }
    for (file, report) in finals(value) {
        let changed = changed.map(|changed| changed.of(file));
        // As Istanbul itself does it: a line is hit as often as the statement on it that is hit most.
        let mut lines: BTreeMap<u32, u64> = BTreeMap::new();
        for (key, place) in report
            .get("statementMap")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            let hits = hits(report, "s", key).first().copied().unwrap_or(0);
            let line = place.pointer("/start/line").and_then(Value::as_u64);
            let line = line.and_then(|line| u32::try_from(line).ok()).unwrap_or(0);
            let most = lines.entry(line).or_default();
            *most = hits.max(*most);
            if changed.is_none() {
                all.statements.count(hits > 0);
            }
        }
        for (line, hits) in lines {
            if counts(changed, line) {
                all.lines.count(hits > 0);
            }
        }
        if changed.is_some() {
            continue;
        }
        for (map, to, ratio) in [
            ("f", "fnMap", &mut all.functions),
            ("b", "branchMap", &mut all.branches),
        ] {
            for (key, _) in report
                .get(to)
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
            {
                hits(report, map, key)
                    .into_iter()
                    .for_each(|hits| ratio.count(hits > 0));
            }
        }
    }
    all.numbers()
}

fn finals(value: &Value) -> impl Iterator<Item = (&String, &Map<String, Value>)> {
    let files = value.as_object().into_iter().flatten();
    files.filter_map(|(file, report)| {
        let report = report.as_object()?;
        report
            .contains_key("statementMap")
            .then_some((file, report))
    })
}

fn hits(report: &Map<String, Value>, map: &str, key: &str) -> Vec<u64> {
    match report.get(map).and_then(|map| map.get(key)) {
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_u64).collect(),
        Some(one) => one.as_u64().into_iter().collect(),
        None => Vec::new(),
    }
}

/// `results`, `errors`, `warnings`, `notes`; what is suppressed does not count.
fn sarif(value: &Value) -> Numbers {
    let (mut errors, mut warnings, mut notes) = (0, 0, 0);
    for run in value
        .get("runs")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let rules = run.pointer("/tool/driver/rules").and_then(Value::as_array);
        for result in run
            .get("results")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let suppressed = result.get("suppressions").and_then(Value::as_array);
            if suppressed.is_some_and(|all| !all.is_empty()) {
                continue;
            }
            let of_rule = || {
                let id = result.get("ruleId")?;
                let rule = rules?.iter().find(|rule| rule.get("id") == Some(id))?;
                rule.pointer("/defaultConfiguration/level")?.as_str()
            };
            match result.get("level").and_then(Value::as_str).or_else(of_rule) {
                Some("error") => errors += 1,
                Some("note" | "none") => notes += 1,
                _ => warnings += 1,
            }
        }
    }
    let counted = [
        ("results", errors + warnings + notes),
        ("errors", errors),
        ("warnings", warnings),
        ("notes", notes),
    ];
    counted
        .into_iter()
        .map(|(name, count)| (name.to_owned(), Number::plain(f64::from(count))))
        .collect()
}

/// `NAME.mean`, `mean`, `median` and so on, in nanoseconds.
fn criterion(value: &Value, name: &str) -> Result<Numbers, String> {
    let mut numbers = Numbers::new();
    let prefix = name
        .rsplit_once('.')
        .map_or(String::new(), |(before, _)| format!("{before}."));
    for (statistic, estimate) in value.as_object().into_iter().flatten() {
        if let Some(point) = estimate.get("point_estimate").and_then(Value::as_f64) {
            numbers.insert(format!("{prefix}{statistic}"), Number::with(point, "ns"));
        }
    }
    if numbers.is_empty() {
        return Err("there are no estimates in it".to_owned());
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests;
