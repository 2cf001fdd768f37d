//! The schedule of a plan: its waves, lanes and times together.

use std::borrow::Cow;

use crate::graph::Graph;
use crate::minutes::Minutes;
use crate::network::{Network, describe_cycle};
use crate::path::Paths;
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
    /// All tasks, the most urgent first.
    pub(crate) order: Vec<u32>,
    pub(crate) paths: Paths,
    /// The longest chain of dependent tasks.
    pub(crate) critical: Vec<u32>,
    /// One task after the other.
    pub(crate) serial: Minutes,
    pub(crate) timetable: Timetable,
}

impl<'n> Schedule<'n> {
    /// Gives the problems of a plan whose waves or checkpoints contradict its dependencies.
    pub(crate) fn new(
        network: &'n Network<'n>,
        options: Options,
    ) -> Result<Schedule<'n>, Vec<String>> {
        let minutes = &network.minutes;
        let staged = staged(network)?;
        let waves = Waves::new(network, &staged)?;
        let flow = if options.barriers {
            walled(network, &staged, &waves)?
        } else {
            staged
        };
        let paths = Paths::new(&network.dependencies, &network.topological, minutes);
        let order = priority::order(network, &paths.rank);
        let timetable = Timetable::new(&Rules {
            graph: &flow,
            minutes,
            lane_of: &network.lane_of,
            lanes: network.lanes.len(),
            order: &order,
            slots: options.slots,
        });
        Ok(Schedule {
            network,
            options,
            waves,
            order,
            critical: paths.critical(&network.dependencies, minutes),
            serial: sum(minutes),
            paths,
            timetable,
        })
    }

    /// The tasks of each lane in the order in which they run; lanes that nothing runs in are left out.
    pub(crate) fn lanes(&self) -> Vec<(&'n str, Vec<u32>)> {
        let mut tasks = vec![Vec::new(); self.network.lanes.len()];
        for task in &self.timetable.started {
            if let Some(lane) = self.network.lane_of[*task as usize] {
                tasks[lane as usize].push(*task);
            }
        }
        let names = self.network.lanes.iter().copied();
        names
            .zip(tasks)
            .filter(|(_, tasks)| !tasks.is_empty())
            .collect()
    }

    /// How many times as fast as one task after the other.
    pub(crate) fn speedup(&self) -> f64 {
        if self.timetable.makespan == Minutes::ZERO {
            return 1.0;
        }
        let speedup = self.serial.as_f64() / self.timetable.makespan.as_f64();
        (speedup * 1000.0).round() / 1000.0
    }

    /// No schedule can be shorter: the longest chain, the work shared evenly among the slots, the fullest lane.
    pub(crate) fn lower_bound(&self) -> Minutes {
        let shared = Minutes::new(self.serial.as_f64() / f64::from(self.options.slots));
        let lanes = self.lanes();
        let fullest = lanes
            .iter()
            .map(|(_, tasks)| {
                sum(tasks
                    .iter()
                    .map(|task| &self.network.minutes[*task as usize]))
            })
            .max();
        self.paths
            .longest
            .max(shared.unwrap_or_default())
            .max(fullest.unwrap_or_default())
    }
}

fn sum<'m>(minutes: impl IntoIterator<Item = &'m Minutes>) -> Minutes {
    let add = |sum: Minutes, next: &Minutes| sum.plus(*next);
    minutes.into_iter().fold(Minutes::ZERO, add)
}

/// The dependencies, and a barrier behind each stage that ends with a checkpoint.
fn staged<'n>(network: &'n Network<'_>) -> Result<Cow<'n, Graph>, Vec<String>> {
    let checkpoints = &network.stages.checkpoints;
    if checkpoints.is_empty() {
        return Ok(Cow::Borrowed(&network.dependencies));
    }
    let mut rows = vec![Vec::new(); checkpoints.len() + 1];
    for task in network.numbers() {
        if let Some(place) = network.place(task) {
            rows[place.stage as usize].push(task);
        }
    }
    sound(network, network.dependencies.with_barriers(&rows)).map(Cow::Owned)
}

/// The same with a barrier behind each wave.
fn walled<'n>(
    network: &Network<'_>,
    staged: &Graph,
    waves: &Waves,
) -> Result<Cow<'n, Graph>, Vec<String>> {
    sound(network, staged.with_barriers(&waves.rows)).map(Cow::Owned)
}

/// A checkpoint can ask for a task that waits for what comes after the checkpoint.
fn sound(network: &Network<'_>, graph: Graph) -> Result<Graph, Vec<String>> {
    let checkpoints = &network.stages.checkpoints;
    let name = |node: u32| match (node as usize).checked_sub(network.len()) {
        None => network.id(node).to_owned(),
        Some(barrier) => match checkpoints.get(barrier) {
            Some(phases) => format!("the checkpoint after {}", phases.join(" and ")),
            None => format!("the end of wave {}", barrier - checkpoints.len()),
        },
    };
    match graph.order() {
        Ok(_) => Ok(graph),
        Err(cycle) => Err(vec![describe_cycle(&cycle, name)]),
    }
}

#[cfg(test)]
mod tests;
