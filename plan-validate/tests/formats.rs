//! Problems in the forms that other programs read, and the settings of rules, as the shell sees them.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_plan-validate"))
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("NO_COLOR", "1")
        .output()
        .expect("the program starts")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("stderr is text")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("it ended by itself")
}

/// What SARIF 2.1.0 asks of what is written here.
fn check_sarif(text: &str) -> Vec<Value> {
    let log: Value = serde_json::from_str(text).expect("SARIF is one JSON document");
    assert_eq!(log["version"], "2.1.0");
    assert!(
        log["$schema"]
            .as_str()
            .is_some_and(|name| name.contains("sarif-2.1.0"))
    );
    let [run] = log["runs"].as_array().expect("runs").as_slice() else {
        panic!("one run: {log}")
    };
    let driver = &run["tool"]["driver"];
    assert_eq!(driver["name"], "plan-validate");
    let rules = driver["rules"].as_array().expect("rules");
    let text_of = |value: &Value| value["text"].as_str().is_some_and(|text| !text.is_empty());
    let ids: Vec<&str> = rules
        .iter()
        .map(|rule| rule["id"].as_str().expect("an id"))
        .collect();
    for rule in rules {
        assert!(
            text_of(&rule["shortDescription"]) && text_of(&rule["help"]),
            "{rule}"
        );
    }
    let results = run["results"].as_array().expect("results");
    for result in results {
        assert!(
            ids.contains(&result["ruleId"].as_str().expect("a rule")),
            "{result}"
        );
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().expect("a level")));
        assert!(text_of(&result["message"]), "{result}");
        let places = result["locations"].as_array().into_iter();
        for place in places
            .chain(result["relatedLocations"].as_array())
            .flatten()
        {
            let physical = &place["physicalLocation"];
            assert!(
                physical["artifactLocation"]["uri"]
                    .as_str()
                    .is_some_and(|uri| !uri.contains(' '))
            );
            let number = |name: &str| physical["region"][name].as_u64();
            if let Some(end) = number("endLine") {
                let start = (number("startLine"), number("startColumn"));
                assert!((Some(end), number("endColumn")) >= start, "{physical}");
            }
            assert_ne!(number("startLine"), Some(0));
        }
    }
    results.clone()
}

#[test]
fn sarif_is_one_document_whatever_is_found() {
    let output = run(&["--problems", "sarif", "tests/golden/defects.json"]);
    assert_eq!(code(&output), 3);
    let results = check_sarif(&stderr(&output));
    let json = run(&["--problems", "json", "tests/golden/defects.json"]);
    assert_eq!(results.len(), stderr(&json).lines().count());
    let cycle = results
        .iter()
        .find(|result| result["ruleId"] == "dependency-cycle")
        .expect("a cycle");
    let region = &cycle["locations"][0]["physicalLocation"]["region"];
    assert_eq!(
        (&region["startLine"], &region["startColumn"]),
        (&9.into(), &136.into())
    );
    assert_eq!(
        (&region["endLine"], &region["endColumn"]),
        (&9.into(), &140.into())
    );
    assert_eq!(
        cycle["locations"][0]["logicalLocations"][0]["fullyQualifiedName"],
        "/tasks/0/dependsOn/0"
    );

    let sound = run(&["--problems", "sarif", "examples/sound.json"]);
    assert_eq!((code(&sound), check_sarif(&stderr(&sound)).len()), (0, 0));
    let absent = run(&["--problems", "sarif", "no/such/file"]);
    assert_eq!((code(&absent), check_sarif(&stderr(&absent)).len()), (3, 1));
}

#[test]
fn annotations_are_lines_that_cannot_be_broken_out_of() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a,b:c%.json");
    let plan = r#"{"planId": "p", "gates": {"x": ["make"]}, "tasks": [
        {"id": "t\n::error::1%", "title": "T", "description": "x"}]}"#;
    std::fs::write(&file, plan).expect("it can be written");
    let output = run(&["--problems", "github", file.to_str().expect("a name")]);
    assert_eq!(code(&output), 1);
    let text = stderr(&output);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    for line in &lines {
        let (properties, message) = line[2..]
            .split_once("::")
            .expect("a command and its message");
        assert!(
            properties.contains("a%2Cb%3Ac%25.json,line=2,col="),
            "{line}"
        );
        assert!(!message.is_empty());
    }
    assert!(
        lines[0].starts_with("::error file=") && lines[0].contains("title=unsafe-id::"),
        "{text}"
    );
    assert!(
        lines[1].starts_with("::warning file=") && lines[1].contains("%0A::error::1%25"),
        "{text}"
    );

    let sound = run(&["--problems", "github", "examples/sound.json"]);
    assert_eq!((code(&sound), stderr(&sound)), (0, String::new()));
}

#[test]
fn rules_are_denied_warned_of_and_allowed() {
    let codes = |args: &[&str]| {
        let output = run(&[args, &["--problems", "json", "examples/thin.json"]].concat());
        let problems = stderr(&output);
        let said = problems.lines().map(|line| {
            let problem: Value = serde_json::from_str(line).expect("JSON");
            format!(
                "{} {}",
                problem["severity"].as_str().unwrap_or_default(),
                problem["code"].as_str().unwrap_or_default()
            )
        });
        (code(&output), said.collect::<Vec<String>>())
    };
    let thin = |severity: &str| vec![format!("{severity} thin-description")];
    assert_eq!(codes(&[]), (0, thin("warning")));
    assert_eq!(codes(&["--deny", "V080"]), (1, thin("error")));
    assert_eq!(codes(&["--deny", "warnings"]), (1, thin("error")));
    assert_eq!(
        codes(&["--strict", "--allow", "thin-description"]),
        (0, vec![])
    );
    assert_eq!(codes(&["--allow", "V020,V080"]), (0, vec![]));
    assert_eq!(codes(&["--allow", "warnings"]), (0, vec![]));

    let cycle = run(&[
        "--warn",
        "V043,V033,V040",
        "--problems",
        "json",
        "examples/broken.json",
    ]);
    assert_eq!(code(&cycle), 3, "what is of the form stays an error");
    for (wrong, said) in [
        ("dependency-cyle", "did you mean `dependency-cycle`?"),
        ("V999", "no rule is called `V999`"),
        ("syntax", "cannot be passed over"),
        ("unsafe-id", "cannot be passed over"),
    ] {
        let output = run(&["--allow", wrong, "examples/sound.json"]);
        assert_eq!(code(&output), 2, "{wrong}");
        assert!(stderr(&output).contains(said), "{}", stderr(&output));
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn every_rule_can_be_explained_by_either_name() {
    let by_number = run(&["--explain", "V044"]);
    let by_code = run(&["--explain", "redundant-dependency"]);
    assert_eq!((code(&by_number), stderr(&by_number)), (0, String::new()));
    assert_eq!(by_number.stdout, by_code.stdout);
    let page = String::from_utf8(by_code.stdout).expect("text");
    assert!(
        page.starts_with("V044 `redundant-dependency` (warning)\n"),
        "{page}"
    );
    assert!(page.contains("`--allow redundant-dependency`"), "{page}");
    let list = String::from_utf8(run(&["--explain"]).stdout).expect("text");
    assert!(list.lines().count() > 50, "{list}");
    let row = list
        .lines()
        .find(|line| line.starts_with("V044  redundant-dependency"));
    assert!(row.is_some(), "{list}");
    assert_eq!(code(&run(&["--explain", "V7777"])), 2);
    assert!(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("RULES.md")
            .exists()
    );
}
