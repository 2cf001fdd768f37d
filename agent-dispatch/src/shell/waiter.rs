//! Waits until nothing of an attempt is left, and says how it ended.

use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::{Duration, SystemTime};

use super::agent::Process;
use super::contain::Containment;
use super::launcher::line::Ending;
use super::place::{Held, tell};
use super::{Incoming, touched};
use crate::core::{Attempt, Event};
use crate::worktrees::Footprint;

/// After an agent has exited, how long its output may still come before what holds the pipe is ended.
pub(super) const LEAK: Duration = Duration::from_millis(100);

/// After that, how long until it is given up: whoever holds the pipe cannot be killed.
pub(super) const GIVE_UP: Duration = Duration::from_secs(5);

/// One attempt's end.
pub(super) struct Waiter {
    pub(super) attempt: Attempt,
    pub(super) terminal: String,
    pub(super) process: Process,
    pub(super) folder: Option<PathBuf>,
    /// Its worktrees.
    pub(super) held: Option<Held>,
    pub(super) footprint: Option<Footprint>,
    pub(super) begun: SystemTime,
    pub(super) containment: Arc<Containment>,
    pub(super) events: SyncSender<Incoming>,
    pub(super) progress: Progress,
}

/// What has happened of the end so far.
#[derive(Debug, Default)]
pub(super) struct Progress {
    exited: bool,
    /// With 0.
    exited_well: bool,
    swept: bool,
    leaked: bool,
}

impl Waiter {
    /// Its process has been waited for.
    pub(super) fn exited(&mut self, status: Option<ExitStatus>) {
        if std::mem::replace(&mut self.progress.exited, true) {
            return;
        }
        self.process.reaped.store(true, Ordering::Release);
        self.progress.exited_well = status.is_some_and(|status| status.success());
        let signal =
            status.and_then(|status| std::os::unix::process::ExitStatusExt::signal(&status));
        self.say_exit(status.and_then(|status| status.code()), signal);
    }

    /// Its launcher has been waited for, and what came from behind it has been read. `said` is what the launcher printed on
    /// stderr: where there is no end record, it mostly says why.
    pub(super) fn launcher_exited(
        &mut self,
        status: Option<ExitStatus>,
        ending: &Ending,
        said: Option<&Receiver<String>>,
    ) {
        self.progress.exited = true;
        self.process.reaped.store(true, Ordering::Release);
        let attempt = self.attempt;
        let how = status.map_or("unknown".to_owned(), |status| status.to_string());
        match ending.of(attempt.number, &how) {
            Ok(end) => {
                self.progress.leaked |= end.leaked;
                self.progress.exited_well = end.exit == Some(0);
                self.say_exit(end.exit, end.signal);
            }
            Err(reason) => {
                let reason = with_last_line(reason, said);
                self.send(Event::Lost { attempt, reason });
                self.say_exit(None, None);
            }
        }
    }

    /// Ends what it left behind. `held`: something kept its output open.
    pub(super) fn sweep(&mut self, held: bool) {
        if !std::mem::replace(&mut self.progress.swept, true) {
            let left = self.containment.sweep(self.process.pid, &self.terminal);
            self.progress.leaked |= held || left;
        }
    }

    /// Nothing of it is left.
    pub(super) fn gone(mut self) {
        let files = match (self.held.take(), &self.folder) {
            (Some(held), _) => held.close(self.progress.exited_well, &self.events),
            (None, Some(folder)) => touched::since(folder, self.begun),
            (None, None) => Vec::new(),
        };
        if let Some(Err(error)) = self.footprint.as_ref().map(Footprint::end) {
            // Its gate finds no list, and says so; this says why.
            let note = format!("cannot tell what it has changed: {error:#}");
            tell(&self.events, self.attempt, vec![note]);
        }
        self.send(Event::Gone {
            attempt: self.attempt,
            leaked: self.progress.leaked,
            files,
        });
    }

    fn say_exit(&self, code: Option<i32>, signal: Option<i32>) {
        let attempt = self.attempt;
        self.send(Event::Exited {
            attempt,
            code,
            signal,
        });
    }

    fn send(&self, event: Event) {
        let _ = self.events.send(Incoming::Event(event));
    }
}

fn with_last_line(reason: String, said: Option<&Receiver<String>>) -> String {
    let said = said.and_then(|said| said.recv_timeout(LEAK).ok());
    let said = said.unwrap_or_default();
    match said.lines().rev().find(|line| !line.trim().is_empty()) {
        Some(line) => format!("{reason}: {}", schemas::printable(line.trim())),
        None => reason,
    }
}
