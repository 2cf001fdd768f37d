//! Plans of other tools, as the shell sees them: every folder `dialects/DIALECT/CASE` is one run of the program.
//!
//! `args` in it are the arguments (else `--from DIALECT .`), `expected` what must come of it: exit code, stderr, stdout.
//! `BLESS=1` writes it anew.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

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
