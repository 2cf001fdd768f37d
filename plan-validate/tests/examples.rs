//! Every example of a plan or schedule in the repository is sound: people begin with them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Those that show what is wrong with a plan.
const WRONG: &[&str] = &[
    "plan-schedule/examples/circle.json",
    "plan-validate/examples/broken.json",
];

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && !path.ends_with("invalid") {
            collect(&path, files);
        } else if path.extension().is_some_and(|end| end == "json") {
            files.push(path);
        }
    }
}

/// `plan` or `schedule`; none for other documents.
fn kind(path: &Path) -> Option<&'static str> {
    let value: Value = serde_json::from_str(&fs::read_to_string(path).ok()?).ok()?;
    match value["kind"].as_str() {
        Some("schedule") => Some("schedule"),
        // A record of a run has a plan's tasks, too.
        None if value["type"].is_null() && value["tasks"].is_array() => {
            value["planId"].is_string().then_some("plan")
        }
        _ => None,
    }
}

#[test]
fn every_plan_of_the_repository_is_sound() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for package in fs::read_dir(&root).expect("the repository").flatten() {
        collect(&package.path().join("examples"), &mut files);
    }
    files.sort();
    let mut plans = 0;
    for path in files {
        let Some(kind) = kind(&path) else { continue };
        plans += 1;
        let output = Command::new(env!("CARGO_BIN_EXE_plan-validate"))
            .args(["--quiet", "--from", "json", "--as", kind])
            .arg(&path)
            .output()
            .expect("the program starts");
        let name = path.strip_prefix(&root).expect("below the root");
        let is_wrong = WRONG.iter().any(|wrong| name == Path::new(wrong));
        assert_eq!(
            output.status.success(),
            !is_wrong,
            "{}: {}",
            name.display(),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    assert!(plans > 10, "{plans} plans");
}
