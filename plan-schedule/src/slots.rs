//! List scheduling: whenever a slot is free, the most urgent task that can start does.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::graph::Graph;
use crate::minutes::Minutes;

/// What binds the tasks.
#[derive(Debug)]
pub(crate) struct Rules<'a> {
    /// Tasks first, barriers behind them: a barrier takes no time, no slot and no lane.
    pub(crate) graph: &'a Graph,
    pub(crate) minutes: &'a [Minutes],
    pub(crate) lane_of: &'a [Option<u32>],
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
}

impl Timetable {
    /// A graph with a cycle would leave tasks out; there is none by now.
    pub(crate) fn new(rules: &Rules<'_>) -> Timetable {
        let mut floor = Floor::new(rules);
        let missing = rules.graph.counts_before();
        let first = (0..rules.graph.len() as u32).filter(|node| missing[*node as usize] == 0);
        floor.missing.clone_from(&missing);
        floor.open(first.collect());
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
    ready: BinaryHeap<Reverse<u32>>,
    /// Wait for each lane. Of a lane that gets free only the most urgent goes back to `ready`: one can start.
    parked: Vec<BinaryHeap<Reverse<u32>>>,
    busy_lanes: Vec<bool>,
    running: BinaryHeap<Reverse<(Minutes, u32)>>,
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
            ready: BinaryHeap::new(),
            parked: vec![BinaryHeap::new(); rules.lanes],
            busy_lanes: vec![false; rules.lanes],
            running: BinaryHeap::new(),
            timetable: Timetable {
                start: vec![Minutes::ZERO; tasks],
                makespan: Minutes::ZERO,
                started: Vec::with_capacity(tasks),
            },
        }
    }

    /// Takes up nodes that miss nothing any more; barriers pass on at once.
    fn open(&mut self, mut nodes: Vec<u32>) {
        while let Some(node) = nodes.pop() {
            match self.urgency.get(node as usize) {
                Some(urgency) => self.ready.push(Reverse(*urgency)),
                None => self.release_after(node, &mut nodes),
            }
        }
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
            && let Some(Reverse(urgency)) = self.ready.pop()
        {
            let task = self.rules.order[urgency as usize];
            if let Some(lane) = self.rules.lane_of[task as usize] {
                if self.busy_lanes[lane as usize] {
                    self.parked[lane as usize].push(Reverse(urgency));
                    continue;
                }
                self.busy_lanes[lane as usize] = true;
            }
            self.timetable.start[task as usize] = self.now;
            self.timetable.started.push(task);
            let end = self.now.plus(self.rules.minutes[task as usize]);
            self.timetable.makespan = self.timetable.makespan.max(end);
            self.running.push(Reverse((end, task)));
        }
    }

    fn finish(&mut self, task: u32) {
        if let Some(lane) = self.rules.lane_of[task as usize] {
            self.busy_lanes[lane as usize] = false;
            self.ready.extend(self.parked[lane as usize].pop());
        }
        let mut opened = Vec::new();
        self.release_after(task, &mut opened);
        self.open(opened);
    }
}
