//! The critical path method: what the order of the plan alone makes of the time, lanes and slots left aside.

use crate::graph::Graph;
use crate::minutes::Minutes;

/// Longest paths through every node.
///
/// Checks, which gate nothing, make no path longer but their own: who waits only for the work is not told to hurry for
/// a report behind it.
#[derive(Debug)]
pub(crate) struct Paths {
    /// From the start of the plan to the start of the node.
    pub(crate) head: Vec<Minutes>,
    /// From the start of the node to the end of the plan.
    pub(crate) rank: Vec<Minutes>,
    /// The longest of all that are work.
    pub(crate) longest: Minutes,
    /// The longest of all, checks among them: nothing ends sooner.
    pub(crate) end: Minutes,
}

/// A graph with what its paths are made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weights<'a> {
    /// Tasks first; what follows are barriers, which take no time.
    pub(crate) graph: &'a Graph,
    /// Every node behind those before it.
    pub(crate) order: &'a [u32],
    pub(crate) minutes: &'a [Minutes],
    pub(crate) is_check: &'a [bool],
}

impl Weights<'_> {
    fn minutes(&self, node: u32) -> Minutes {
        self.minutes.get(node as usize).copied().unwrap_or_default()
    }

    fn is_check(&self, node: u32) -> bool {
        self.is_check.get(node as usize).copied().unwrap_or(false)
    }
}

impl Paths {
    pub(crate) fn new(weights: &Weights<'_>) -> Paths {
        let graph = weights.graph;
        let mut head = vec![Minutes::ZERO; graph.len()];
        let mut end = Minutes::ZERO;
        for node in weights.order {
            let done = head[*node as usize].plus(weights.minutes(*node));
            end = end.max(done);
            for after in graph.after(*node) {
                head[*after as usize] = head[*after as usize].max(done);
            }
        }
        let mut rank: Vec<Minutes> = (0..graph.len() as u32)
            .map(|node| weights.minutes(node))
            .collect();
        let mut longest = Minutes::ZERO;
        for node in weights.order.iter().rev() {
            let is_check = weights.is_check(*node);
            if !is_check {
                longest = longest.max(rank[*node as usize]);
            }
            for before in graph.before(*node) {
                if !is_check || weights.is_check(*before) {
                    let through = weights.minutes(*before).plus(rank[*node as usize]);
                    rank[*before as usize] = rank[*before as usize].max(through);
                }
            }
        }
        Paths {
            head,
            rank,
            longest,
            end,
        }
    }

    /// How late the node may start without making the longest path longer.
    pub(crate) fn slack(&self, node: u32) -> Minutes {
        self.longest - self.head[node as usize].plus(self.rank[node as usize])
    }

    /// The nodes of the longest path, first to last, without barriers; of equal paths the one of the smaller numbers.
    pub(crate) fn critical(&self, weights: &Weights<'_>) -> Vec<u32> {
        let graph = weights.graph;
        let is_first = |node: &u32| {
            self.rank[*node as usize] == self.longest
                && self.head[*node as usize] == Minutes::ZERO
                && !weights.is_check(*node)
        };
        let tasks = weights.minutes.len() as u32;
        let mut next = (0..tasks).find(is_first);
        let mut path = Vec::new();
        while let Some(node) = next {
            if node < tasks {
                path.push(node);
            }
            let rest = self.rank[node as usize] - weights.minutes(node);
            next = graph
                .after(node)
                .iter()
                .copied()
                .find(|after| self.rank[*after as usize] == rest && !weights.is_check(*after));
        }
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes(list: &[f64]) -> Vec<Minutes> {
        list.iter()
            .filter_map(|minutes| Minutes::new(*minutes))
            .collect()
    }

    #[test]
    fn slack_is_what_a_task_can_lose() {
        // 0 (10) → 3 (25), 1 (10) → 2 (30) → 3
        let weights = Weights {
            graph: &Graph::new(4, &[(0, 3), (1, 2), (2, 3)]),
            order: &[0, 1, 2, 3],
            minutes: &minutes(&[10.0, 10.0, 30.0, 25.0]),
            is_check: &[false; 4],
        };
        let paths = Paths::new(&weights);
        let slack: Vec<f64> = (0..4).map(|task| paths.slack(task).as_f64()).collect();
        assert_eq!(slack, [30.0, 0.0, 0.0, 0.0]);
        assert_eq!(paths.longest.as_f64(), 65.0);
        assert_eq!(paths.critical(&weights), [1, 2, 3]);
    }

    #[test]
    fn checks_stay_off_the_critical_path() {
        // 0 (10) → 1 (5); 0 → 2 (60, a check) → 3 (1, a check)
        let weights = Weights {
            graph: &Graph::new(4, &[(0, 1), (0, 2), (2, 3)]),
            order: &[0, 1, 2, 3],
            minutes: &minutes(&[10.0, 5.0, 60.0, 1.0]),
            is_check: &[false, false, true, true],
        };
        let paths = Paths::new(&weights);
        assert_eq!(paths.critical(&weights), [0, 1]);
        let rank: Vec<f64> = paths.rank.iter().map(|rank| rank.as_f64()).collect();
        assert_eq!(rank, [15.0, 5.0, 61.0, 1.0]);
        assert_eq!((paths.longest.as_f64(), paths.end.as_f64()), (15.0, 71.0));
    }
}
