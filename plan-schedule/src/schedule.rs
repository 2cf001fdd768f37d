//! The schedule of a plan: its waves, lanes and times together.

use std::borrow::Cow;

use crate::bounds::Bounds;
use crate::graph::Graph;
use crate::minutes::Minutes;
use crate::network::{Network, describe_cycle};
use crate::path::{Paths, Weights};
use crate::priority;
use crate::slots::{Rules, Timetable};
use crate::waves::Waves;

/// What is asked of a schedule.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// Tasks at once.
    pub(crate) slots: u32,
    /// Whether a wave waits for the whole one before it.
    pub(crate) barriers: bool,
}

/// All that is known of a plan's order.
#[derive(Debug)]
pub(crate) struct Schedule<'n> {
    pub(crate) network: &'n Network<'n>,
    pub(crate) options: Options,
    pub(crate) waves: Waves,
    /// The dependencies, and behind the tasks the barriers that stages and waves are.
    pub(crate) flow: Cow<'n, Graph>,
    /// Every node of it behind those before it.
    flow_order: Cow<'n, [u32]>,
    /// All tasks, the most urgent first.
    pub(crate) order: Vec<u32>,
    pub(crate) paths: Paths,
    /// The longest chain.
    pub(crate) critical: Vec<u32>,
    pub(crate) bounds: Bounds,
    pub(crate) timetable: Timetable,
    /// Whether tasks gate nothing, where they do not: nothing is a check for the end of a wave.
    checks: Cow<'n, [bool]>,
}

impl<'n> Schedule<'n> {
    /// Gives the problems of a plan whose waves or checkpoints contradict its dependencies.
    pub(crate) fn new(
        network: &'n Network<'n>,
        options: Options,
    ) -> Result<Schedule<'n>, Vec<String>> {
        let (staged, order) = staged(network)?;
        let waves = Waves::new(network, &staged, &order)?;
        let (flow, flow_order) = if options.barriers {
            walled(network, &staged, &waves)?
        } else {
            (staged, order)
        };
        let checks = match options.barriers {
            true => Cow::Owned(vec![false; network.len()]),
            false => Cow::Borrowed(&network.course.is_check[..]),
        };
        let weights = Weights {
            graph: &flow,
            order: &flow_order,
            minutes: &network.minutes,
            is_check: &checks,
        };
        let paths = Paths::new(&weights);
        let critical = paths.critical(&weights);
        let order = priority::order(network, &paths.rank);
        let rules = rules(network, &flow, &order, options.slots);
        Ok(Schedule {
            network,
            options,
            waves,
            critical,
            bounds: Bounds::new(&rules, paths.end),
            timetable: Timetable::new(&rules),
            flow_order,
            flow,
            order,
            paths,
            checks,
        })
    }

    /// What binds the tasks of this schedule.
    pub(crate) fn rules(&self) -> Rules<'_> {
        rules(self.network, &self.flow, &self.order, self.options.slots)
    }

    /// What its paths are made of, with other times than the estimates.
    pub(crate) fn weights<'w>(&'w self, minutes: &'w [Minutes]) -> Weights<'w> {
        Weights {
            graph: &self.flow,
            order: &self.flow_order,
            minutes,
            is_check: &self.checks,
        }
    }

    /// Whether a minute more of this task is a minute more of the plan, lanes and slots left aside.
    pub(crate) fn is_critical(&self, task: u32) -> bool {
        self.paths.slack(task) == Minutes::ZERO && self.may_be_critical(task)
    }

    /// Whether the task can be on a critical path at all.
    pub(crate) fn may_be_critical(&self, task: u32) -> bool {
        !self.checks[task as usize] && !self.network.course.is_absent[task as usize]
    }

    /// When the task ends.
    pub(crate) fn end(&self, task: u32) -> Minutes {
        self.timetable.start[task as usize].plus(self.network.minutes[task as usize])
    }

    /// The tasks of each lane in the order in which they run; lanes that nothing runs in are left out.
    pub(crate) fn lanes(&self) -> Vec<(u32, Vec<u32>)> {
        let lanes = &self.network.lanes;
        let mut tasks = vec![Vec::new(); lanes.len()];
        for task in &self.timetable.started {
            for lane in lanes.of(*task) {
                tasks[*lane as usize].push(*task);
            }
        }
        (0..)
            .zip(tasks)
            .filter(|(_, tasks)| !tasks.is_empty())
            .collect()
    }

    /// How many times as fast as one task after the other.
    pub(crate) fn speedup(&self) -> f64 {
        if self.timetable.makespan == Minutes::ZERO {
            return 1.0;
        }
        let speedup = self.bounds.serial.as_f64() / self.timetable.makespan.as_f64();
        (speedup * 1000.0).round() / 1000.0
    }
}

fn rules<'r>(network: &'r Network<'_>, flow: &'r Graph, order: &'r [u32], slots: u32) -> Rules<'r> {
    Rules {
        graph: flow,
        minutes: &network.minutes,
        is_absent: &network.course.is_absent,
        lanes_of: network.lanes.rows(),
        lanes: network.lanes.len(),
        order,
        slots,
    }
}

/// A graph, and every node of it behind those before it.
type Flow<'n> = (Cow<'n, Graph>, Cow<'n, [u32]>);

/// The dependencies, and a barrier behind each stage.
fn staged<'n>(network: &'n Network<'_>) -> Result<Flow<'n>, Vec<String>> {
    let ends = &network.stages.ends;
    if ends.is_empty() {
        return Ok((
            Cow::Borrowed(&network.dependencies),
            Cow::Borrowed(&network.topological),
        ));
    }
    let mut rows = vec![Vec::new(); ends.len() + 1];
    for task in network.numbers() {
        if let Some(place) = network.place(task) {
            rows[place.stage as usize].push(task);
        }
    }
    sound(network, network.dependencies.with_barriers(&rows))
}

/// The same with a barrier behind each wave.
fn walled<'n>(
    network: &Network<'_>,
    staged: &Graph,
    waves: &Waves,
) -> Result<Flow<'n>, Vec<String>> {
    sound(network, staged.with_barriers(&waves.rows))
}

/// A stage can ask for a task that waits for what comes after the stage.
fn sound<'n>(network: &Network<'_>, graph: Graph) -> Result<Flow<'n>, Vec<String>> {
    let ends = &network.stages.ends;
    let name = |node: u32| match (node as usize).checked_sub(network.len()) {
        None => network.id(node).to_owned(),
        Some(barrier) => match ends.get(barrier) {
            Some(phases) if phases.is_empty() => "the end of its phase".to_owned(),
            Some(phases) => format!("the checkpoint after {}", phases.join(" and ")),
            None => format!("the end of wave {}", barrier - ends.len()),
        },
    };
    match graph.order() {
        Ok(order) => Ok((Cow::Owned(graph), Cow::Owned(order))),
        Err(cycle) => Err(vec![describe_cycle(&cycle, name)]),
    }
}

#[cfg(test)]
mod quality;
#[cfg(test)]
mod tests;
