//! Waves: rows of tasks. Labels for people, and barriers when asked for.

use std::collections::HashMap;

use crate::graph::Graph;
use crate::network::Network;

/// Every task in exactly one row.
#[derive(Debug)]
pub(crate) struct Waves {
    pub(crate) rows: Vec<Vec<u32>>,
    /// The row of each task.
    pub(crate) of: Vec<u32>,
}

impl Waves {
    /// The rows that the plan gives; else a task's row is the first behind all that it waits for in `flow`, which may
    /// hold barriers behind its tasks.
    ///
    /// Gives the problems of rows that leave tasks out, or set one before what it waits for.
    ///
    /// In a part of a plan, rows that nothing is left of are left out.
    pub(crate) fn new(
        network: &Network<'_>,
        flow: &Graph,
        order: &[u32],
    ) -> Result<Waves, Vec<String>> {
        match &network.plan.execution_order {
            Some(rows) if !rows.is_empty() => Waves::given(network, rows),
            _ => Ok(Waves::derived(network, flow, order)),
        }
    }

    fn given<T: std::ops::Deref<Target = str>>(
        network: &Network<'_>,
        given: &[Vec<T>],
    ) -> Result<Waves, Vec<String>> {
        const NONE: u32 = u32::MAX;
        let numbers: HashMap<&str, u32> = network
            .numbers()
            .map(|task| (network.id(task), task))
            .collect();
        let mut problems = Vec::new();
        let mut of = vec![NONE; network.len()];
        let mut rows = Vec::with_capacity(given.len());
        let is_partial = network.is_partial();
        for ids in given {
            let number = rows.len() as u32;
            let mut row = Vec::with_capacity(ids.len());
            for id in ids {
                match numbers.get(&**id) {
                    None if is_partial => {}
                    None => problems.push(format!(
                        "executionOrder names {}, which is no task of the plan",
                        &**id
                    )),
                    Some(task) if of[*task as usize] != NONE => {
                        problems.push(format!("executionOrder names {} twice", &**id));
                    }
                    Some(task) => {
                        of[*task as usize] = number;
                        row.push(*task);
                    }
                }
            }
            if !(is_partial && row.is_empty()) {
                rows.push(row);
            }
        }
        for task in network.numbers() {
            let id = network.id(task);
            if of[task as usize] == NONE {
                problems.push(format!("executionOrder leaves out {id}"));
                continue;
            }
            for before in network.dependencies.before(task) {
                let row = of[*before as usize];
                if row != NONE && row >= of[task as usize] {
                    let before = network.id(*before);
                    problems.push(format!(
                        "executionOrder does not put {before} before {id}, which depends on it"
                    ));
                }
            }
        }
        if problems.is_empty() {
            Ok(Waves { rows, of })
        } else {
            Err(problems)
        }
    }

    fn derived(network: &Network<'_>, flow: &Graph, order: &[u32]) -> Waves {
        let tasks = network.len();
        let mut level = vec![0u32; flow.len()];
        for node in order {
            let next = level[*node as usize] + u32::from((*node as usize) < tasks);
            for after in flow.after(*node) {
                level[*after as usize] = level[*after as usize].max(next);
            }
        }
        level.truncate(tasks);
        let mut rows = vec![Vec::new(); level.iter().max().map_or(0, |last| *last as usize + 1)];
        for task in network.numbers() {
            rows[level[task as usize] as usize].push(task);
        }
        Waves { rows, of: level }
    }
}
