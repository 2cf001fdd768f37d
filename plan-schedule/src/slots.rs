//! List scheduling: whenever a slot is free, the most urgent task that can start does.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::graph::Graph;
use crate::minutes::Minutes;
use crate::rows::Rows;
use crate::urgency::Queue;

/// What binds the tasks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules<'a> {
    /// Tasks first, barriers behind them: a barrier takes no time, no slot and no lane.
    pub(crate) graph: &'a Graph,
    pub(crate) minutes: &'a [Minutes],
    /// Tasks that do not run: they take no slot and no lane either.
    pub(crate) is_absent: &'a [bool],
    /// The lanes of each task. It starts when all of them are free.
    pub(crate) lanes_of: &'a Rows,
    pub(crate) lanes: usize,
    /// All tasks, the most urgent first.
    pub(crate) order: &'a [u32],
    pub(crate) slots: u32,
}

/// When each task starts.
#[derive(Debug)]
pub(crate) struct Timetable {
    pub(crate) start: Vec<Minutes>,
    /// The end of the last task.
    pub(crate) makespan: Minutes,
    /// Tasks in the order in which they start.
    pub(crate) started: Vec<u32>,
    /// Most tasks at once.
    pub(crate) widest: u32,
}

impl Timetable {
    /// A graph with a cycle would leave tasks out; there is none by now.
    pub(crate) fn new(rules: &Rules<'_>) -> Timetable {
        let mut floor = Floor::new(rules);
        floor.missing = rules.graph.counts_before();
        let is_first = |node: &u32| floor.missing[*node as usize] == 0;
        let first = (0..rules.graph.len() as u32).filter(is_first).collect();
        floor.opened = floor.open(first);
        loop {
            floor.start_all();
            let Some(Reverse((now, task))) = floor.running.pop() else {
                break;
            };
            floor.now = now;
            floor.finish(task);
            // All that end now must be known before anything starts now.
            while let Some(Reverse((end, _))) = floor.running.peek()
                && *end == now
                && let Some(Reverse((_, task))) = floor.running.pop()
            {
                floor.finish(task);
            }
        }
        floor.timetable
    }
}

/// Where the tasks are at one moment.
struct Floor<'a> {
    rules: &'a Rules<'a>,
    now: Minutes,
    missing: Vec<u32>,
    /// The place of each task in the order of urgency.
    urgency: Vec<u32>,
    /// Could start, as far as is known.
    ready: Queue,
    /// Wait for each lane. Of a lane that gets free only the most urgent goes back to `ready`: one can start. One that
    /// cannot, for another lane, hands its place on.
    parked: Vec<BinaryHeap<Reverse<u32>>>,
    busy_lanes: Vec<bool>,
    running: BinaryHeap<Reverse<(Minutes, u32)>>,
    /// Room for what one end opens.
    opened: Vec<u32>,
    timetable: Timetable,
}

impl<'a> Floor<'a> {
    fn new(rules: &'a Rules<'a>) -> Floor<'a> {
        let tasks = rules.minutes.len();
        let mut urgency = vec![0; tasks];
        for (place, task) in (0..).zip(rules.order) {
            urgency[*task as usize] = place;
        }
        Floor {
            rules,
            now: Minutes::ZERO,
            missing: Vec::new(),
            urgency,
            ready: Queue::new(tasks),
            parked: vec![BinaryHeap::new(); rules.lanes],
            busy_lanes: vec![false; rules.lanes],
            running: BinaryHeap::new(),
            opened: Vec::new(),
            timetable: Timetable {
                start: vec![Minutes::ZERO; tasks],
                makespan: Minutes::ZERO,
                started: Vec::with_capacity(tasks),
                widest: 0,
            },
        }
    }

    /// Takes up nodes that miss nothing any more; barriers pass on at once. Gives the list back, empty.
    fn open(&mut self, mut nodes: Vec<u32>) -> Vec<u32> {
        while let Some(node) = nodes.pop() {
            let at = node as usize;
            match self.urgency.get(at) {
                Some(urgency) if !self.rules.is_absent[at] => self.ready.push(*urgency),
                task => {
                    if task.is_some() {
                        self.timetable.start[at] = self.now;
                        self.timetable.started.push(node);
                    }
                    self.release_after(node, &mut nodes);
                }
            }
        }
        nodes
    }

    fn release_after(&mut self, node: u32, opened: &mut Vec<u32>) {
        for after in self.rules.graph.after(node) {
            let missing = &mut self.missing[*after as usize];
            *missing -= 1;
            if *missing == 0 {
                opened.push(*after);
            }
        }
    }

    fn start_all(&mut self) {
        while self.running.len() < self.rules.slots as usize
            && let Some(urgency) = self.ready.pop()
        {
            let task = self.rules.order[urgency as usize];
            let lanes = self.rules.lanes_of.row(task);
            let is_busy = |lane: &&u32| self.busy_lanes[**lane as usize];
            if let Some(busy) = lanes.iter().find(is_busy).copied() {
                self.parked[busy as usize].push(Reverse(urgency));
                for lane in lanes.iter().filter(|lane| **lane != busy) {
                    self.wake(*lane);
                }
                continue;
            }
            for lane in lanes {
                self.busy_lanes[*lane as usize] = true;
            }
            self.timetable.start[task as usize] = self.now;
            self.timetable.started.push(task);
            let end = self.now.plus(self.rules.minutes[task as usize]);
            self.timetable.makespan = self.timetable.makespan.max(end);
            self.running.push(Reverse((end, task)));
        }
        self.timetable.widest = self.timetable.widest.max(self.running.len() as u32);
    }

    /// The most urgent that waits for a lane may try, if the lane is free.
    fn wake(&mut self, lane: u32) {
        if !self.busy_lanes[lane as usize]
            && let Some(Reverse(urgency)) = self.parked[lane as usize].pop()
        {
            self.ready.push(urgency);
        }
    }

    fn finish(&mut self, task: u32) {
        let lanes = self.rules.lanes_of.row(task);
        for lane in lanes {
            self.busy_lanes[*lane as usize] = false;
        }
        for lane in lanes {
            self.wake(*lane);
        }
        let mut opened = std::mem::take(&mut self.opened);
        self.release_after(task, &mut opened);
        self.opened = self.open(opened);
    }
}
