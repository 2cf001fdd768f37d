//! A fresh folder, the real program in it, and what it left behind.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use schemas::journal::{self, Journal};
use schemas::{Body, Record, State};
use serde_json::{Value, json};

/// Longest that a test waits for something to happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// A schedule of these tasks and nothing else.
pub(crate) fn plan(tasks: Value) -> Value {
    let projects = json!([{"name": "a"}, {"name": "b"}]);
    json!({"kind": "schedule", "version": 1, "plan": {"planId": "test", "projects": projects, "tasks": tasks}})
}

pub(crate) struct Sandbox {
    dir: tempfile::TempDir,
    env: Vec<(String, String)>,
}

/// What a run of the program came to.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The program under way. stderr goes to a file, so that a test can wait for what it says.
pub(crate) struct Running {
    child: Child,
    listener: Option<JoinHandle<String>>,
    stderr: PathBuf,
}

impl Sandbox {
    pub(crate) fn new() -> Sandbox {
        Sandbox {
            dir: tempfile::tempdir().unwrap(),
            env: Vec::new(),
        }
    }

    /// The program has this in its environment.
    pub(crate) fn env(&mut self, name: &str, value: &str) {
        self.env.push((name.to_owned(), value.to_owned()));
    }

    /// Programs of this folder are found first.
    pub(crate) fn in_path(&mut self) {
        let path = std::env::var("PATH").unwrap_or_default();
        let path = format!("{}:{path}", self.dir.path().display());
        self.env("PATH", &path);
    }

    pub(crate) fn dispatch(&self, schedule: &Value, args: &[&str]) -> Run {
        self.start(schedule, args).finish()
    }

    pub(crate) fn run(&self, input: &str, args: &[&str]) -> Run {
        self.spawn(input, args).listen().finish()
    }

    pub(crate) fn start(&self, schedule: &Value, args: &[&str]) -> Running {
        self.spawn(&schedule.to_string(), args).listen()
    }

    /// Nobody reads its stdout, and the pipe is closed at once.
    pub(crate) fn start_unread(&self, schedule: &Value) -> Running {
        let mut running = self.spawn(&schedule.to_string(), &[]);
        drop(running.child.stdout.take());
        running
    }

    /// The program in this folder, without arguments and streams.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_agent-dispatch"));
        command
            .current_dir(self.dir.path())
            .env_remove("ORCHESTRATE_DIR")
            .env("XDG_STATE_HOME", self.dir.path().join("state"))
            .envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    fn spawn(&self, input: &str, args: &[&str]) -> Running {
        let stderr = self.dir.path().join("stderr.txt");
        let mut child = self
            .command()
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(&stderr).unwrap())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // A program that refuses its arguments does not read.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        Running {
            child,
            listener: None,
            stderr,
        }
    }

    pub(crate) fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.dir.path().join(file)).unwrap()
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        std::fs::write(self.dir.path().join(file), text).unwrap();
    }

    pub(crate) fn path(&self) -> &std::path::Path {
        self.dir.path()
    }

    pub(crate) fn exists(&self, file: &str) -> bool {
        self.dir.path().join(file).exists()
    }

    /// An executable script; answers its path.
    pub(crate) fn script(&self, name: &str, body: &str) -> String {
        let path = self.dir.path().join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub(crate) fn state(&self) -> State {
        let (state, _) = journal::view(&self.dir.path().join(".orchestrate")).unwrap();
        state
    }

    pub(crate) fn records(&self) -> Vec<Record> {
        let dir = self.dir.path().join(".orchestrate");
        Journal::open_to_read(&dir)
            .and_then(|mut journal| journal.read_new())
            .unwrap_or_default()
    }

    /// Appends as another program would.
    pub(crate) fn append(&self, body: Body) {
        let (_, mut journal) = journal::load(&self.dir.path().join(".orchestrate")).unwrap();
        journal.append(vec![body]).unwrap();
    }

    pub(crate) fn wait_for(&self, file: &str) {
        self.wait_until(|| self.exists(file));
    }

    pub(crate) fn wait_until(&self, condition: impl Fn() -> bool) {
        let begun = Instant::now();
        while !condition() {
            assert!(begun.elapsed() < PATIENCE, "waited in vain");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Running {
    fn listen(mut self) -> Running {
        let mut stdout = self.child.stdout.take().unwrap();
        self.listener = Some(std::thread::spawn(move || {
            let mut text = String::new();
            let _ = stdout.read_to_string(&mut text);
            text
        }));
        self
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    pub(crate) fn stderr_has(&self, text: &str) -> bool {
        std::fs::read_to_string(&self.stderr)
            .unwrap_or_default()
            .contains(text)
    }

    pub(crate) fn finish(mut self) -> Run {
        let status = self.child.wait().unwrap();
        let stdout = self
            .listener
            .take()
            .map(|thread| thread.join().unwrap())
            .unwrap_or_default();
        let code = status.code().unwrap_or(-1);
        Run {
            code,
            stdout,
            stderr: std::fs::read_to_string(&self.stderr).unwrap(),
        }
    }
}

impl Run {
    /// `task outcome` of each settled task, in the order of the records.
    pub(crate) fn outcomes(&self) -> Vec<String> {
        let records = self.stdout.lines().map(|line| Record::parse(line).unwrap());
        records
            .filter_map(|record| match record.body {
                Body::TaskSettled { task, outcome, .. } => {
                    let word = serde_json::to_value(outcome).unwrap();
                    Some(format!("{task} {}", word.as_str().unwrap()))
                }
                _ => None,
            })
            .collect()
    }
}
