//! The worktrees of one attempt: made before it starts, looked after when nothing of it is left.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use super::Incoming;
use crate::core::{Attempt, Event};
use crate::worktrees::{NotOpened, Opened, Opening, Stop, Worktrees};

/// Where an attempt is to work.
pub(super) struct Place {
    pub(super) worktrees: Arc<Worktrees>,
    pub(super) attempt: Attempt,
    /// The run directory.
    pub(super) dir: PathBuf,
    pub(super) bases: Vec<Option<String>>,
    pub(super) merges: bool,
    pub(super) log: PathBuf,
    /// What set-up commands find in their environment.
    pub(super) env: Vec<(String, String)>,
    pub(super) stop: Stop,
}

/// Where it works.
pub(super) struct Held {
    place: Place,
    opened: Opened,
}

impl Place {
    /// Makes its worktrees ready. That they are is told before anything that happens in them.
    pub(super) fn open(self, events: &SyncSender<Incoming>) -> anyhow::Result<Held> {
        let attempt = self.attempt;
        let Some(unit) = self.worktrees.unit(attempt.task) else {
            anyhow::bail!("it has no worktree");
        };
        let opening = Opening {
            dir: &self.dir,
            attempt: attempt.number,
            bases: &self.bases,
            merges: self.merges,
            stop: &self.stop,
            log: &self.log,
            env: &self.env,
        };
        match self.worktrees.open(unit, &opening) {
            Ok(mut opened) => {
                let made = opened.made.clone();
                let _ = events.send(Incoming::Event(Event::WorkspaceReady { attempt, made }));
                tell(events, attempt, std::mem::take(&mut opened.notes));
                Ok(Held {
                    place: self,
                    opened,
                })
            }
            Err(NotOpened::Failed(error)) => Err(error),
            Err(NotOpened::Setup(error)) => {
                let reason = format!("{error:#}");
                if !self.stop.is_asked() {
                    let _ = events.send(Incoming::Event(Event::SetupFailed { attempt, reason }));
                }
                Err(error)
            }
        }
    }
}

impl Held {
    /// What it is told of them by its environment.
    pub(super) fn env(&self) -> &[(String, String)] {
        &self.opened.env
    }

    /// Commits what was left, and tells of it. Answers the files that the attempt has changed.
    pub(super) fn close(self, done: bool, events: &SyncSender<Incoming>) -> Vec<String> {
        let attempt = self.place.attempt;
        let Some(unit) = self.place.worktrees.unit(attempt.task) else {
            return Vec::new();
        };
        let worktrees = &self.place.worktrees;
        let left = worktrees.close(unit, attempt.number, done, &self.opened);
        let commits = left.commits;
        if !commits.is_empty() {
            let _ = events.send(Incoming::Event(Event::Committed { attempt, commits }));
        }
        tell(events, attempt, left.notes);
        if let Some(reason) = left.astray {
            let _ = events.send(Incoming::Event(Event::Lost { attempt, reason }));
        }
        left.files
    }
}

/// What people should know of.
pub(super) fn tell(events: &SyncSender<Incoming>, attempt: Attempt, notes: Vec<String>) {
    if !notes.is_empty() {
        let _ = events.send(Incoming::Notes {
            task: attempt.task,
            notes,
        });
    }
}
