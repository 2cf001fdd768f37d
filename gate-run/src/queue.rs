//! Which check starts when: in the order of the document, as slots, `needs`, locks and the chosen order allow.
//!
//! Decides only; who calls it runs the checks and says how they ended.

use std::collections::BTreeSet;

use clap::ValueEnum;

use crate::planned::{Planned, Work};

/// How far to go after a required check did not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Order {
    /// Run every check
    #[default]
    All,
    /// Start no other check
    FailFast,
    /// One stage after the other; finish the stage, and start no other
    Stage,
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Start this check.
    Start(usize),
    /// Do not carry this one out, for this reason.
    Skip(usize, String),
    /// Nothing before one of the running checks has ended.
    Wait,
    /// All are done.
    Over,
}

/// How a check ended, as far as others are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ending {
    /// What needs it may start.
    pub(crate) passed: bool,
    /// A required check did not pass.
    pub(crate) settles: bool,
}

/// The checks of one run.
#[derive(Debug)]
pub(crate) struct Queue {
    entries: Vec<Entry>,
    slots: usize,
    order: Order,
    locked: BTreeSet<String>,
    /// The stage in which something did not pass.
    stopped: Option<usize>,
}

#[derive(Debug)]
struct Entry {
    name: String,
    stage: usize,
    needs: Vec<usize>,
    locks: Vec<String>,
    manual: bool,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Running,
    Done(Ending),
}

impl Queue {
    /// Gates in the order of the document.
    pub(crate) fn new(gates: &[Planned], jobs: usize, order: Order) -> Queue {
        let all: Vec<&Planned> = gates.iter().collect();
        let mut stages: Vec<&str> = Vec::new();
        let entries = gates.iter().enumerate().map(|(at, gate)| {
            let stage = stages.iter().position(|stage| *stage == gate.stage);
            let stage = stage.unwrap_or_else(|| {
                stages.push(&gate.stage);
                stages.len() - 1
            });
            Entry {
                name: gate.name.clone(),
                stage,
                needs: gate
                    .needs
                    .iter()
                    .flat_map(|need| named(&all, at, need))
                    .collect(),
                locks: gate.locks.clone(),
                manual: matches!(gate.work, Work::Manual { .. }),
                state: State::Waiting,
            }
        });
        Queue {
            entries: entries.collect(),
            slots: jobs.max(1),
            order,
            locked: BTreeSet::new(),
            stopped: None,
        }
    }

    /// What to do now; to be asked again until it says `Wait` or `Over`.
    pub(crate) fn next(&mut self) -> Step {
        let running = self.count(State::Running);
        for at in 0..self.entries.len() {
            let entry = &self.entries[at];
            if entry.state != State::Waiting {
                continue;
            }
            if let Some(reason) = self.obstacle(entry) {
                let ending = Ending {
                    passed: false,
                    settles: false,
                };
                self.entries[at].state = State::Done(ending);
                return Step::Skip(at, reason);
            }
            let free = entry.manual || running < self.slots;
            if free && self.is_ready(entry) {
                let locks = self.entries[at].locks.clone();
                self.locked.extend(locks);
                self.entries[at].state = State::Running;
                return Step::Start(at);
            }
        }
        if running > 0 {
            return Step::Wait;
        }
        // Needs in a circle are refused before: nothing can be left here.
        match self
            .entries
            .iter()
            .position(|entry| entry.state == State::Waiting)
        {
            Some(at) => {
                let ending = Ending {
                    passed: false,
                    settles: false,
                };
                self.entries[at].state = State::Done(ending);
                Step::Skip(at, "it waits for itself".to_owned())
            }
            None => Step::Over,
        }
    }

    /// A check has ended.
    pub(crate) fn done(&mut self, at: usize, ending: Ending) {
        let entry = &mut self.entries[at];
        entry.state = State::Done(ending);
        for lock in &entry.locks {
            self.locked.remove(lock);
        }
        if ending.settles && self.order != Order::All {
            self.stopped.get_or_insert(self.entries[at].stage);
        }
    }

    /// Why a check cannot be carried out any more.
    fn obstacle(&self, entry: &Entry) -> Option<String> {
        let unmet = entry
            .needs
            .iter()
            .map(|need| &self.entries[*need])
            .find(|need| matches!(need.state, State::Done(Ending { passed: false, .. })));
        if let Some(need) = unmet {
            return Some(format!("it needs `{}`, which did not pass", need.name));
        }
        // What a person must say is asked in any case.
        let stopped = self.stopped.filter(|_| !entry.manual)?;
        let beyond = match self.order {
            Order::All => false,
            Order::FailFast => true,
            Order::Stage => entry.stage != stopped,
        };
        beyond.then(|| "an earlier check did not pass".to_owned())
    }

    fn is_ready(&self, entry: &Entry) -> bool {
        let met = |need: &usize| {
            matches!(
                self.entries[*need].state,
                State::Done(Ending { passed: true, .. })
            )
        };
        let earlier =
            |other: &&Entry| other.stage < entry.stage && !matches!(other.state, State::Done(_));
        entry.needs.iter().all(met)
            && !entry.locks.iter().any(|lock| self.locked.contains(lock))
            && (self.order != Order::Stage || !self.entries.iter().any(|other| earlier(&other)))
    }

    fn count(&self, state: State) -> usize {
        self.entries
            .iter()
            .filter(|entry| entry.state == state)
            .count()
    }
}

/// The gates that a name means for one of them: those of its own stage, or else those of any.
pub(crate) fn named(gates: &[&Planned], of: usize, name: &str) -> Vec<usize> {
    let stage = gates.get(of).map(|gate| gate.stage.as_str());
    let found = |near: bool| -> Vec<usize> {
        let gates = gates.iter().enumerate();
        gates
            .filter(|(at, gate)| {
                *at != of && gate.name == name && (!near || Some(gate.stage.as_str()) == stage)
            })
            .map(|(at, _)| at)
            .collect()
    };
    let near = found(true);
    if near.is_empty() { found(false) } else { near }
}

#[cfg(test)]
mod tests;
