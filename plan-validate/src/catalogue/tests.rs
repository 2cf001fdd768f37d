use std::collections::BTreeSet;

use schemas::Severity;
use schemas::document::Input;

use super::*;
use crate::cli::{From, Kind};
use crate::examination::{Examination, examine};
use crate::levels::Levels;

/// The examples of a page: whether they are wrong, of what form, and their text.
fn examples(page: &str) -> Vec<(bool, From, String)> {
    let mut all = Vec::new();
    for block in page
        .split("\n```")
        .filter(|block| block.starts_with(['j', 'y']))
    {
        let (kind, text) = block.split_once('\n').expect("an example has lines");
        let form = match kind.split_once(' ').expect("an example is right or wrong") {
            ("json", _) => From::Json,
            _ => From::Yaml,
        };
        all.push((kind.ends_with(" wrong"), form, text.to_owned()));
    }
    all
}

fn examined(text: &str, from: From) -> Examination {
    let input = Input {
        name: "example".to_owned(),
        text: text.to_owned(),
    };
    examine(input, from, Kind::Plan, &Levels::default()).expect("the schemas compile")
}

#[test]
fn every_wrong_example_breaks_its_rule_and_every_right_one_is_sound() {
    for rule in RULES {
        let mut kinds = BTreeSet::new();
        for (is_wrong, from, text) in examples(rule.page()) {
            let examination = examined(&text, from);
            let problems = &examination.problems;
            let codes: Vec<&str> = problems.iter().map(|problem| &*problem.code).collect();
            let told = codes.contains(&rule.code);
            // A gate that says nothing is told by the schema where there is one.
            let told = told || (rule.code == "empty-gate" && codes.contains(&"schema"));
            assert_eq!(told, is_wrong, "{}: {codes:?} of\n{text}", rule.code);
            let has_error = problems.iter().any(|p| p.severity == Severity::Error);
            assert!(
                is_wrong || !has_error,
                "{}: {codes:?} of\n{text}",
                rule.code
            );
            kinds.insert(is_wrong);
        }
        let cannot_be_shown = ["unreadable", "too-large", "too-deep", "unknown-task"];
        // What dialects tolerate has examples in `tests/dialects`.
        if rule.number >= 100 {
            continue;
        }
        let is_shown = kinds.len() == 2;
        assert_ne!(
            is_shown,
            cannot_be_shown.contains(&rule.code),
            "{}",
            rule.code
        );
    }
}

#[test]
fn numbers_and_codes_are_each_of_one_rule_and_have_a_page() {
    assert!(RULES.is_sorted_by(|a, b| a.number < b.number));
    let codes: BTreeSet<&str> = RULES.iter().map(|rule| rule.code).collect();
    assert_eq!(codes.len(), RULES.len());
    let headings = PAGES.lines().filter(|line| line.starts_with("## ")).count();
    assert_eq!(headings, RULES.len());
    for rule in RULES {
        assert!(
            rule.summary().ends_with('.'),
            "{}: {}",
            rule.code,
            rule.summary()
        );
        assert!(rule.summary().len() < 400, "{}", rule.code);
        assert_eq!(Rule::find(&rule.short()), Some(rule));
        assert_eq!(Rule::find(rule.code), Some(rule));
    }
    assert_eq!(
        Rule::find("v43").map(|rule| rule.code),
        Some("dependency-cycle")
    );
    assert_eq!(Rule::find("V999"), None);
}

#[test]
fn every_rule_is_in_the_manual() {
    let manual = include_str!("../../README.md");
    for rule in RULES.iter().filter(|rule| rule.number < 100) {
        let row = format!(
            "| {} | `{}` | {} |",
            rule.short(),
            rule.code,
            rule.weight.word()
        );
        assert!(manual.contains(&row), "README.md lacks: {row}");
    }
}
