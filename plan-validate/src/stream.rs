//! NDJSON: one document per line, each examined by itself.

use schemas::schema::Schema;
use schemas::source::{Source, duplicate_keys, syntax_problem};
use schemas::{Failure, Problem};
use serde_json::Value;

use crate::cli::Kind;
use crate::examination::Checked;
use crate::levels::Levels;
use crate::schedule;

/// Whether the text is several documents: the first ended well, and something follows it.
pub(crate) fn is_next_document(source: &Source, error: &serde_json::Error) -> bool {
    let first = source
        .text
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    error.to_string().starts_with("trailing characters")
        && serde_json::from_str::<serde::de::IgnoredAny>(first).is_ok()
}

/// Examines every line. Problems are placed in the whole text: the line number is that of the stream.
pub(crate) fn check(source: &Source, kind: Kind, levels: &Levels) -> Result<Checked, Failure> {
    let schema = Schema::of(kind.name())?;
    let mut checked = Checked::under(levels);
    let mut start = 0;
    for line in source.text.split_inclusive('\n') {
        let begin = start;
        start += line.len();
        let text = line.trim_end();
        if text.trim_start().is_empty() {
            continue;
        }
        if text.len() > schemas::document::MAX_RECORD {
            let message = format!("a line of {} bytes: at most 16 MiB are read", text.len());
            let mut problem = Problem::error("too-large", message);
            problem.span = Some(begin..begin);
            checked.form.push(problem);
            continue;
        }
        let line = Source::json(source.name.clone(), text.to_owned());
        let (mut form, mut rules) = one(&line, kind, &schema, levels);
        for problems in [&mut form, &mut rules] {
            line.place(problems);
            shift(problems, begin);
        }
        checked.form.extend(form);
        checked.rules.extend(rules);
    }
    Ok(checked)
}

fn one(
    line: &Source,
    kind: Kind,
    schema: &Schema,
    levels: &Levels,
) -> (Vec<Problem>, Vec<Problem>) {
    let value: Value = match serde_json::from_str(&line.text) {
        Ok(value) => value,
        Err(error) => return (vec![syntax_problem(line, &error)], Vec::new()),
    };
    let mut form = duplicate_keys(&line.text);
    form.extend(schema.problems(&value));
    let rules = match kind {
        Kind::Schedule => schedule::check(&value, levels).problems,
        _ => Vec::new(),
    };
    (form, rules)
}

/// From bytes of the line to bytes of the stream.
fn shift(problems: &mut [Problem], by: usize) {
    for problem in problems {
        let related = problem.related.iter_mut().map(|related| &mut related.span);
        for span in related.chain([&mut problem.span]) {
            let here = span.take().unwrap_or(0..0);
            *span = Some(here.start + by..here.end + by);
        }
    }
}
