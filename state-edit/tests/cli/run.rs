//! A run directory to try the real program on.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

pub(crate) struct Run {
    pub(crate) dir: PathBuf,
    _temp: tempfile::TempDir,
}

/// What a call came to.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Call {
    pub(crate) fn of(output: &Output) -> Call {
        Call {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The records that it printed.
    pub(crate) fn records(&self) -> Vec<Value> {
        let read = |line| serde_json::from_str(line).unwrap();
        self.out.lines().map(read).collect()
    }

    /// Its only record.
    #[track_caller]
    pub(crate) fn record(&self) -> Value {
        assert_eq!(self.code, 0, "{self:?}");
        assert_eq!(self.out.lines().count(), 1, "{self:?}");
        self.records().remove(0)
    }

    #[track_caller]
    pub(crate) fn refused(&self, code: i32, text: &str) {
        assert_eq!(self.code, code, "{self:?}");
        assert_eq!(self.out, "", "{self:?}");
        assert!(self.err.contains(text), "{self:?}");
    }
}

/// The program, on a run directory.
pub(crate) fn program(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_state-edit"));
    command
        .args(args)
        .env("ORCHESTRATE_DIR", dir)
        .env("USER", "me")
        .env("NO_COLOR", "1")
        .stdin(Stdio::null());
    command
}

impl Run {
    /// A run directory that is not there yet.
    pub(crate) fn missing() -> Run {
        let temp = tempfile::tempdir().unwrap();
        Run {
            dir: temp.path().join("run"),
            _temp: temp,
        }
    }

    /// A run of these tasks that has begun.
    pub(crate) fn of(tasks: &[&str]) -> Run {
        let run = Run::missing();
        run.start(tasks);
        run
    }

    pub(crate) fn start(&self, tasks: &[&str]) {
        let labels: Vec<Value> = tasks
            .iter()
            .map(|id| json!({"id": id, "title": format!("Title of {id}")}))
            .collect();
        self.record(&[json!({
            "type": "run-started", "planId": "p", "seed": 1, "mark": "m", "pid": std::process::id(),
            "jobs": 2, "containment": "group", "tasks": labels
        })]);
    }

    pub(crate) fn record(&self, records: &[Value]) {
        let lines: String = records.iter().map(|record| format!("{record}\n")).collect();
        let call = self.with_stdin(&["record"], &lines);
        assert_eq!(call.code, 0, "{call:?}");
    }

    pub(crate) fn call(&self, args: &[&str]) -> Call {
        Call::of(&program(&self.dir, args).output().unwrap())
    }

    pub(crate) fn with_stdin(&self, args: &[&str], text: &str) -> Call {
        let file = tempfile::tempfile().unwrap();
        std::io::Write::write_all(&mut &file, text.as_bytes()).unwrap();
        std::io::Seek::rewind(&mut &file).unwrap();
        let output = program(&self.dir, args).stdin(file).output().unwrap();
        Call::of(&output)
    }

    /// The value at a pointer of the state.
    #[track_caller]
    pub(crate) fn value(&self, pointer: &str) -> Value {
        let call = self.call(&["show", pointer]);
        assert_eq!(call.code, 0, "{call:?}");
        serde_json::from_str(&call.out).unwrap()
    }

    /// `state.json` is what the whole journal adds up to.
    #[track_caller]
    pub(crate) fn assert_folded(&self) {
        let path = self.dir.join("state.json");
        let saved = std::fs::read_to_string(&path).unwrap();
        assert_eq!(self.call(&["show"]).out, saved);
        std::fs::rename(&path, self.dir.join("aside")).unwrap();
        let folded = self.call(&["show"]).out;
        std::fs::rename(self.dir.join("aside"), &path).unwrap();
        assert_eq!(folded, saved);
        let call = self.call(&["verify"]);
        assert_eq!(call.code, 0, "{call:?}");
    }
}

pub(crate) fn question(task: &str) -> Value {
    json!({"type": "question", "task": task, "text": "which?"})
}

pub(crate) fn settled(task: &str, outcome: &str) -> Value {
    json!({"type": "task-settled", "task": task, "outcome": outcome, "verification": "none"})
}

pub(crate) fn reached(checkpoint: &str) -> Value {
    json!({"type": "checkpoint-reached", "checkpoint": checkpoint})
}

/// Says why a test cannot run here; it counts as skipped, not as passed.
#[expect(clippy::print_stderr, reason = "who runs the tests is to see it")]
pub(crate) fn skip(reason: &str) {
    eprintln!("skipped: {reason}");
    if let Some(path) = std::env::var_os("SKIPPED_FILE") {
        let file = std::fs::OpenOptions::new().append(true).open(path);
        std::io::Write::write_all(
            &mut file.unwrap(),
            format!("state-edit: {reason}\n").as_bytes(),
        )
        .unwrap();
    }
}
