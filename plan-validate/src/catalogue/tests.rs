use std::collections::BTreeSet;

use schemas::Severity;
use schemas::document::Input;

use super::*;
use crate::cli::{From, Kind};
use crate::dialect::{Dialect, Material, Text};
use crate::examination::{Examination, examine, examine_dialect};
use crate::levels::Levels;

/// An example of a page: whether it is wrong, what it is read as, and its text.
struct Example {
    is_wrong: bool,
    form: From,
    text: String,
}

fn examples(page: &str) -> Vec<Example> {
    let mut all = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(kind) = line.strip_prefix("```") else {
            continue;
        };
        let (form, verdict) = kind.split_once(' ').expect("an example is right or wrong");
        let text: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        assert!(matches!(verdict, "wrong" | "right"), "{kind}");
        all.push(Example {
            is_wrong: verdict == "wrong",
            form: <From as clap::ValueEnum>::from_str(form, false).expect("a value of --from"),
            text: text.join("\n") + "\n",
        });
    }
    all
}

fn examined(example: &Example) -> Examination {
    let levels = Levels::default();
    if let Some(dialect) = example.form.dialect() {
        let material = material(dialect, &example.text);
        return examine_dialect(dialect, material, &levels).expect("the schemas compile");
    }
    let input = Input {
        name: "example".to_owned(),
        text: example.text.clone(),
    };
    examine(input, example.form, Kind::Plan, &levels).expect("the schemas compile")
}

/// The files of an example, each below its `==> name <==`.
fn material(dialect: &Dialect, text: &str) -> Material {
    let mut files: Vec<Text> = Vec::new();
    for line in text.split_inclusive('\n') {
        let name = line
            .strip_prefix("==> ")
            .and_then(|line| line.strip_suffix(" <==\n"));
        if name.is_some() || files.is_empty() {
            let name = name.or(dialect.layouts.first().map(|layout| layout.mark));
            files.push(Text {
                path: name.unwrap_or("example").to_owned(),
                name: name.unwrap_or("example").to_owned(),
                text: String::new(),
            });
        }
        if name.is_none() {
            files.last_mut().expect("a file").text.push_str(line);
        }
    }
    let features = files.iter().position(|file| file.path == "features.yaml");
    let features = features.map(|at| files.remove(at));
    Material::new("example", files, features)
}

#[test]
fn every_wrong_example_breaks_its_rule_and_every_right_one_is_sound() {
    let mut failures = Vec::new();
    for rule in RULES {
        let mut kinds = BTreeSet::new();
        for example in examples(rule.page()) {
            let examination = examined(&example);
            let problems = &examination.problems;
            let codes: Vec<&str> = problems.iter().map(|problem| &*problem.code).collect();
            let told = codes.contains(&rule.code);
            // A gate that says nothing is told by the schema where there is one.
            let told = told || (rule.code == "empty-gate" && codes.contains(&"schema"));
            let has_error = problems.iter().any(|p| p.severity == Severity::Error);
            if told != example.is_wrong || (has_error && !example.is_wrong) {
                failures.push(format!("{}: {codes:?} of\n{}", rule.code, example.text));
            }
            kinds.insert(example.is_wrong);
        }
        let cannot_be_shown = [
            "unreadable",
            "too-large",
            "too-deep",
            "unknown-task",
            "too-many",
            // It takes a `--tag`.
            "no-such-tag",
        ];
        let is_shown = kinds.len() == 2;
        let can_be = !cannot_be_shown.contains(&rule.code);
        assert_eq!(is_shown, can_be, "{}", rule.code);
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn numbers_and_codes_are_each_of_one_rule_and_have_a_page() {
    assert!(RULES.is_sorted_by(|a, b| a.number < b.number));
    let codes: BTreeSet<&str> = RULES.iter().map(|rule| rule.code).collect();
    assert_eq!(codes.len(), RULES.len());
    let headings = PAGES
        .lines()
        .filter(|line| line.starts_with("## V"))
        .count();
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
