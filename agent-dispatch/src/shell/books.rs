//! What is written down, and who is told of it: the journal first, then the state, stdout, commands and the view.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use schemas::{Body, Failure, Record};

use super::{Shell, watch};
use crate::core::Event;

impl Shell<'_> {
    /// Journals how the run ends, unless somebody has spoken since we looked last: an answer that stands before the
    /// end in the journal was given while the program ran, and must have its effect. Answers whether it was said.
    pub(super) fn say_last(&mut self, body: Body) -> Result<bool, Failure> {
        if self.own.is_empty() {
            let appended = self.run.journal.transact(|foreign| {
                let nothing_new = foreign.is_empty();
                Ok(nothing_new.then_some(body).into_iter().collect())
            })?;
            self.run.journal.sync()?;
            let said = appended.foreign.is_empty();
            self.hear(appended.foreign);
            for (record, line) in appended.own.iter().zip(appended.lines) {
                self.tell(record, line, false);
            }
            self.know();
            if said {
                return Ok(true);
            }
        }
        // What was heard may ask for nothing: the core decides again in any case.
        self.own.push_back(Event::Woken);
        Ok(false)
    }

    /// Appends, and tells everybody: stdout, the state, the view. What others have appended comes before. What is to be
    /// durable is so before anybody outside hears of it.
    pub(super) fn journal(&mut self, bodies: Vec<Body>, durable: bool) -> Result<(), Failure> {
        let appended = self.run.journal.transact(|_| Ok(bodies))?;
        self.hear(appended.foreign);
        if durable && self.waits_for_syncs() {
            self.run.journal.sync()?;
        }
        for (record, line) in appended.own.iter().zip(appended.lines) {
            self.tell(record, line, durable);
        }
        self.know();
        Ok(())
    }

    /// Attempts that outlive the machine, and people who are told of what has happened, want it to have happened.
    fn waits_for_syncs(&self) -> bool {
        self.run.launcher.is_some() || !self.run.notices.is_empty()
    }

    pub(super) fn hear(&mut self, foreign: Vec<Record>) {
        for record in foreign {
            self.tell(&record, record.to_line(), false);
            self.own
                .extend(watch::control(&record, &self.run.graph).map(Event::Control));
        }
    }

    fn tell(&mut self, record: &Record, line: String, durable: bool) {
        self.run.state.apply(record);
        if let Body::TaskSettled { task, .. } = &record.body {
            self.scratch.remove(task);
        }
        self.herald.tell(record, &line, &self.run.state);
        // What an agent says of its progress waits for nobody's sync, and nothing that is done depends on it.
        let durable = durable && !matches!(record.body, Body::Progress { .. });
        self.writer.write(line, durable);
        self.view.record(record, &self.run.state);
    }

    pub(super) fn know(&mut self) {
        self.run.state.journal_bytes = self.run.journal.offset();
        self.known
            .store(self.run.journal.offset(), Ordering::Release);
    }

    /// The state is a convenience between two records of the truth: it may be late, and must not cost more
    /// than a twentieth of the time.
    pub(super) fn save_now_and_then(&mut self) -> Result<(), Failure> {
        if self.saved.elapsed() < self.save_pause {
            return Ok(());
        }
        let begun = Instant::now();
        self.run.state.refresh();
        schemas::journal::save(self.run.dir.path(), &self.run.state)?;
        self.save_pause = Duration::from_millis(300).max(begun.elapsed() * 20);
        self.saved = Instant::now();
        Ok(())
    }
}
