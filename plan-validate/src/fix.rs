//! `--fix`: what can be put right without anybody's judgement.
//!
//! Dependencies that are redundant or stand twice are taken out, and `executionOrder` is derived where there is none or a
//! wrong one: the dependencies say what must come first. Only the bytes of what is fixed change. The result is examined
//! before anybody sees it: a fix that makes something else wrong is none.

mod edit;
mod rows;

use schemas::source::Source;
use schemas::{Failure, Problem, Severity};

pub(crate) use self::edit::Edit;
use crate::cli::{From, Kind};
use crate::examination::{Examination, examine};
use crate::levels::Levels;
use crate::outline::Outline;
use crate::rules;

/// Rules of dependencies that are better taken out.
const NEEDLESS: [&str; 2] = ["duplicate-dependency", "redundant-dependency"];

/// Rules of an order that is better derived anew.
const ORDER: [&str; 4] = [
    "order-unknown-task",
    "order-missing-task",
    "order-duplicate-task",
    "order-dependency",
];

/// A plan before and after.
pub(crate) struct Fixed {
    /// What is still wrong, at its places in the text as it was.
    pub(crate) left: Vec<Problem>,
    pub(crate) text: String,
    pub(crate) edits: usize,
}

/// The plan that was examined, with its fixes.
pub(crate) fn fix(
    examination: &Examination,
    from: From,
    levels: &Levels,
) -> Result<Fixed, Failure> {
    let source = &examination.source;
    let unchanged = || Fixed {
        left: examination.problems.clone(),
        text: source.text.clone(),
        edits: 0,
    };
    if examination.is_malformed {
        return Ok(unchanged());
    }
    let edits =
        examination.with_outline(|outline| edits(source, outline, &examination.problems))?;
    if edits.is_empty() {
        return Ok(unchanged());
    }
    let text = edit::apply(&source.text, &edits);
    let input = schemas::document::Input {
        name: source.name.clone(),
        text,
    };
    let after = examine(input, from, Kind::Plan, levels)?;
    let count = |problems: &[Problem]| errors(problems);
    if after.is_malformed || count(&after.problems) > count(&examination.problems) {
        return Err(Failure::trouble(format!(
            "cannot fix {}: the result would not be sound",
            source.name
        ))
        .help("nothing was changed; fix it by hand"));
    }
    let is_left = |problem: &&Problem| {
        let by_fix = NEEDLESS.iter().chain(&ORDER);
        !by_fix.into_iter().any(|code| problem.code == *code)
            || after.problems.iter().any(|left| left.code == problem.code)
    };
    Ok(Fixed {
        left: examination
            .problems
            .iter()
            .filter(is_left)
            .cloned()
            .collect(),
        text: after.source.text,
        edits: edits.len(),
    })
}

fn errors(problems: &[Problem]) -> usize {
    let is_error = |problem: &&Problem| problem.severity == Severity::Error;
    problems.iter().filter(is_error).count()
}

/// In the order of the text.
fn edits(source: &Source, outline: &Outline, problems: &[Problem]) -> Vec<Edit> {
    let is_told = |code: &str| {
        let is_it = |problem: &Problem| problem.code == code && problem.severity != Severity::Info;
        problems.iter().any(is_it)
    };
    let mut needless = Vec::new();
    if is_told("redundant-dependency") {
        needless.extend(rules::redundant(outline));
    }
    let twice = problems
        .iter()
        .filter(|problem| problem.code == "duplicate-dependency");
    needless.extend(twice.filter_map(|problem| edit::item(problem.pointer.as_deref()?)));
    let mut edits = edit::without_items(source, outline, &needless);
    let is_wrong = problems
        .iter()
        .any(|problem| ORDER.contains(&&*problem.code));
    if is_wrong || outline.execution_order.is_none() {
        edits.extend(rows::derived(source, outline));
    }
    edits.sort_by_key(|edit| edit.range.start);
    edits
}
