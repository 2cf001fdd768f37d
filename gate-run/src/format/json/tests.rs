use std::path::Path;

use super::*;

fn value(text: &str, name: &str) -> Option<f64> {
    let numbers = numbers(Format::Json, name, text.as_bytes(), None).expect("a report");
    numbers.get(name).map(|number| number.value)
}

#[test]
fn reports_are_told_by_their_shape() {
    let python = r#"{"meta": {}, "files": {}, "totals": {"covered_lines": 9, "num_statements": 10, "percent_covered": 87.5,
        "covered_branches": 1, "num_branches": 4}}"#;
    assert_eq!(value(python, "lines.pct"), Some(90.0));
    assert_eq!(value(python, "branches.pct"), Some(25.0));
    let summary = r#"{"total": {"lines": {"total": 4, "covered": 3, "skipped": 0, "pct": 99}, "functions": {"total": 0, "covered": 0}}}"#;
    assert_eq!(value(summary, "lines.pct"), Some(75.0));
    assert_eq!(value(summary, "functions.pct"), None);
    let sarif = r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"rules": [{"id": "x", "defaultConfiguration": {"level": "error"}}]}},
        "results": [{"level": "error"}, {"ruleId": "x"}, {}, {"level": "note"}, {"level": "error", "suppressions": [{"kind": "inSource"}]}]}]}"#;
    assert_eq!(value(sarif, "errors"), Some(2.0));
    assert_eq!(value(sarif, "warnings"), Some(1.0));
    assert_eq!(value(sarif, "results"), Some(4.0));
    let criterion = r#"{"mean": {"point_estimate": 1500.0}, "median": {"point_estimate": 1400.0}}"#;
    assert_eq!(value(criterion, "parse.mean"), Some(1500.0));
    let own = r#"{"lines": {"pct": "85.5 %"}, "lines.pct": 3, "total": {"lines": {}}}"#;
    assert_eq!(value(own, "lines.pct"), Some(3.0));
    assert_eq!(value("{}", "lines.pct"), None);
}

#[test]
fn lines_of_a_whole_istanbul_report_are_those_of_its_statements() {
    let report = r#"{"/w/a.js": {"path": "/w/a.js", "statementMap": {"0": {"start": {"line": 1}}, "1": {"start": {"line": 1}},
        "2": {"start": {"line": 2}}}, "s": {"0": 0, "1": 5, "2": 0}, "fnMap": {"0": {}}, "f": {"0": 1},
        "branchMap": {"0": {}}, "b": {"0": [1, 0]}}}"#;
    assert_eq!(value(report, "lines.pct"), Some(50.0));
    assert_eq!(value(report, "branches.pct"), Some(50.0));
    assert_eq!(value(report, "functions.pct"), Some(100.0));
    let lines = BTreeMap::from([("a.js".into(), vec![1])]);
    let changed = ChangedLines::new(Path::new("/w"), Path::new("/w"), lines);
    let numbers = numbers(Format::Json, "lines.pct", report.as_bytes(), Some(&changed));
    assert_eq!(numbers.expect("a report")["lines.pct"].value, 100.0);
}

#[test]
fn what_cannot_be_read_is_told() {
    for (format, text) in [
        (Format::Json, "no JSON"),
        (Format::Criterion, "{}"),
        (Format::Json, r#"{"x": "word"}"#),
    ] {
        assert!(
            numbers(format, "x", text.as_bytes(), None).is_err(),
            "{text}"
        );
    }
}
