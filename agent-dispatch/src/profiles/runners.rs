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
    pub(crate) fn new(profiles: &Profiles, plan: &Plan) -> Result<Runners, Failure> {
        let mut runners = Runners::default();
        let mut known = HashMap::new();
        for task in &plan.tasks {
            // All that makes a difference to how a task's agent is started, but for what is filled in.
            let agent = profiles.named(plan, task);
            let way = agent.map(|agent| (agent, &task.model, task.autonomy, task.read_only));
            let way = match known.get(&way) {
                Some(known) => *known,
                None => {
                    runners.ways.push(profiles.runners(plan, task)?);
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
