//! A process started, in a group of its own. By the standard library: duct, which we use elsewhere, takes two fifths of all
//! instructions that a start costs us.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use anyhow::Context;

use super::agent::{Process, Start};
use super::contain::{self, Containment};
use super::environment;

/// How long a program may be busy, and between two tries.
const PATIENCE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(5);

/// What it reads and writes.
pub(super) struct Streams {
    pub(super) stdin: OwnedFd,
    pub(super) stdout: OwnedFd,
    pub(super) stderr: OwnedFd,
}

/// Starts the attempt, or the launcher behind which it runs.
pub(super) fn spawn(
    start: &Start,
    containment: &Containment,
    streams: Streams,
) -> anyhow::Result<(Child, Process)> {
    let argv = argv(start, containment)?;
    let (program, args) = argv.split_first().context("its argv is empty")?;
    let mut command = Command::new(program);
    command
        .args(args)
        .current_dir(&start.workspace)
        .stdin(streams.stdin)
        .stdout(streams.stdout)
        .stderr(streams.stderr)
        .process_group(0);
    environment(&mut command, start, containment);
    // The command holds our ends of the pipe: it goes before anybody waits for the output's end.
    let child = start_when_written(&mut command).context("cannot start")?;
    let (pid, reaped) = (child.id(), Arc::new(AtomicBool::new(false)));
    Ok((child, Process { pid, reaped }))
}

/// A program that was written a moment ago may still be open in whoever was started at that moment.
fn start_when_written(command: &mut Command) -> std::io::Result<Child> {
    let begun = Instant::now();
    loop {
        match command.spawn() {
            Err(error)
                if error.kind() == ErrorKind::ExecutableFileBusy && begun.elapsed() < PATIENCE =>
            {
                std::thread::sleep(PAUSE);
            }
            started => return started,
        }
    }
}

fn argv(start: &Start, containment: &Containment) -> anyhow::Result<Vec<OsString>> {
    let (program, args): (PathBuf, Vec<OsString>) = match &start.behind {
        Some(behind) => {
            let (program, mut argv) = behind.launcher.command(&start.workspace)?;
            argv.remove(0);
            (program, argv)
        }
        None => {
            let args = start.argv.get(1..).context("its argv is empty")?;
            let args = args.iter().map(OsString::from).collect();
            (start.program.clone(), args)
        }
    };
    let mut argv = Vec::new();
    if start.is_agent {
        let entered = containment.enter(&start.terminal);
        argv = entered.context("cannot make its control group")?;
    }
    argv.push(program.into_os_string());
    argv.extend(args);
    Ok(argv)
}

/// A launcher keeps the whole environment: it may need its user's keys. Its shim gives the attempt what it is to have.
fn environment(command: &mut Command, start: &Start, containment: &Containment) {
    if start.behind.is_none() {
        if let Some(names) = &start.pass_env {
            command.env_clear().envs(environment::passed(names));
        }
        // What is inherited is left as it is otherwise: a whole environment of our own would cost the start its fast path.
        for name in environment::removed(start.is_agent) {
            command.env_remove(name);
        }
        for name in crate::worktrees::git::LOCAL {
            command.env_remove(name);
        }
        for name in &start.env_remove {
            command.env_remove(name);
        }
        command.envs(start.env.iter().map(|(name, value)| (name, value)));
    }
    command.env(contain::MARK, containment.mark(&start.terminal));
}
