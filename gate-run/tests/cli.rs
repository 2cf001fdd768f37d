//! The program as its users meet it.

#[path = "cli/archetypes.rs"]
mod archetypes;
#[path = "cli/boundaries.rs"]
mod boundaries;
#[path = "cli/checks.rs"]
mod checks;
#[path = "cli/documents.rs"]
mod documents;
#[path = "cli/evidence.rs"]
mod evidence;
#[path = "cli/parallel.rs"]
mod parallel;
#[path = "cli/reports.rs"]
mod reports;
#[path = "cli/reviewers.rs"]
mod reviewers;
#[path = "cli/stubborn.rs"]
mod stubborn;
#[path = "cli/trust.rs"]
mod trust;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// A folder that the program runs in.
struct Sandbox(tempfile::TempDir);

impl Sandbox {
    fn new() -> Sandbox {
        Sandbox(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, text: &str) {
        let file = self.path().join(name);
        let folder = file.parent().expect("it is in a folder");
        std::fs::create_dir_all(folder).expect("a folder");
        std::fs::write(file, text).expect("it is written");
    }

    /// A program of that name, for a PATH that has this folder in front.
    fn program(&self, name: &str, script: &str) {
        use std::os::unix::fs::PermissionsExt;
        self.write(name, &format!("#!/bin/sh\n{script}\n"));
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(self.path().join(name), mode).expect("it is ours");
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gate-run"));
        command
            .args(args)
            .current_dir(self.path())
            // As within a session of an agent.
            .env("CLAUDECODE", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn run(&self, args: &[&str]) -> Ran {
        Ran::of(self.command(args).output().expect("the program runs"))
    }

    /// Runs the gates of a document.
    fn gates(&self, document: &str, args: &[&str]) -> Ran {
        self.write("gates.json", document);
        self.run(&[&["gates.json"], args].concat())
    }
}

struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Ran {
    fn of(output: Output) -> Ran {
        Ran {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("stderr is UTF-8"),
        }
    }

    /// The verdict, which is all that stdout holds.
    fn verdict(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| {
            panic!("{error}: {}\n{}", self.stdout, self.stderr);
        })
    }

    fn check(&self, index: usize) -> Value {
        self.verdict()["checks"][index].clone()
    }

    /// `word: status status…`, with the exit code.
    fn outcome(&self) -> String {
        let verdict = self.verdict();
        let checks = verdict["checks"].as_array().expect("checks are a list");
        let statuses: Vec<&str> = checks.iter().filter_map(|c| c["status"].as_str()).collect();
        let word = verdict["verdict"].as_str().expect("a word");
        let code = self
            .code
            .map_or("signal".to_owned(), |code| code.to_string());
        format!("{code} {word}: {}", statuses.join(" "))
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

#[test]
fn help_and_mistakes() {
    let sandbox = Sandbox::new();
    let help = sandbox.run(&["--help"]);
    assert_eq!(help.code, Some(0));
    assert!(help.stdout.contains("Examples:"));
    assert_eq!(sandbox.run(&["--nonsense"]).code, Some(2));
    assert_eq!(sandbox.run(&["a.json", "--gates", "b.json"]).code, Some(2));
    assert_eq!(sandbox.run(&["a.json", "--", "true"]).code, Some(2));
    assert_eq!(
        sandbox.run(&["--timeout", "soon", "--", "true"]).code,
        Some(2)
    );
}

#[test]
fn a_command_passes_when_it_exits_0() {
    let sandbox = Sandbox::new();
    let passed = sandbox.run(&["--", "sh", "-c", "echo out; echo err >&2"]);
    assert_eq!(passed.outcome(), "0 passed: passed");
    assert_eq!(passed.check(0)["exitCode"], 0);
    assert!(passed.stderr.contains("| out") && passed.stderr.contains("| err"));
    let failed = sandbox.run(&["--", "sh", "-c", "echo wrong thing >&2; exit 3"]);
    assert_eq!(failed.outcome(), "1 failed: failed");
    let check = failed.check(0);
    assert_eq!(check["exitCode"], 3);
    let finding = &check["findings"][0];
    assert_eq!(finding["severity"], "important");
    assert!(text(finding, "message").contains("wrong thing"));
    assert_eq!(failed.verdict()["findings"]["important"], 1);
    let parsed: schemas::Verdict = serde_json::from_str(&failed.stdout).expect("a verdict");
    assert_eq!(parsed.verdict, schemas::VerdictWord::Failed);
}

#[test]
fn quiet_says_errors_only() {
    let sandbox = Sandbox::new();
    let quiet = sandbox.run(&["--quiet", "--", "sh", "-c", "echo x; exit 1"]);
    assert_eq!((quiet.code, quiet.stderr.as_str()), (Some(1), ""));
    assert_eq!(text(&quiet.check(0), "outputTail"), "x");
}
