use serde_json::{Map, json};

use super::*;

fn value(text: &str) -> Value {
    match parse("t.yaml", text.to_owned()).1 {
        Ok(value) => value,
        Err(problems) => panic!("{text:?}: {problems:#?}"),
    }
}

/// Code, line and column of every problem.
fn problems(text: &str) -> Vec<(String, u32, u32)> {
    match parse("t.yaml", text.to_owned()).1 {
        Ok(value) => panic!("{text:?} is {value}"),
        Err(problems) => problems
            .into_iter()
            .map(|p| {
                (
                    p.code,
                    p.line.unwrap_or_default(),
                    p.column.unwrap_or_default(),
                )
            })
            .collect(),
    }
}

fn problem(text: &str) -> (String, u32, u32) {
    let all = problems(text);
    assert_eq!(all.len(), 1, "{text:?}: {all:?}");
    all[0].clone()
}

#[test]
fn scalars_mean_what_the_core_schema_says() {
    let table = [
        ("null", json!(null)),
        ("~", json!(null)),
        ("k:", json!({"k": null})),
        ("True", json!(true)),
        ("FALSE", json!(false)),
        ("yes", json!("yes")),
        ("no", json!("no")),
        ("on", json!("on")),
        ("42", json!(42)),
        ("-7", json!(-7)),
        ("+7", json!(7)),
        ("007", json!(7)),
        ("0x1F", json!(31)),
        ("0o17", json!(15)),
        ("0x", json!("0x")),
        ("0x+1", json!("0x+1")),
        ("1_000", json!("1_000")),
        ("18446744073709551615", json!(u64::MAX)),
        ("1.5", json!(1.5)),
        ("1.", json!(1.0)),
        (".5", json!(0.5)),
        ("-1.5e3", json!(-1500.0)),
        ("1e3", json!(1000.0)),
        ("1e", json!("1e")),
        ("1.2.3", json!("1.2.3")),
        (".", json!(".")),
        ("-", json!([null])),
        ("- -", json!([[null]])),
        ("12:30", json!("12:30")),
        ("2024-01-15", json!("2024-01-15")),
        ("2024-01-15T10:00:00Z", json!("2024-01-15T10:00:00Z")),
        ("\"42\"", json!("42")),
        ("'null'", json!("null")),
        ("''", json!("")),
        ("\"\\u00e4\\n\"", json!("ä\n")),
        ("!!str 42", json!("42")),
        ("!!int \"42\"", json!(42)),
        ("!!float 1", json!(1)),
        ("! 42", json!("42")),
    ];
    for (text, expected) in table {
        assert_eq!(value(text), expected, "{text}");
    }
}

#[test]
fn collections_and_block_scalars() {
    let table = [
        (
            "a: 1\nb: [x, 'y', {c: 2}]\n",
            json!({"a": 1, "b": ["x", "y", {"c": 2}]}),
        ),
        ("- a\n- b: 1\n  c: 2\n", json!(["a", {"b": 1, "c": 2}])),
        ("text: |\n  one\n  two\n", json!({"text": "one\ntwo\n"})),
        ("text: >-\n  one\n  two\n", json!({"text": "one two"})),
        ("a: |\n", json!({"a": ""})),
        ("{a: , b: ~}", json!({"a": null, "b": null})),
        (
            "1: x\ntrue: y\n? z\n",
            json!({"1": "x", "true": "y", "z": null}),
        ),
        ("# only a comment first\n---\na: 1\n...\n", json!({"a": 1})),
        (
            "a: &x {b: 1}\nc: *x\n",
            json!({"a": {"b": 1}, "c": {"b": 1}}),
        ),
        ("a: &k key\n*k : v\n", json!({"a": "key", "key": "v"})),
        (
            "b: &b {x: 1, y: 1}\nc:\n  <<: *b\n  y: 2\n",
            json!({"b": {"x": 1, "y": 1}, "c": {"y": 2, "x": 1}}),
        ),
        (
            "c: {<<: [{x: 1}, {x: 2, z: 3}]}",
            json!({"c": {"x": 1, "z": 3}}),
        ),
        ("a: 1\r\nb: 2\r\n", json!({"a": 1, "b": 2})),
        ("[]", json!([])),
        ("{}", json!({})),
    ];
    for (text, expected) in table {
        assert_eq!(value(text), expected, "{text}");
        assert_eq!(
            value(text).to_string(),
            expected.to_string(),
            "order of keys: {text}"
        );
    }
}

#[test]
fn what_json_cannot_say_is_a_problem_at_its_place() {
    let table = [
        ("a: 1\nb: 2\na: 3\n", "duplicate-key", 3, 1),
        ("ä: 1\nx: {ö: 1, ö: 2}\n", "duplicate-key", 2, 11),
        ("a: 1\n---\nb: 2\n", "several-documents", 2, 1),
        ("a: .nan\n", "not-a-number", 1, 4),
        ("a: [-.inf]\n", "not-a-number", 1, 5),
        ("a: 1e999\n", "not-a-number", 1, 4),
        ("a: !env HOME\n", "unknown-tag", 1, 4),
        ("a: !!int x\n", "wrong-tag", 1, 4),
        ("? [a, b]\n: 1\n", "complex-key", 1, 3),
        ("a: &x [*x]\n", "recursive-alias", 1, 8),
        ("a: *nobody\n", "syntax", 1, 4),
        ("a:\n\t- b\n", "syntax", 2, 2),
        ("a: [1, 2\nb: 3\n", "syntax", 2, 2),
        ("a: \"open\n", "syntax", 1, 4),
        ("# nothing\n", "syntax", 1, 1),
        ("a: {<<: 3}\n", "merge-key", 1, 4),
    ];
    for (text, code, line, column) in table {
        assert_eq!(problem(text), (code.to_owned(), line, column), "{text:?}");
    }
}

#[test]
fn all_problems_that_do_not_end_the_reading_are_collected() {
    let codes: Vec<_> = problems("a: .nan\nb: !x y\na: 1\nc: [\n")
        .into_iter()
        .map(|p| p.0)
        .collect();
    assert_eq!(
        codes,
        ["not-a-number", "unknown-tag", "duplicate-key", "syntax"]
    );
}

#[test]
fn every_value_has_its_place() {
    let text = "# ü\ntasks:\n  - id: t1 # one\n    title: \"Größe: ä\"\n    deps: [a, ö, b]\n  - &x\n    id: t2\nagain: *x\nlast: |\n  x\n";
    let (source, value) = parse("t.yaml", text.to_owned());
    assert!(value.is_ok());
    let place = |pointer: &str| {
        let mut problems = vec![Problem::error("x", "x").at(pointer)];
        source.place(&mut problems);
        let span = problems[0].span.clone().expect("a place");
        (
            problems[0].line.unwrap_or_default(),
            source.text[span].to_owned(),
        )
    };
    let table = [
        ("/tasks/0/id", 3, "t1"),
        ("/tasks/0/title", 4, "\"Größe: ä\""),
        ("/tasks/0/deps/1", 5, "ö"),
        ("/tasks/0/deps/2", 5, "b"),
        ("/tasks/0/deps", 5, "[a, ö, b]"),
        ("/tasks/1/id", 7, "t2"),
        ("/tasks/1/missing", 6, "&x\n    id: t2"),
        ("/again/id", 8, "*x"),
    ];
    for (pointer, line, expected) in table {
        assert_eq!(place(pointer), (line, expected.to_owned()), "{pointer}");
    }
}

#[test]
fn bombs_end_in_a_problem() {
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let before = format!("*a{}", level - 1);
        let ten = [before.as_str(); 10].join(", ");
        laughs.push_str(&format!("a{level}: &a{level} [{ten}]\n"));
    }
    assert_eq!(problem(&laughs).0, "too-large");

    let long = format!(
        "a: &a {}\nb: [{}]\n",
        "x".repeat(1 << 20),
        "*a, ".repeat(1000)
    );
    assert_eq!(problem(&long).0, "too-large");

    assert_eq!(problem(&"[".repeat(100_000)).0, "too-deep");
    assert_eq!(problem(&"- ".repeat(100_000)).0, "too-deep");
    assert_eq!(problem(&"{a: ".repeat(100_000)).0, "too-deep");
    assert_eq!(problem(&"x".repeat(MAX_TEXT + 1)).0, "too-large");
    let deepest = format!("{}1{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
    assert!(parse("t.yaml", deepest).1.is_ok());
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[-a-c0-9:{}\\[\\]&*!|>'\"#%@,?~<. \\t\\r\\nä]{0,60}") {
        let _ = parse("t.yaml", text);
    }

    #[test]
    fn json_is_yaml(keys in proptest::collection::vec("[a-z ~/\"\\\\ä\\n]{0,6}", 0..6), number in proptest::num::i64::ANY) {
        let mut object = Map::new();
        for key in keys {
            object.insert(key.clone(), json!([key, number, null, true, {"a": []}]));
        }
        let json = Value::Object(object);
        proptest::prop_assert_eq!(parse("t.yaml", json.to_string()).1, Ok(json));
    }
}
