//! Dependencies that follow from others: `t3` waits for `t1` already when it waits for `t2`, which does.

use std::collections::HashMap;

use schemas::{Problem, Severity};

use super::dependencies::{Edge, Graph};
use super::name;
use super::reach::Reach;
use crate::found::Found;
use crate::outline::Outline;

const CODE: &str = "redundant-dependency";

/// More than this are told in one problem: many people name all that a task builds on.
const EACH: usize = 10;

/// Places that are marked of one problem, and dependencies that are named.
const MARKED: usize = 8;

/// What a plan has of them.
pub(super) struct Redundant {
    edges: Vec<Implied>,
    /// Tasks that are too entangled to be searched.
    undecided: usize,
}

/// A dependency that follows from another.
struct Implied {
    task: usize,
    to: usize,
    position: usize,
    /// The dependency that it follows from, and its position.
    through: usize,
    through_position: usize,
}

impl Redundant {
    pub(super) fn of(plan: &Outline, graph: &Graph, reach: &mut Reach) -> Redundant {
        // What runs after a failure too does not pass on that its own dependencies succeeded, and what waits for a
        // failure means each of its dependencies.
        let passes = |task: usize| !plan.tasks[task].is_for_failure;
        let mut redundant = Redundant {
            edges: Vec::new(),
            undecided: 0,
        };
        for (task, it) in plan.tasks.iter().enumerate() {
            let edges = graph.of(task);
            if edges.len() < 2 || it.is_for_failure {
                continue;
            }
            let Some(mut implied) = reach.implied(task, passes) else {
                redundant.undecided += 1;
                continue;
            };
            if implied.is_empty() {
                continue;
            }
            implied.sort_unstable();
            let places = edges.iter().map(|edge| (edge.to, edge.position));
            let positions: HashMap<usize, usize> = places.collect();
            for Edge { to, position } in edges {
                if let Ok(at) = implied.binary_search_by_key(to, |(to, _)| *to) {
                    let through = implied[at].1;
                    redundant.edges.push(Implied {
                        task,
                        to: *to,
                        position: *position,
                        through,
                        through_position: positions[&through],
                    });
                }
            }
        }
        redundant
    }

    /// Task and position in its `dependsOn`.
    pub(super) fn places(&self) -> impl Iterator<Item = (usize, usize)> {
        self.edges.iter().map(|edge| (edge.task, edge.position))
    }

    pub(super) fn tell(&self, plan: &Outline, found: &mut Found) {
        let says = |edge: &Implied| {
            let (task, other) = (name(plan, edge.task), name(plan, edge.to));
            let via = name(plan, edge.through);
            format!("{task} need not name {other}: it waits for {via}, which waits for {other}")
        };
        let at = |task: usize, position: usize| format!("/tasks/{task}/dependsOn/{position}");
        match self.edges.as_slice() {
            few if few.len() <= EACH => {
                for edge in few {
                    let problem = Problem::warning(CODE, format!("task {}", says(edge)))
                        .help("take it out; `--fix` does")
                        .at(at(edge.task, edge.position));
                    let through = at(edge.task, edge.through_position);
                    found.push(problem.see(through, "follows from this"));
                }
            }
            many => {
                let first = many.first().map_or_else(String::new, says);
                let message = format!(
                    "{} dependencies follow from others; {first}, and so on",
                    many.len()
                );
                let mut problem = Problem::warning(CODE, message)
                    .help("take them out; `--fix` shows all of them");
                for (number, edge) in many.iter().take(MARKED).enumerate() {
                    let place = at(edge.task, edge.position);
                    problem = match number {
                        0 => problem.at(place),
                        _ => problem.see(place, "and this"),
                    };
                }
                found.push(problem);
            }
        }
        if self.undecided > 0 {
            let message = format!(
                "{} of {} tasks are too entangled to be searched for redundant dependencies",
                self.undecided,
                plan.tasks.len()
            );
            let mut problem = Problem::warning(CODE, message)
                .help("nothing is wrong with that; the search is bounded so that it stays quick")
                .at("/tasks");
            problem.severity = Severity::Info;
            found.push(problem);
        }
    }
}
