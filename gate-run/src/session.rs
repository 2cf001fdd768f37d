//! All checks of one run, side by side in as many threads as there are slots.

use std::sync::mpsc;
use std::thread;

use schemas::{Check, Exit, Failure};

use crate::check::{self, Interrupted, Surroundings};
use crate::interrupts::Interrupts;
use crate::planned::{Planned, Work};
use crate::queue::{Ending, Order, Queue, Step};
use crate::verdict;

/// Carries out every gate; the checks come in the order of the gates.
pub(crate) fn carry_out(
    gates: &[Planned],
    here: &Surroundings,
    jobs: usize,
    order: Order,
) -> Result<Vec<Check>, Failure> {
    let interrupts = Interrupts::listen()
        .map_err(|error| Failure::trouble("cannot listen for signals").because(&error))?;
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
                    let (sender, interrupts) = (sender.clone(), &interrupts);
                    running += 1;
                    scope.spawn(move || {
                        let carried_out = one(&gates[at], at, here, interrupts);
                        let _ = sender.send((at, carried_out));
                    });
                }
                Step::Start(at) => {
                    if let Ok(check) = one(&gates[at], at, here, &interrupts) {
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
