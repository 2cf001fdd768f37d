//! One command of a check: started in its own process group, watched, ended with all of the group.
//!
//! Always true:
//!   (1) It never waits for longer than the timeout, the grace and what the kernel needs for SIGKILL: neither for a
//!       process that ignores SIGTERM nor for one that holds the pipe open.
//!   (2) The leader is not reaped before its group has been killed: until then its number cannot become another's.
//!   (3) Nothing of the group outlives the check.
//!
//! One thread does all of it in one `poll`: threads that read would cost as much as a small check does.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, PipeReader, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use crate::interrupts::{Interrupts, timespec};
use crate::output::{Output, Stream};

/// How long the end of the output may come after the end of the process.
const DRAIN: Duration = Duration::from_millis(100);

/// How long the kernel may take for SIGKILL before we go on without the process.
const KILLED: Duration = Duration::from_secs(2);

/// What to start.
pub(crate) struct Launch<'a> {
    pub(crate) program: PathBuf,
    pub(crate) args: &'a [String],
    pub(crate) cwd: &'a Path,
    pub(crate) env: &'a BTreeMap<String, String>,
    /// Names that it does not inherit.
    pub(crate) env_remove: &'a [String],
    /// What it reads; nothing when absent.
    pub(crate) stdin: Option<File>,
    pub(crate) timeout: Duration,
    pub(crate) grace: Duration,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Exited(i32),
    /// By a signal that was not ours.
    Signalled(i32),
    /// It took too long.
    TimedOut,
    /// Somebody wants all of this to end.
    Interrupted,
}

/// What is known of a process that has ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ended {
    pub(crate) end: End,
    /// After the leader had exited, others still held its output.
    pub(crate) left_behind: bool,
    /// Not even SIGKILL has ended it: it is another user's by now, or hangs in the kernel.
    pub(crate) is_there: bool,
}

/// Runs a process to its end. An error means that it could not be started.
pub(crate) fn run(
    launch: Launch<'_>,
    output: &mut Output,
    interrupts: &Interrupts,
) -> io::Result<Ended> {
    let (stdout, to_stdout) = io::pipe()?;
    let (stderr, to_stderr) = io::pipe()?;
    let mut expression = duct::cmd(&launch.program, launch.args.iter().map(OsString::from))
        .dir(launch.cwd)
        .stdout_file(to_stdout)
        .stderr_file(to_stderr)
        .unchecked()
        .before_spawn(|command| {
            command.process_group(0);
            Ok(())
        });
    expression = match launch.stdin {
        Some(file) => expression.stdin_file(file),
        None => expression.stdin_null(),
    };
    for name in launch.env_remove {
        expression = expression.env_remove(name);
    }
    for (name, value) in launch.env {
        expression = expression.env(name, value);
    }
    let handle = expression.start()?;
    // Our own ends of the pipes: with them open, the output would never end.
    drop(expression);
    let started = Instant::now();
    let pid = handle
        .pids()
        .first()
        .and_then(|pid| Pid::from_raw(i32::try_from(*pid).ok()?))
        .ok_or_else(|| io::Error::other("the process has no number"))?;
    let exit = match exit_of(pid) {
        Ok(exit) => exit,
        Err(error) => {
            let _ = kill_process_group(pid, Signal::KILL);
            let _ = handle.wait();
            return Err(error);
        }
    };
    let mut watch = Watch {
        pid,
        exit,
        pipes: [Some(stdout), Some(stderr)],
        deadline: started.checked_add(launch.timeout),
        exited: None,
        stop: None,
        signals: 0,
        killed: false,
        left_behind: false,
        grace: launch.grace,
    };
    watch.follow(output, interrupts);
    let _ = kill_process_group(pid, Signal::KILL);
    if watch.exited.is_some() {
        let _ = handle.wait();
    }
    Ok(Ended {
        end: watch.stop.or(watch.exited).unwrap_or(End::TimedOut),
        left_behind: watch.left_behind,
        is_there: watch.exited.is_none(),
    })
}

/// A process that is being watched.
struct Watch {
    pid: Pid,
    /// Readable once the process has exited.
    exit: OwnedFd,
    /// What is still open of stdout and stderr.
    pipes: [Option<PipeReader>; 2],
    deadline: Option<Instant>,
    exited: Option<End>,
    /// Why we end it.
    stop: Option<End>,
    /// How many signals have asked us to end.
    signals: usize,
    killed: bool,
    left_behind: bool,
    grace: Duration,
}

impl Watch {
    fn follow(&mut self, output: &mut Output, interrupts: &Interrupts) {
        let mut piece = vec![0; 64 << 10];
        while self.exited.is_none() || self.pipes.iter().any(Option::is_some) {
            let ready = match self.wait(interrupts) {
                Ok(ready) => ready,
                Err(rustix::io::Errno::INTR) => continue,
                // Without memory for `poll` the deadline still holds.
                Err(_) => {
                    std::thread::sleep(DRAIN);
                    Ready::default()
                }
            };
            if ready.interrupted {
                self.interrupt();
            }
            for (at, stream) in [Stream::Stdout, Stream::Stderr].into_iter().enumerate() {
                if ready.readable[at] {
                    self.read(at, stream, &mut piece, output);
                }
            }
            if ready.exited {
                self.exited = Some(self.end());
                if self.stop.is_none() {
                    self.deadline = Instant::now().checked_add(DRAIN);
                }
            }
            let over = self
                .deadline
                .is_some_and(|deadline| deadline <= Instant::now());
            if over && !self.out_of_time(ready.writers) {
                return;
            }
        }
    }

    /// Waits for something to happen, or for the deadline.
    fn wait(&self, interrupts: &Interrupts) -> rustix::io::Result<Ready> {
        let left = self
            .deadline
            .map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let mut polled = Vec::with_capacity(4);
        let mut add = |fd| {
            polled.push(PollFd::from_borrowed_fd(fd, PollFlags::IN));
            polled.len() - 1
        };
        let pipes = self
            .pipes
            .each_ref()
            .map(|pipe| pipe.as_ref().map(|pipe| add(pipe.as_fd())));
        let exit = self.exited.is_none().then(|| add(self.exit.as_fd()));
        let signal = interrupts.after(self.signals).map(|pipe| add(pipe.as_fd()));
        poll(&mut polled, left.map(timespec).as_ref())?;
        let told = |at: Option<usize>| at.map_or(PollFlags::empty(), |at| polled[at].revents());
        let hung_up = |at: &Option<usize>| at.is_none() || told(*at).contains(PollFlags::HUP);
        Ok(Ready {
            readable: pipes.map(|at| !told(at).is_empty()),
            writers: !pipes.iter().all(hung_up),
            exited: !told(exit).is_empty(),
            interrupted: !told(signal).is_empty(),
        })
    }

    fn read(&mut self, at: usize, stream: Stream, piece: &mut [u8], output: &mut Output) {
        let Some(pipe) = &mut self.pipes[at] else {
            return;
        };
        match pipe.read(piece) {
            Ok(0) => self.pipes[at] = None,
            Ok(size) => output.take(stream, &piece[..size]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => self.pipes[at] = None,
        }
    }

    /// The first time the process may clean up, the second time it is ended.
    fn interrupt(&mut self) {
        self.stop = Some(End::Interrupted);
        let again = self.signals > 0;
        self.signals += 1;
        if !again {
            let _ = kill_process_group(self.pid, Signal::TERM);
        }
        let patience = if again { Duration::ZERO } else { self.grace };
        self.deadline = Instant::now().checked_add(patience);
    }

    /// The deadline has come; `false`: there is nothing more to wait for.
    fn out_of_time(&mut self, writers: bool) -> bool {
        let patience = if self.killed {
            return false;
        } else if self.stop.is_none() && self.exited.is_none() {
            self.stop = Some(End::TimedOut);
            let _ = kill_process_group(self.pid, Signal::TERM);
            self.grace
        } else if self.stop.is_none() && !writers {
            // On a busy machine it is we who are late: what is left is ours to read, and it ends.
            DRAIN
        } else {
            self.left_behind = self.exited.is_some();
            self.killed = true;
            let _ = kill_process_group(self.pid, Signal::KILL);
            if self.left_behind { DRAIN } else { KILLED }
        };
        self.deadline = Instant::now().checked_add(patience);
        true
    }

    /// How the process has ended, without reaping it.
    fn end(&self) -> End {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let status = loop {
            match waitid(WaitId::Pid(self.pid), options) {
                Err(rustix::io::Errno::INTR) => {}
                other => break other.ok().flatten(),
            }
        };
        let end = status.and_then(|status| {
            let exited = status.exit_status().map(End::Exited);
            exited.or(status.terminating_signal().map(End::Signalled))
        });
        end.unwrap_or(End::Signalled(9))
    }
}

/// What has happened.
#[derive(Default)]
struct Ready {
    readable: [bool; 2],
    /// Somebody can still write to what is open.
    writers: bool,
    exited: bool,
    interrupted: bool,
}

/// What becomes readable when the process exits.
#[cfg(target_os = "linux")]
fn exit_of(pid: Pid) -> io::Result<OwnedFd> {
    use rustix::process::{PidfdFlags, pidfd_open};
    pidfd_open(pid, PidfdFlags::empty()).or_else(|_| thread_for(pid))
}

/// What becomes readable when the process exits.
#[cfg(not(target_os = "linux"))]
fn exit_of(pid: Pid) -> io::Result<OwnedFd> {
    thread_for(pid)
}

/// A pipe that hangs up when the process exits: for systems and sandboxes without pidfd.
fn thread_for(pid: Pid) -> io::Result<OwnedFd> {
    let (exit, to_exit) = io::pipe()?;
    std::thread::Builder::new().spawn(move || {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while let Err(rustix::io::Errno::INTR) = waitid(WaitId::Pid(pid), options) {}
        drop(to_exit);
    })?;
    Ok(exit.into())
}
