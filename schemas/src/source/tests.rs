use super::*;

fn places(text: &str) -> HashMap<String, String> {
    let mut found = HashMap::new();
    scan(text, |pointer, span| {
        found.insert(pointer.to_owned(), text[span].to_owned());
    });
    found
}

#[test]
fn every_value_is_found_by_its_pointer() {
    let found = places(r#" {"a": [1, {"b/c": "x\"]}"}, []], "~": null, "": -1.5e3} "#);
    assert_eq!(found["/a/0"], "1");
    assert_eq!(found["/a/1/b~1c"], r#""x\"]}""#);
    assert_eq!(found["/a/2"], "[]");
    assert_eq!(found["/~0"], "null");
    assert_eq!(found["/"], "-1.5e3");
    assert!(found[""].starts_with('{') && found[""].ends_with('}'));
}

#[test]
fn a_problem_is_placed_at_the_nearest_value_that_exists() {
    let text = "{\n  \"tasks\": [\n    {\"id\": \"ä\", \"x\": 1}\n  ]\n}".to_owned();
    let source = Source::json("plan.json", text);
    let mut problems = vec![
        Problem::error("a", "a").at("/tasks/0/x"),
        Problem::error("b", "b").at("/tasks/0/title/0"),
    ];
    source.place(&mut problems);
    assert_eq!((problems[0].line, problems[0].column), (Some(3), Some(22)));
    assert_eq!((problems[1].line, problems[1].column), (Some(3), Some(5)));
}

#[test]
fn duplicate_keys_are_found_at_any_depth_and_by_meaning() {
    let found = duplicate_keys(r#"{"a": 1, "b": [{"x": 1, "\u0078": 2}], "a": 3}"#);
    let pointers: Vec<_> = found.iter().filter_map(|p| p.pointer.as_deref()).collect();
    assert_eq!(pointers, ["/b/0/x", "/a"]);
}

#[test]
fn duplicate_keys_are_found_among_many() {
    let mut text = "{".to_owned();
    for n in 0..100 {
        text.push_str(&format!("\"k{n}\": 1, "));
    }
    text.push_str("\"k3\": 2, \"k99\": 3}");
    let found = duplicate_keys(&text);
    let pointers: Vec<_> = found.iter().filter_map(|p| p.pointer.as_deref()).collect();
    assert_eq!(pointers, ["/k3", "/k99"]);
}

#[test]
fn of_several_files_each_has_its_own_lines() {
    let files = [("a.md", "one\ntwo"), ("b.md", "\nünd\n"), ("c.md", "x\n")];
    let files = files.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let (mut source, spans) = Source::joined("folder", files);
    assert_eq!(&source.text[spans[0].clone()], "one\ntwo");
    assert_eq!(&source.text[spans[1].clone()], "\nünd\n");
    let und = spans[1].start + 1;
    source.map(HashMap::from([
        ("/a".to_owned(), 4..7),
        ("/b".to_owned(), und + 3..und + 4),
        ("/c".to_owned(), spans[2].clone()),
    ]));
    let mut problems = vec![
        Problem::error("x", "x").at("/b").see("/a", "there"),
        Problem::error("x", "x").at("/c").see("/c", "here"),
        Problem::error("x", "x").at("/none"),
    ];
    source.place(&mut problems);
    let place = |p: &Problem| (p.file.clone().unwrap_or_default(), p.line, p.column);
    assert_eq!(place(&problems[0]), ("b.md".to_owned(), Some(2), Some(3)));
    assert_eq!(problems[0].related[0].file.as_deref(), Some("a.md"));
    assert_eq!(problems[0].related[0].line, Some(2));
    assert_eq!(place(&problems[1]), ("c.md".to_owned(), Some(1), Some(1)));
    assert_eq!(problems[1].related[0].file, None);
    assert_eq!(place(&problems[2]), ("folder".to_owned(), None, None));
    let drawn = crate::render(&problems, &source, false);
    for shown in [
        "--> b.md:2:3",
        "::: a.md:2:1",
        "two",
        "--> c.md:1:1",
        "--> folder\n",
    ] {
        assert!(drawn.contains(shown), "{shown}: {drawn}");
    }
}

#[test]
fn the_name_of_a_file_cannot_steer_the_terminal() {
    let files = [("a\u{1b}[2J.md".to_owned(), "x\n".to_owned())];
    let (mut source, _) = Source::joined("folder\u{1b}[2J", files);
    source.map(HashMap::from([("/a".to_owned(), 0..1)]));
    let mut problems = vec![Problem::error("x", "x").at("/a"), Problem::error("x", "x")];
    source.place(&mut problems);
    let drawn = crate::render(&problems, &source, false);
    assert!(!drawn.contains('\u{1b}'), "{drawn:?}");
}

#[test]
fn a_value_is_found_whatever_is_passed_over_before_it() {
    let text = r#" {"a": {"x": [1, "]}\"", {"y": []}], "z": -1.5e3 } , "b":[ [], {}, [[true]], "\\" ,null],
        "c/d": {"": {"": "ü"}}, "e" : [{"f": 1}, {"f": {"g": "}"}}]} "#;
    let mut all = Vec::new();
    scan(text, |pointer, span| all.push((pointer.to_owned(), span)));
    assert!(all.len() > 20, "{all:?}");
    let source = Source::json("x", text.to_owned());
    for (pointer, span) in all {
        let mut problems = [Problem::error("x", "x").at(pointer.clone())];
        source.place(&mut problems);
        assert_eq!(problems[0].span, Some(span), "{pointer}");
    }
}

#[test]
fn columns_of_a_long_line_count_characters() {
    let text = format!("[\n{}]", "\"ä€😀x\", ".repeat(3000));
    let source = Source::json("x", text.clone());
    for (byte, _) in text.char_indices().skip(2).step_by(7) {
        let column = text[2..byte].chars().count() as u32 + 1;
        assert_eq!(source.position(byte), (2, column), "byte {byte}");
    }
    assert_eq!(
        source.position(text.len()).1 as usize,
        text[2..].chars().count() + 1
    );
}

/// Else a thousand problems in a document of one line take a thousand times as long as one.
#[test]
fn a_long_line_is_counted_once_whatever_is_told_of_it() {
    let text = "[1], ".repeat(100_000);
    let all = Characters::new(&text);
    let counted = (0..=text.len()).map(|byte| all.rest(byte).len()).max();
    assert!(counted <= Some(BLOCK));
}

#[test]
fn a_list_whose_items_are_known_is_not_passed_again() {
    let text =
        r#"{"a": [1, 2], "tasks" : [ {"id": "t1"} , {"id": "t2", "n": [3]}, 4 ] , "z": {"y": 5}}"#;
    let spans = |of: &[&str]| {
        let find = |part: &&str| text.find(*part).expect("it is in the text");
        of.iter()
            .map(|part| find(part)..find(part) + part.len())
            .collect::<Vec<_>>()
    };
    let mut items = spans(&[r#"{"id": "t1"}"#, r#"{"id": "t2", "n": [3]}"#, "4 ]"]);
    items[2].end = items[2].start + 1;
    let pointers = [
        "/tasks/1/n/0",
        "/tasks/2",
        "/z/y",
        "/a/1",
        "/tasks",
        "/tasks/7/id",
        "/tasks/1/x",
    ];
    let placed = |source: &Source| {
        let mut problems: Vec<Problem> = pointers
            .iter()
            .map(|at| Problem::error("x", "x").at(*at))
            .collect();
        source.place(&mut problems);
        problems.into_iter().map(|p| p.span).collect::<Vec<_>>()
    };
    let plain = Source::json("x", text.to_owned());
    let known = Source::json("x", text.to_owned());
    known.note_items("/tasks", items.clone());
    assert_eq!(placed(&known), placed(&plain));
    // Were it passed again, it would be read from here.
    let broken = text.replacen(r#"{"id": "t1"}"#, r#"]]]]]]]]]]]]"#, 1);
    let known = Source::json("x", broken);
    known.note_items("/tasks", items);
    assert_eq!(placed(&known), placed(&plain));
}
