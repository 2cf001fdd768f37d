//! One attempt's process: started, listened to, waited for, and swept up after.

use std::ffi::OsString;
use std::fs::File;
use std::io::PipeWriter;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, channel, sync_channel};
use std::time::{Duration, SystemTime};

use anyhow::Context;
use schemas::stream::Dialect;

use super::Incoming;
use super::contain::{self, Containment};
use super::environment;
use super::log::{Log, Tap};
use super::mask::Mask;
use super::threads::Threads;
use super::{output, touched};
use crate::core::{Attempt, Event};

/// After an agent has exited, how long its output may still come before what holds the pipe is ended.
const LEAK: Duration = Duration::from_millis(100);

/// What to start.
pub(super) struct Start {
    pub(super) attempt: Attempt,
    /// Where its program is.
    pub(super) program: PathBuf,
    /// Program and arguments.
    pub(super) argv: Vec<OsString>,
    pub(super) env: Vec<(OsString, OsString)>,
    pub(super) env_remove: Vec<String>,
    /// Of our environment, it gets only these and what hardly a program does without.
    pub(super) pass_env: Option<Vec<String>>,
    /// What must not be seen of what it prints.
    pub(super) mask: Mask,
    pub(super) workspace: PathBuf,
    /// Read by the agent, then end of file.
    pub(super) stdin: File,
    /// Takes what it prints.
    pub(super) log: PathBuf,
    /// Its marker id and the end of its mark.
    pub(super) terminal: String,
    /// What it prints.
    pub(super) dialect: Dialect,
    /// An agent, not a command of the task's own.
    pub(super) is_agent: bool,
    /// Tokens of its session before this attempt.
    pub(super) earlier: Option<schemas::Usage>,
}

/// A started process. Dropping it ends nothing: its waiter goes on.
#[derive(Debug)]
pub(super) struct Child {
    pub(super) pid: u32,
    /// It has been reaped: its number may belong to somebody else.
    reaped: Arc<AtomicBool>,
}

impl Child {
    /// SIGTERM to its group.
    pub(super) fn terminate(&self) {
        if !self.reaped.load(Ordering::Acquire) {
            contain::terminate(self.pid);
        }
    }

    /// SIGKILL to its group. What has left the group is swept when the leader is gone.
    pub(super) fn kill(&self) {
        if !self.reaped.load(Ordering::Acquire) {
            contain::kill(self.pid);
        }
    }
}

/// Starts an agent. Its markers, its exit and its being gone come as events.
pub(super) fn start(
    start: Start,
    containment: &Arc<Containment>,
    events: &SyncSender<Incoming>,
    threads: &Threads,
) -> anyhow::Result<Child> {
    let (reader, writer) = std::io::pipe().context("cannot make a pipe")?;
    let tap = Tap {
        mask: start.mask.clone(),
        log: Log::new(start.log.clone()),
    };
    let (errors, said) = match start.dialect {
        // One pipe for both streams, as a terminal has.
        Dialect::Text => (writer.try_clone().context("cannot make a pipe")?, None),
        _ => {
            let (reader, writer) = std::io::pipe().context("cannot make a pipe")?;
            let ((ended, said), tap) = (sync_channel(1), tap.clone());
            threads.run(move || output::drain(reader, tap, &ended));
            (writer, Some(said))
        }
    };
    let errors = OwnedFd::from(errors);
    // File times may be coarser than the clock's.
    let begun = SystemTime::now() - Duration::from_millis(20);
    let folder = start.is_agent.then(|| start.workspace.clone());
    let (handle, child) = spawn(&start, containment, writer, errors)?;

    let (ended, output_ended) = channel::<()>();
    let speaker = output::Speaker {
        attempt: start.attempt,
        terminal: start.terminal.clone(),
        dialect: start.dialect,
        is_agent: start.is_agent,
        earlier: start.earlier,
    };
    let listener = output::Listener::new(speaker, tap, said, events.clone());
    threads.run(move || {
        listener.listen(reader);
        drop(ended);
    });

    let (containment, events) = (Arc::clone(containment), events.clone());
    let (attempt, terminal, pid, reaped) = (
        start.attempt,
        start.terminal,
        child.pid,
        Arc::clone(&child.reaped),
    );
    threads.run(move || {
        let status = handle.wait().map(|output| output.status).ok();
        reaped.store(true, Ordering::Release);
        containment.leaders().remove(&pid);
        let code = status.and_then(|status| status.code());
        let signal =
            status.and_then(|status| std::os::unix::process::ExitStatusExt::signal(&status));
        let _ = events.send(Incoming::Event(Event::Exited {
            attempt,
            code,
            signal,
        }));
        // The sender is never used: its end is the output's end.
        let held = matches!(
            output_ended.recv_timeout(LEAK),
            Err(std::sync::mpsc::RecvTimeoutError::Timeout)
        );
        let left = containment.sweep(pid, &terminal);
        if held {
            // Whoever held the pipe is gone by now, or cannot be killed; its markers have been read.
            let _ = output_ended.recv_timeout(Duration::from_secs(5));
        }
        let _ = events.send(Incoming::Event(Event::Gone {
            attempt,
            leaked: held || left,
            files: folder.map_or_else(Vec::new, |folder| touched::since(&folder, begun)),
        }));
    });
    Ok(child)
}

/// Starts the process in a group of its own.
fn spawn(
    start: &Start,
    containment: &Containment,
    output: PipeWriter,
    errors: OwnedFd,
) -> anyhow::Result<(duct::Handle, Child)> {
    let args = start.argv.get(1..).context("its argv is empty")?;
    let mut argv = vec![start.program.clone().into_os_string()];
    if start.is_agent {
        let entered = containment.enter(&start.terminal);
        argv = entered.context("cannot make its control group")?;
        argv.push(start.program.clone().into_os_string());
    }
    argv.extend_from_slice(args);
    let (program, args) = argv.split_first().context("its argv is empty")?;
    let stdin = start.stdin.try_clone().context("cannot open the prompt")?;
    let mut expression = duct::cmd(program, args)
        .dir(&start.workspace)
        .stdin_file(stdin)
        .stdout_file(output)
        .stderr_file(errors)
        .unchecked()
        .before_spawn(|command| {
            std::os::unix::process::CommandExt::process_group(command, 0);
            Ok(())
        });
    let mark = (
        OsString::from(contain::MARK),
        OsString::from(containment.mark(&start.terminal)),
    );
    let own = start.env.iter().cloned().chain([mark]);
    let mut removed: Vec<&str> = environment::removed(start.is_agent).collect();
    removed.extend(start.env_remove.iter().map(String::as_str));
    expression = match &start.pass_env {
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
    };
    let mut leaders = containment.leaders();
    // The expression holds our ends of the pipe: it must be gone before anybody waits for the output's end.
    let handle = expression.start().context("cannot start")?;
    drop(expression);
    let pid = handle.pids().first().copied().unwrap_or_default();
    leaders.insert(pid);
    Ok((
        handle,
        Child {
            pid,
            reaped: Arc::new(AtomicBool::new(false)),
        },
    ))
}
