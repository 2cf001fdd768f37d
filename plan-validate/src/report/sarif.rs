//! SARIF 2.1.0: a result for each problem, and what its rule is about.

use std::collections::BTreeSet;

use schemas::report::{sarif, uri};
use schemas::source::Source;
use schemas::{Problem, Severity};
use serde_json::{Value, json};

use crate::catalogue::Rule;

/// The whole document, one line. Of a rule that the catalogue does not have only the code is told.
pub(super) fn text(problems: &[Problem], source: Option<&Source>) -> String {
    let codes: BTreeSet<&str> = problems.iter().map(|problem| &*problem.code).collect();
    let rules = codes.into_iter().map(rule).collect();
    let results = problems.iter().map(|problem| result(problem, source));
    let version = env!("CARGO_PKG_VERSION");
    sarif("plan-validate", version, rules, results.collect()).to_string()
}

fn rule(code: &str) -> Value {
    let Some(rule) = Rule::find(code) else {
        return json!({"id": code});
    };
    json!({
        "id": rule.code,
        "name": rule.short(),
        "shortDescription": {"text": rule.summary()},
        "fullDescription": {"text": rule.page().split("\n```").next().unwrap_or_default().trim()},
        "help": {"text": rule.page(), "markdown": rule.page()},
        "defaultConfiguration": {"level": rule.weight.word()},
    })
}

fn result(problem: &Problem, source: Option<&Source>) -> Value {
    let level = match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    };
    let text = match &problem.help {
        Some(help) => format!("{}\n{help}", problem.message),
        None => problem.message.clone(),
    };
    let mut result = json!({"ruleId": problem.code, "level": level, "message": {"text": text}});
    if let Some(file) = &problem.file {
        let mut place = location(file, problem.line, problem.column);
        if let (Some(source), Some(span)) = (source, &problem.span) {
            let (line, column) = source.position(span.end);
            place["physicalLocation"]["region"]["endLine"] = line.into();
            place["physicalLocation"]["region"]["endColumn"] = column.into();
        }
        if let Some(pointer) = &problem.pointer {
            place["logicalLocations"] = json!([{"fullyQualifiedName": pointer}]);
        }
        result["locations"] = json!([place]);
        let related = problem.related.iter().map(|related| {
            let of = related.file.as_deref().unwrap_or(file);
            let mut place = location(of, related.line, related.column);
            place["message"] = json!({"text": related.message});
            place
        });
        let related: Vec<Value> = related.collect();
        if !related.is_empty() {
            result["relatedLocations"] = related.into();
        }
    }
    result
}

fn location(file: &str, line: Option<u32>, column: Option<u32>) -> Value {
    let mut place = json!({"artifactLocation": {"uri": uri(file)}});
    if let Some(line) = line {
        place["region"] = json!({"startLine": line});
        if let Some(column) = column {
            place["region"]["startColumn"] = column.into();
        }
    }
    json!({"physicalLocation": place})
}
