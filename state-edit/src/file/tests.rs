//! Edits by example, by property and on real files.

mod corpus;
mod property;

use serde_json::json;

use super::document::edited;
use super::format::Format;
use super::{Path, Step};

pub(super) fn set(path: &str, value: serde_json::Value) -> Step {
    Step::Set(Path::parse(path), value)
}

pub(super) fn delete(path: &str) -> Step {
    let path = Path::parse(path);
    Step::Delete {
        path,
        if_present: false,
    }
}

pub(super) fn append(path: &str, value: serde_json::Value) -> Step {
    Step::Append(Path::parse(path), value)
}

#[track_caller]
fn check(format: Format, text: &str, step: Step, expected: &str) {
    match edited(format, "file", text, &|_| Ok(()), &[step], &mut |_, _| {}) {
        Ok(fresh) => assert_eq!(fresh, expected, "from:\n{text}"),
        Err(failure) => panic!("{failure}, from:\n{text}"),
    }
}

/// Their places are looked for while the value is read, where the step says that they are; it may be elsewhere.
#[test]
fn large_documents_are_edited_as_small_ones_are() {
    let items = format!("\"items\": [{}]", vec!["{\"n\": 1}"; 40_000].join(", "));
    let text = format!("{{\n  \"a\": {{\"b\": 1}}, // one\n  {items}\n}}\n");
    let check = |step, from: &str, to: &str| {
        check(Format::Json, &text, step, &text.replacen(from, to, 1));
    };
    check(set("a.b", json!(2)), "\"b\": 1", "\"b\": 2");
    check(set("a.c", json!(2)), "\"b\": 1", "\"b\": 1, \"c\": 2");
    // What changes is above the place: there is no `x` yet.
    let from = "{\"b\": 1}";
    check(
        set("a.x.y", json!(2)),
        from,
        "{\"b\": 1, \"x\": {\"y\": 2}}",
    );
    check(append("items", json!(7)), "1}]", "1}, 7]");
    check(delete("items.0"), "[{\"n\": 1}, ", "[");
}

#[test]
fn json_keeps_its_manner() {
    let json = |text: &str, step, expected: &str| check(Format::Json, text, step, expected);
    json(
        "{\"a\":1,\"b\":[1,2]}",
        set("a", json!({"x": 2})),
        "{\"a\":{\"x\":2},\"b\":[1,2]}",
    );
    json(
        "{\"a\":1,\"b\":[1,2]}",
        append("b", json!(3)),
        "{\"a\":1,\"b\":[1,2,3]}",
    );
    json("{\"a\":1,\"b\":[1,2]}", delete("a"), "{\"b\":[1,2]}");
    json("{\"a\":1,\"b\":[1,2]}", delete("b"), "{\"a\":1}");
    json("{\"a\":1}", delete("a"), "{}");
    let text = "{\n    \"a\": 1, // one\n    \"b\": [1, 2],\n    /* c */ \"c\": {}\n}\n";
    json(
        text,
        set("a", json!("x")),
        &text.replace("1, //", "\"x\", //"),
    );
    json(
        text,
        delete("a"),
        "{\n    \"b\": [1, 2],\n    /* c */ \"c\": {}\n}\n",
    );
    json(
        text,
        set("d", json!(true)),
        "{\n    \"a\": 1, // one\n    \"b\": [1, 2],\n    /* c */ \"c\": {},\n    \"d\": true\n}\n",
    );
    json(
        text,
        append("b", json!({"x": 1})),
        &text.replace("2]", "2, {\"x\": 1}]"),
    );
    json(
        text,
        set("c.e", json!(1)),
        &text.replace("{}", "{\n        \"e\": 1\n    }"),
    );
    json(
        "{\n\t\"a\": 1 // one\n}",
        set("b", json!([1])),
        "{\n\t\"a\": 1, // one\n\t\"b\": [\n\t\t1\n\t]\n}",
    );
    json(
        "{\n  \"a\": 1,\n  \"b\": 2, // two\n}\n",
        set("c", json!(3)),
        "{\n  \"a\": 1,\n  \"b\": 2, // two\n  \"c\": 3,\n}\n",
    );
    json(
        "{\n  \"a\": 1,\n  \"b\": 2\n}\n",
        delete("b"),
        "{\n  \"a\": 1\n}\n",
    );
    json(
        "{\r\n  \"a\": 1\r\n}\r\n",
        set("b", json!(2)),
        "{\r\n  \"a\": 1,\r\n  \"b\": 2\r\n}\r\n",
    );
    json("[\n  1,\n  2,\n  3\n]", delete("1"), "[\n  1,\n  3\n]");
    json("", set("a", json!(1)), "{\n  \"a\": 1\n}\n");
}

#[test]
fn yaml_keeps_its_manner() {
    let yaml = |text: &str, step, expected: &str| check(Format::Yaml, text, step, expected);
    yaml(
        "a: 1 # one\nb: 'x'\n",
        set("a", json!("two words")),
        "a: two words # one\nb: 'x'\n",
    );
    yaml(
        "a: 1 # one\nb: 'x'\n",
        set("b", json!("it's")),
        "a: 1 # one\nb: 'it''s'\n",
    );
    yaml(
        "a: 1\nb: 'x'\n",
        set("c", json!("yes")),
        "a: 1\nb: 'x'\nc: 'yes'\n",
    );
    yaml(
        "a: null # none\nb: 1\n",
        set("a", json!({"x": 1, "z": [1]})),
        "a: # none\n  x: 1\n  z:\n    - 1\nb: 1\n",
    );
    yaml("a:\nb: 1\n", set("a", json!("x")), "a: x\nb: 1\n");
    yaml("a:\nb: 1\n", set("a.x", json!("x")), "a:\n  x: x\nb: 1\n");
    yaml(
        "a:\n- x\n- y # why\nb: 1\n",
        append("a", json!("z")),
        "a:\n- x\n- y # why\n- z\nb: 1\n",
    );
    yaml(
        "a:\n  - x: 1\n    y: 2\nb: 1",
        append("a", json!({"x": 3, "z": 4})),
        "a:\n  - x: 1\n    y: 2\n  - x: 3\n    z: 4\nb: 1",
    );
    yaml(
        "a: [] # none\n",
        append("a", json!("x")),
        "a: # none\n  - x\n",
    );
    yaml(
        "a: [1, 2] # two\nb: []\n",
        append("b", json!("x: y")),
        "a: [1, 2] # two\nb: [\"x: y\"]\n",
    );
    yaml("a:\n  ['x']\n", append("a", json!("z")), "a:\n  ['x', z]\n");
    yaml("a: {b: 1, c: 2}\n", delete("a.b"), "a: {c: 2}\n");
    yaml("a: {b: 1}\n", delete("a.b"), "a: {}\n");
    yaml("a:\n  b: 1\nc: 2\n", delete("a.b"), "a: {}\nc: 2\n");
    yaml(
        "a:\n  b: 1\n  # about c\n  c: 2\nd: 3\n",
        delete("a.b"),
        "a:\n  # about c\n  c: 2\nd: 3\n",
    );
    yaml("- a: 1\n  b: 2\n- c\n", delete("0.a"), "- b: 2\n- c\n");
    yaml("- a: 1\n  b: 2\n- c", delete("1"), "- a: 1\n  b: 2");
    yaml(
        "a: x\nb: 1\n",
        set("a", json!("one\ntwo\n")),
        "a: |\n  one\n  two\nb: 1\n",
    );
    yaml(
        "a: |\n  one\n  two\nb: 1\n",
        set("a", json!("x")),
        "a: x\nb: 1\n",
    );
    yaml(
        "a: &n 1\nb: *n\n",
        set("c", json!(1)),
        "a: &n 1\nb: *n\nc: 1\n",
    );
    yaml(
        "a: x\r\nb: y\r\n",
        set("c", json!("z")),
        "a: x\r\nb: y\r\nc: z\r\n",
    );
    yaml(
        "at: 2024-01-15T10:00:00Z\n",
        set("at", json!("2024-01-16T10:00:00Z")),
        "at: 2024-01-16T10:00:00Z\n",
    );
    yaml(
        "at: null\n",
        set("at", json!("2024-01-16T10:00:00Z")),
        "at: \"2024-01-16T10:00:00Z\"\n",
    );
    yaml("a: { B } # c\n", set("a", json!(["x"])), "a: [x] # c\n");
    yaml("# only\n", set("a", json!(1)), "# only\na: 1\n");
    yaml(
        "a:\n  - 1\n  - 2\nb: 1\n",
        set("a", json!([])),
        "a: []\nb: 1\n",
    );
    yaml(
        "a:\n  # about b\n  b: 1\n",
        delete("a.b"),
        "a: {}\n  # about b\n",
    );
    yaml("a: 'x' # c\n", set("a", json!(null)), "a: null # c\n");
    yaml("a: # why\n  b: 1\n", set("a", json!("x")), "a: x # why\n");
}

#[test]
fn toml_keeps_its_manner() {
    let toml = |text: &str, step, expected: &str| check(Format::Toml, text, step, expected);
    toml(
        "# top\na = 1 # one\nb = 'x'\n",
        set("a", json!("y")),
        "# top\na = \"y\" # one\nb = 'x'\n",
    );
    toml(
        "a = 1\r\nb = 'x'\r\n[t]\r\nc = 1 # see\r\n",
        set("b", json!("y")),
        "a = 1\r\nb = 'y'\r\n[t]\r\nc = 1 # see\r\n",
    );
    toml(
        "[t]\na = [1, 2]\n\n[u]\n",
        append("t.a", json!(3)),
        "[t]\na = [1, 2, 3]\n\n[u]\n",
    );
    toml(
        "a = [\n  1,\n  2,\n]\n",
        append("a", json!(3)),
        "a = [\n  1,\n  2,\n  3,\n]\n",
    );
    toml(
        "a = [\n  1,\n  2\n]\n",
        append("a", json!(3)),
        "a = [\n  1,\n  2,\n  3\n]\n",
    );
    toml(
        "[t]\na = 1\n# end\n[u]\nb = 1\n",
        delete("t.a"),
        "[t]\n# end\n[u]\nb = 1\n",
    );
    toml(
        "[[x]]\na = 1\n[[x]]\na = 2\n",
        set("x.1.a", json!(3)),
        "[[x]]\na = 1\n[[x]]\na = 3\n",
    );
    toml(
        "a = 1979-05-27\n",
        set("a", json!("1979-05-28")),
        "a = 1979-05-28\n",
    );
    toml(
        "[a]\nb.c = 1\n",
        set("a.b.d", json!(2)),
        "[a]\nb.c = 1\nb.d = 2\n",
    );
}

#[test]
fn front_matter_is_edited_and_the_text_is_not() {
    let markdown = |text: &str, step, expected: &str| check(Format::Markdown, text, step, expected);
    markdown(
        "---\na: 1 # c\n---\n\na: 1\n",
        set("a", json!(2)),
        "---\na: 2 # c\n---\n\na: 1\n",
    );
    markdown(
        "---\na: 1\n---\ntext",
        set("b", json!(2)),
        "---\na: 1\nb: 2\n---\ntext",
    );
    markdown(
        "+++\na = 1\n+++\ntext",
        set("b", json!(2)),
        "+++\na = 1\nb = 2\n+++\ntext",
    );
    markdown(
        "# Title\n",
        set("b", json!(2)),
        "---\nb: 2\n---\n\n# Title\n",
    );
}

#[test]
fn what_stands_elsewhere_is_refused() {
    for (text, step) in [
        ("a: &n {x: 1}\nb: *n\n", set("b.x", json!(2))),
        ("a: &n {x: 1}\nb:\n  <<: *n\n", delete("b.x")),
        ("a: &n {x: 1}\nb: *n\n", set("a.x", json!(2))),
    ] {
        let failure = edited(
            Format::Yaml,
            "f",
            text,
            &|_| Ok(()),
            &[step],
            &mut |_, _| {},
        )
        .unwrap_err();
        assert_eq!(failure.exit, schemas::Exit::No, "{failure}");
    }
}
