//! What would happen: the same core, a clock that jumps, agents that need as long as was estimated.

use std::collections::BTreeMap;

use std::io::IsTerminal;

use schemas::{Body, Console, Exit, Failure, Plan, Record, State, VerdictWord};

use crate::core::{
    Action, Attempt, Dispatcher, End, Event, GateAnswer, Graph, Initial, Launch, Limits,
    MergeAnswer, Pace, Said, Time,
};
use crate::profiles::{Runner, Runners};
use crate::worktrees::Worktrees;

/// Milliseconds of a task that nobody has estimated.
const UNKNOWN: u64 = 15 * 60_000;

/// Walks through the run as if every agent did its work; writes one `note` per start to stdout, in time order.
pub(crate) fn run(
    plan: &Plan,
    graph: &Graph,
    limits: &Limits,
    (runners, worktrees): (&Runners, &Worktrees),
    initial: &Initial,
    console: &Console,
) -> Result<Exit, Failure> {
    // Nothing is silent or late in a run that is not run.
    let limits = Limits {
        result_grace: u64::MAX,
        ..limits.clone()
    };
    let mut graph = graph.clone();
    for spec in &mut graph.specs {
        let mut candidates = spec.candidates.to_vec();
        for candidate in &mut candidates {
            candidate.pace = Pace::default();
        }
        spec.candidates = candidates.into();
    }
    let mut core = Dispatcher::new(graph, limits, initial);
    let mut events: BTreeMap<(Time, usize), Event> = BTreeMap::new();
    let mut seq = 0;
    let mut count = 0;
    // After what is scheduled for the same moment already.
    let mut next = move || {
        count += 1;
        count
    };
    let mut now = Time(0);
    let mut actions = core.start(now, initial);
    loop {
        for action in actions {
            match action {
                Action::Start {
                    attempt, choice, ..
                } => {
                    seq += 1;
                    say(
                        seq,
                        now,
                        plan,
                        &runners.of(attempt.task)[choice],
                        worktrees,
                        attempt,
                        console,
                    )?;
                    let task = &plan.tasks[attempt.task];
                    let took = task
                        .estimated_minutes
                        .map_or(UNKNOWN, |minutes| (minutes * 60_000.0) as u64);
                    let said = Said::Done(String::new());
                    let end = now.after(took);
                    events.insert(
                        (now, next()),
                        Event::Started {
                            attempt,
                            launch: Launch::default(),
                        },
                    );
                    events.insert((end, next()), Event::Marked { attempt, said });
                    events.insert(
                        (end, next()),
                        Event::Exited {
                            attempt,
                            code: Some(0),
                            signal: None,
                        },
                    );
                    events.insert(
                        (end, next()),
                        Event::Gone {
                            attempt,
                            leaked: false,
                            files: Vec::new(),
                        },
                    );
                }
                Action::RunGate(attempt) => {
                    let answer = GateAnswer {
                        verdict: VerdictWord::Passed,
                        reason: None,
                        class: None,
                        fingerprint: None,
                        findings: schemas::FindingCounts::default(),
                        verdict_file: None,
                    };
                    events.insert((now, next()), Event::GateFinished { attempt, answer });
                }
                Action::Integrate(attempts) => {
                    for attempt in attempts {
                        let answer = MergeAnswer::Merged(Vec::new());
                        events.insert((now, next()), Event::Integrated { attempt, answer });
                    }
                }
                Action::RemoveWorkspace(task) => {
                    let paths = Vec::new();
                    events.insert((now, next()), Event::WorkspaceRemoved { task, paths });
                }
                Action::Finish(End::Waiting) => return Ok(Exit::Waiting),
                Action::Finish(_) => return Ok(Exit::Yes),
                _ => {}
            }
        }
        let Some(((at, _), event)) = events.pop_first() else {
            return Ok(Exit::Waiting);
        };
        now = now.max(at);
        actions = core.handle(now, event);
    }
}

fn say(
    seq: u64,
    now: Time,
    plan: &Plan,
    runner: &Runner,
    worktrees: &Worktrees,
    attempt: Attempt,
    console: &Console,
) -> Result<(), Failure> {
    let task = &plan.tasks[attempt.task];
    let argv = schemas::Command::Argv(runner.words(task.command.as_ref()).into_owned());
    let place = match worktrees.unit(attempt.task) {
        Some(unit) => format!(
            "{} on {}",
            unit.trees[0].path.display(),
            unit.trees[0].branch
        ),
        None => crate::graph::folder(plan, task).unwrap_or(".").to_owned(),
    };
    let text = format!(
        "would start after {} min in {place}: {argv}",
        now.0 / 60_000
    );
    // Who sees the records sees it there.
    if std::io::stderr().is_terminal() && !std::io::stdout().is_terminal() {
        console.info(&format!("{} {text}", task.id));
    }
    let body = Body::Note {
        text,
        task: Some(task.id.clone()),
    };
    let record = Record {
        seq,
        time: schemas::time::now(),
        run: plan.plan_id.clone(),
        source: None,
        body,
    };
    schemas::document::write_record(&record).map(|_| ())
}

/// Where a run that exists stands, read without writing; nothing for one that does not.
pub(crate) fn state(dir: &std::path::Path) -> Result<State, Failure> {
    if !dir.join(schemas::journal::JOURNAL).exists() {
        return Ok(State::default());
    }
    Ok(schemas::journal::view(dir)?.0)
}
