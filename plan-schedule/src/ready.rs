//! What may start now: the schedule held against the state of a run.

use std::collections::BTreeMap;
use std::time::SystemTime;

use schemas::{OnFailure, Outcome, RunStatus, State, TaskStatus};
use serde::Serialize;

use crate::conflicts::What;
use crate::network::Network;
use crate::schedule::Schedule;
use crate::standing::{Standing, standings};
use crate::written::Ids;

/// The answer to `--ready`.
#[derive(Serialize)]
pub(crate) struct Ready<'n> {
    kind: &'static str,
    version: u32,
    /// All of these may start, side by side; the most urgent first.
    pub(crate) ready: Ids<'n>,
    /// Why every other task that is neither running nor settled does not start.
    pub(crate) waiting: Waiting<'n>,
    pub(crate) running: Ids<'n>,
    pub(crate) settled: usize,
}

/// Tasks and reasons, in the order of ids.
pub(crate) struct Waiting<'n>(pub(crate) Vec<(&'n str, String)>);

impl Serialize for Waiting<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(id, reason)| (id, reason)))
    }
}

impl<'n> Ready<'n> {
    /// `now` decides whether a task that was put off may start.
    pub(crate) fn new(schedule: &Schedule<'n>, state: &State, now: SystemTime) -> Ready<'n> {
        let network = schedule.network;
        let standings = standings(network, state, now);
        let is_busy = |task: &u32| standings[*task as usize] == Standing::Busy;
        let running: Vec<u32> = network.numbers().filter(is_busy).collect();
        let settled = network
            .numbers()
            .filter(|task| state_of(state, network.id(*task)) == Some(TaskStatus::Settled))
            .count();
        let mut door = Door::new(schedule, state, &standings, &running);
        let mut ready = Vec::new();
        let mut waiting = BTreeMap::new();
        for task in &schedule.order {
            let reason = match &standings[*task as usize] {
                Standing::Busy => continue,
                Standing::Ended { skipped: None, .. } => continue,
                Standing::Ended {
                    skipped: Some(why), ..
                } => format!("skipped: {why}"),
                Standing::Waiting(reason) => door.stop.clone().unwrap_or_else(|| reason.clone()),
                Standing::Open => match door.pass(*task) {
                    Ok(()) => {
                        ready.push(*task);
                        continue;
                    }
                    Err(reason) => reason,
                },
            };
            waiting.insert(*task, reason);
        }
        let named = |(task, reason): (u32, String)| (network.id(task), reason);
        Ready {
            kind: "ready",
            version: 1,
            ready: Ids(network, ready),
            waiting: Waiting(waiting.into_iter().map(named).collect()),
            running: Ids(network, running),
            settled,
        }
    }
}

impl Ready<'_> {
    /// What it says of one task.
    pub(crate) fn of(&self, network: &Network<'_>, task: u32) -> String {
        if self.ready.1.contains(&task) {
            return "it may start".to_owned();
        }
        if self.running.1.contains(&task) {
            return "it is being done".to_owned();
        }
        let id = network.id(task);
        let reason = self.waiting.0.iter().find(|(waiting, _)| *waiting == id);
        reason.map_or_else(|| "it is settled".to_owned(), |(_, reason)| reason.clone())
    }
}

fn state_of(state: &State, task: &str) -> Option<TaskStatus> {
    state.tasks.get(task).map(|task| task.status)
}

/// What a task passes that nothing else keeps: barriers, lanes and slots.
struct Door<'s, 'n> {
    schedule: &'s Schedule<'n>,
    /// Why nothing starts at all.
    stop: Option<String>,
    /// Why a stage is not open yet.
    stages: Vec<Option<String>>,
    /// The first wave that is not done, when waves are barriers.
    wave: Option<u32>,
    busy_with: Vec<Option<u32>>,
    free: usize,
}

/// Why a task does not start: another one has what both need.
fn taken(network: &Network<'_>, lane: u32, by: u32) -> String {
    let (lane, by) = (network.lanes.get(lane), network.id(by));
    match &lane.shared {
        None => format!("lane {} busy with {by}", lane.name),
        Some(What::Files(what) | What::Resource(what)) => format!("conflicts with {by} on {what}"),
        Some(What::Port(port)) => format!("conflicts with {by} on port {port}"),
    }
}

impl<'s, 'n> Door<'s, 'n> {
    fn new(
        schedule: &'s Schedule<'n>,
        state: &State,
        standings: &[Standing],
        running: &[u32],
    ) -> Door<'s, 'n> {
        let network = schedule.network;
        let unsettled = |task: &u32| !matches!(standings[*task as usize], Standing::Ended { .. });
        let wave = network
            .numbers()
            .filter(unsettled)
            .map(|task| schedule.waves.of[task as usize])
            .min();
        let mut door = Door {
            schedule,
            stop: stop(schedule, state),
            stages: stages(schedule, state, unsettled),
            wave: wave.filter(|_| schedule.options.barriers),
            busy_with: vec![None; network.lanes.len()],
            free: (schedule.options.slots as usize)
                .saturating_sub(running.len() + elsewhere(network, state)),
        };
        for task in running {
            door.take_lane(*task);
        }
        door
    }

    /// Lets the task through, or tells why not.
    fn pass(&mut self, task: u32) -> Result<(), String> {
        let network = self.schedule.network;
        if let Some(reason) = &self.stop {
            return Err(reason.clone());
        }
        if let Some(place) = network.place(task)
            && let Some(reason) = &self.stages[place.stage as usize]
        {
            return Err(reason.clone());
        }
        if let Some(wave) = self.wave
            && wave < self.schedule.waves.of[task as usize]
        {
            return Err(format!("waiting for wave {wave}"));
        }
        for lane in network.lanes.of(task) {
            if let Some(other) = self.busy_with[*lane as usize] {
                return Err(taken(network, *lane, other));
            }
        }
        if self.free == 0 {
            return Err("no free slot".to_owned());
        }
        self.free -= 1;
        self.take_lane(task);
        Ok(())
    }

    fn take_lane(&mut self, task: u32) {
        for lane in self.schedule.network.lanes.of(task) {
            self.busy_with[*lane as usize].get_or_insert(task);
        }
    }
}

/// How many tasks hold a slot that are not of the part that is asked for.
fn elsewhere(network: &Network<'_>, state: &State) -> usize {
    if !network.is_partial() {
        return 0;
    }
    let is_busy = |status: TaskStatus| {
        !matches!(
            status,
            TaskStatus::Pending | TaskStatus::Waiting | TaskStatus::Settled
        )
    };
    let others = state
        .tasks
        .iter()
        .filter(|(id, task)| is_busy(task.status) && network.find(id).is_none());
    others.count()
}

/// Why nothing new is started at all.
fn stop(schedule: &Schedule<'_>, state: &State) -> Option<String> {
    if state.cancelled {
        return Some("the run is cancelled".to_owned());
    }
    if state.held {
        return Some("the run is held".to_owned());
    }
    if let Some(checkpoint) = &state.checkpoint
        && matches!(checkpoint.kind.as_str(), "manual" | "quality_gate")
    {
        return Some(told(&checkpoint.id, state));
    }
    if state.status == RunStatus::Blocked {
        return Some("the run is blocked".to_owned());
    }
    let network = schedule.network;
    network.numbers().find_map(|task| {
        let failed = state.tasks.get(network.id(task))?.outcome? == Outcome::Failed;
        let stops = network.tasks[task as usize].on_failure == Some(OnFailure::Stop);
        (failed && stops).then(|| format!("stopped: {} failed", network.id(task)))
    })
}

/// Why each stage is not open; a stage is when all before it are done and approved.
fn stages(
    schedule: &Schedule<'_>,
    state: &State,
    unsettled: impl Fn(&u32) -> bool,
) -> Vec<Option<String>> {
    let network = schedule.network;
    let ends = &network.stages.ends;
    let mut open = vec![None; ends.len() + 1];
    for task in network.numbers().filter(unsettled) {
        if let Some(place) = network.place(task) {
            open[place.stage as usize].get_or_insert(task);
        }
    }
    let passed = passed_before(network);
    let mut closed = None;
    let mut reasons = vec![None];
    for (stage, (phases, task)) in ends.iter().zip(open).enumerate() {
        let pending = phases.iter().find(|phase| {
            let phase = **phase;
            stage >= passed && !state.approved.iter().any(|approved| approved == phase)
        });
        closed = closed.or_else(|| match (task, pending) {
            (Some(task), _) => {
                let phase = network.tasks[task as usize].phase.as_deref();
                Some(format!("waiting for phase {}", phase.unwrap_or_default()))
            }
            (None, Some(phase)) => Some(told(phase, state)),
            (None, None) => None,
        });
        reasons.push(closed.clone());
    }
    reasons
}

/// How many stages were over before the run, with work of a later one done: nobody is asked about their ends once more.
fn passed_before(network: &Network<'_>) -> usize {
    let stage = |task: u32| Some(network.place(task)?.stage as usize);
    let open = |task: &u32| network.prior(*task).is_none();
    let done = |task: &u32| network.prior(*task) == Some(Outcome::Succeeded);
    let first_open = network.numbers().filter(open).filter_map(stage).min();
    let last_done = network.numbers().filter(done).filter_map(stage).max();
    last_done.unwrap_or(0).min(first_open.unwrap_or(usize::MAX))
}

fn told(checkpoint: &str, state: &State) -> String {
    let current = state.checkpoint.as_ref();
    let rejected = current.is_some_and(|it| it.id == checkpoint && it.rejected.is_some());
    let word = if rejected { "rejected" } else { "pending" };
    format!("checkpoint {checkpoint} {word}")
}

#[cfg(test)]
mod tests;
