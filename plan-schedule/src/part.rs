//! A part of a plan: some of its tasks, in the order that the whole gives them.

use schemas::Failure;

use crate::graph::Graph;

/// What is left of the dependencies.
#[derive(Debug)]
pub(crate) struct Part {
    /// Between the kept tasks, numbered anew in the same order.
    pub(crate) edges: Vec<(u32, u32)>,
    /// By old number: whether something that the task waited for was left out.
    pub(crate) rewired: Vec<bool>,
}

/// A hub that is left out between a thousand tasks and a thousand others leaves a million dependencies behind.
const MOST_EDGES: usize = 20_000_000;

/// Leaves out the tasks for which `keep` is false: who waited for one of them waits for what it waited for.
///
/// `order` holds every task behind those that it waits for.
pub(crate) fn contract(graph: &Graph, order: &[u32], keep: &[bool]) -> Result<Part, Failure> {
    let mut number = vec![0u32; graph.len()];
    let mut next = 0;
    for (task, kept) in keep.iter().enumerate() {
        number[task] = next;
        next += u32::from(*kept);
    }
    let mut part = Part {
        edges: Vec::new(),
        rewired: vec![false; graph.len()],
    };
    // Of each task that is left out: the kept ones behind which it stood.
    let mut passed: Vec<Vec<u32>> = vec![Vec::new(); graph.len()];
    let mut size = 0;
    for task in order {
        let at = *task as usize;
        let mut waits: Vec<u32> = Vec::new();
        for before in graph.before(*task) {
            if keep[*before as usize] {
                waits.push(*before);
            } else {
                part.rewired[at] = true;
                waits.extend_from_slice(&passed[*before as usize]);
            }
        }
        waits.sort_unstable();
        waits.dedup();
        size += waits.len();
        if size > MOST_EDGES {
            return Err(Failure::no(
                "the selection leaves out tasks that hold too many others together",
            )
            .help("select them, too, with --with-dependencies"));
        }
        if keep[at] {
            part.edges.extend(
                waits
                    .iter()
                    .map(|before| (number[*before as usize], number[at])),
            );
        } else {
            passed[at] = waits;
        }
    }
    Ok(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waited_for_a_task_that_is_left_out_waits_for_what_that_waited_for() {
        // 0 → 1 → 2 → 3, 4 → 2, 3 → 5
        let graph = Graph::new(6, &[(0, 1), (1, 2), (2, 3), (4, 2), (3, 5)]);
        let order = graph.order().unwrap();
        let part = contract(&graph, &order, &[true, false, false, true, true, true]).unwrap();
        let mut edges = part.edges;
        edges.sort_unstable();
        // Numbered anew: 0, 3, 4, 5 are 0, 1, 2, 3.
        assert_eq!(edges, [(0, 1), (1, 3), (2, 1)]);
        assert_eq!(part.rewired, [false, false, true, true, false, false]);
    }
}
