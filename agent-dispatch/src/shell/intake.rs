//! What reaches the loop, taken in: books of what runs are kept here, everything else is an event for the core.

use schemas::{Body, Failure};

use super::run_dir::RunDir;
use super::tokens::Holder;
use super::{Incoming, Shell};
use crate::core::Event;

impl Shell<'_> {
    pub(super) fn take(&mut self, incoming: Incoming) -> Result<(), Failure> {
        match incoming {
            Incoming::Event(event) => {
                let Some(event) = self.only_news(event) else {
                    return Ok(());
                };
                let over = match &event {
                    Event::Gone { attempt, .. } => {
                        self.agents.remove(attempt);
                        self.lives.forget(*attempt);
                        Some(Holder::Attempt(*attempt))
                    }
                    Event::GateFinished { attempt, .. } => {
                        self.gates.remove(attempt);
                        Some(Holder::Gate(*attempt))
                    }
                    Event::Integrated { attempt, .. } => {
                        self.merges.remove(attempt);
                        None
                    }
                    Event::Session { attempt, session } => {
                        self.lives.know(*attempt, session);
                        None
                    }
                    Event::LaunchFailed { attempt, .. } => {
                        self.starting -= 1;
                        self.openings.remove(attempt);
                        self.places.forget();
                        Some(Holder::Attempt(*attempt))
                    }
                    _ => None,
                };
                self.own.push_back(event);
                if let Some(holder) = over {
                    self.give_back(holder)?;
                }
            }
            Incoming::Started(started) => self.started(*started),
            Incoming::Token(token) => {
                if let Some(action) = self.tokens.came(token) {
                    self.act_now(action)?;
                }
            }
            Incoming::Signal(signal) => self.signalled(signal),
            Incoming::LogLost { attempt, reason } => {
                let task = self.run.plan.tasks[attempt.task].id.clone();
                let log = RunDir::log(&task, attempt.number);
                let text = format!("the log {log} is not complete: {reason}");
                self.journal(
                    vec![Body::Note {
                        text,
                        task: Some(task),
                    }],
                    false,
                )?;
            }
            Incoming::Notes { task, notes } => {
                let task = &self.run.plan.tasks[task].id;
                let note = |text| Body::Note {
                    text,
                    task: Some(task.clone()),
                };
                let notes = notes.into_iter().map(note).collect();
                self.journal(notes, false)?;
            }
            Incoming::ReaderGone => self.reader_gone(),
            Incoming::Failed(failure) => {
                self.starting -= 1;
                return Err(failure);
            }
            Incoming::JournalLost(error) => {
                return Err(Failure::trouble("cannot sync the journal").because(&error));
            }
            Incoming::JournalGrew => {
                let foreign = self.run.journal.read_new()?;
                self.hear(foreign);
                self.know();
            }
        }
        Ok(())
    }

    fn signalled(&mut self, signal: i32) {
        self.interrupts += 1;
        self.signal.get_or_insert(signal);
        self.view.interrupted(self.interrupts);
        if self.interrupts > 1 || !self.reader_gone {
            self.own.push_back(Event::Interrupted);
        }
    }

    /// A Ctrl-C ends the reader as well: together they are one request.
    fn reader_gone(&mut self) {
        let pipe = rustix::process::Signal::PIPE.as_raw();
        self.signal.get_or_insert(pipe);
        if self.interrupts == 0 {
            self.own.push_back(Event::Interrupted);
        }
        self.reader_gone = true;
    }
}
