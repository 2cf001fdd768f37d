//! The git command line. The user's hooks, credentials, signing and configuration are git's own affair, so it is git that
//! is run, and no library.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{Read, Seek};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context, bail};

use super::stop::Stop;

/// Most that is read of what one command prints, in bytes.
const MOST: u64 = 256 << 20;

/// So often is a command begun again that another git kept from beginning.
const TRIES: u32 = 40;

/// What a caller inside a git hook has set: every git would work on the wrong repository.
pub(crate) const LOCAL: [&str; 10] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_PREFIX",
    "GIT_NAMESPACE",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
];

/// For the environment of agents: whatever their gits leave running in the background is ended with the attempt.
pub(crate) fn without_housekeeping() -> Vec<(String, String)> {
    let known = std::env::var("GIT_CONFIG_COUNT").ok();
    let known: u32 = known.and_then(|count| count.parse().ok()).unwrap_or(0);
    let setting = |number: u32, name: &str, value: &str| {
        let number = known + number;
        [
            (format!("GIT_CONFIG_KEY_{number}"), name.to_owned()),
            (format!("GIT_CONFIG_VALUE_{number}"), value.to_owned()),
        ]
    };
    let count = ("GIT_CONFIG_COUNT".to_owned(), (known + 2).to_string());
    let settings = [
        setting(0, "maintenance.auto", "false"),
        setting(1, "gc.auto", "0"),
    ];
    std::iter::once(count)
        .chain(settings.into_iter().flatten())
        .collect()
}

/// git in one folder.
#[derive(Debug, Clone)]
pub(crate) struct Git {
    folder: PathBuf,
    env: Vec<(OsString, OsString)>,
    config: Vec<&'static str>,
    stop: Stop,
    /// Whether git knows who commits here: asked once for all folders of a repository.
    is_known: Arc<OnceLock<bool>>,
}

/// What a command answered.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Absent: a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Git {
    pub(crate) fn new(folder: impl Into<PathBuf>) -> Git {
        Git {
            folder: folder.into(),
            env: Vec::new(),
            // Housekeeping in the background would outlive us, or be ended in the middle and leave its lock.
            config: vec!["maintenance.auto=false", "gc.auto=0"],
            stop: Stop::default(),
            is_known: Arc::default(),
        }
    }

    /// The same in another folder.
    pub(crate) fn at(&self, folder: impl Into<PathBuf>) -> Git {
        Git {
            folder: folder.into(),
            ..self.clone()
        }
    }

    /// In a folder of another repository.
    pub(crate) fn elsewhere(&self, folder: impl Into<PathBuf>) -> Git {
        Git {
            is_known: Arc::default(),
            ..self.at(folder)
        }
    }

    pub(crate) fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Git {
        self.env.push((name.into(), value.into()));
        self
    }

    /// `name=value`, for these commands alone.
    pub(crate) fn config(mut self, setting: &'static str) -> Git {
        self.config.push(setting);
        self
    }

    /// Without the user's hooks: for what is put in order, and is no event of the user's work.
    pub(crate) fn quiet(&self) -> Git {
        self.clone().config("core.hooksPath=/dev/null")
    }

    pub(crate) fn stopped_by(mut self, stop: &Stop) -> Git {
        self.stop = stop.clone();
        self
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs a command to its end, whatever it answers. One that another git kept from beginning is begun again.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, args: &[S]) -> anyhow::Result<Answer> {
        self.run_with(args, Vec::new())
    }

    pub(crate) fn run_with<S: AsRef<OsStr>>(
        &self,
        args: &[S],
        input: Vec<u8>,
    ) -> anyhow::Result<Answer> {
        for tried in 0.. {
            let answer = self.run_once(args, input.clone())?;
            let is_locked = answer.code != Some(0)
                && answer.stderr.contains(".lock'")
                && answer.stderr.contains("File exists");
            if !is_locked || tried == TRIES || self.stop.is_asked() {
                return Ok(answer);
            }
            std::thread::sleep(Duration::from_millis(25 + 5 * u64::from(tried)));
        }
        unreachable!("the last try answers")
    }

    /// What a command prints that must succeed, without the end of its line.
    pub(crate) fn read<S: AsRef<OsStr>>(&self, args: &[S]) -> anyhow::Result<String> {
        let answer = self.run(args)?;
        answer.succeeded(&shown(args))?;
        let text = String::from_utf8_lossy(&answer.stdout);
        Ok(text.trim_end_matches('\n').to_owned())
    }

    /// Runs a command that must succeed.
    pub(crate) fn must<S: AsRef<OsStr>>(&self, args: &[S]) -> anyhow::Result<()> {
        self.run(args)?.succeeded(&shown(args))
    }

    /// Names that a command prints with NUL between them.
    pub(crate) fn names<S: AsRef<OsStr>>(&self, args: &[S]) -> anyhow::Result<Vec<OsString>> {
        let answer = self.run(args)?;
        answer.succeeded(&shown(args))?;
        let names = answer.stdout.split(|byte| *byte == 0);
        let names = names.filter(|name| !name.is_empty());
        Ok(names
            .map(|name| OsString::from_vec(name.to_vec()))
            .collect())
    }

    /// The commit that a name stands for; none when there is none of that name.
    pub(crate) fn commit(&self, name: &str) -> anyhow::Result<Option<String>> {
        let named = format!("{name}^{{commit}}");
        let answer = self.run(&[
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &named,
        ])?;
        let text = String::from_utf8_lossy(&answer.stdout);
        Ok((answer.code == Some(0)).then(|| text.trim().to_owned()))
    }

    /// The same; where nobody has told git who commits, the dispatcher does.
    pub(crate) fn identified(&self) -> anyhow::Result<Git> {
        let is_known = match self.is_known.get() {
            Some(known) => *known,
            None => {
                let known = self.run(&["var", "GIT_COMMITTER_IDENT"])?.is_ok();
                *self.is_known.get_or_init(|| known)
            }
        };
        if is_known {
            return Ok(self.clone());
        }
        let name = |git: Git, who: &str| {
            let mail = "agent-dispatch@localhost";
            git.env(format!("GIT_{who}_NAME"), "agent-dispatch")
                .env(format!("GIT_{who}_EMAIL"), mail)
        };
        Ok(["AUTHOR", "COMMITTER"].into_iter().fold(self.clone(), name))
    }

    /// Whether a commit is another's ancestor, or itself.
    pub(crate) fn holds(&self, commit: &str, ancestor: &str) -> anyhow::Result<bool> {
        if commit == ancestor {
            return Ok(true);
        }
        let args = ["merge-base", "--is-ancestor", ancestor, commit];
        let answer = self.run(&args)?;
        match answer.code {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            _ => answer.succeeded(&shown(&args)).map(|()| false),
        }
    }

    /// Brings what is checked out here up to a commit, without a merge of its own.
    pub(crate) fn fast_forward(&self, commit: &str) -> anyhow::Result<Answer> {
        self.run(&[
            "merge",
            "--ff-only",
            "--no-squash",
            "--no-autostash",
            "--quiet",
            commit,
        ])
    }

    /// Takes a worktree off the disk and off git's list, also one that is locked or half made. Whoever calls has seen that
    /// nothing is lost with it.
    pub(crate) fn remove_worktree(&self, path: &Path) -> anyhow::Result<Answer> {
        let force = ["worktree", "remove", "--force", "--force"].map(OsStr::new);
        self.run(&[&force[..], &[path.as_os_str()]].concat())
    }

    fn run_once<S: AsRef<OsStr>>(&self, args: &[S], input: Vec<u8>) -> anyhow::Result<Answer> {
        let mut all: Vec<OsString> = Vec::new();
        for setting in &self.config {
            all.extend(["-c".into(), OsString::from(setting)]);
        }
        all.extend(args.iter().map(|arg| arg.as_ref().to_owned()));
        // Files and no pipes: whatever a hook leaves running may hold them as long as it likes.
        let (mut stdout, mut stderr) = (file()?, file()?);
        let clone = |file: &File| file.try_clone().context("cannot make a temporary file");
        let mut expression = duct::cmd("git", all)
            .dir(&self.folder)
            .stdout_file(clone(&stdout)?)
            .stderr_file(clone(&stderr)?)
            // Nobody is there to type or to edit anything.
            .env("GIT_TERMINAL_PROMPT", "0")
            // To look at a checkout must not lock it.
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_EDITOR", ":")
            .env("GIT_SEQUENCE_EDITOR", ":")
            .env("LC_ALL", "C");
        for name in LOCAL {
            expression = expression.env_remove(name);
        }
        for (name, value) in &self.env {
            expression = expression.env(name, value);
        }
        expression = match input.is_empty() {
            true => expression.stdin_null(),
            false => expression.stdin_bytes(input),
        };
        let status = self.stop.watch(&expression).context("git")?;
        Ok(Answer {
            code: status.code(),
            stdout: content(&mut stdout)?,
            stderr: String::from_utf8_lossy(&content(&mut stderr)?).into_owned(),
        })
    }
}

impl Answer {
    pub(crate) fn is_ok(&self) -> bool {
        self.code == Some(0)
    }

    /// Fails with what git said, unless it succeeded.
    pub(crate) fn succeeded(&self, command: &str) -> anyhow::Result<()> {
        if self.is_ok() {
            return Ok(());
        }
        bail!("git {command} failed: {}", self.complaint())
    }

    /// What git said, in one line.
    pub(crate) fn complaint(&self) -> String {
        let lines = self.stderr.lines().map(str::trim);
        let lines: Vec<&str> = lines
            // What a hook has said comes before git's own conclusion.
            .filter(|line| !line.is_empty() && !line.starts_with("hint:"))
            .filter(|line| !line.starts_with("Not committing merge;"))
            .collect();
        let telling = |line: &&&str| line.starts_with("fatal:") || line.starts_with("error:");
        let line = lines.iter().find(telling).or(lines.last());
        let how = || match self.code {
            Some(code) => format!("exit code {code}"),
            None => "ended by a signal".to_owned(),
        };
        line.map_or_else(how, |line| schemas::printable(line))
    }
}

fn file() -> anyhow::Result<File> {
    tempfile::tempfile().context("cannot make a temporary file")
}

fn content(file: &mut File) -> anyhow::Result<Vec<u8>> {
    let mut text = Vec::new();
    file.rewind()
        .and_then(|()| file.take(MOST).read_to_end(&mut text))
        .context("cannot read what git printed")?;
    Ok(text)
}

/// For messages: the command and what it is about.
fn shown<S: AsRef<OsStr>>(args: &[S]) -> String {
    let words = args
        .iter()
        .take(3)
        .map(|arg| arg.as_ref().to_string_lossy());
    words.collect::<Vec<_>>().join(" ")
}
