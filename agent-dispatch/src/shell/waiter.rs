//! Waits until nothing of an attempt is left, and says how it ended.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, SystemTime};

use super::agent::Process;
use super::contain::Containment;
use super::launcher::line::Ending;
use super::{Incoming, touched};
use crate::core::{Attempt, Event};

/// After an agent has exited, how long its output may still come before what holds the pipe is ended.
const LEAK: Duration = Duration::from_millis(100);

/// After that, how long until it is given up: whoever holds the pipe cannot be killed.
const GIVE_UP: Duration = Duration::from_secs(5);

/// How it is known how the attempt ended.
pub(super) enum After {
    /// By its own status.
    Itself,
    /// By its end record; what the launcher said on stderr, where there is none.
    Launcher(Ending, Option<Receiver<String>>),
}

/// One attempt's end.
pub(super) struct Waiter {
    pub(super) attempt: Attempt,
    pub(super) terminal: String,
    pub(super) process: Process,
    pub(super) after: After,
    /// Closed when its output has ended.
    pub(super) output_ended: Receiver<()>,
    pub(super) folder: Option<PathBuf>,
    pub(super) begun: SystemTime,
    pub(super) containment: Arc<Containment>,
    pub(super) events: SyncSender<Incoming>,
}

impl Waiter {
    /// Its leader has been waited for.
    pub(super) fn gone(self, status: Option<std::process::ExitStatus>) {
        let (pid, attempt) = (self.process.pid, self.attempt);
        self.process.reaped.store(true, Ordering::Release);
        self.containment.leaders().remove(&pid);
        let (code, signal, leaked) = match &self.after {
            After::Itself => {
                let signal = status
                    .and_then(|status| std::os::unix::process::ExitStatusExt::signal(&status));
                (status.and_then(|status| status.code()), signal, false)
            }
            After::Launcher(ending, said) => {
                let _ = self.output_ended.recv_timeout(GIVE_UP);
                let how = status.map_or("unknown".to_owned(), |status| status.to_string());
                match ending.of(attempt.number, &how) {
                    Ok(end) => (end.exit, end.signal, end.leaked),
                    Err(reason) => {
                        let reason = with_last_line(reason, said.as_ref());
                        self.send(Event::Lost { attempt, reason });
                        (None, None, false)
                    }
                }
            }
        };
        self.send(Event::Exited {
            attempt,
            code,
            signal,
        });
        let held = self.output_ended.recv_timeout(LEAK) == Err(RecvTimeoutError::Timeout);
        let left = self.containment.sweep(pid, &self.terminal);
        if held {
            // Its markers have been read by then.
            let _ = self.output_ended.recv_timeout(GIVE_UP);
        }
        let files = self
            .folder
            .as_ref()
            .map_or_else(Vec::new, |folder| touched::since(folder, self.begun));
        self.send(Event::Gone {
            attempt,
            leaked: leaked || held || left,
            files,
        });
    }

    fn send(&self, event: Event) {
        let _ = self.events.send(Incoming::Event(event));
    }
}

/// What a launcher says last on stderr is mostly why it failed.
fn with_last_line(reason: String, said: Option<&Receiver<String>>) -> String {
    let said = said.and_then(|said| said.recv_timeout(LEAK).ok());
    let said = said.unwrap_or_default();
    match said.lines().rev().find(|line| !line.trim().is_empty()) {
        Some(line) => format!("{reason}: {}", schemas::printable(line.trim())),
        None => reason,
    }
}
