//! Dependencies that follow from others: `t3` waits for `t1` already when it waits for `t2`, which does.

use std::collections::HashMap;

use schemas::{Problem, Severity};

use super::dependencies::{Edge, Graph};
use super::name;
use super::reach::Reach;
use crate::found::Found;
use crate::outline::Outline;

const CODE: &str = "redundant-dependency";

pub(super) fn check(plan: &Outline, graph: &Graph, reach: &mut Reach, found: &mut Found) {
    // What runs after a failure too does not pass on that its own dependencies succeeded, and what waits for a failure
    // means each of its dependencies.
    let passes = |task: usize| !plan.tasks[task].is_for_failure;
    let mut undecided = 0;
    for (index, task) in plan.tasks.iter().enumerate() {
        if graph.of(index).len() < 2 || task.is_for_failure {
            continue;
        }
        let Some(mut implied) = reach.implied(index, passes) else {
            undecided += 1;
            continue;
        };
        if implied.is_empty() {
            continue;
        }
        implied.sort_unstable();
        let edges = graph.of(index);
        let positions: HashMap<usize, usize> =
            edges.iter().map(|edge| (edge.to, edge.position)).collect();
        for Edge { to, position } in edges {
            let Ok(at) = implied.binary_search_by_key(to, |(to, _)| *to) else {
                continue;
            };
            let (to, through) = implied[at];
            let (other, via) = (name(plan, to), name(plan, through));
            found.push(
                Problem::warning(
                    CODE,
                    format!(
                        "task {} need not name {other}: it waits for {via}, which waits for {other}",
                        name(plan, index)
                    ),
                )
                .help("take it out; `--fix` does")
                .at(format!("/tasks/{index}/dependsOn/{position}"))
                .see(format!("/tasks/{index}/dependsOn/{}", positions[&through]), "follows from this"),
            );
        }
    }
    if undecided > 0 {
        let mut problem = Problem::warning(
            CODE,
            format!(
                "{undecided} of {} tasks are too entangled to be searched for redundant dependencies",
                plan.tasks.len()
            ),
        )
        .help("nothing is wrong with that; the search is bounded so that it stays quick")
        .at("/tasks");
        problem.severity = Severity::Info;
        found.push(problem);
    }
}
