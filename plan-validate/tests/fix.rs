//! `--fix` as the shell sees it: only the bytes of what is fixed change.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn run(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_plan-validate"))
        .args(["--allow", "V054,V081"])
        .args(args)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .output()
        .expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

/// What is in the file after `--fix --write`. A second run finds nothing more, and the diff of the first makes the same.
fn fixed(name: &str, before: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join(name);
    fs::write(&file, before).expect("it can be written");
    let shown = run(folder.path(), &["--fix", name]);
    assert_eq!(
        fs::read_to_string(&file).expect("it is there"),
        before,
        "shown, not written"
    );
    let wrote = run(folder.path(), &["--fix", "--write", name]);
    assert_eq!(
        (text(&wrote.stdout), shown.status.code()),
        (String::new(), Some(0)),
        "{}",
        text(&shown.stderr)
    );
    let after = fs::read_to_string(&file).expect("it is there");
    let again = run(folder.path(), &["--fix", name]);
    assert_eq!(
        (text(&again.stdout), text(&again.stderr)),
        (String::new(), String::new()),
        "{after}"
    );
    let diff = text(&shown.stdout);
    let kept = |sign: char| {
        diff.lines()
            .skip(2)
            .filter(|line| line.starts_with(sign))
            .count()
    };
    assert!(kept('-') + kept('+') > 0, "{diff}");
    after
}

const TASKS: &str = r#"{"id": "t1", "title": "Tables", "description": "Tables for users and sessions with migrations"},
    {"id": "t2", "title": "Session", "description": "Sessions are stored and end after a day",   "dependsOn" : ["t1" , "t1"]},
    {"id": "t10", "title": "Login", "description": "The login page shows an error for a wrong password", "dependsOn": [ "t1", "t2" ], "x": 1.50}"#;

#[test]
fn json_keeps_every_other_byte() {
    let plan = |tasks: &str, order: &str| {
        format!("{{\n  \"planId\": \"p\",\n  \"tasks\": [\n    {tasks}\n  ]{order}\n}}\n")
    };
    let clean = TASKS
        .replace("[\"t1\" , \"t1\"]", "[\"t1\"]")
        .replace("[ \"t1\", \"t2\" ]", "[ \"t2\" ]");
    let wrong = plan(
        TASKS,
        ",\n  \"executionOrder\": [[\"t10\"],[\"t1\", \"t9\"]]",
    );
    let right = plan(
        &clean,
        ",\n  \"executionOrder\": [[\"t1\"], [\"t2\"], [\"t10\"]]",
    );
    assert_eq!(fixed("plan.json", &wrong), right);
    // A right order stays as it stands; where there is none it is added in the manner of the rest.
    let own = ",\n  \"executionOrder\": [\n [\"t1\"],[\"t2\"] ,\n [\"t10\"]]";
    assert_eq!(fixed("plan.json", &plan(TASKS, own)), plan(&clean, own));
    let added = ",\n  \"executionOrder\": [\n    [\"t1\"],\n    [\"t2\"],\n    [\"t10\"]\n  ]";
    assert_eq!(fixed("plan.json", &plan(TASKS, "")), plan(&clean, added));
    let dos = plan(TASKS, "").replace('\n', "\r\n");
    assert_eq!(
        fixed("plan.json", &dos),
        plan(&clean, added).replace('\n', "\r\n")
    );
    let short = r#"{"planId":"p","tasks":[{"id":"ä","title":"T","description":"The login page shows an error for a wrong password"}]}"#;
    assert_eq!(
        fixed("plan.json", short),
        short.replace("]}", r#"],"executionOrder":[["ä"]]}"#)
    );
    let marked = format!("\u{feff}{short}");
    assert!(fixed("plan.json", &marked).starts_with("\u{feff}{"));
}

#[test]
fn rows_are_written_as_they_stood() {
    let plan = |order: &str| {
        format!(
            "{{\"planId\": \"p\", \"tasks\": [{}],\n\t\"executionOrder\": {order}}}",
            TASKS
                .replace("\"t1\" , \"t1\"", "\"t1\"")
                .replace("[ \"t1\", ", "[ ")
        )
    };
    let deep = "[\n\t\t[\n\t\t\t\"t1\"\n\t\t]\n\t]";
    let all = ["t1", "t2", "t10"]
        .map(|id| format!("\t\t[\n\t\t\t\"{id}\"\n\t\t]"))
        .join(",\n");
    assert_eq!(
        fixed("plan.json", &plan(deep)),
        plan(&format!("[\n{all}\n\t]"))
    );
    assert_eq!(
        fixed("plan.json", &plan("[]")),
        plan("[[\"t1\"],[\"t2\"],[\"t10\"]]")
    );
}

const YAML: &str = "\
# A plan as people write it.
planId: p
tasks:
  - id: t1
    title: Tables
    description: Tables for users and sessions with migrations   # of both
  - id: t2
    title: Session
    description: Sessions are stored and end after a day
    dependsOn: [t1]
  - id: t3
    title: Login
    description: The login page shows an error for a wrong password
    dependsOn:
      # in this order
      - t1      # redundant
      - 't2'
      - t2
";

#[test]
fn yaml_keeps_comments_and_quotes() {
    let clean = YAML
        .replace("      - t1      # redundant\n", "")
        .replace("      - t2\n", "");
    let rows = "executionOrder:\n  - [t1]\n  - [t2]\n  - [t3]\n";
    assert_eq!(fixed("plan.yaml", YAML), format!("{clean}{rows}"));
    let with = |order: &str| format!("executionOrder{order}\n{YAML}");
    let after = |order: &str| format!("executionOrder{order}\n{clean}");
    assert_eq!(
        fixed("plan.yaml", &with(": [[t3], [t1]]")),
        after(": [[t1], [t2], [t3]]")
    );
    let block = ":\n- - t3\n  - t1\n- [t2]";
    assert_eq!(
        fixed("plan.yaml", &with(block)),
        after(":\n- [t1]\n- [t2]\n- [t3]")
    );
    let flow = with("")
        .replace("executionOrder\n", "")
        .replace("dependsOn: [t1]", "dependsOn: [t1, \"t1\"]");
    assert_eq!(fixed("plan.yaml", &flow), format!("{clean}{rows}"));
}

#[test]
fn what_is_left_tells_the_exit_code() {
    let folder = tempfile::tempdir().expect("a folder");
    let write =
        |text: &str| fs::write(folder.path().join("plan.json"), text).expect("it can be written");
    write(&format!(
        "{{\"planId\": \"p\", \"tasks\": [{TASKS}, {{\"id\": \"x\", \"title\": \"X\", \"description\": \"The login page shows an error\", \"dependsOn\": [\"y\"]}}]}}"
    ));
    let output = run(folder.path(), &["--fix", "plan.json"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stdout).starts_with("--- a/plan.json\n+++ b/plan.json\n@@"),
        "{}",
        text(&output.stdout)
    );
    let said = text(&output.stderr);
    assert!(
        said.contains("unknown-dependency")
            && !said.contains("redundant")
            && !said.contains("twice"),
        "{said}"
    );

    write("{\"planId\": \"p\"}");
    let malformed = run(folder.path(), &["--fix", "--write", "plan.json"]);
    assert_eq!(
        (malformed.status.code(), text(&malformed.stdout)),
        (Some(3), String::new())
    );
    for wrong in [
        &["--write", "plan.json"][..],
        &["--fix", "--write"],
        &["--fix", "--as", "schedule", "plan.json"],
    ] {
        assert_eq!(
            run(folder.path(), wrong).status.code(),
            Some(2),
            "{wrong:?}"
        );
    }
    // What was silenced is not fixed.
    write(&format!(
        "{{\"planId\": \"p\", \"tasks\": [{TASKS}], \"executionOrder\": [[\"t1\"], [\"t2\"], [\"t10\"]]}}"
    ));
    let silenced = run(
        folder.path(),
        &["--allow", "V042,V044", "--fix", "plan.json"],
    );
    assert_eq!(
        (
            silenced.status.code(),
            text(&silenced.stdout),
            text(&silenced.stderr)
        ),
        (Some(0), String::new(), String::new())
    );
}

#[test]
fn a_plan_of_another_tool_is_not_fixed_and_it_is_said_how_to() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dialects");
    for (dialect, file) in [
        ("oat", "groups"),
        ("orchestra", "whole"),
        ("archetype", "whole/pocket.yaml"),
        ("tasks", "array/tasks.json"),
        ("task-master", "whole"),
        ("beads", "older/beads.jsonl"),
        ("spec-kit", "whole/tasks.md"),
        ("ccpm", "whole"),
    ] {
        let folder = root.join(dialect);
        for more in [&[][..], &["--write"]] {
            let output = run(
                &folder,
                &[&["--from", dialect, "--fix", file], more].concat(),
            );
            let said = text(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{dialect}: {said}");
            assert!(output.stdout.is_empty(), "{dialect}");
            let lines: Vec<&str> = said.lines().collect();
            assert!(
                lines[0].ends_with("--fix edits plans in JSON and YAML only"),
                "{said}"
            );
            let way = format!("plan-validate --from {dialect} FILE > plan.json");
            assert!(lines.len() == 2 && lines[1].ends_with(&way), "{said}");
        }
    }
}
