//! The program as its user meets it.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod basics;
mod constraints;
mod forms;
mod properties;
mod questions;
mod selection;
mod tags;

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

pub(crate) fn run(args: &[&str], stdin: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_plan-schedule"))
        .args(args)
        .env("NO_COLOR", "1")
        .env_remove("CLAUDE_CODE_EXPERIMENTAL_AGENT_TEAMS")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that refuses its arguments does not read.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    child.wait_with_output().unwrap()
}

pub(crate) fn json_of(output: &Output) -> Value {
    assert!(output.status.success(), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Code, stderr; nothing may be on stdout.
pub(crate) fn refused(args: &[&str], stdin: &str) -> (i32, String) {
    let output = run(args, stdin);
    assert_eq!(text(&output.stdout), "");
    (output.status.code().unwrap(), text(&output.stderr))
}

/// The schedule of a plan.
pub(crate) fn schedule(args: &[&str], plan: &Value) -> Value {
    json_of(&run(args, &plan.to_string()))
}

/// The form that the field publishes: t4 waits for a task of its own lane and for one of the other.
pub(crate) const PUBLISHED: &str = r#"{
  "planId": "orch-1", "summary": "Frontend and backend", "createdAt": "2026-01-01T00:00:00Z",
  "projects": [{"name": "front", "path": "./front"}, {"name": "back", "path": "./back", "note":  [1,  2]}],
  "tasks": [
    {"id": "t1", "project": "front", "title": "A", "dependsOn": [], "complexity": "low", "estimatedMinutes": 10},
    {"id": "t2", "project": "back", "title": "B", "dependsOn": [], "complexity": "low", "estimatedMinutes": 10},
    {"id": "t3", "project": "back", "title": "C", "dependsOn": ["t2"], "complexity": "medium", "estimatedMinutes": 30},
    {"id": "t4", "project": "front", "title": "D", "dependsOn": ["t1", "t3"], "estimatedMinutes": 25, "unknown": 1.50}
  ],
  "executionOrder": [["t1", "t2"], ["t3"], ["t4"]]
}"#;
