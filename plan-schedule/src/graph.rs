//! A directed graph of numbered nodes, dense: two arrays for each direction.
//!
//! Iterative throughout: a chain of a million tasks must not need a stack of a million frames.

use crate::rows::Rows;

/// What comes before and after each node.
#[derive(Debug, Clone)]
pub(crate) struct Graph {
    before: Rows,
    after: Rows,
}

/// A cycle: each node has the next one before it, and the last one the first.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Cycle(pub(crate) Vec<u32>);

impl Graph {
    /// Edges are `(before, after)`. An edge that is given twice counts twice.
    pub(crate) fn new(nodes: usize, edges: &[(u32, u32)]) -> Graph {
        Graph {
            before: Rows::new(nodes, edges.iter().map(|(before, after)| (*after, *before))),
            after: Rows::new(nodes, edges.iter().copied()),
        }
    }

    /// With one more node between each row and the next, which has the former row before and the next one after it.
    ///
    /// The new nodes follow the old ones in number, in the order of the rows.
    pub(crate) fn with_barriers(&self, rows: &[Vec<u32>]) -> Graph {
        let nodes = self.len();
        let mut edges = Vec::with_capacity(self.after.total());
        for node in 0..nodes as u32 {
            edges.extend(self.after(node).iter().map(|after| (node, *after)));
        }
        let barriers = rows.len().saturating_sub(1);
        for (index, pair) in rows.windows(2).enumerate() {
            let barrier = (nodes + index) as u32;
            if index > 0 {
                edges.push((barrier - 1, barrier));
            }
            edges.extend(pair[0].iter().map(|node| (*node, barrier)));
            edges.extend(pair[1].iter().map(|node| (barrier, *node)));
        }
        Graph::new(nodes + barriers, &edges)
    }

    pub(crate) fn len(&self) -> usize {
        self.after.len()
    }

    pub(crate) fn before(&self, node: u32) -> &[u32] {
        self.before.row(node)
    }

    pub(crate) fn after(&self, node: u32) -> &[u32] {
        self.after.row(node)
    }

    /// How many edges lead to each node.
    pub(crate) fn counts_before(&self) -> Vec<u32> {
        self.before.lengths()
    }

    /// All nodes, each behind those before it; or a cycle.
    pub(crate) fn order(&self) -> Result<Vec<u32>, Cycle> {
        let mut missing = self.counts_before();
        let mut order: Vec<u32> = (0..self.len() as u32)
            .filter(|node| missing[*node as usize] == 0)
            .collect();
        let mut done = 0;
        while let Some(node) = order.get(done).copied() {
            done += 1;
            for after in self.after(node) {
                missing[*after as usize] -= 1;
                if missing[*after as usize] == 0 {
                    order.push(*after);
                }
            }
        }
        if order.len() == self.len() {
            Ok(order)
        } else {
            Err(self.cycle(&missing))
        }
    }

    /// Every node that is still missing something has such a node before it: going back must come round.
    fn cycle(&self, missing: &[u32]) -> Cycle {
        const UNSEEN: u32 = u32::MAX;
        let is_stuck = |node: &u32| missing[*node as usize] > 0;
        let mut seen = vec![UNSEEN; self.len()];
        let mut path: Vec<u32> = Vec::new();
        let mut node = (0..self.len() as u32).find(is_stuck).unwrap_or_default();
        while seen[node as usize] == UNSEEN {
            seen[node as usize] = path.len() as u32;
            path.push(node);
            node = self
                .before(node)
                .iter()
                .copied()
                .find(is_stuck)
                .expect("a stuck node has a stuck one before it");
        }
        let mut cycle = path.split_off(seen[node as usize] as usize);
        let first = (0..cycle.len()).min_by_key(|at| cycle[*at]).unwrap_or(0);
        cycle.rotate_left(first);
        Cycle(cycle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_node_comes_behind_those_before_it() {
        let graph = Graph::new(4, &[(1, 2), (0, 3), (2, 3)]);
        assert_eq!(graph.order(), Ok(vec![0, 1, 2, 3]));
        assert_eq!(graph.before(3), [0, 2]);
    }

    #[test]
    fn a_cycle_is_told_from_its_smallest_node_backwards() {
        let graph = Graph::new(6, &[(0, 4), (4, 3), (3, 2), (2, 4), (3, 5)]);
        assert_eq!(graph.order(), Err(Cycle(vec![2, 3, 4])));
        let own = Graph::new(2, &[(1, 1)]);
        assert_eq!(own.order(), Err(Cycle(vec![1])));
    }

    #[test]
    fn a_barrier_stands_between_two_rows() {
        let graph = Graph::new(3, &[]).with_barriers(&[vec![2], vec![], vec![0]]);
        assert_eq!(graph.order(), Ok(vec![1, 2, 3, 4, 0]));
    }

    #[test]
    fn a_chain_of_a_million_needs_no_stack() {
        let edges: Vec<(u32, u32)> = (1..1_000_000).map(|node| (node - 1, node)).collect();
        assert!(Graph::new(1_000_000, &edges).order().is_ok());
    }
}
