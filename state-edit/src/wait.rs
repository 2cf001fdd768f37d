//! `wait`: blocks until something is approved, answered or settled. Woken by the journal, not by a clock.

use std::path::Path;
use std::time::Instant;

use schemas::journal::Journal;
use schemas::{Body, Exit, Failure, Outcome, Record, RunOutcome, State, TaskStatus};

use crate::cli::{Until, Wait};
use crate::edit::{is_asking, waiting_for_approval};
use crate::watch::Watch;
use crate::{near, store};

/// Runs `wait`.
pub(crate) fn run(dir: &Path, args: &Wait) -> Result<Exit, Failure> {
    let until = args.timeout.map(|timeout| Instant::now() + timeout);
    let mut journal = Journal::open_history(dir)?;
    let watch = Watch::on(dir);
    let mut vigil = Vigil::default();
    let mut meant = None;
    loop {
        journal.read_lines(|record, line| vigil.step(&record, line, args.what.as_deref()))?;
        let until_what = match meant {
            Some(meant) => meant,
            None => *meant.insert(what(&vigil.state, args)?),
        };
        if let Some(exit) = vigil.ends(until_what, args.what.as_deref()) {
            store::print(vigil.last(until_what))?;
            return Ok(exit);
        }
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return Err(Failure {
                exit: Exit::Waiting,
                ..Failure::no(format!("not {} in time", word(until_what)))
            });
        }
        if !watch.wait(left) {
            // Nobody hears the answer, which is not that it was a yes.
            return Ok(Exit::Waiting);
        }
    }
}

/// The state, and the records that could be what is waited for.
#[derive(Default)]
struct Vigil {
    state: State,
    approval: Option<(bool, String)>,
    answer: Option<String>,
    settled: Option<String>,
    finished: Option<(RunOutcome, String)>,
}

impl Vigil {
    fn step(&mut self, record: &Record, line: &str, what: Option<&str>) {
        self.state.apply(record);
        let line = || line.to_owned();
        let is = |id: &str| what == Some(id);
        match &record.body {
            Body::CheckpointApproved { checkpoint, .. } if is(checkpoint) => {
                self.approval = Some((true, line()));
            }
            Body::CheckpointRejected { checkpoint, .. } if is(checkpoint) => {
                self.approval = Some((false, line()));
            }
            // What is asked or reached anew was not answered before.
            Body::CheckpointReached { checkpoint, .. } if is(checkpoint) => self.approval = None,
            Body::Question { task, .. } if is(task) => self.answer = None,
            Body::Answer { task, .. } if is(task) => self.answer = Some(line()),
            Body::TaskSettled { task, .. } if is(task) => self.settled = Some(line()),
            Body::RunFinished { outcome } => self.finished = Some((*outcome, line())),
            Body::RunStarted { .. } | Body::RunResumed { .. } => self.finished = None,
            Body::StateTransition { event, .. } if event == "retry" || event == "reopen" => {
                self.finished = None;
            }
            _ => {}
        }
    }

    /// How it ended; `None` while it has not.
    fn ends(&self, until: Until, what: Option<&str>) -> Option<Exit> {
        let yes = |yes| if yes { Exit::Yes } else { Exit::No };
        match (until, what) {
            (Until::Approved, Some(id)) => {
                let waits = waiting_for_approval(&self.state).contains(&id);
                let (approved, _) = self.approval.as_ref().filter(|_| !waits)?;
                Some(yes(*approved))
            }
            (Until::Answered, Some(id)) => {
                let open = is_asking(&self.state, id);
                self.answer.as_ref().filter(|_| !open).map(|_| Exit::Yes)
            }
            (Until::Settled, Some(id)) => {
                let task = self.state.tasks.get(id)?;
                let settled = task.status == TaskStatus::Settled;
                settled.then(|| yes(task.outcome == Some(Outcome::Succeeded)))
            }
            (_, None) => {
                let (outcome, _) = self.finished.as_ref()?;
                Some(yes(*outcome == RunOutcome::Succeeded))
            }
        }
    }

    fn last(&self, until: Until) -> &[String] {
        let line = match until {
            Until::Approved => self.approval.as_ref().map(|(_, line)| line),
            Until::Answered => self.answer.as_ref(),
            Until::Settled => self
                .settled
                .as_ref()
                .or(self.finished.as_ref().map(|(_, line)| line)),
        };
        line.map(std::slice::from_ref).unwrap_or_default()
    }
}

/// What is waited for: as asked, or what the thing itself waits for.
fn what(state: &State, args: &Wait) -> Result<Until, Failure> {
    let Some(id) = args.what.as_deref() else {
        return match args.until {
            None | Some(Until::Settled) => Ok(Until::Settled),
            Some(_) => Err(Failure::usage("whose? name a task or a checkpoint")),
        };
    };
    let task = state.tasks.contains_key(id);
    let checkpoint = state.checkpoint.as_ref().is_some_and(|it| it.id == id)
        || state.approved.iter().any(|it| it == id)
        || state
            .tasks
            .values()
            .any(|task| task.phase.as_deref() == Some(id));
    let of_tasks = matches!(args.until, Some(Until::Answered | Until::Settled));
    if !task && (of_tasks || (args.until.is_none() && !checkpoint)) {
        return Err(Failure::no(format!("no task {id}")).help(near::tasks(state, id)));
    }
    Ok(args.until.unwrap_or_else(|| match task {
        true if is_asking(state, id) => Until::Answered,
        true if waiting_for_approval(state).contains(&id) => Until::Approved,
        true => Until::Settled,
        false => Until::Approved,
    }))
}

fn word(until: Until) -> &'static str {
    match until {
        Until::Approved => "approved",
        Until::Answered => "answered",
        Until::Settled => "settled",
    }
}
