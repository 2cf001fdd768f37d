//! A command under a lock: the lock is prolonged while it runs and given back when it ends.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use schemas::{Console, Exit, Failure, time};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;

use super::claim::Claim;
use super::milestone::Milestone;
use super::{acquire, change, claim};
use crate::cli::LockTake;
use crate::process::Process;

/// What happens while the command runs.
enum Event {
    /// It has, and nobody has asked for its status yet.
    Ended(std::io::Result<Child>),
    Told(i32),
}

/// Runs a command under a lock; its exit code is ours.
pub(super) fn run(
    console: &Console,
    dir: &Path,
    args: &LockTake,
    command: &[String],
) -> Result<Exit, Failure> {
    let (program, rest) = command
        .split_first()
        .ok_or_else(|| Failure::usage("what is to be run under the lock?"))?;
    let mut claim = claim(&args.name, args.how.ttl, Some(std::process::id()))?;
    let (sender, events) = mpsc::channel();
    // Before there is anything to clean up.
    hear(sender.clone())?;
    let seq = acquire(console, dir, args, &claim)?.seq;
    let taken = Instant::now();
    let milestone = Milestone::of(&args.name);
    let ran = match Command::new(program).args(rest).spawn() {
        Ok(child) => {
            // The lock ends with the command: it may outlive us.
            claim.process = Some(Process::here(child.id()));
            let pid = child.id();
            wait_for(child, sender);
            let mut held = Held {
                console,
                dir,
                claim: &claim,
                milestone: &milestone,
                seq,
                until: taken + args.how.ttl,
            };
            held.watch(pid, &events)
        }
        Err(error) => Err(Failure::trouble(format!("cannot run {program}")).because(&error)),
    };
    // Whoever has lost it has nothing to give back.
    let released = change(console, dir, |state, _| claim.release(state, Some(seq)));
    if released.is_ok() {
        milestone.clear()?;
    }
    let mut child = ran?;
    released?;
    // Only now: a process whose status nobody has asked for is still there, and so is its lock for those who wait.
    let status = child.wait();
    let status =
        status.map_err(|error| Failure::trouble("cannot wait for the command").because(&error))?;
    Ok(Exit::Command(code_of(status)))
}

struct Held<'a> {
    console: &'a Console,
    dir: &'a Path,
    claim: &'a Claim,
    milestone: &'a Milestone,
    seq: u64,
    /// By a clock that nobody sets.
    until: Instant,
}

impl Held<'_> {
    fn watch(&mut self, pid: u32, events: &Receiver<Event>) -> Result<Child, Failure> {
        let mut lost = self.refresh();
        loop {
            if lost.is_some() {
                tell(pid, SIGTERM);
            }
            let event = match lost {
                Some(_) => events.recv().map_err(|_| RecvTimeoutError::Disconnected),
                None => events.recv_timeout(self.pause()),
            };
            match event {
                Ok(Event::Ended(status)) => {
                    return match (lost, status) {
                        (Some(failure), _) => Err(failure),
                        (None, Ok(child)) => Ok(child),
                        (None, Err(error)) => {
                            Err(Failure::trouble("cannot wait for the command").because(&error))
                        }
                    };
                }
                Ok(Event::Told(signal)) => tell(pid, signal),
                Err(RecvTimeoutError::Timeout) => lost = self.refresh(),
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Failure::trouble("cannot wait for the command"));
                }
            }
        }
    }

    /// Until the next refresh: three may fail before the lock is lost.
    fn pause(&self) -> Duration {
        let left = self.until.saturating_duration_since(Instant::now());
        (left / 2).clamp(
            Duration::from_millis(10),
            (self.claim.ttl / 3).max(Duration::from_millis(10)),
        )
    }

    /// Prolongs the lock; a failure when it is lost.
    fn refresh(&mut self) -> Option<Failure> {
        let now = Instant::now();
        let renewed = change(self.console, self.dir, |state, now| {
            self.claim.refresh(state, Some(self.seq), now)
        });
        match renewed {
            Ok(_) => {
                self.until = now + self.claim.ttl;
                if let Err(failure) = self.milestone.stamp(&time::now()) {
                    self.console.warn(&failure.to_string());
                }
                None
            }
            Err(failure) if failure.exit == Exit::No => Some(
                Failure::no(format!("the lock is lost: {}", failure.message))
                    .help("the command was ended"),
            ),
            Err(failure) if Instant::now() < self.until => {
                self.console
                    .warn(&format!("cannot prolong the lock yet: {failure}"));
                None
            }
            Err(failure) => Some(failure),
        }
    }
}

fn wait_for(child: Child, sender: Sender<Event>) {
    std::thread::spawn(move || {
        let ended = has_ended(&child).map(|()| child);
        let _ = sender.send(Event::Ended(ended));
    });
}

/// Waits for the end of a process, and leaves its status to be asked for.
fn has_ended(child: &Child) -> std::io::Result<()> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or(std::io::ErrorKind::NotFound)?;
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    rustix::io::retry_on_intr(|| waitid(WaitId::Pid(pid), options))?;
    Ok(())
}

/// Signals that would end us are told to the command, whose end is ours. The terminal's own reach it anyway.
fn hear(sender: Sender<Event>) -> Result<(), Failure> {
    let mut signals = Signals::new([SIGINT, SIGQUIT, SIGTERM, SIGHUP])
        .map_err(|error| Failure::trouble("cannot wait for signals").because(&error))?;
    std::thread::spawn(move || {
        for signal in signals.forever() {
            if matches!(signal, SIGTERM | SIGHUP) && sender.send(Event::Told(signal)).is_err() {
                return;
            }
        }
    });
    Ok(())
}

fn tell(pid: u32, signal: i32) {
    let signal = if signal == SIGHUP {
        Signal::HUP
    } else {
        Signal::TERM
    };
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}

fn code_of(status: ExitStatus) -> u8 {
    match (status.code(), status.signal()) {
        (Some(code), _) => u8::try_from(code).unwrap_or(1),
        (None, Some(signal)) => 128u8.saturating_add(u8::try_from(signal).unwrap_or(0)),
        (None, None) => 1,
    }
}
