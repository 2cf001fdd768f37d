//! Dependencies: known, once each, never on oneself. Gives the graph that the other rules walk.

use std::collections::HashMap;

use schemas::Problem;

use super::{Ids, name};
use crate::found::Found;
use crate::outline::Outline;
use crate::suggestion::Suggestions;

/// One arrow: the task that it leads to, and its position in `dependsOn`.
pub(super) struct Edge {
    pub(super) to: usize,
    pub(super) position: usize,
}

/// What each task depends on, without dangling, repeated and self references.
pub(super) struct Graph {
    edges: Vec<Edge>,
    /// Where the arrows of each task begin; one more at the end.
    starts: Vec<usize>,
}

impl Graph {
    pub(super) fn of(&self, task: usize) -> &[Edge] {
        &self.edges[self.starts[task]..self.starts[task + 1]]
    }

    pub(super) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Who depends on each task.
    pub(super) fn dependents(&self) -> Dependents {
        let mut starts = vec![0u32; self.len() + 1];
        for edge in &self.edges {
            starts[edge.to + 1] += 1;
        }
        for task in 1..starts.len() {
            starts[task] += starts[task - 1];
        }
        let mut free = starts.clone();
        let mut tasks = vec![0; self.edges.len()];
        for task in 0..self.len() {
            for edge in self.of(task) {
                let at = &mut free[edge.to];
                tasks[*at as usize] = task as u32;
                *at += 1;
            }
        }
        Dependents { tasks, starts }
    }
}

/// The arrows of a graph, backwards.
pub(super) struct Dependents {
    tasks: Vec<u32>,
    starts: Vec<u32>,
}

impl Dependents {
    pub(super) fn of(&self, task: usize) -> &[u32] {
        &self.tasks[self.starts[task] as usize..self.starts[task + 1] as usize]
    }
}

pub(super) fn check(plan: &Outline, ids: &Ids, found: &mut Found) -> Graph {
    let mut suggestions = Suggestions::new(plan.tasks.iter().filter_map(|task| task.id.as_deref()));
    let mut graph = Graph {
        edges: Vec::new(),
        starts: vec![0],
    };
    for (index, task) in plan.tasks.iter().enumerate() {
        let begin = graph.edges.len();
        let mut seen: HashMap<usize, usize> = HashMap::new();
        for (position, dependency) in task.depends_on.iter().enumerate() {
            let Some(dependency) = dependency.as_deref() else {
                continue;
            };
            let at = format!("/tasks/{index}/dependsOn/{position}");
            let Some(to) = ids.get(dependency).copied() else {
                found.push(
                    Problem::error(
                        "unknown-dependency",
                        format!(
                            "task {} depends on `{dependency}`, which is no task of the plan",
                            name(plan, index)
                        ),
                    )
                    .help(suggestions.help(dependency, "add the task, or take the dependency out"))
                    .at(at),
                );
                continue;
            };
            if task.id.as_deref() == Some(dependency) {
                found.push(
                    Problem::error(
                        "self-dependency",
                        format!("task `{dependency}` depends on itself"),
                    )
                    .help("take it out: the task could never start")
                    .at(at),
                );
            } else if let Some(first) = already(&mut seen, &graph, begin, to, position) {
                found.push(
                    Problem::warning(
                        "duplicate-dependency",
                        format!("task {} depends on `{dependency}` twice", name(plan, index)),
                    )
                    .help("once is enough")
                    .at(at)
                    .see(format!("/tasks/{index}/dependsOn/{first}"), "already here"),
                );
            } else {
                graph.edges.push(Edge { to, position });
            }
        }
        graph.starts.push(graph.edges.len());
    }
    graph
}

/// Where the task already depends on `to`. Few dependencies are compared, many are hashed.
fn already(
    seen: &mut HashMap<usize, usize>,
    graph: &Graph,
    begin: usize,
    to: usize,
    position: usize,
) -> Option<usize> {
    let edges = &graph.edges[begin..];
    if edges.len() < 16 {
        return edges
            .iter()
            .find(|edge| edge.to == to)
            .map(|edge| edge.position);
    }
    if seen.is_empty() {
        seen.extend(edges.iter().map(|edge| (edge.to, edge.position)));
    }
    let first = seen.get(&to).copied();
    seen.entry(to).or_insert(position);
    first
}
