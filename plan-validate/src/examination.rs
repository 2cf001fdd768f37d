//! One document, examined: what it is, what is wrong with it, and what goes on to stdout.

#[cfg(test)]
mod tests;

use std::collections::HashSet;

use schemas::document::Input;
use schemas::schema::Schema;
use schemas::source::{Source, duplicate_keys, syntax_problem};
use schemas::{Failure, Problem, Severity, yaml};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::cli::{From, Kind};
use crate::dialect::{Dialect, Draft, Material};
use crate::found::Found;
use crate::levels::Levels;
use crate::outline::{self, Notes, Outline};
use crate::{doubts, rules, schedule, stream};

/// Texts up to this size are held whole as a value tree; it takes up to 40 times their size.
pub(crate) const WHOLE: usize = 8 << 20;

/// Largest document of a kind that cannot be taken apart.
const LARGEST: usize = 64 << 20;

/// What came of examining a document.
pub(crate) struct Examination {
    pub(crate) source: Source,
    /// In the order of the document.
    pub(crate) problems: Vec<Problem>,
    /// Problems that were found but not kept.
    pub(crate) dropped: usize,
    /// Not JSON or YAML, or not of the schema.
    pub(crate) is_malformed: bool,
    /// Against a rule.
    pub(crate) is_wrong: bool,
    /// The JSON of a document that was something else.
    converted: Option<String>,
}

impl Examination {
    /// What goes on: JSON as it came.
    pub(crate) fn canonical(&self) -> &str {
        self.converted.as_deref().unwrap_or(&self.source.text)
    }
}

impl Examination {
    /// Looks at the plan that was found sound in its form.
    pub(crate) fn with_outline<T>(&self, look: impl FnOnce(&Outline) -> T) -> Result<T, Failure> {
        let text = self.converted.as_deref().unwrap_or(&self.source.text);
        let outline = outline_of(text, &Notes::default())
            .map_err(|error| Failure::trouble("cannot read the plan again").because(&error))?;
        Ok(look(&outline))
    }
}

/// Problems of the form (syntax, schema) and of the content, told apart because their exit codes differ.
pub(crate) struct Checked {
    pub(crate) form: Found,
    pub(crate) rules: Found,
}

impl Checked {
    /// What is of the form is the same in every run.
    pub(crate) fn under(levels: &Levels) -> Checked {
        Checked {
            form: Found::default(),
            rules: Found::under(levels),
        }
    }
}

/// Examines a text as a document of `kind`.
pub(crate) fn examine(
    input: Input,
    from: From,
    kind: Kind,
    levels: &Levels,
) -> Result<Examination, Failure> {
    let is_json = match from {
        From::Json => true,
        From::Yaml => false,
        _ => input.text.trim_start().starts_with(['{', '[']),
    };
    let (source, checked, converted) = if is_json {
        let source = Source::json(input.name, input.text);
        let checked = json(&source, kind, levels)?;
        (source, checked, None)
    } else {
        from_yaml(input, kind, levels)?
    };
    Ok(conclude(source, checked, converted))
}

/// Examines a plan of a dialect: its canonical plan is checked as if it had been written so.
pub(crate) fn examine_dialect(
    dialect: &Dialect,
    mut material: Material,
    levels: &Levels,
) -> Result<Examination, Failure> {
    let Draft { plan, found } = (dialect.read)(&material);
    // Most dialects have no place for what this rule asks for.
    let levels = &levels.unless_asked("missing-acceptance");
    let mut checked = Checked::under(levels);
    // What it tolerated is a rule's matter: denied, it is still a plan that was read.
    let is_error = |problem: &Problem| problem.severity == Severity::Error;
    let (refused, tolerated) = found.problems.into_iter().partition::<Vec<_>, _>(is_error);
    checked.form.extend(refused);
    checked.rules.extend(tolerated);
    let mut converted = None;
    if let Some(plan) = plan {
        let (value, places) = plan.into_parts();
        material.source.map(places);
        checked.form.extend(Schema::of("plan")?.problems(&value));
        let rules = rules_of(&value, &checked.form, levels);
        checked.rules.absorb(rules);
        converted = Some(pretty(&value)?);
    }
    Ok(conclude(material.source, checked, converted))
}

fn pretty(value: &Value) -> Result<String, Failure> {
    serde_json::to_string_pretty(value)
        .map_err(|error| Failure::trouble("cannot write the document as JSON").because(&error))
}

fn from_yaml(
    input: Input,
    kind: Kind,
    levels: &Levels,
) -> Result<(Source, Checked, Option<String>), Failure> {
    let (source, read) = yaml::parse(input.name, input.text);
    let mut checked = Checked::under(levels);
    let value = match read {
        Ok(value) => value,
        Err(problems) => {
            checked.form.extend(problems);
            return Ok((source, checked, None));
        }
    };
    checked
        .form
        .extend(Schema::of(kind.name())?.problems(&value));
    match kind {
        Kind::Plan => checked.rules = rules_of(&value, &checked.form, levels),
        Kind::Schedule => checked.rules = schedule::check(&value, levels),
        _ => {}
    }
    let text = pretty(&value)?;
    Ok((source, checked, Some(text)))
}

/// The rules of a plan that is a value tree.
fn rules_of(plan: &Value, form: &Found, levels: &Levels) -> Found {
    match outline::read(plan, &Notes::default()) {
        Ok(outline) => told_once(rules::check(&outline, levels), form),
        Err(_) => Found::default(),
    }
}

fn json(source: &Source, kind: Kind, levels: &Levels) -> Result<Checked, Failure> {
    if kind == Kind::Record {
        return stream::check(source, kind, levels);
    }
    if kind == Kind::Plan {
        return plan(source, levels);
    }
    let mut checked = Checked::under(levels);
    match serde_json::from_str::<&RawValue>(&source.text) {
        Err(error) if stream::is_next_document(source, &error) => {
            return stream::check(source, kind, levels);
        }
        Err(error) => {
            checked.form.push(syntax_problem(source, &error));
            return Ok(checked);
        }
        Ok(_) if source.text.len() > LARGEST => {
            let message = format!(
                "a {} of {} bytes: at most 64 MiB are read",
                kind.name(),
                source.text.len()
            );
            checked.form.push(Problem::error("too-large", message));
            return Ok(checked);
        }
        Ok(_) => {}
    }
    let value: Value = match serde_json::from_str(&source.text) {
        Ok(value) => value,
        Err(error) => {
            checked.form.push(syntax_problem(source, &error));
            return Ok(checked);
        }
    };
    checked.form.extend(duplicate_keys(&source.text));
    checked
        .form
        .extend(Schema::of(kind.name())?.problems(&value));
    if kind == Kind::Schedule {
        checked.rules = schedule::check(&value, levels);
    }
    Ok(checked)
}

/// Read once. Only what is not certainly of the schema is read again, by the schema, which can say what is wrong.
fn plan(source: &Source, levels: &Levels) -> Result<Checked, Failure> {
    let mut checked = Checked::under(levels);
    let notes = Notes::default();
    let outline = match outline_of(&source.text, &notes) {
        Ok(outline) => outline,
        Err(error) => {
            let mut problem = syntax_problem(source, &error);
            if stream::is_next_document(source, &error) {
                problem.message = "a second JSON document begins here".to_owned();
                problem.help = Some("a plan is one document".to_owned());
            }
            checked.form.push(problem);
            return Ok(checked);
        }
    };
    if notes.has_duplicate() {
        checked.form.extend(duplicate_keys(&source.text));
    }
    if notes.doubts() == 0 {
        checked.rules = rules::check(&outline, levels);
    } else {
        let schema = Schema::of("plan")?;
        let form = std::thread::scope(|scope| {
            let form = scope.spawn(|| form_of(source, &outline, &schema));
            checked.rules = rules::check(&outline, levels);
            form.join()
        });
        let died = |_| Failure::trouble("a thread of the validation ended early");
        checked.form.extend(form.map_err(died)?);
    }
    checked.rules = told_once(checked.rules, &checked.form);
    // To give back the pieces of a large plan one by one takes as long as a rule, and the program ends soon.
    std::mem::forget(outline);
    Ok(checked)
}

fn outline_of<'t>(text: &'t str, notes: &Notes) -> serde_json::Result<Outline<'t>> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let outline = outline::read(&mut reader, notes)?;
    reader.end()?;
    Ok(outline)
}

fn form_of(source: &Source, outline: &Outline, schema: &Schema) -> Vec<Problem> {
    if source.text.len() > WHOLE {
        return doubts::problems(source, outline, schema);
    }
    match serde_json::from_str(&source.text) {
        Ok(value) => schema.problems(&value),
        // It has been read once already.
        Err(_) => Vec::new(),
    }
}

/// Without what the schema has said already at the same place.
fn told_once(mut rules: Found, form: &Found) -> Found {
    let places = form.problems.iter().filter_map(|p| p.pointer.as_deref());
    let said: HashSet<&str> = places.collect();
    let is_said = |at: &str| said.contains(at);
    rules.retract(|p| p.code == "empty-gate" && p.pointer.as_deref().is_some_and(is_said));
    rules
}

fn conclude(source: Source, checked: Checked, converted: Option<String>) -> Examination {
    let Checked { form, rules } = checked;
    let dropped = form.dropped() + rules.dropped();
    let is_malformed = form.has_errors();
    let mut problems = form.problems;
    problems.extend(rules.problems);
    let is_wrong = !is_malformed
        && problems
            .iter()
            .any(|problem| problem.severity == Severity::Error);
    source.place(&mut problems);
    problems.sort_by_key(|problem| problem.span.as_ref().map_or(0, |span| span.start));
    Examination {
        source,
        problems,
        dropped,
        is_malformed,
        is_wrong,
        converted,
    }
}
