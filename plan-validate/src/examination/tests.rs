use std::collections::BTreeSet;

use proptest::prelude::*;
use schemas::document::Input;
use serde_json::{Value, json};

use super::*;

fn examined(text: &str, from: From, kind: Kind) -> Examination {
    let input = Input {
        name: "test".to_owned(),
        text: text.to_owned(),
    };
    examine(input, from, kind, &Levels::default()).expect("the schemas compile")
}

fn codes(text: &str) -> BTreeSet<String> {
    examined(text, From::Auto, Kind::Plan)
        .problems
        .into_iter()
        .map(|p| p.code)
        .collect()
}

/// Compiling the schemas takes most of the time of a case.
fn cases() -> u32 {
    let more = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok());
    more.unwrap_or(24)
}

/// A sound plan: each task depends on earlier ones, rows in the order of the tasks.
fn sound() -> impl Strategy<Value = Value> {
    let task = (
        proptest::collection::vec(any::<prop::sample::Index>(), 0..4),
        1..90u32,
    );
    proptest::collection::vec(task, 5..30).prop_map(|tasks| {
        let mut all: Vec<Value> = Vec::new();
        for (number, (dependencies, minutes)) in tasks.iter().enumerate() {
            let earlier: BTreeSet<usize> = match number {
                0 => BTreeSet::new(),
                _ => dependencies.iter().map(|index| index.index(number)).collect(),
            };
            let ids: Vec<String> = earlier.iter().map(|earlier| format!("task-{earlier}")).collect();
            all.push(json!({
                "id": format!("task-{number}"), "project": "alpha", "title": "A title",
                "description": "Build the part and show with a test that it works",
                "dependsOn": ids, "estimatedMinutes": minutes, "gates": ["make test"], "unknown": {"kept": [1.50, null]},
            }));
        }
        let rows: Vec<Value> = all.iter().map(|task| json!([task["id"]])).collect();
        json!({"planId": "p", "projects": [{"name": "alpha", "path": "./alpha"}], "tasks": all, "executionOrder": rows})
    })
}

/// Puts one defect into a sound plan of at least five tasks, and says which code must report it.
fn spoil(plan: &mut Value, defect: usize) -> &'static str {
    let tasks = &mut plan["tasks"];
    match defect {
        0 => tasks[3]["id"] = json!("task-1"),
        1 => tasks[0]["project"] = json!("alhpa"),
        2 => tasks[2]["dependsOn"] = json!(["Task-1"]),
        3 => tasks[4]["dependsOn"] = json!(["task-4"]),
        4 => {
            tasks[0]["dependsOn"] = json!(["task-1"]);
            tasks[1]["dependsOn"] = json!(["task-0"]);
        }
        5 => tasks[1]["estimatedMinutes"] = json!(0),
        6 => tasks[1]["description"] = json!("fix"),
        7 => tasks[2]["dependson"] = json!([]),
        8 => plan["executionOrder"][1] = json!([]),
        9 => plan["executionOrder"][1] = json!(["task-1", "task-77"]),
        10 => plan["phases"] = json!([{"id": "x"}, {"id": "x"}]),
        11 => tasks[0]["id"] = json!("../up"),
        12 => plan["gates"] = json!({"after": [{}]}),
        _ => plan["checkpoints"] = json!(["nowhere"]),
    }
    [
        "duplicate-task-id",
        "unknown-project",
        "unknown-dependency",
        "self-dependency",
        "dependency-cycle",
        "schema",
        "thin-description",
        "misspelt-key",
        "order-missing-task",
        "order-unknown-task",
        "duplicate-phase-id",
        "unsafe-id",
        "schema",
        "unknown-phase",
    ][defect.min(13)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn a_sound_plan_passes_unchanged(plan in sound(), pretty: bool) {
        let text = if pretty { serde_json::to_string_pretty(&plan)? + "\n" } else { plan.to_string() };
        let examination = examined(&text, From::Auto, Kind::Plan);
        // The generator draws dependencies that follow from others, too.
        let codes: BTreeSet<&str> = examination.problems.iter().map(|p| &*p.code).collect();
        prop_assert!(codes.iter().all(|code| *code == "redundant-dependency"), "{:?}", codes);
        prop_assert!(!examination.is_wrong);
        let canonical = examination.canonical();
        prop_assert_eq!(canonical.trim_end(), text.trim_end());
    }

    #[test]
    fn every_seeded_defect_is_reported(mut plan in sound(), defects in proptest::collection::btree_set(0..14usize, 1..5)) {
        let mut expected = BTreeSet::new();
        for defect in defects {
            // Later defects may undo what makes an earlier one: only those that still stand are asked for.
            let before = plan.clone();
            let code = spoil(&mut plan, defect);
            let all = codes(&plan.to_string());
            if expected.iter().all(|code: &&str| all.contains(*code)) {
                expected.insert(code);
                prop_assert!(all.contains(code), "{} is missing in {:?}", code, all);
            } else {
                plan = before;
            }
        }
    }

    #[test]
    fn bytes_never_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let text = String::from_utf8_lossy(&bytes);
        for kind in [Kind::Plan, Kind::Record] {
            for from in [From::Json, From::Yaml] {
                let examination = examined(&text, from, kind);
                let _ = schemas::render(&examination.problems, &examination.source, true);
            }
        }
    }

    #[test]
    fn nearly_a_plan_never_makes_it_panic(plan in sound(), cut: prop::sample::Index, insert in "[\\[\\]{}\",:0-9a\\\\ä]{0,3}") {
        let mut text = plan.to_string();
        let mut at = cut.index(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        text.insert_str(at, &insert);
        let examination = examined(&text, From::Json, Kind::Plan);
        let _ = schemas::render(&examination.problems, &examination.source, false);
    }
}

#[test]
fn a_large_plan_is_checked_like_a_small_one() {
    let mut tasks: Vec<Value> = (0..5000)
        .map(|n| json!({"id": format!("t{n}"), "title": "T", "description": format!("{} words enough for an agent", "x".repeat(2000))}))
        .collect();
    tasks[0]["estimatedMinutes"] = json!("ten");
    tasks[2047]["dependsOn"] = json!([1]);
    tasks[2048]["dependsOn"] = json!(["t4999", 7]);
    tasks[4999] = json!("no object");
    let plan =
        json!({"tasks": tasks, "limits": {"maxConcurrent": 0}, "gates": {"after": ["make test"]}});
    let text = plan.to_string();
    assert!(text.len() > WHOLE);
    let large: BTreeSet<(String, String)> =
        placed(examined(&text, From::Json, Kind::Plan).problems);
    let whole = Schema::of("plan").expect("a schema").problems(&plan);
    let whole = placed(whole);
    let pointers: Vec<&str> = whole.iter().map(|(_, pointer)| pointer.as_str()).collect();
    assert!(
        pointers.contains(&"/tasks/2048/dependsOn/1") && pointers.contains(&"/planId"),
        "{pointers:?}"
    );
    // `t4999` is no task any more: the one problem that is not of the schema.
    let mut expected = whole;
    expected.insert((
        "unknown-dependency".to_owned(),
        "/tasks/2048/dependsOn/0".to_owned(),
    ));
    assert_eq!(large, expected);
}

fn placed(problems: Vec<Problem>) -> BTreeSet<(String, String)> {
    problems
        .into_iter()
        .map(|p| (p.code, p.pointer.unwrap_or_default()))
        .collect()
}

#[test]
fn hostile_texts_end_in_one_clear_error() {
    let lone = r#"{"planId": "p", "tasks": [], "metadata": {"x": ["\ud800"]}}"#;
    let table: [(&str, &str, &str); 8] = [
        (&"[".repeat(100_000), "syntax", "recursion limit"),
        (&"{\"a\":".repeat(100_000), "syntax", "recursion limit"),
        (lone, "syntax", "hex escape"),
        (r#"{"planId": NaN}"#, "syntax", "expected"),
        (
            r#"{"planId": "p", "tasks": [], "x": 1e999}"#,
            "syntax",
            "number out of range",
        ),
        (
            r#"{"planId": "p", "tasks": [], "x": [{"a": 1, "a": 2}]}"#,
            "duplicate-key",
            "`a`",
        ),
        (
            r#"{"planId": "p", "tasks": []} {}"#,
            "syntax",
            "trailing characters",
        ),
        ("[1, 2", "syntax", "EOF"),
    ];
    for (text, code, message) in table {
        let examination = examined(text, From::Auto, Kind::Plan);
        let [problem] = examination.problems.as_slice() else {
            panic!("{:?}", examination.problems)
        };
        assert!(examination.is_malformed);
        assert_eq!(problem.code, code);
        assert!(problem.message.contains(message), "{}", problem.message);
        assert!(problem.line.is_some());
    }
}
