//! Plans of other tools, as the shell sees them: every folder `dialects/DIALECT/CASE` is one run of the program.
//!
//! `args` in it are the arguments (else `--from DIALECT .`), `expected` what must come of it: exit code, stderr, stdout.
//! `BLESS=1` writes it anew.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

fn folders(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).expect("the folder is there");
    let mut folders: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    folders
}

#[test]
fn every_case_ends_as_expected() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dialects");
    let mut wrong = Vec::new();
    let mut cases = 0;
    for dialect in folders(&root) {
        for case in folders(&dialect) {
            cases += 1;
            let name = dialect.file_name().unwrap_or_default().to_string_lossy();
            let said = run(&case, &name);
            let kept = case.join("expected");
            if std::env::var_os("BLESS").is_some() {
                fs::write(&kept, &said).expect("it can be written");
            }
            let expected = fs::read_to_string(&kept).unwrap_or_default();
            if said != expected {
                wrong.push(format!("{}:\n{said}", case.display()));
            }
        }
    }
    assert!(cases > 0);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// So that it can be looked up, denied and allowed.
#[test]
fn every_problem_of_a_dialect_has_a_page() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dialects");
    let mut codes = BTreeSet::new();
    for case in folders(&root).iter().flat_map(|dialect| folders(dialect)) {
        let expected = fs::read_to_string(case.join("expected")).unwrap_or_default();
        for line in expected.lines().take_while(|line| !line.is_empty()) {
            let mut words = line.split([' ', ':']);
            if words.any(|word| matches!(word, "error" | "warning")) && !line.starts_with(' ') {
                codes.extend(words.next().map(str::to_owned));
            }
        }
    }
    assert!(codes.len() > 30, "{codes:?}");
    for code in codes {
        let output = Command::new(env!("CARGO_BIN_EXE_plan-validate"))
            .args(["--explain", &code])
            .output()
            .expect("the program starts");
        assert!(output.status.success(), "no page of {code} in RULES.md");
    }
}

/// Exit code, problems by place, and the canonical plan, as one text. Warnings of rules are left out: they are of the
/// plan, whatever it is written in, and have tests of their own.
fn run(case: &Path, dialect: &str) -> String {
    let args =
        fs::read_to_string(case.join("args")).unwrap_or_else(|_| format!("--from {dialect} ."));
    let output = Command::new(env!("CARGO_BIN_EXE_plan-validate"))
        .args(args.split_whitespace())
        .args(["--problems", "json"])
        .current_dir(case)
        .output()
        .expect("the program starts");
    let mut text = format!(
        "exit {}\n",
        output.status.code().expect("it ended by itself")
    );
    for line in String::from_utf8_lossy(&output.stderr).lines() {
        let problem: Value = serde_json::from_str(line).expect("a problem per line");
        if problem["severity"] == "warning" && problem["pointer"].is_string() {
            continue;
        }
        let word = |key: &str| problem[key].as_str().unwrap_or_default().to_owned();
        let (file, severity, code, message) = (
            word("file"),
            word("severity"),
            word("code"),
            word("message"),
        );
        let (line, column) = (&problem["line"], &problem["column"]);
        writeln!(text, "{file}:{line}:{column} {severity} {code}: {message}")
            .expect("a string takes it");
        if let Some(help) = problem["help"].as_str() {
            writeln!(text, "    {help}").expect("a string takes it");
        }
    }
    let plan = String::from_utf8_lossy(&output.stdout);
    if plan.is_empty() {
        text
    } else {
        format!("{text}\n{plan}")
    }
}

/// Exit code, stderr and stdout of a run in `folder`, with `text` as its stdin.
fn program(folder: &Path, args: &[&str], text: &str) -> (i32, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_plan-validate"))
        // That there are no criteria is a matter of the plan, not of its dialect.
        .args(["--allow", "missing-acceptance"])
        .args(args)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // It may have no use for it.
    let _ = child
        .stdin
        .take()
        .expect("stdin is a pipe")
        .write_all(text.as_bytes());
    let output = child.wait_with_output().expect("the program ends");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let code = output.status.code().expect("it ended by itself");
    (code, text(&output.stderr), text(&output.stdout))
}

const TASKS: &str = "# Tasks: Clock\n\n## Phase 1: Set up\n\n- [ ] T001 Create the crate, with a build that passes\n";

#[test]
fn auto_says_what_it_decided_and_quiet_does_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let (code, stderr, stdout) = program(folder.path(), &[], TASKS);
    // What rules warn of comes behind it, and is no matter of this test.
    let first = stderr.lines().next().unwrap_or_default();
    let decided = "plan-validate: <stdin> is read as a tasks.md of spec-kit (--from spec-kit)";
    assert_eq!((code, first), (0, decided));
    assert!(stdout.contains("\"planId\": \"clock\""), "{stdout}");
    for args in [
        &["-q"][..],
        &["--from", "spec-kit"],
        &["-q", "--problems", "json"],
    ] {
        let (code, stderr, again) = program(folder.path(), args, TASKS);
        assert_eq!((code, &again), (0, &stdout), "{args:?}");
        assert!(!stderr.contains("is read as"), "{args:?}: {stderr}");
    }
    let (code, stderr, _) = program(folder.path(), &["--problems", "json"], TASKS);
    let first = stderr.lines().next().unwrap_or_default();
    let said: Value = serde_json::from_str(first).expect("a problem per line");
    assert_eq!(
        (code, &said["severity"], &said["code"]),
        (0, &"info".into(), &"dialect".into())
    );
    // A plan of ours stays one, whatever its texts look like, and nothing is said.
    let plan = "planId: p\ntasks:\n- id: t1\n  title: T\n  description: |\n    - [ ] T001 Create the crate, with a build that passes\n";
    let (code, stderr, stdout) = program(folder.path(), &[], plan);
    assert!(!stderr.contains("is read as"), "{stderr}");
    assert_eq!(code, 0);
    assert!(stdout.contains("\"id\": \"t1\""), "{stdout}");
}

#[test]
fn what_cannot_be_told_is_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    fs::write(
        root.join("notes.md"),
        "# Notes\n\nNothing that is a plan.\n",
    )
    .expect("a file");
    let says = |args: &[&str], expected: i32, words: &[&str]| {
        let (code, stderr, stdout) = program(root, args, "");
        assert_eq!(
            (code, stdout.as_str()),
            (expected, ""),
            "{args:?}: {stderr}"
        );
        for word in words {
            assert!(stderr.contains(word), "{args:?}: {word} is not in {stderr}");
        }
    };
    says(
        &["notes.md"],
        3,
        &["cannot tell what plan notes.md is", "--from", "spec-kit"],
    );
    // It tells of tasks of a plan, and how far they are: none of it is to be done.
    let progress =
        "---\noat_current_task_id: null\n---\n\n### Task p01-t01: Store\n\n**Status:** completed\n";
    fs::write(root.join("implementation.md"), progress).expect("a file");
    fs::write(
        root.join("state.md"),
        "---\nplanId: orch-1\noat_phase: plan\n---\n",
    )
    .expect("a file");
    says(&["implementation.md"], 3, &["cannot tell what plan"]);
    says(&["state.md"], 3, &["cannot tell what plan"]);
    fs::write(
        root.join("two.json"),
        "{\"planId\": \"a\"}\n{\"planId\": \"b\"}\n",
    )
    .expect("a file");
    says(&["two.json"], 3, &["a second JSON document begins here"]);
    says(&["."], 3, &["no plan is in it", "tasks.md (spec-kit)"]);
    says(
        &["--from", "oat", "."],
        3,
        &["a plan.md of open-agent-toolkit is not in it", "plan.md"],
    );
    says(
        &["--from", "archetype", "."],
        3,
        &["is a file, not a folder"],
    );
    says(&["--from", "json", "."], 3, &["it is a folder"]);
    says(
        &["--from", "oat", "--as", "schedule", "notes.md"],
        2,
        &["--from with a dialect is for plans"],
    );
    says(
        &["--from", "oat", "--features", "notes.md", "notes.md"],
        2,
        &["--features is for --from archetype"],
    );
    fs::write(root.join("tasks.md"), TASKS).expect("a file");
    fs::write(root.join("epic.md"), "---\nname: e\n---\n").expect("a file");
    says(
        &["."],
        3,
        &[
            "several plans are in it",
            "spec-kit (tasks.md)",
            "ccpm (epic.md)",
        ],
    );
    let (code, stderr, _) = program(root, &["--from", "spec-kit", "."], "");
    assert_eq!(code, 0, "{stderr}");
}
