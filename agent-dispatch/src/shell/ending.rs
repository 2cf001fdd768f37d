//! The end of a dispatcher's life, whatever happened: nothing is left running, everything is written.

use std::time::Duration;

use schemas::{Exit, Failure, RunOutcome, State};

use super::{Incoming, Shell};
use crate::core::{End, Event};

/// How long the start of a process is waited for.
const STARTS: Duration = Duration::from_secs(5);

impl Shell<'_> {
    pub(super) fn close(mut self, result: Result<End, Failure>) -> Result<(Exit, State), Failure> {
        if result.is_err() {
            self.await_starts();
            for child in self.agents.values() {
                child.kill();
            }
            for gate in self.gates.values() {
                gate.terminate();
            }
            for stop in self.merges.values().chain(self.openings.values()) {
                stop.kill();
            }
        }
        self.run.state.refresh();
        let saved = schemas::journal::save(self.run.dir.path(), &self.run.state);
        let (incoming, tokens) = (&self.incoming, &mut self.tokens);
        let mut interrupted = || {
            let mut interrupted = false;
            for news in incoming.try_iter() {
                match news {
                    Incoming::Signal(_) => interrupted = true,
                    Incoming::Token(token) => tokens.keep(token),
                    _ => {}
                }
            }
            interrupted
        };
        for warning in self.herald.close(&mut interrupted) {
            self.view.warn(&warning);
        }
        interrupted();
        // Nobody waits for room in it any more.
        drop(self.incoming);
        let synced = self.writer.close();
        let finished = matches!(result, Ok(End::Finished(_)));
        self.run.worktrees.tidy(finished);
        self.containment.dismiss();
        self.tokens.close();
        self.view.finished(&self.run.state);
        let end = result?;
        synced.map_err(|error| Failure::trouble("cannot sync the journal").because(&error))?;
        let exit = match end {
            End::Finished(RunOutcome::Succeeded) if !self.undelivered => Exit::Yes,
            End::Finished(_) => Exit::No,
            End::Waiting => Exit::Waiting,
            End::Interrupted => {
                Exit::Signal(self.signal.and_then(|n| u8::try_from(n).ok()).unwrap_or(2))
            }
        };
        saved?;
        Ok((exit, self.run.state))
    }

    /// What is being started must be there to be ended.
    fn await_starts(&mut self) {
        while self.starting > 0 {
            match self.incoming.recv_timeout(STARTS) {
                Ok(Incoming::Started(started)) => self.started(*started),
                Ok(Incoming::Event(Event::LaunchFailed { .. }) | Incoming::Failed(_)) => {
                    self.starting -= 1;
                }
                Ok(_) => {}
                Err(_) => return,
            }
        }
    }

    /// Says what went wrong beside the run.
    pub(super) fn warn(&mut self) {
        while let Some(warning) = self.herald.warning() {
            self.view.warn(&warning);
        }
    }
}
