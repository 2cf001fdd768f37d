//! Who does which task.

use std::collections::HashMap;

use schemas::{Failure, Plan};

use super::{Profiles, Runner};

/// The candidates of every task. Tasks that are done in the same way share theirs: a plan may have a hundred thousand
/// tasks and has a handful of ways.
#[derive(Debug, Default)]
pub(crate) struct Runners {
    /// The first choice first, then its fallbacks.
    pub(crate) ways: Vec<Vec<Runner>>,
    of_task: Vec<usize>,
}

impl Runners {
    /// One entry per task of the plan, in its order.
    ///
    /// `resolver` does what `merges` says of a task's work: it resolves the conflicts of those that are merged.
    pub(crate) fn new(
        profiles: &Profiles,
        plan: &Plan,
        resolver: Option<&str>,
        merges: impl Fn(usize) -> bool,
    ) -> Result<Runners, Failure> {
        let mut runners = Runners::default();
        let mut known = HashMap::new();
        for (at, task) in plan.tasks.iter().enumerate() {
            // All that makes a difference to how a task's agent is started, but for what is filled in.
            let agent = profiles.named(plan, task);
            let resolver = resolver.filter(|_| merges(at));
            let way = agent.map(|agent| (agent, &task.model, task.autonomy, task.read_only));
            let way = (way, resolver.map(|_| (task.autonomy, task.read_only)));
            let way = match known.get(&way) {
                Some(known) => *known,
                None => {
                    let mut candidates = profiles.runners(plan, task)?;
                    if let Some(resolver) = resolver {
                        let agent = profiles.agent(plan, task, resolver, None)?;
                        candidates.push(Runner {
                            resolves: true,
                            ..agent
                        });
                    }
                    runners.ways.push(candidates);
                    known.insert(way, runners.ways.len() - 1);
                    runners.ways.len() - 1
                }
            };
            runners.of_task.push(way);
        }
        Ok(runners)
    }

    /// Which of the ways a task is done in.
    pub(crate) fn way(&self, task: usize) -> usize {
        self.of_task[task]
    }

    /// The candidates of a task.
    pub(crate) fn of(&self, task: usize) -> &[Runner] {
        &self.ways[self.of_task[task]]
    }
}
