//! A walk over the journal from its beginning: the fold, and what the fold alone does not show.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::SystemTime;

use schemas::journal::Journal;
use schemas::{Body, Problem, Record, RunStatus, State, machine};

use super::{place, snapshot};
use crate::checkpoint;

/// The walk, as far as it has come.
pub(super) struct Walk {
    /// The fold.
    pub(super) state: State,
    /// The fold as it was after the record that the snapshot ends with.
    pub(super) then: Option<State>,
    snapshot_seq: u64,
    /// States that files of the journal begin with, by the record that they are after.
    states: BTreeMap<u64, State>,
    files: BTreeSet<String>,
    /// With the record that shows it.
    problems: Vec<(u64, Problem)>,
}

impl Walk {
    pub(super) fn new(snapshot_seq: u64, states: Vec<(u64, State)>) -> Walk {
        Walk {
            state: State::default(),
            then: None,
            snapshot_seq,
            states: states.into_iter().collect(),
            files: BTreeSet::new(),
            problems: Vec::new(),
        }
    }

    /// Takes one record in.
    pub(super) fn step(&mut self, record: &Record) {
        let problem = match &record.body {
            Body::StateTransition {
                event, from, to, ..
            } => self.illegal(event, from.as_deref(), to.as_deref()),
            Body::TaskReady { task, attempt, .. } => self.reused(task, *attempt),
            // An attempt that printed nothing has no log.
            Body::AttemptStarted { prompt_file, .. } => {
                self.files.insert(prompt_file.clone());
                None
            }
            Body::GateFinished { verdict_file, .. } => {
                self.files.extend(verdict_file.clone());
                None
            }
            _ => None,
        };
        self.problems
            .extend(problem.map(|problem| (record.seq, problem)));
        self.state.apply(record);
        if let Some(state) = self.states.remove(&record.seq) {
            self.state.refresh();
            let differs = snapshot::places(&state, &self.state).map(|places| {
                let message = format!("after record {} the journal goes on with a state that is not what its archive adds up to: {places}", record.seq);
                (record.seq, Problem::error("archive-differs", message))
            });
            self.problems.extend(differs);
        }
        if record.seq == self.snapshot_seq {
            self.state.refresh();
            self.then = Some(self.state.clone());
        }
    }

    /// What the steps have shown, with the places of the records.
    pub(super) fn take_problems(&mut self, journal: &Journal) -> Vec<Problem> {
        let problems = std::mem::take(&mut self.problems).into_iter();
        problems
            .map(|(seq, mut problem)| {
                place(&mut problem, journal.locate(seq));
                problem
            })
            .collect()
    }

    /// What waits for an approval: the files that it is of, and the phase that it is named after.
    pub(super) fn waiting(&self, dir: &Path) -> Vec<Problem> {
        let Some(checkpoint) = &self.state.checkpoint else {
            return Vec::new();
        };
        let mut problems = Vec::new();
        if let Err(failure) = checkpoint::still_stands(dir, checkpoint, None, SystemTime::now()) {
            problems.extend(
                Some(Problem::warning("checkpoint-stale", failure.message))
                    .map(|problem| problem.help(failure.help.unwrap_or_default())),
            );
        }
        let mut phases = self
            .state
            .tasks
            .values()
            .filter_map(|task| task.phase.as_deref());
        if checkpoint.kind == "phase" && !phases.any(|phase| phase == checkpoint.id) {
            problems.push(Problem::warning(
                "phase-unknown",
                format!(
                    "the run waits after the phase {}, which no task belongs to",
                    checkpoint.id
                ),
            ));
        }
        problems
    }

    /// Files that records name and that are not there.
    pub(super) fn missing_files(&self, dir: &Path) -> Vec<Problem> {
        // Named as the dispatcher saw them: from the run directory, from the folder that it is in, or absolute.
        let bases = [Some(dir), dir.parent(), Some(Path::new(""))];
        self.files
            .iter()
            .filter(|file| !file.is_empty())
            .filter(|file| !bases.iter().flatten().any(|base| base.join(file).exists()))
            .map(|file| {
                Problem::warning(
                    "file-missing",
                    format!("a record names {file}, which is gone"),
                )
            })
            .collect()
    }

    fn illegal(&self, event: &str, from: Option<&str>, to: Option<&str>) -> Option<Problem> {
        let (from, to) = (from?, to?);
        let now = self.state.status.as_str();
        let leads = RunStatus::parse(from).and_then(|from| machine::next(from, event));
        let message = if from != now {
            format!("{event} is told to start from {from}, the run was {now}")
        } else if leads.is_none_or(|leads| leads.as_str() != to) {
            format!("{event} does not lead from {from} to {to}")
        } else {
            return None;
        };
        Some(Problem::warning("illegal-transition", message))
    }

    fn reused(&self, id: &str, attempt: u32) -> Option<Problem> {
        let used = self.state.tasks.get(id)?.attempt;
        (attempt <= used).then(|| {
            let message = format!("attempt {attempt} of {id} begins after attempt {used}");
            Problem::warning("attempt-reused", message)
        })
    }
}
