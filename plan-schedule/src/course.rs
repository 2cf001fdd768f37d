//! What runs when all goes well, and what gates nothing.

use schemas::RunIf;

use crate::graph::Graph;

/// What is known of a task's part in the plan.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Facts {
    pub(crate) run_if: RunIf,
    pub(crate) read_only: bool,
    /// Whether something other than a dependency waits for it: what follows its phase.
    pub(crate) is_awaited: bool,
}

/// The part of each task.
#[derive(Debug)]
pub(crate) struct Course {
    /// Tasks that do not run when all goes well: those for failures, and what needs those to succeed.
    pub(crate) is_absent: Vec<bool>,
    /// Tasks that gate nothing: they run whatever happens, or look at others' work without changing it, and no work waits
    /// for them. As with the validation nodes of build tools, nothing becomes later because they are slow.
    pub(crate) is_check: Vec<bool>,
}

impl Course {
    /// `order` holds every task behind those that it waits for.
    pub(crate) fn new(graph: &Graph, order: &[u32], facts: &[Facts]) -> Course {
        let mut is_absent = vec![false; graph.len()];
        let mut sees_work = vec![false; graph.len()];
        for task in order {
            let at = *task as usize;
            let before = graph.before(*task);
            let one_is_absent = before.iter().any(|before| is_absent[*before as usize]);
            // The same rule by which a run decides (see standing.rs).
            is_absent[at] = match facts[at].run_if {
                RunIf::Succeeded => one_is_absent,
                RunIf::Failed => !one_is_absent && !before.is_empty(),
                RunIf::Always => false,
            };
            sees_work[at] = before
                .iter()
                .any(|before| !facts[*before as usize].read_only || sees_work[*before as usize]);
        }
        let mut is_check = vec![false; graph.len()];
        for task in order.iter().rev() {
            let at = *task as usize;
            let own = &facts[at];
            let looks_on = own.run_if != RunIf::Succeeded || (own.read_only && sees_work[at]);
            let after = graph.after(*task);
            is_check[at] = looks_on
                && !own.is_awaited
                && !graph.before(*task).is_empty()
                && after.iter().all(|after| is_check[*after as usize]);
        }
        Course {
            is_absent,
            is_check,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn course(edges: &[(u32, u32)], facts: &[Facts]) -> Course {
        let graph = Graph::new(facts.len(), edges);
        Course::new(&graph, &graph.order().unwrap(), facts)
    }

    fn when(run_if: RunIf) -> Facts {
        Facts {
            run_if,
            ..Facts::default()
        }
    }

    #[test]
    fn what_is_there_for_failures_does_not_run_when_all_goes_well() {
        // 0 → 1 (on failure) → 2; 1 → 3 (always); 0 → 4 (always)
        let facts = [
            RunIf::Succeeded,
            RunIf::Failed,
            RunIf::Succeeded,
            RunIf::Always,
            RunIf::Always,
        ]
        .map(when);
        let course = course(&[(0, 1), (1, 2), (1, 3), (0, 4)], &facts);
        assert_eq!(course.is_absent, [false, true, true, false, false]);
        assert_eq!(course.is_check, [false, false, false, true, true]);
    }

    #[test]
    fn who_only_looks_at_work_gates_nothing_unless_work_waits_for_it() {
        let look = Facts {
            read_only: true,
            ..Facts::default()
        };
        let work = Facts::default();
        let gates = Facts {
            is_awaited: true,
            ..look
        };
        // 0 → 1 (looks) → 2 (looks); 0 → 3 (looks) → 4; 0 → 5 (looks, before a checkpoint)
        let facts = [work, look, look, look, work, gates];
        let course = course(&[(0, 1), (1, 2), (0, 3), (3, 4), (0, 5)], &facts);
        assert_eq!(course.is_check, [false, true, true, false, false, false]);
    }

    #[test]
    fn a_plan_that_only_reads_is_work() {
        let look = Facts {
            read_only: true,
            ..Facts::default()
        };
        assert_eq!(course(&[(0, 1)], &[look, look]).is_check, [false, false]);
    }
}
