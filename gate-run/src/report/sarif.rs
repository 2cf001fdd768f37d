//! SARIF 2.1.0: a result for each finding.

use std::collections::BTreeSet;

use schemas::report::{sarif, uri};
use schemas::{Finding, Verdict};
use serde_json::{Value, json};

/// The whole report.
pub(super) fn text(verdict: &Verdict) -> String {
    let mut rules = BTreeSet::new();
    let mut results = Vec::new();
    for check in &verdict.checks {
        for finding in &check.findings {
            let rule = finding.rule.clone().unwrap_or_else(|| check.kind.clone());
            results.push(result(finding, &rule, &check.name));
            rules.insert(rule);
        }
    }
    let rules: Vec<Value> = rules.into_iter().map(|id| json!({"id": id})).collect();
    let document = sarif("gate-run", env!("CARGO_PKG_VERSION"), rules, results);
    format!("{document:#}\n")
}

fn result(finding: &Finding, rule: &str, check: &str) -> Value {
    let level = match finding.severity.as_str() {
        "critical" | "important" => "error",
        "medium" => "warning",
        _ => "note",
    };
    let mut result = json!({
        "ruleId": rule,
        "level": level,
        "message": {"text": finding.message},
        "properties": {"check": check, "severity": finding.severity},
    });
    if let Some(file) = &finding.file {
        let mut place = json!({"artifactLocation": {"uri": uri(file)}});
        if let Some(line) = finding.line {
            place["region"] = json!({"startLine": line});
            if let Some(column) = finding.column {
                place["region"]["startColumn"] = column.into();
            }
        }
        result["locations"] = json!([{"physicalLocation": place}]);
    }
    result
}
