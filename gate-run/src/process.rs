//! One command of a check: started in its own process group, watched, ended with all of the group.
//!
//! Always true:
//!   (1) It never waits for longer than the timeout, the grace and what the kernel needs for SIGKILL: neither for a
//!       process that ignores SIGTERM nor for one that holds the pipe open.
//!   (2) The leader is not reaped before its group has been killed: until then its number cannot become another's.
//!   (3) Nothing of the group outlives the check.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, PipeReader, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

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
    Interrupted(i32),
}

/// What is known of a process that has ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ended {
    pub(crate) end: End,
    /// After the leader had exited, others still held its output.
    pub(crate) left_behind: bool,
}

/// The signals that end gate-run, told to everybody who waits.
#[derive(Clone)]
pub(crate) struct Interrupts(Arc<Listeners>);

#[derive(Default)]
struct Listeners {
    /// The first signal that came; 0: none.
    signal: AtomicI32,
    senders: Mutex<Vec<Sender<Event>>>,
}

/// What happens to the processes of one check, in one queue.
pub(crate) struct Inbox {
    sender: Sender<Event>,
    events: Receiver<Event>,
    /// Which process the events are about: a stream of an earlier one may end late.
    serial: u64,
}

enum Event {
    Signal(i32),
    Exited(u64, Option<End>),
    Closed(u64),
}

impl Interrupts {
    /// Listens for the signals from here on.
    pub(crate) fn listen() -> io::Result<Interrupts> {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
        let mut signals = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM])?;
        let interrupts = Interrupts(Arc::new(Listeners::default()));
        let Interrupts(listeners) = interrupts.clone();
        thread::Builder::new().spawn(move || {
            for signal in signals.forever() {
                // Under the lock, so that whoever registers either sees the signal or is told.
                let mut senders = listeners.lock();
                let _ = listeners.signal.compare_exchange(
                    0,
                    signal,
                    Ordering::SeqCst,
                    Ordering::SeqCst,
                );
                senders.retain(|sender| sender.send(Event::Signal(signal)).is_ok());
            }
        })?;
        Ok(interrupts)
    }

    /// The signal that wants all of this to end.
    pub(crate) fn signal(&self) -> Option<i32> {
        match self.0.signal.load(Ordering::SeqCst) {
            0 => None,
            signal => Some(signal),
        }
    }

    /// A queue that is told of the signals, too.
    pub(crate) fn inbox(&self) -> Inbox {
        let (sender, events) = mpsc::channel();
        let mut senders = self.0.lock();
        if let Some(signal) = self.signal() {
            let _ = sender.send(Event::Signal(signal));
        }
        senders.push(sender.clone());
        Inbox {
            sender,
            events,
            serial: 0,
        }
    }
}

impl Listeners {
    fn lock(&self) -> MutexGuard<'_, Vec<Sender<Event>>> {
        self.senders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inbox {
    /// Waits; `true` when a signal came before the time was over.
    pub(crate) fn pause(&self, time: Duration) -> bool {
        let until = Instant::now().checked_add(time);
        loop {
            match self.next(until) {
                Some(Event::Signal(_)) => return true,
                Some(_) => {}
                None => return false,
            }
        }
    }

    /// Runs a process to its end. An error means that it could not be started.
    pub(crate) fn run(&mut self, launch: &Launch<'_>, output: &Output) -> io::Result<Ended> {
        self.serial += 1;
        let (stdout, to_stdout) = io::pipe()?;
        let (stderr, to_stderr) = io::pipe()?;
        let held = [stdout.try_clone()?, stderr.try_clone()?];
        let mut expression = duct::cmd(&launch.program, launch.args.iter().map(OsString::from))
            .dir(launch.cwd)
            .stdin_null()
            .stdout_file(to_stdout)
            .stderr_file(to_stderr)
            .unchecked()
            .before_spawn(|command| {
                command.process_group(0);
                Ok(())
            });
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
        let watched = self
            .read(stdout, Stream::Stdout, output)
            .and_then(|()| self.read(stderr, Stream::Stderr, output))
            .and_then(|()| self.wait(pid));
        if let Err(error) = watched {
            let _ = kill_process_group(pid, Signal::KILL);
            let _ = handle.wait();
            return Err(error);
        }
        let (ended, gone) = self.watch(pid, started, launch, &held);
        let _ = kill_process_group(pid, Signal::KILL);
        if gone {
            let _ = handle.wait();
        }
        Ok(ended)
    }

    /// The second value: the leader has exited and waits to be reaped.
    fn watch(
        &self,
        pid: Pid,
        started: Instant,
        launch: &Launch<'_>,
        held: &[PipeReader; 2],
    ) -> (Ended, bool) {
        let (mut exited, mut open, mut left_behind, mut slow) = (None, 2, false, false);
        let (mut stop, mut killed) = (None, false);
        let mut deadline = started.checked_add(launch.timeout);
        let end = |exited: Option<End>, stop: Option<End>| stop.or(exited).unwrap_or(End::TimedOut);
        while exited.is_none() || open > 0 {
            match self.next(deadline) {
                Some(Event::Signal(signal)) => {
                    let again = matches!(stop, Some(End::Interrupted(_)));
                    stop = Some(End::Interrupted(signal));
                    if !again {
                        let _ = kill_process_group(pid, Signal::TERM);
                    }
                    let patience = if again { Duration::ZERO } else { launch.grace };
                    deadline = Instant::now().checked_add(patience);
                }
                Some(Event::Exited(serial, how)) if serial == self.serial => {
                    exited = Some(how.unwrap_or(End::Signalled(9)));
                    if stop.is_none() {
                        deadline = Instant::now().checked_add(DRAIN);
                    }
                }
                Some(Event::Closed(serial)) if serial == self.serial => open -= 1,
                Some(_) => {}
                None if stop.is_none() && exited.is_none() => {
                    stop = Some(End::TimedOut);
                    let _ = kill_process_group(pid, Signal::TERM);
                    deadline = Instant::now().checked_add(launch.grace);
                }
                // On a busy machine it is our own threads that are late.
                None if stop.is_none() && !killed && !slow && !has_writers(held) => {
                    slow = true;
                    deadline = Instant::now().checked_add(KILLED);
                }
                None if !killed => {
                    left_behind = exited.is_some() && !slow;
                    killed = true;
                    let _ = kill_process_group(pid, Signal::KILL);
                    let patience = if left_behind { DRAIN } else { KILLED };
                    deadline = Instant::now().checked_add(patience);
                }
                None => break,
            }
        }
        let ended = Ended {
            end: end(exited, stop),
            left_behind,
        };
        (ended, exited.is_some())
    }

    /// `None` when the deadline has come first.
    fn next(&self, deadline: Option<Instant>) -> Option<Event> {
        let Some(deadline) = deadline else {
            return self.events.recv().ok();
        };
        let left = deadline.saturating_duration_since(Instant::now());
        self.events.recv_timeout(left).ok()
    }

    fn read(&self, mut pipe: PipeReader, stream: Stream, output: &Output) -> io::Result<()> {
        let (sender, serial, output) = (self.sender.clone(), self.serial, output.clone());
        thread::Builder::new().spawn(move || {
            let mut piece = vec![0; 64 << 10];
            loop {
                match pipe.read(&mut piece) {
                    Ok(0) => break,
                    Ok(size) if output.take(stream, &piece[..size]) => {}
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Ok(_) | Err(_) => break,
                }
            }
            let _ = sender.send(Event::Closed(serial));
        })?;
        Ok(())
    }

    /// Learns of the exit without reaping.
    fn wait(&self, pid: Pid) -> io::Result<()> {
        let (sender, serial) = (self.sender.clone(), self.serial);
        thread::Builder::new().spawn(move || {
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            let status = loop {
                match waitid(WaitId::Pid(pid), options) {
                    Err(rustix::io::Errno::INTR) => {}
                    other => break other.ok().flatten(),
                }
            };
            let end = status.and_then(|status| {
                let exited = status.exit_status().map(End::Exited);
                exited.or(status.terminating_signal().map(End::Signalled))
            });
            let _ = sender.send(Event::Exited(serial, end));
        })?;
        Ok(())
    }
}

/// Whether any process can still write into one of the pipes.
fn has_writers(pipes: &[PipeReader; 2]) -> bool {
    let mut polled = pipes
        .each_ref()
        .map(|pipe| PollFd::new(pipe, PollFlags::IN));
    let zero = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let asked = poll(&mut polled, Some(&zero));
    asked.is_err()
        || polled
            .iter()
            .any(|pipe| !pipe.revents().contains(PollFlags::HUP))
}
