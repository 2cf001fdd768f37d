//! Cycles: tasks that wait for each other. Of each knot of tasks the shortest cycle is told, whole.
//!
//! Tarjan's strongly connected components with a stack of our own, then breadth-first searches within each
//! component. All shortest cycles of a large component would cost tasks × dependencies; the searches of a
//! plan share a budget, after which the shortest cycle found so far is taken.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};

use schemas::Problem;

use super::dependencies::Graph;
use super::name;
use crate::found::Found;
use crate::outline::Outline;

/// Arrows that the searches may follow, beyond the first search of each component.
const BUDGET: usize = 2_000_000;

/// Longest cycle whose every member is told, and most places of its arrows.
const TOLD: usize = 100;
const PLACES: usize = 12;

/// The component of each task, where it lies on a cycle.
pub(super) struct Circles(Vec<Option<u32>>);

impl Circles {
    /// Whether both lie on cycles of one knot.
    pub(super) fn join(&self, a: usize, b: usize) -> bool {
        self.0[a].is_some() && self.0[a] == self.0[b]
    }
}

pub(super) fn check(plan: &Outline, graph: &Graph, found: &mut Found) -> Circles {
    let mut circles = Circles(vec![None; graph.len()]);
    let mut components = components(graph);
    for members in &mut components {
        members.sort_unstable();
    }
    components.sort_unstable();
    for (number, members) in components.iter().enumerate() {
        for member in members {
            circles.0[*member] = Some(number as u32);
        }
    }
    let mut left = BUDGET;
    for members in &components {
        let cycle = shortest(graph, members, &circles, &mut left);
        found.push(told(plan, graph, &cycle, members.len()));
    }
    circles
}

/// The components of more than one task.
fn components(graph: &Graph) -> Vec<Vec<usize>> {
    const NEW: u32 = u32::MAX;
    let count = graph.len();
    let (mut order, mut low) = (vec![NEW; count], vec![NEW; count]);
    let (mut on_stack, mut stack, mut next) = (vec![false; count], Vec::new(), 0);
    let mut path: Vec<(usize, usize)> = Vec::new();
    let mut all = Vec::new();
    for root in 0..count {
        if order[root] != NEW {
            continue;
        }
        path.push((root, 0));
        while let Some((task, edge)) = path.pop() {
            if edge == 0 {
                (order[task], low[task], on_stack[task]) = (next, next, true);
                stack.push(task);
                next += 1;
            }
            if let Some(arrow) = graph.of(task).get(edge) {
                path.push((task, edge + 1));
                if order[arrow.to] == NEW {
                    path.push((arrow.to, 0));
                } else if on_stack[arrow.to] {
                    low[task] = low[task].min(order[arrow.to]);
                }
                continue;
            }
            if let Some((parent, _)) = path.last() {
                low[*parent] = low[*parent].min(low[task]);
            }
            if low[task] == order[task] {
                let start = stack.iter().rposition(|other| *other == task).unwrap_or(0);
                let members = stack.split_off(start);
                for member in &members {
                    on_stack[*member] = false;
                }
                if members.len() > 1 {
                    all.push(members);
                }
            }
        }
    }
    all
}

/// The tasks of a shortest cycle, each depending on the next, beginning with the first in the document.
fn shortest(graph: &Graph, members: &[usize], circles: &Circles, left: &mut usize) -> Vec<usize> {
    let mut best: Vec<usize> = Vec::new();
    for start in members {
        let longest = if best.is_empty() {
            usize::MAX
        } else {
            best.len()
        };
        if let Some(cycle) = through(graph, *start, circles, longest, left) {
            best = cycle;
        }
        if best.len() == 2 || (*left == 0 && !best.is_empty()) {
            break;
        }
    }
    let first = best.iter().enumerate().min_by_key(|(_, task)| **task);
    let turn = first.map_or(0, |(position, _)| position);
    best.rotate_left(turn);
    best
}

/// A shortest cycle through `start` that is shorter than `longest`.
fn through(
    graph: &Graph,
    start: usize,
    circles: &Circles,
    longest: usize,
    left: &mut usize,
) -> Option<Vec<usize>> {
    let mut from: HashMap<usize, usize> = HashMap::new();
    let mut queue = VecDeque::from([(start, 1)]);
    while let Some((task, length)) = queue.pop_front() {
        if length >= longest {
            return None;
        }
        for edge in graph.of(task) {
            *left = left.saturating_sub(1);
            if edge.to == start {
                let mut cycle = vec![task];
                let mut task = task;
                while task != start {
                    task = from[&task];
                    cycle.push(task);
                }
                cycle.reverse();
                return Some(cycle);
            }
            if circles.join(start, edge.to) && !from.contains_key(&edge.to) {
                from.insert(edge.to, task);
                queue.push_back((edge.to, length + 1));
            }
        }
        // The first search must end: every component has a cycle to tell.
        if *left == 0 && longest != usize::MAX {
            return None;
        }
    }
    None
}

fn told(plan: &Outline, graph: &Graph, cycle: &[usize], tasks: usize) -> Problem {
    let id = |task: usize| plan.tasks[task].id.as_deref().unwrap_or("?");
    let mut names: Vec<&str> = cycle.iter().take(TOLD).map(|task| id(*task)).collect();
    if cycle.len() > TOLD {
        names.push("…");
    }
    names.extend(cycle.first().map(|task| id(*task)));
    let mut message = format!("tasks wait for each other: {}", names.join(" → "));
    if cycle.len() > TOLD {
        message.push_str(&format!(" ({} tasks)", cycle.len()));
    } else if tasks > cycle.len() {
        message.push_str(&format!(
            " (the shortest of the cycles that join {tasks} tasks)"
        ));
    }
    let mut problem = Problem::error("dependency-cycle", message)
        .help("each → is a dependency: take one of them out");
    let after = cycle.iter().cycle().skip(1);
    for (number, (task, to)) in cycle.iter().zip(after).take(PLACES).enumerate() {
        let position = graph
            .of(*task)
            .iter()
            .find(|edge| edge.to == *to)
            .map_or(0, |edge| edge.position);
        let pointer = format!("/tasks/{task}/dependsOn/{position}");
        if number == 0 {
            problem = problem.at(pointer);
        } else {
            problem = problem.see(
                pointer,
                format!("{} depends on {}", name(plan, *task), name(plan, *to)),
            );
        }
    }
    problem
}
