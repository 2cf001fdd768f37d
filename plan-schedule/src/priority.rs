//! Which task is more urgent.

use std::cmp::Reverse;

use crate::graph::Graph;
use crate::minutes::Minutes;
use crate::network::Network;

/// All tasks, the most urgent first: by declared priority, then by the longest path that is left from its start, then
/// by how many tasks it opens the way for, then by id.
pub(crate) fn order(network: &Network<'_>, rank: &[Minutes]) -> Vec<u32> {
    let opens = opens(&network.dependencies, &network.topological);
    let mut order: Vec<u32> = network.numbers().collect();
    order.sort_by_cached_key(|task| {
        let at = *task as usize;
        let declared = declared(network.tasks[at].priority.as_deref());
        // What does not run when all goes well has no path, but takes its time when it does.
        let length = rank[at].max(network.estimates[at]);
        (declared, Reverse(length), Reverse(opens[at]), *task)
    });
    order
}

/// The level of a task that declares none.
pub(crate) const NONE: u8 = 4;

/// `P0` to `P3` as 0 to 3, whatever follows (`P1-revenue`); everything else comes last.
pub(crate) fn declared(priority: Option<&str>) -> u8 {
    let Some(rest) = priority.and_then(|text| text.strip_prefix(['P', 'p'])) else {
        return NONE;
    };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    match (digits, rest.bytes().next()) {
        (1, Some(digit @ b'0'..=b'3')) => digit - b'0',
        _ => NONE,
    }
}

/// Tasks that wait for each one, directly or through others, counted once for every way there.
///
/// Counting each task once would take time and memory with the square of the plan.
fn opens(graph: &Graph, topological: &[u32]) -> Vec<u64> {
    let mut opens = vec![0u64; graph.len()];
    for task in topological.iter().rev() {
        for after in graph.after(*task) {
            let through = opens[*after as usize].saturating_add(1);
            opens[*task as usize] = opens[*task as usize].saturating_add(through);
        }
    }
    opens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declared_priority_may_have_a_suffix() {
        let words = ["P0", "P1-revenue", "p2", "P3", "P4", "P10", "high", ""];
        let numbers: Vec<u8> = words.iter().map(|word| declared(Some(word))).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4, 4, 4, 4]);
        assert_eq!(declared(None), 4);
    }

    #[test]
    fn a_task_opens_the_way_for_all_that_follow() {
        let graph = Graph::new(4, &[(0, 1), (1, 2), (1, 3)]);
        assert_eq!(opens(&graph, &[0, 1, 2, 3]), [3, 2, 0, 0]);
    }
}
