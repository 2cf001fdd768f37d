//! A process started, in a group of its own.

use std::ffi::OsString;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::Context;

use super::agent::{Process, Start};
use super::contain::{self, Containment};
use super::environment;

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
) -> anyhow::Result<(duct::Handle, Process)> {
    let argv = argv(start, containment)?;
    let (program, args) = argv.split_first().context("its argv is empty")?;
    let expression = duct::cmd(program, args)
        .dir(&start.workspace)
        .stdin_file(File::from(streams.stdin))
        .stdout_file(File::from(streams.stdout))
        .stderr_file(File::from(streams.stderr))
        .unchecked()
        .before_spawn(|command| {
            std::os::unix::process::CommandExt::process_group(command, 0);
            Ok(())
        });
    let expression = environment(expression, start, containment);
    // The expression holds our ends of the pipe: it must be gone before anybody waits for the output's end.
    let handle = expression.start().context("cannot start")?;
    drop(expression);
    let pid = handle.pids().first().copied().unwrap_or_default();
    let reaped = Arc::new(AtomicBool::new(false));
    Ok((handle, Process { pid, reaped }))
}

fn argv(start: &Start, containment: &Containment) -> anyhow::Result<Vec<OsString>> {
    let (program, args): (PathBuf, Vec<OsString>) = match &start.behind {
        Some(behind) => {
            let (program, mut argv) = behind.launcher.command(&start.workspace);
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
fn environment(
    mut expression: duct::Expression,
    start: &Start,
    containment: &Containment,
) -> duct::Expression {
    let mark = (
        OsString::from(contain::MARK),
        OsString::from(containment.mark(&start.terminal)),
    );
    if start.behind.is_some() {
        return expression.env(mark.0, mark.1);
    }
    let own = start.env.iter().cloned().chain([mark]);
    let mut removed: Vec<&str> = environment::removed(start.is_agent).collect();
    removed.extend(start.env_remove.iter().map(String::as_str));
    match &start.pass_env {
        Some(names) => {
            let mut env = environment::passed(names);
            env.retain(|(name, _)| removed.iter().all(|removed| name != removed));
            env.extend(own);
            expression.full_env(env)
        }
        // What is inherited is left as it is: a whole environment of our own would cost the start its fast path.
        None => {
            for name in removed {
                expression = expression.env_remove(name);
            }
            for (name, value) in own {
                expression = expression.env(name, value);
            }
            expression
        }
    }
}
