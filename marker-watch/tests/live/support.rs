//! A program that runs while the test goes on, and what it has said so far.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// Longer than anything takes, on a machine that does much else.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
    stderr: Receiver<String>,
    pub(crate) stdin: Option<ChildStdin>,
}

/// What it came to.
pub(crate) struct Ended {
    pub(crate) records: Vec<Value>,
    pub(crate) stderr: String,
    pub(crate) code: Option<i32>,
}

pub(crate) fn program(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_marker-watch"));
    command
        .args(args)
        .current_dir(folder)
        .env_remove("ORCHESTRATE_RUN")
        .env_remove("TMUX")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

pub(crate) fn start(folder: &Path, args: &[&str]) -> Running {
    Running::of(program(folder, args))
}

impl Running {
    pub(crate) fn of(mut command: Command) -> Running {
        let mut child = command.spawn().expect("the program starts");
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().expect("stdout is a pipe");
        let mut errors = child.stderr.take().expect("stderr is a pipe");
        let (send, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = send.send(line);
            }
        });
        let (send, stderr) = channel();
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = errors.read_to_end(&mut bytes);
            let _ = send.send(String::from_utf8_lossy(&bytes).into_owned());
        });
        Running {
            child,
            lines,
            stderr,
            stdin,
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("a line comes")
    }

    pub(crate) fn record(&self) -> Value {
        serde_json::from_str(&self.line()).expect("a record is JSON")
    }

    /// The texts of the next records.
    pub(crate) fn texts(&self, count: usize) -> Vec<String> {
        (0..count).map(|_| text(&self.record())).collect()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it runs");
    }

    /// Told to end, it says what it still had to say.
    pub(crate) fn stop(self) -> Ended {
        self.signal(Signal::TERM);
        self.end()
    }

    /// Waits until it has ended by itself.
    pub(crate) fn end(mut self) -> Ended {
        drop(self.stdin.take());
        let records = self
            .lines
            .iter()
            .map(|line| serde_json::from_str(&line).unwrap_or(Value::String(line)));
        let records = records.collect();
        let stderr = self.stderr.recv_timeout(PATIENCE).unwrap_or_default();
        let code = self.child.wait().expect("it ends").code();
        Ended {
            records,
            stderr,
            code,
        }
    }
}

impl Ended {
    pub(crate) fn texts(&self) -> Vec<String> {
        self.records.iter().map(text).collect()
    }
}

pub(crate) fn text(record: &Value) -> String {
    record["text"].as_str().unwrap_or_default().to_owned()
}

pub(crate) fn append(path: &Path, text: &str) {
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .expect("it is written");
}

/// Looks again and again, for as long as anything may take.
pub(crate) fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "{what}: not in time");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Says that this machine cannot run a test. `scripts/test` counts it, so that it is not taken for a pass.
pub(crate) fn skip(test: &str, reason: &str) {
    let line = format!("{test}: {reason}\n");
    // Past the capture of the test runner.
    let _ = std::io::stderr().write_all(format!("skipped: {line}").as_bytes());
    if let Some(log) = std::env::var_os("SKIPPED_FILE") {
        append(Path::new(&log), &line);
    }
}
