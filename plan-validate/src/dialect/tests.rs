//! The frame, by dialects made for these tests.

use std::fs;

use schemas::Severity;
use serde_json::json;

use super::material::Text;
use super::*;
use crate::examination::examine_dialect;

/// One task per file, its text the description.
const NOTES: Dialect = Dialect {
    name: "notes",
    what: "notes",
    layouts: &[Layout {
        mark: "notes/*.txt",
        files: &["notes/*.txt"],
    }],
    recognises: |glimpse| glimpse.head.starts_with("note"),
    takes_features: false,
    read: |material| {
        let mut draft = Draft::default();
        let whole = 0..0;
        let tasks = material.files.iter().map(|file| {
            let mut task = Node::map(file.span.clone());
            let text = material.text(file).trim();
            let start = file.span.start;
            task.set("description", Node::new(text, start..start + text.len()));
            task.set("id", Node::new(file.name(), file.top()));
            task.set("title", Node::new("Title", file.top()));
            let depends = text.split_whitespace().next_back().unwrap_or_default();
            let end = start + text.len();
            let depends = Node::new(depends, end - depends.len()..end);
            task.set_list("dependsOn", vec![depends], file.span.clone());
            task
        });
        let mut plan = Node::map(whole.clone());
        plan.set("tasks", Node::list(tasks.collect(), whole.clone()));
        plan.set("planId", Node::new("notes", whole));
        if let Some(file) = material.file("notes/n2.txt") {
            draft.warn("odd", "an odd note", file.top());
        }
        draft.finish(plan)
    },
};

fn material(files: &[(&str, &str)]) -> Material {
    let text = |(path, text): &(&str, &str)| Text {
        path: (*path).to_owned(),
        name: format!("/in/{path}"),
        text: (*text).to_owned(),
    };
    Material::new("/in", files.iter().map(text).collect(), None)
}

#[test]
fn what_a_rule_finds_in_the_plan_is_shown_in_the_file_it_came_from() {
    let material = material(&[
        ("notes/n1.txt", "note: build the first part after\nn2.txt"),
        (
            "notes/n2.txt",
            "note: build the second part of it after\n\nn1.txt\n",
        ),
        ("notes/n3.txt", "note: build the other part after ünknown"),
    ]);
    let examined = examine_dialect(&NOTES, material, &crate::levels::Levels::default())
        .expect("the schema compiles");
    let said = examined.problems.iter().map(|problem| {
        let related = problem.related.first().map(|r| (r.file.clone(), r.line));
        (
            (problem.code.as_str(), problem.severity),
            problem.file.as_deref().unwrap_or_default(),
            (problem.line, problem.column),
            related,
        )
    });
    let n2 = Some("/in/notes/n2.txt".to_owned());
    assert_eq!(
        said.collect::<Vec<_>>(),
        [
            (
                ("dependency-cycle", Severity::Error),
                "/in/notes/n1.txt",
                (Some(2), Some(1)),
                Some((n2, Some(3)))
            ),
            (
                ("odd", Severity::Warning),
                "/in/notes/n2.txt",
                (Some(1), Some(1)),
                None
            ),
            (
                ("unknown-dependency", Severity::Error),
                "/in/notes/n3.txt",
                (Some(1), Some(34)),
                None
            ),
        ]
    );
    assert!(examined.is_wrong && !examined.is_malformed);
    let plan: serde_json::Value = serde_json::from_str(examined.canonical()).expect("JSON");
    assert_eq!(plan["tasks"][2]["dependsOn"], json!(["ünknown"]));
    assert!(examined.canonical().find("planId") < examined.canonical().find("tasks"));
}

#[test]
fn a_folder_is_read_by_its_layout_and_no_further() {
    let root = tempfile::tempdir().expect("a folder");
    for (path, text) in [
        ("notes/n10.txt", "note"),
        ("notes/n2.txt", "\u{feff}note"),
        ("notes/readme.md", "no"),
        ("notes/deep/n3.txt", "no"),
        ("other.txt", "no"),
    ] {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().expect("it has one")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    let texts = folder::read(root.path(), "", &NOTES.layouts[0]).expect("all are texts");
    let read = texts
        .iter()
        .map(|text| (text.path.as_str(), text.text.as_str()));
    let read: Vec<_> = read.collect();
    assert_eq!(read, [("notes/n2.txt", "note"), ("notes/n10.txt", "note")]);

    fs::write(root.path().join("notes/n4.txt"), b"a\n\xff").expect("a file");
    let failure = folder::read(root.path(), "", &NOTES.layouts[0]).expect_err("not a text");
    assert!(
        failure.message.ends_with("n4.txt: not UTF-8 in line 2"),
        "{}",
        failure.message
    );
}

#[test]
fn json_and_yaml_keep_their_places() {
    let text = "{\"a\": [1, {\"b/c\": \"ü\"}], \"d\": null}";
    let yaml = "a:\n  - 1\n  - b/c: ü\nd: ~\n";
    for (text, node) in [
        (text, Node::from_json(text, 100)),
        (yaml, Node::from_yaml(yaml, 100)),
    ] {
        let node = node.expect("well-formed");
        let inner = node.get("a").and_then(|a| a.items()[1].get("b/c"));
        let span = inner.expect("it is there").at.clone();
        assert!(
            text[span.start - 100..span.end - 100].contains('ü'),
            "{span:?}"
        );
        assert_eq!(node.some("d"), None);
        assert_eq!(node.value(), json!({"a": [1, {"b/c": "ü"}], "d": null}));
    }
    let problems = Node::from_json("{\"a\": x}", 100).expect_err("not JSON");
    assert_eq!(problems[0].span, Some(106..107));
    let problems = Node::from_json("{\"a\": 1, \"a\": 2}", 100).expect_err("a key twice");
    assert_eq!(
        (problems[0].code.as_str(), problems[0].span.clone()),
        ("duplicate-key", Some(109..112))
    );
    // What is in `metadata` is nobody's business, but there.
    let node = Node::from_json("{\"metadata\": {\"k\": [1]}, \"b\": [2]}", 0).expect("well-formed");
    let mut places: Vec<String> = node.into_parts().1.into_keys().collect();
    places.sort();
    assert_eq!(places, ["", "/b", "/b/0", "/metadata"]);
}
