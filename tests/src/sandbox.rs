//! A fresh folder to run commands in, with the programs on PATH.

use std::fs::File;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::{Marked, bins, until};

/// No command of a test takes longer than this unless it hangs.
const LIMIT: Duration = Duration::from_secs(180);

/// What is left may be on its way out: that long it may take.
const GRACE: Duration = Duration::from_secs(10);

/// A folder of its own. When it goes, nothing that was started in it may be alive, or the test fails.
#[derive(Debug)]
pub struct Sandbox {
    folder: TempDir,
    mark: String,
    environment: Vec<(String, String)>,
}

/// What a command came to.
#[derive(Debug)]
pub struct Ran {
    /// What the shell would say: 128+n for signal n.
    pub code: i32,
    /// All that it wrote to stdout.
    pub stdout: String,
    /// All that it wrote to stderr.
    pub stderr: String,
}

/// A command that runs.
#[derive(Debug)]
pub struct Running<'a> {
    child: Child,
    streams: Streams,
    sandbox: &'a Sandbox,
}

#[derive(Debug)]
struct Streams {
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Sandbox {
    /// An empty folder.
    #[expect(
        clippy::new_without_default,
        reason = "it builds programs, which is no default"
    )]
    pub fn new() -> Sandbox {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        bins();
        Sandbox {
            folder: tempfile::tempdir().expect("a temporary folder can be made"),
            mark: format!("{}-{count}", std::process::id()),
            environment: Vec::new(),
        }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file, and the folders above it.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        let folder = path.parent().expect("a file is in a folder");
        std::fs::create_dir_all(folder).expect("folders can be made in the sandbox");
        std::fs::write(&path, text).expect("files can be written in the sandbox");
        path
    }

    /// Reads a file; empty when there is none.
    pub fn read(&self, name: &str) -> String {
        let bytes = std::fs::read(self.path().join(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Reads a JSON document.
    #[track_caller]
    pub fn json(&self, name: &str) -> Value {
        let text = self.read(name);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}\n{text}"))
    }

    /// Waits until a file is there. The test fails when it never is.
    #[track_caller]
    pub fn wait_for(&self, name: &str) {
        let path = self.path().join(name);
        assert!(until(LIMIT, || path.exists()), "{name} never came to be");
    }

    /// Every later command has this in its environment.
    pub fn env(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Runs a line of bash with pipefail to its end.
    #[track_caller]
    pub fn sh(&self, line: &str) -> Ran {
        self.start(line).wait()
    }

    /// Starts a line of bash with pipefail.
    pub fn start(&self, line: &str) -> Running<'_> {
        self.spawn(&["bash", "-o", "pipefail", "-c", line], false)
    }

    /// Runs a line of sh, with stdout and stderr as one stream.
    #[track_caller]
    pub fn merged(&self, line: &str) -> Ran {
        self.spawn(&["sh", "-c", line], true).wait()
    }

    fn spawn(&self, argv: &[&str], merged: bool) -> Running<'_> {
        // Files, not pipes: whoever keeps them open keeps nobody waiting.
        let streams = Streams {
            stdout: tempfile_in(self.path(), "stdout"),
            stderr: tempfile_in(self.path(), "stderr"),
        };
        let append = |path: &Path| {
            let file = File::options().append(true).open(path);
            Stdio::from(file.expect("the stream's file was just made"))
        };
        let mut command = Command::new(argv[0]);
        command
            .args(&argv[1..])
            .current_dir(self.path())
            .stdin(Stdio::null())
            .stdout(append(&streams.stdout))
            .stderr(append(if merged {
                &streams.stdout
            } else {
                &streams.stderr
            }))
            .env("PATH", path_with(bins()))
            .env("HOME", self.path())
            .env("NO_COLOR", "1")
            .env("LC_ALL", "C.UTF-8")
            .env(Marked::NAME, &self.mark);
        command.env("ORCHESTRATE_BIN", bins());
        for name in ["AGENT", "ORCHESTRATE_DIR", "COLUMNS"] {
            command.env_remove(name);
        }
        command.envs(self.environment.iter().map(|(n, v)| (n, v)));
        let child = command.spawn().expect("a shell can be started");
        Running {
            child,
            streams,
            sandbox: self,
        }
    }

    /// The processes that were started here.
    pub fn processes(&self) -> Marked {
        Marked::new(&self.mark)
    }

    /// Fails when anything that was started here is alive and stays so.
    #[track_caller]
    pub fn assert_nothing_left(&self) {
        let processes = self.processes();
        if !until(GRACE, || processes.alive().is_empty()) {
            let left = processes.alive();
            processes.kill();
            panic!("left running: {left:#?}");
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if thread::panicking() {
            self.processes().kill();
        } else {
            self.assert_nothing_left();
        }
    }
}

impl Running<'_> {
    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has come to its end.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|status| status.is_some())
    }

    /// What it wrote to stdout so far.
    pub fn stdout(&self) -> String {
        text_of(&self.streams.stdout)
    }

    /// What it wrote to stderr so far.
    pub fn stderr(&self) -> String {
        text_of(&self.streams.stderr)
    }

    /// Waits for its end. The test fails when it does not come.
    #[track_caller]
    pub fn wait(mut self) -> Ran {
        let (sender, receiver) = mpsc::channel();
        let mut child = self.child;
        let waiter = thread::spawn(move || {
            let status = child.wait();
            let _ = sender.send(status);
        });
        let status = match receiver.recv_timeout(LIMIT) {
            Ok(status) => status.expect("a child can be waited for"),
            Err(_) => {
                self.sandbox.processes().kill();
                self.streams.panic("does not end");
            }
        };
        let _ = waiter.join();
        Ran {
            code: code_of(status),
            stdout: text_of(&self.streams.stdout),
            stderr: text_of(&self.streams.stderr),
        }
    }
}

impl Streams {
    #[track_caller]
    fn panic(&mut self, what: &str) -> ! {
        let (stdout, stderr) = (text_of(&self.stdout), text_of(&self.stderr));
        panic!("{what}\nstdout:\n{stdout}\nstderr:\n{stderr}");
    }
}

impl Ran {
    /// Fails, with all that was written, when the exit code is another.
    #[track_caller]
    pub fn expect(self, code: i32) -> Ran {
        assert_eq!(
            self.code, code,
            "exit code\nstdout:\n{}\nstderr:\n{}",
            self.stdout, self.stderr
        );
        self
    }

    /// Fails when stderr does not hold this text.
    #[track_caller]
    pub fn says(self, text: &str) -> Ran {
        assert!(
            self.stderr.contains(text),
            "stderr lacks {text:?}:\n{}",
            self.stderr
        );
        self
    }

    /// stdout as NDJSON.
    #[track_caller]
    pub fn records(&self) -> Vec<Value> {
        let parse = |line: &str| {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}"))
        };
        self.stdout.lines().map(parse).collect()
    }
}

fn tempfile_in(folder: &Path, name: &str) -> PathBuf {
    let file = tempfile::Builder::new()
        .prefix(&format!(".{name}."))
        .tempfile_in(folder)
        .expect("files can be made in the sandbox");
    let (_, path) = file.keep().expect("a temporary file can be kept");
    path
}

fn text_of(path: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()
}

fn path_with(first: &Path) -> std::ffi::OsString {
    let rest = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(first.to_owned()).chain(std::env::split_paths(&rest));
    std::env::join_paths(folders).expect("no folder on PATH has a colon in its name")
}

fn code_of(status: ExitStatus) -> i32 {
    status
        .code()
        .unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
}
