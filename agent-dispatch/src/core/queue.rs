//! Who may start next: priority, delays, lanes and stages.
//!
//! A task that cannot start waits at the one thing that it lacks, so that a start costs the logarithm of the
//! plan's size and not a walk over all that wait.

use std::collections::{BTreeMap, BTreeSet};

use super::{Graph, TaskIdx, Time};

/// Tasks that want to start.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// Could start as far as is known, by urgency.
    ready: BTreeSet<(Urgency, TaskIdx)>,
    /// Waits for a time.
    delayed: BTreeSet<(Time, TaskIdx)>,
    /// Waits for a lane.
    parked: Vec<BTreeSet<(Urgency, TaskIdx)>>,
    /// Waits for a stage.
    later: BTreeMap<usize, BTreeSet<TaskIdx>>,
    /// Must not start at all for now: no free route, no money.
    barred: BTreeSet<(Urgency, TaskIdx)>,
    busy_lanes: Vec<bool>,
    rank: Vec<usize>,
    begun: Vec<bool>,
    /// Stages up to this one are open.
    open_stage: usize,
}

/// What has begun comes first (its findings and its answer are fresh), then the schedule's order.
type Urgency = (bool, usize);

impl Queue {
    pub(super) fn new(graph: &Graph) -> Queue {
        let mut rank = vec![usize::MAX; graph.specs.len()];
        for (position, task) in graph.order.iter().enumerate() {
            rank[*task] = position;
        }
        Queue {
            parked: vec![BTreeSet::new(); graph.lanes],
            busy_lanes: vec![false; graph.lanes],
            begun: vec![false; rank.len()],
            rank,
            ..Queue::default()
        }
    }

    /// A task wants to start, not before a time.
    pub(super) fn push(&mut self, graph: &Graph, task: TaskIdx, not_before: Time, now: Time) {
        let stage = graph.specs[task].stage;
        if not_before > now {
            self.delayed.insert((not_before, task));
        } else if stage > self.open_stage {
            self.later.entry(stage).or_default().insert(task);
        } else {
            self.ready.insert((self.urgency(task), task));
        }
    }

    /// Takes a task out, wherever it waits.
    pub(super) fn remove(&mut self, graph: &Graph, task: TaskIdx) {
        let key = (self.urgency(task), task);
        if self.ready.remove(&key) {
            self.yield_lanes(graph, task);
        }
        self.barred.remove(&key);
        self.delayed.retain(|(_, other)| *other != task);
        for lane in &graph.specs[task].lanes {
            self.parked[*lane].remove(&key);
        }
        if let Some(tasks) = self.later.get_mut(&graph.specs[task].stage) {
            tasks.remove(&task);
        }
    }

    /// The next task to start, of those that may; its lanes are taken with it.
    pub(super) fn pop(
        &mut self,
        graph: &Graph,
        now: Time,
        may: impl Fn(TaskIdx) -> bool,
    ) -> Option<TaskIdx> {
        while let Some(&(time, task)) = self.delayed.first()
            && time <= now
        {
            self.delayed.pop_first();
            self.push(graph, task, now, now);
        }
        while let Some((urgency, task)) = self.ready.pop_first() {
            let lanes = &graph.specs[task].lanes;
            if !may(task) {
                self.barred.insert((urgency, task));
                self.yield_lanes(graph, task);
                continue;
            }
            match lanes.iter().find(|lane| self.busy_lanes[**lane]) {
                Some(busy) => {
                    self.parked[*busy].insert((urgency, task));
                    self.yield_lanes(graph, task);
                }
                None => {
                    for lane in lanes {
                        self.busy_lanes[*lane] = true;
                    }
                    self.begun[task] = true;
                    return Some(task);
                }
            }
        }
        None
    }

    /// Whoever does not start may have held a turn in its free lanes, which somebody else may use.
    fn yield_lanes(&mut self, graph: &Graph, task: TaskIdx) {
        let lanes = &graph.specs[task].lanes;
        for lane in lanes.iter().filter(|lane| !self.busy_lanes[**lane]) {
            Self::unpark(&mut self.ready, &mut self.parked[*lane]);
        }
    }

    /// What was barred may be looked at again.
    pub(super) fn readmit(&mut self) {
        self.ready.append(&mut self.barred);
    }

    /// A task no longer uses its lanes.
    pub(super) fn release(&mut self, graph: &Graph, task: TaskIdx) {
        for lane in &graph.specs[task].lanes {
            self.busy_lanes[*lane] = false;
            Self::unpark(&mut self.ready, &mut self.parked[*lane]);
        }
    }

    /// Tasks up to this stage may start.
    pub(super) fn open(&mut self, graph: &Graph, stage: usize, now: Time) {
        self.open_stage = stage;
        let held = self.later.split_off(&(stage + 1));
        for task in std::mem::replace(&mut self.later, held)
            .into_values()
            .flatten()
        {
            self.push(graph, task, now, now);
        }
    }

    pub(super) fn open_stage(&self) -> usize {
        self.open_stage
    }

    /// A task that has had an attempt in an earlier life of the dispatcher.
    pub(super) fn mark_begun(&mut self, task: TaskIdx) {
        self.begun[task] = true;
    }

    pub(super) fn next_time(&self) -> Option<Time> {
        self.delayed.first().map(|(time, _)| *time)
    }

    /// Its place in the schedule's order.
    pub(super) fn rank(&self, task: TaskIdx) -> usize {
        self.rank[task]
    }

    fn urgency(&self, task: TaskIdx) -> Urgency {
        (!self.begun[task], self.rank[task])
    }

    /// One task competes for a free lane at a time; the others stay where they are.
    fn unpark(ready: &mut BTreeSet<(Urgency, TaskIdx)>, parked: &mut BTreeSet<(Urgency, TaskIdx)>) {
        if let Some(first) = parked.pop_first() {
            ready.insert(first);
        }
    }
}
