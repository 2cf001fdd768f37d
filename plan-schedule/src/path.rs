//! The critical path method: what the dependencies alone make of the time.

use crate::graph::Graph;
use crate::minutes::Minutes;

/// Longest paths through every task, lanes and slots left aside.
#[derive(Debug)]
pub(crate) struct Paths {
    /// From the start of the plan to the start of the task.
    pub(crate) head: Vec<Minutes>,
    /// From the start of the task to the end of the plan.
    pub(crate) rank: Vec<Minutes>,
    /// The longest of all.
    pub(crate) longest: Minutes,
}

impl Paths {
    /// `order` holds every task behind those before it.
    pub(crate) fn new(graph: &Graph, order: &[u32], minutes: &[Minutes]) -> Paths {
        let mut head = vec![Minutes::ZERO; graph.len()];
        for task in order {
            let end = head[*task as usize].plus(minutes[*task as usize]);
            for after in graph.after(*task) {
                head[*after as usize] = head[*after as usize].max(end);
            }
        }
        let mut rank = minutes.to_vec();
        for task in order.iter().rev() {
            for before in graph.before(*task) {
                let through = minutes[*before as usize].plus(rank[*task as usize]);
                rank[*before as usize] = rank[*before as usize].max(through);
            }
        }
        let longest = rank.iter().copied().max().unwrap_or_default();
        Paths {
            head,
            rank,
            longest,
        }
    }

    /// How late the task may start without making the longest path longer.
    pub(crate) fn slack(&self, task: u32) -> Minutes {
        self.longest - self.head[task as usize].plus(self.rank[task as usize])
    }

    /// The tasks of the longest path, first to last; of equal paths the one of the smaller numbers.
    pub(crate) fn critical(&self, graph: &Graph, minutes: &[Minutes]) -> Vec<u32> {
        let is_first = |task: &u32| {
            self.rank[*task as usize] == self.longest && graph.before(*task).is_empty()
        };
        let mut next = (0..graph.len() as u32).find(is_first);
        let mut path = Vec::new();
        while let Some(task) = next {
            path.push(task);
            let rest = self.rank[task as usize] - minutes[task as usize];
            next = graph
                .after(task)
                .iter()
                .copied()
                .find(|after| self.rank[*after as usize] == rest);
        }
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slack_is_what_a_task_can_lose() {
        // 0 (10) → 3 (25), 1 (10) → 2 (30) → 3
        let graph = Graph::new(4, &[(0, 3), (1, 2), (2, 3)]);
        let minutes: Vec<Minutes> = [10.0, 10.0, 30.0, 25.0]
            .iter()
            .filter_map(|minutes| Minutes::new(*minutes))
            .collect();
        let paths = Paths::new(&graph, &[0, 1, 2, 3], &minutes);
        let slack: Vec<f64> = (0..4).map(|task| paths.slack(task).as_f64()).collect();
        assert_eq!(slack, [30.0, 0.0, 0.0, 0.0]);
        assert_eq!(paths.longest.as_f64(), 65.0);
        assert_eq!(paths.critical(&graph, &minutes), [1, 2, 3]);
    }
}
