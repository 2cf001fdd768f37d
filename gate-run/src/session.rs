//! All checks of one run, side by side in as many threads as there are slots.

use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;

use schemas::{Check, Command, Exit, Failure};

use crate::check::{self, Interrupted, Surroundings};
use crate::interrupts::Interrupts;
use crate::planned::{Planned, Run, Work};
use crate::queue::{Ending, Order, Queue, Step};
use crate::verdict;

/// Carries out every gate; the checks come in the order of the gates.
pub(crate) fn carry_out(
    gates: &[Planned],
    here: &Surroundings,
    jobs: usize,
    order: Order,
    interrupts: &Interrupts,
) -> Result<Vec<Check>, Failure> {
    let mut queue = Queue::new(gates, jobs, order);
    let mut checks: Vec<Option<Check>> = gates.iter().map(|_| None).collect();
    let (sender, ended) = mpsc::channel();
    let mut running = 0;
    thread::scope(|scope| {
        loop {
            // What runs is told of the signal by itself; nothing else is started.
            let step = match interrupts.signal() {
                Some(_) if running > 0 => Step::Wait,
                Some(_) => break,
                None => queue.next(),
            };
            match step {
                Step::Start(at) if matches!(gates[at].work, Work::Check { .. }) && jobs > 1 => {
                    let sender = sender.clone();
                    running += 1;
                    scope.spawn(move || {
                        let carried_out = one(&gates[at], at, here, interrupts);
                        let _ = sender.send((at, carried_out));
                    });
                }
                Step::Start(at) => {
                    if let Ok(check) = one(&gates[at], at, here, interrupts) {
                        close(&mut queue, at, &check, here);
                        checks[at] = Some(check);
                    }
                }
                Step::Skip(at, reason) => {
                    let check = check::skip(&gates[at], reason);
                    here.board.info(&verdict::line(&check));
                    checks[at] = Some(check);
                }
                Step::Wait => {
                    let Ok((at, carried_out)) = ended.recv() else {
                        break;
                    };
                    running -= 1;
                    if let Ok(check) = carried_out {
                        close(&mut queue, at, &check, here);
                        checks[at] = Some(check);
                    }
                }
                Step::Over => break,
            }
        }
    });
    match interrupts.signal() {
        Some(signal) => Err(interrupted(signal)),
        None => Ok(checks.into_iter().flatten().collect()),
    }
}

/// Runs what may mend the checks that have failed, each command once, one after the other. Whether any was run.
pub(crate) fn fix(
    gates: &[Planned],
    checks: &[Check],
    here: &Surroundings,
    interrupts: &Interrupts,
) -> Result<bool, Failure> {
    let failed = gates
        .iter()
        .zip(checks)
        .filter(|(_, check)| check.fix.is_some());
    let mut done: Vec<(&Command, &Option<PathBuf>)> = Vec::new();
    for (gate, fix) in failed.filter_map(|(gate, _)| Some((gate, gate.fix.as_ref()?))) {
        if done.contains(&(fix, &gate.cwd)) {
            continue;
        }
        done.push((fix, &gate.cwd));
        let run = Run {
            env: gate.run().map(|run| run.env.clone()).unwrap_or_default(),
            ..Run::new(fix.clone())
        };
        let evidence = Vec::new();
        let work = Work::Check {
            run: Some(run),
            evidence,
        };
        let planned = Planned {
            timeout: gate.timeout,
            cwd: gate.cwd.clone(),
            ..Planned::new(&gate.stage, format!("fix of {}", gate.name), work)
        };
        // How it ended is told, and counts for nothing: the checks say what has become of the work.
        match one(&planned, gates.len() + done.len(), here, interrupts) {
            Ok(check) => here.board.info(&verdict::line(&check)),
            Err(Interrupted) => break,
        }
    }
    match interrupts.signal() {
        Some(signal) => Err(interrupted(signal)),
        None => Ok(!done.is_empty()),
    }
}

fn one(
    gate: &Planned,
    at: usize,
    here: &Surroundings,
    interrupts: &Interrupts,
) -> Result<Check, Interrupted> {
    let _bar = matches!(gate.work, Work::Check { .. }).then(|| here.board.bar(&gate.name));
    check::carry_out(gate, at + 1, here, interrupts)
}

fn close(queue: &mut Queue, at: usize, check: &Check, here: &Surroundings) {
    here.board.info(&verdict::line(check));
    let ending = Ending {
        passed: verdict::satisfies(check),
        settles: verdict::settles(check),
    };
    queue.done(at, ending);
}

fn interrupted(signal: i32) -> Failure {
    let number = u8::try_from(signal).unwrap_or(0);
    let mut failure = Failure::told(Exit::Signal(number));
    failure.message = format!("interrupted by signal {signal}: there is no verdict");
    failure
}
