//! A number out of a file or an output, compared.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use regex::Regex;
use schemas::{Check, GateObject, GateSource};
use serde_json::Value;

use super::{Place, Seen, baseline};
use crate::assertion::Assertion;
use crate::format::coverage::ChangedLines;
use crate::format::{self, Format, Numbers, not_a_number};
use crate::git::Git;
use crate::understanding::Found;
use crate::unit::Number;

/// Largest file that a number is looked for in by a place, in bytes.
const MAX_FILE: u64 = 64 << 20;

/// What a metric's name begins with when only changed lines count.
const CHANGED: &str = "diff.";

/// A number, and what it must be.
#[derive(Debug)]
pub(crate) struct Metric {
    pub(crate) assertion: Assertion,
    pub(crate) source: Source,
    pub(crate) baseline: Option<baseline::Baseline>,
}

/// Where the number comes from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// The metrics of the command line.
    Metrics,
    /// A file, relative to where the gate runs.
    File(PathBuf, Spot),
    /// What the gate's command printed.
    Output(Spot),
}

/// The spot of a number in a text.
#[derive(Debug, Clone)]
pub(crate) enum Spot {
    /// JSON Pointer.
    Pointer(String),
    /// The last match.
    Regex(Regex),
    /// The number of that name in a report of this format, which is told from its content when none is given.
    Named(Option<Format>),
}

/// Understands an assertion and what stands beside it.
pub(crate) fn understand(
    assert: &str,
    gate: &GateObject,
    has_command: bool,
    problems: &mut Found,
) -> Option<Metric> {
    let Some(assertion) = Assertion::parse(assert) else {
        let message = "this is no assertion: NAME OP NUMBER[UNIT], OP one of `>= > <= < == !=`";
        problems.push(("assert".to_owned(), message.to_owned()));
        return None;
    };
    let baseline = gate.baseline.as_ref().map(baseline::Baseline::new);
    match (&baseline, assertion.has_baseline()) {
        (None, true) => {
            let message = "nothing says where the baseline is: `baseline` is missing".to_owned();
            problems.push(("assert".to_owned(), message));
        }
        (Some(_), false) => {
            let message = "write `NAME >= baseline` to have the number compared with it".to_owned();
            problems.push(("baseline".to_owned(), message));
        }
        _ => {}
    }
    let from = gate.from.clone().unwrap_or_default();
    let source = source(from, has_command, problems)?;
    Some(Metric {
        assertion,
        source,
        baseline,
    })
}

/// Understands where a number comes from.
pub(super) fn source(from: GateSource, has_command: bool, problems: &mut Found) -> Option<Source> {
    let mut wrong = |key: &str, message: String| problems.push((key.to_owned(), message));
    let format = match from.format.as_deref() {
        None => None,
        Some(name) => match Format::of(name) {
            Some(format) => Some(format),
            None => {
                wrong("from/format", format!("`{name}` is no format of reports"));
                return None;
            }
        },
    };
    let spot = match (from.pointer, from.regex) {
        (Some(_), Some(_)) => {
            wrong(
                "from",
                "a number has one place: pointer or regex".to_owned(),
            );
            return None;
        }
        (Some(pointer), None) if pointer.is_empty() || pointer.starts_with('/') => {
            Some(Spot::Pointer(pointer))
        }
        (Some(_), None) => {
            wrong("from/pointer", "a JSON Pointer begins with `/`".to_owned());
            return None;
        }
        (None, Some(regex)) => match regex::RegexBuilder::new(&regex).multi_line(true).build() {
            Ok(regex) => Some(Spot::Regex(regex)),
            Err(error) => {
                let text = error.to_string();
                let last = text.lines().last().unwrap_or_default();
                let last = last.trim_start_matches("error: ");
                wrong("from/regex", format!("not a regular expression: {last}"));
                return None;
            }
        },
        (None, None) => format.map(|format| Spot::Named(Some(format))),
    };
    Some(match (from.file, spot) {
        (Some(file), spot) => Source::File(file.into(), spot.unwrap_or(Spot::Named(None))),
        (None, Some(spot)) if has_command => Source::Output(spot),
        (None, Some(_)) => {
            wrong(
                "from",
                "a number needs a file or a command that it comes from".to_owned(),
            );
            return None;
        }
        (None, None) => Source::Metrics,
    })
}

impl Metric {
    pub(super) fn look(&self, place: &Place<'_>, check: &mut Check) -> Seen {
        let name = self.assertion.name.clone();
        let measured = self.measured(place);
        let assertion = match (&self.baseline, &measured) {
            (Some(baseline), Ok(Some(value))) => {
                match baseline.compare(&self.assertion, *value, place) {
                    Ok(assertion) => assertion,
                    Err(why) => {
                        check.metric = Some(self.assertion.metric(Some(*value)));
                        return Seen::failed(why, Vec::new());
                    }
                }
            }
            _ => self.assertion.clone(),
        };
        check.metric = Some(assertion.metric(measured.as_ref().ok().copied().flatten()));
        match measured {
            Ok(Some(value)) if assertion.holds(value) => Seen::passed(),
            Ok(Some(value)) => Seen::failed(assertion.missed(value), Vec::new()),
            // Nothing that could be covered has changed: there is nothing to hold against the work.
            Ok(None) => Seen {
                reason: Some("no changed line is in the report".to_owned()),
                ..Seen::passed()
            },
            Err(why) => Seen::failed(format!("no value for {name}: {why}"), Vec::new()),
        }
    }

    /// The number in the unit of the assertion. `None`: only changed lines count, and none of them is in the report.
    pub(super) fn measured(&self, place: &Place<'_>) -> Result<Option<f64>, String> {
        let Some(number) = self.measure(place)? else {
            return Ok(None);
        };
        let value = number.in_unit(self.assertion.unit);
        let value = value.ok_or("it is measured in another kind of unit")?;
        Ok(Some(value))
    }

    fn measure(&self, place: &Place<'_>) -> Result<Option<Number>, String> {
        let name = self.assertion.name.as_str();
        match &self.source {
            Source::Metrics => {
                let file = place.metrics.ok_or(
                    "nothing says where it comes from: give --metrics FILE, or `from` in the gate",
                )?;
                of_file(name, file, file, None, place)
            }
            Source::File(file, Spot::Named(format)) => {
                of_file(name, &place.cwd.join(file), file, *format, place)
            }
            Source::File(file, spot) => {
                let shown = file.display().to_string();
                let text = read(&place.cwd.join(file), &shown)?;
                find(name, spot, &text, &shown).map(Some)
            }
            Source::Output(spot) => {
                let printed = place.printed.ok_or("the command printed nothing")?;
                let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
                let found = find(name, spot, &text(&printed.stdout), "the output");
                // Several tools print their summary to stderr.
                let found = found.or_else(|why| {
                    find(name, spot, &text(&printed.stderr), "the output").map_err(|_| why)
                });
                let found = found.map(Some);
                match printed.whole {
                    true => found,
                    false => {
                        found.map_err(|why| format!("{why} (only the last 1 MiB was looked at)"))
                    }
                }
            }
        }
    }
}

/// The number of that name in a report.
fn of_file(
    name: &str,
    file: &Path,
    shown: &Path,
    format: Option<Format>,
    place: &Place<'_>,
) -> Result<Option<Number>, String> {
    let cannot = |why: String| format!("cannot read {}: {why}", shown.display());
    let mut path = file.to_path_buf();
    if format == Some(Format::Criterion) && file.is_dir() {
        // `parse.mean` stands in `parse/new/estimates.json`.
        let bench = name.rsplit_once('.').map_or(name, |(bench, _)| bench);
        path = file.join(bench).join("new/estimates.json");
    }
    let opened = File::open(&path).map_err(|error| cannot(error.to_string()))?;
    let mut reader = BufReader::with_capacity(64 << 10, opened);
    let beginning = reader
        .fill_buf()
        .map_err(|error| cannot(error.to_string()))?;
    let format = format.unwrap_or_else(|| Format::sniff(beginning));
    let (wanted, changed) = match name.strip_prefix(CHANGED).filter(|_| format.has_lines()) {
        Some(wanted) => (wanted, Some(changed_lines(place)?)),
        None => (name, None),
    };
    let cannot_use = |why: String| format!("cannot use {}: {why}", shown.display());
    let numbers = format::numbers(format, wanted, reader, changed.as_ref()).map_err(cannot_use)?;
    match numbers.get(wanted) {
        Some(number) => Ok(Some(*number)),
        None if changed.is_some() && numbers.is_empty() => Ok(None),
        None => Err(missing(wanted, &numbers, &shown.display().to_string())),
    }
}

fn missing(name: &str, numbers: &Numbers, from: &str) -> String {
    let known: Vec<&str> = numbers.keys().take(12).map(String::as_str).collect();
    if known.is_empty() {
        return format!("there is no `{name}` in {from}");
    }
    format!(
        "there is no `{name}` in {from}; it has {}",
        known.join(", ")
    )
}

fn changed_lines(place: &Place<'_>) -> Result<ChangedLines, String> {
    let base = place
        .base
        .ok_or("nothing says which lines have changed: give --base REV or set GATE_BASE")?;
    let git = Git::open(place.cwd, place.patience)?;
    let base = git.commit(base)?;
    let fork = git
        .fork_point(&base)?
        .ok_or("the base has nothing in common with the work")?;
    Ok(ChangedLines::new(
        git.top(),
        place.cwd,
        git.changed_lines(&fork)?,
    ))
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

fn find(name: &str, spot: &Spot, text: &str, from: &str) -> Result<Number, String> {
    match spot {
        Spot::Regex(regex) => {
            let captures = regex
                .captures_iter(text)
                .last()
                .ok_or_else(|| format!("nothing in {from} matches {regex}"))?;
            let found = captures.get(1).or_else(|| captures.get(0));
            let found = found.map_or("", |found| found.as_str());
            Number::parse(found).ok_or_else(|| not_a_number(found))
        }
        Spot::Pointer(pointer) => {
            let value: Value = serde_json::from_str(text)
                .map_err(|error| format!("{from} is not JSON: {error}"))?;
            let value = value
                .pointer(pointer)
                .ok_or_else(|| format!("there is nothing at {pointer} in {from}"))?;
            format::json::number(value).ok_or_else(|| not_a_number(&value.to_string()))
        }
        Spot::Named(format) => {
            let format = format.unwrap_or_else(|| Format::sniff(text.as_bytes()));
            let numbers = format::numbers(format, name, text.as_bytes(), None)
                .map_err(|why| format!("cannot use {from}: {why}"))?;
            let number = numbers.get(name).copied();
            number.ok_or_else(|| missing(name, &numbers, from))
        }
    }
}

#[cfg(test)]
#[path = "metric/tests.rs"]
mod tests;
