//! Which tasks of a plan are scheduled.

use schemas::{Failure, Pipeline};

use crate::cli::Choice;
use crate::network::Network;
use crate::priority::{self, NONE};
use crate::waves::Waves;

/// Words for those who design before the work, and for the phases in which they do.
const DESIGN: [&str; 6] = [
    "architect",
    "architecture",
    "design",
    "designer",
    "grooming",
    "rfc",
];

/// Words for those who review the work, and for the phases in which they do.
const REVIEW: [&str; 2] = ["review", "reviewer"];

/// The part of the network that was asked for; all of it when nothing was.
///
/// Fails with code 2 for a name that the plan does not have.
pub(crate) fn select<'a>(network: Network<'a>, choice: &Choice) -> Result<Network<'a>, Failure> {
    let mut network = network;
    if let Some(keep) = keep(&network, choice)? {
        network = network.part(&keep)?;
    }
    if let Some(most) = choice.max_waves {
        let order = network.topological.clone();
        let waves = Waves::new(&network, &network.dependencies, &order);
        let waves = waves.map_err(|problems| crate::network::refusal("the part", problems))?;
        let keep: Vec<bool> = waves.of.iter().map(|wave| *wave < most).collect();
        if keep.contains(&false) {
            network = network.part(&keep)?;
        }
    }
    Ok(network)
}

/// Whether each task is asked for; `None` when all are.
fn keep(network: &Network<'_>, choice: &Choice) -> Result<Option<Vec<bool>>, Failure> {
    let is_chosen = !(choice.project.is_empty()
        && choice.phase.is_empty()
        && choice.priority.is_empty()
        && choice.only.is_empty()
        && !choice.fires_only);
    let is_cut = choice.no_main
        || choice
            .pipeline
            .is_some_and(|pipeline| pipeline != Pipeline::Full);
    if !is_chosen && !is_cut {
        return Ok(None);
    }
    let mut keep = vec![true; network.len()];
    by_name(network, choice, &mut keep)?;
    for task in network.numbers() {
        let view = network.tasks[task as usize];
        let level = priority::declared(view.priority.as_deref());
        let wanted = choice.priority.is_empty() || choice.priority.contains(&level);
        keep[task as usize] &= wanted && (!choice.fires_only || level == 0);
    }
    if choice.with_dependencies {
        for task in network.topological.iter().rev() {
            if keep[*task as usize] {
                for before in network.dependencies.before(*task) {
                    keep[*before as usize] = true;
                }
            }
        }
    }
    cut(network, choice, &mut keep);
    Ok(Some(keep))
}

/// Tasks, projects and phases that are named.
fn by_name(network: &Network<'_>, choice: &Choice, keep: &mut [bool]) -> Result<(), Failure> {
    let plan = network.plan;
    let unknown = |flag: &str, name: &str, what: &str| {
        Failure::usage(format!(
            "{flag} names {name}, which is no {what} of the plan"
        ))
    };
    if !choice.only.is_empty() {
        let mut chosen = vec![false; network.len()];
        for id in &choice.only {
            let task = network
                .find(id)
                .ok_or_else(|| unknown("--only", id, "task"))?;
            chosen[task as usize] = true;
        }
        keep.copy_from_slice(&chosen);
    }
    let mut projects = Vec::new();
    for name in &choice.project {
        let listed = plan.projects.iter();
        let mut by_alias =
            listed.filter(|project| project.alias.as_deref().is_some_and(|alias| alias == name));
        let known = network
            .projects
            .all()
            .find(|(known, _)| known == name)
            .map(|(known, _)| known);
        let alias = by_alias.next().map(|project| &*project.name);
        projects.push(
            known
                .or(alias)
                .ok_or_else(|| unknown("--project", name, "project"))?,
        );
    }
    for name in &choice.phase {
        let is_used = || {
            network
                .tasks
                .iter()
                .any(|task| task.phase.as_deref() == Some(name))
        };
        if !plan.phases.iter().any(|phase| phase.id == *name) && !is_used() {
            return Err(unknown("--phase", name, "phase"));
        }
    }
    for task in network.numbers() {
        let phase = network.tasks[task as usize].phase.as_deref();
        let of_project = || {
            network
                .project(task)
                .is_some_and(|project| projects.contains(&project))
        };
        let of_phase = || phase.is_some_and(|phase| choice.phase.iter().any(|it| it == phase));
        keep[task as usize] &=
            (projects.is_empty() || of_project()) && (choice.phase.is_empty() || of_phase());
    }
    Ok(())
}

/// What runs in no part of this kind, whatever was named.
fn cut(network: &Network<'_>, choice: &Choice, keep: &mut [bool]) {
    let is_of = |task: u32, words: &[&str]| {
        let view = network.tasks[task as usize];
        let is_word = |it: &str| words.iter().any(|word| word.eq_ignore_ascii_case(it));
        view.role.as_deref().is_some_and(is_word) || view.phase.as_deref().is_some_and(is_word)
    };
    for task in network.numbers() {
        let is_left_out = match choice.pipeline {
            None | Some(Pipeline::Full) => false,
            Some(Pipeline::Standard) => is_of(task, &DESIGN),
            Some(Pipeline::Quick) => is_of(task, &DESIGN) || is_of(task, &REVIEW),
        };
        keep[task as usize] &= !is_left_out;
    }
    if choice.no_main {
        // What waits for the branch in production cannot go on without it.
        let mut is_main = vec![false; network.len()];
        for task in &network.topological {
            let sensitive = &network.tasks[*task as usize].sensitive;
            let before = network.dependencies.before(*task);
            is_main[*task as usize] = sensitive
                .iter()
                .any(|word| word.eq_ignore_ascii_case("main"))
                || before.iter().any(|before| is_main[*before as usize]);
            keep[*task as usize] &= !is_main[*task as usize];
        }
    }
}

/// Reads a priority as a flag takes it.
pub(crate) fn priority(text: &str) -> Result<u8, String> {
    match priority::declared(Some(text)) {
        NONE => Err("a priority is one of P0, P1, P2, P3".to_owned()),
        level => Ok(level),
    }
}
