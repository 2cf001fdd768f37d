//! Numbers that a plan gives of itself, in its metadata, beside its tasks, or at a phase.

use std::collections::HashMap;

use schemas::Problem;
use schemas::source::escape;

use crate::found::Found;
use crate::outline::{Outline, total_of};

pub(super) fn check(plan: &Outline, found: &mut Found) {
    let minutes: f64 = plan.tasks.iter().filter_map(|task| task.minutes).sum();
    let whole = |what: &str| match what {
        "tasks" => plan.tasks.len() as f64,
        "phases" => plan.phases.len() as f64,
        "projects" => plan.projects.len() as f64,
        _ => minutes,
    };
    for (pointer, declared) in &plan.totals {
        tell(pointer.clone(), *declared, "the plan", whole, found);
    }
    if plan.phases.iter().all(|phase| phase.totals.is_empty()) {
        return;
    }
    let mut of_phases: HashMap<&str, (f64, f64)> = HashMap::new();
    for task in &plan.tasks {
        if let Some(phase) = task.phase.as_deref() {
            let (tasks, minutes) = of_phases.entry(phase).or_default();
            *tasks += 1.0;
            *minutes += task.minutes.unwrap_or_default();
        }
    }
    for (index, phase) in plan.phases.iter().enumerate() {
        let id = phase.id.as_deref().unwrap_or_default();
        let (tasks, minutes) = of_phases.get(id).copied().unwrap_or_default();
        for (pointer, declared) in &phase.totals {
            let count = |what: &str| match what {
                "tasks" => tasks,
                "minutes" => minutes,
                _ => *declared,
            };
            let pointer = format!("/phases/{index}{pointer}");
            tell(pointer, *declared, &format!("phase `{id}`"), count, found);
        }
    }
}

fn tell(pointer: String, declared: f64, who: &str, count: impl Fn(&str) -> f64, found: &mut Found) {
    let (above, key) = pointer.rsplit_once('/').unwrap_or_default();
    let Some(what) = total_of(key) else { return };
    let counted = count(what);
    if (counted - declared).abs() < 0.5 {
        return;
    }
    found.push(
        Problem::warning(
            "wrong-total",
            format!("{who} has {counted} {what}, `{key}` says {declared}"),
        )
        .help("a wrong total often means that something was lost on the way: look for it, then correct the number")
        .at(format!("{above}/{}", escape(key))),
    );
}
