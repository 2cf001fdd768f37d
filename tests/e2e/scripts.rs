//! What holds for every script: it tells its usage, ends with 2 when called wrongly, and is told of in the manual.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use e2e::Sandbox;

/// The path of one of the project's scripts.
pub(crate) fn script(name: &str) -> String {
    folder().join(name).display().to_string()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts")
}

fn executables() -> Vec<String> {
    let entries = std::fs::read_dir(folder()).expect("there are scripts");
    let mut names: Vec<String> = entries
        .flatten()
        .filter(|entry| {
            let metadata = entry.metadata().expect("a script can be looked at");
            metadata.is_file() && metadata.permissions().mode() & 0o111 != 0
        })
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}

#[test]
fn each_tells_its_usage_on_stdout() {
    let sandbox = Sandbox::new();
    for name in executables() {
        let ran = sandbox.sh(&format!("{} --help", script(&name))).expect(0);
        assert!(ran.stdout.starts_with("Usage: "), "{name}: {}", ran.stdout);
    }
}

/// Tests that take long and benchmarks are told of together.
const LONG: [&str; 4] = ["bench-", "fuzz-", "test-", "torture-"];

#[test]
fn each_is_told_of_in_the_manual() {
    let manual = std::fs::read_to_string(folder().join("README.md")).expect("there is a manual");
    let missing: Vec<String> = executables()
        .into_iter()
        .filter(|name| !LONG.iter().any(|it| name.starts_with(it)))
        .filter(|name| !manual.contains(&format!("`{name}`")))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
