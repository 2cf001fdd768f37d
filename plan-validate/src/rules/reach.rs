//! Who waits for whom through others, within a budget.
//!
//! Exact answers for a graph of a million tasks that all hang together would cost tasks × dependencies. Plans of people
//! are answered whole; what is more entangled than the budget allows is left undecided, and that is said.

use std::collections::VecDeque;

use super::dependencies::Graph;

/// Arrows that one question may follow, and all questions beyond four for each of the plan.
const OF_ONE: usize = 4_096;
const OF_ALL: usize = 2_000_000;

/// A graph without cycles, ready to be asked.
pub(super) struct Reach<'g> {
    graph: &'g Graph,
    /// A task stands behind all that it depends on.
    place: Vec<u32>,
    /// How many waves must be over before a task may start.
    level: Vec<u32>,
    /// Who was looked at in which question, and on behalf of which of its starts.
    seen: Vec<(u32, u32)>,
    question: u32,
    left: usize,
}

impl<'g> Reach<'g> {
    /// `None` when tasks wait for each other.
    pub(super) fn new(graph: &'g Graph) -> Option<Reach<'g>> {
        let order = Order::of(graph)?;
        let count = graph.len();
        let arrows: usize = (0..count).map(|task| graph.of(task).len()).sum();
        Some(Reach {
            graph,
            level: levels(graph, &order),
            place: order.place,
            seen: vec![(0, 0); count],
            question: 0,
            left: OF_ALL + 4 * (count + arrows),
        })
    }

    /// Where the task stands in an order that keeps all dependencies.
    pub(super) fn place(&self, task: usize) -> u32 {
        self.place[task]
    }

    /// How many waves must be over before the task may start.
    pub(super) fn level(&self, task: usize) -> usize {
        self.level[task] as usize
    }

    /// How many waves the tasks make up.
    pub(super) fn waves(&self) -> u32 {
        self.level.iter().max().map_or(0, |last| last + 1)
    }

    /// Of those that `task` depends on: each that another of them waits for already, with that one. `passes` says through
    /// whom to look. `None` when that would take too long.
    pub(super) fn implied(
        &mut self,
        task: usize,
        passes: impl Fn(usize) -> bool,
    ) -> Option<Vec<(usize, usize)>> {
        let of_task = self.graph.of(task);
        let levels = of_task.iter().map(|edge| self.level[edge.to]);
        let (lowest, highest) = (levels.clone().min()?, levels.clone().max()?);
        // Only what is below another can follow from it.
        let mut candidates = levels.filter(|level| *level < highest).count();
        self.question += 1;
        let question = self.question;
        let mut implied = Vec::new();
        let mut stack: Vec<(usize, usize)> = Vec::new();
        // Those of the task itself are starts; whoever reaches one of them by an arrow has found it implied.
        for edge in of_task {
            self.seen[edge.to] = (question, edge.to as u32);
            stack.push((edge.to, edge.to));
        }
        let mut steps = 0;
        while let Some((at, start)) = stack.pop() {
            if candidates == 0 {
                break;
            }
            if self.level[at] <= lowest || !passes(at) {
                continue;
            }
            for edge in self.graph.of(at) {
                steps += 1;
                let (when, of) = self.seen[edge.to];
                if when != question {
                    self.seen[edge.to] = (question, start as u32);
                    stack.push((edge.to, start));
                } else if of as usize == edge.to && edge.to != start {
                    implied.push((edge.to, start));
                    candidates -= 1;
                    // Once is enough; it stays seen.
                    self.seen[edge.to] = (question, start as u32);
                }
            }
            if steps > OF_ONE || steps > self.left {
                self.left = self.left.saturating_sub(steps);
                return None;
            }
        }
        self.left -= steps;
        Some(implied)
    }

    /// Whether one of the two waits for the other. `None` when that would take too long.
    pub(super) fn are_ordered(&mut self, a: usize, b: usize) -> Option<bool> {
        let (early, late) = match self.place[a] < self.place[b] {
            true => (a, b),
            false => (b, a),
        };
        self.question += 1;
        let mut queue = VecDeque::from([late]);
        let mut steps = 0;
        while let Some(at) = queue.pop_front() {
            for edge in self.graph.of(at) {
                steps += 1;
                if edge.to == early {
                    self.left = self.left.saturating_sub(steps);
                    return Some(true);
                }
                if self.level[edge.to] > self.level[early] && self.seen[edge.to].0 != self.question
                {
                    self.seen[edge.to] = (self.question, 0);
                    queue.push_back(edge.to);
                }
            }
            if steps > OF_ONE || steps > self.left {
                self.left = self.left.saturating_sub(steps);
                return None;
            }
        }
        self.left -= steps;
        Some(false)
    }
}

/// An order that keeps all dependencies: that of the plan, when it does.
struct Order {
    tasks: Option<Vec<usize>>,
    place: Vec<u32>,
}

impl Order {
    fn of(graph: &Graph) -> Option<Order> {
        let count = graph.len();
        let all = 0..count;
        let is_kept = |task: usize| graph.of(task).iter().all(|edge| edge.to < task);
        if all.clone().all(is_kept) {
            let place = (0..count as u32).collect();
            return Some(Order { tasks: None, place });
        }
        let mut missing: Vec<usize> = all.clone().map(|task| graph.of(task).len()).collect();
        let dependents = graph.dependents();
        let mut tasks: Vec<usize> = all.filter(|task| missing[*task] == 0).collect();
        let mut next = 0;
        while let Some(task) = tasks.get(next).copied() {
            next += 1;
            for dependent in dependents.of(task) {
                missing[*dependent as usize] -= 1;
                if missing[*dependent as usize] == 0 {
                    tasks.push(*dependent as usize);
                }
            }
        }
        if tasks.len() < count {
            return None;
        }
        let mut place = vec![0; count];
        for (number, task) in (0..).zip(&tasks) {
            place[*task] = number;
        }
        let tasks = Some(tasks);
        Some(Order { tasks, place })
    }
}

fn levels(graph: &Graph, order: &Order) -> Vec<u32> {
    let mut level = vec![0; graph.len()];
    for number in 0..graph.len() {
        let task = order.tasks.as_ref().map_or(number, |tasks| tasks[number]);
        let before = graph.of(task).iter().map(|edge| level[edge.to] + 1);
        level[task] = before.max().unwrap_or(0);
    }
    level
}
