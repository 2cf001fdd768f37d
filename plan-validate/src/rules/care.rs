//! What a plan owes to whoever carries it out: tasks of a size, a way to tell that they are done, a look at what is sensitive.

use std::collections::HashSet;

use schemas::Problem;

use super::projects::Folders;
use super::{list, name};
use crate::found::Found;
use crate::outline::{Gate, Outline, Task};

/// Minutes beyond which a task is better several.
const LONG: f64 = 240.0;

/// Places that are marked of one problem.
const MARKED: usize = 8;

/// The autonomy level from which on a person reviews.
const REVIEWED: u64 = 3;

/// What needs no second look by what it is called: the branch a task is for.
const NOT_SENSITIVE: &[&str] = &["main"];

pub(super) fn check(plan: &Outline, found: &mut Found) {
    acceptance(plan, found);
    long(plan, found);
    repositories(plan, found);
    sensitive(plan, found);
}

/// One problem for all: in many plans it would be one for every task.
fn acceptance(plan: &Outline, found: &mut Found) {
    let says = |gates: &[Gate]| gates.iter().any(|gate| !gate.is_empty);
    if plan
        .gates
        .iter()
        .any(|(_, gates)| gates.as_deref().is_some_and(says))
    {
        return;
    }
    let checked = plan.projects.iter().filter(|project| says(&project.gates));
    let checked: HashSet<&str> = checked
        .filter_map(|project| project.name.as_deref())
        .collect();
    let is_only = plan.projects.len() == 1 && !checked.is_empty();
    let lacks = |task: &Task| {
        let more = task.more();
        let by_project = match task.project.as_deref() {
            Some(project) => checked.contains(project),
            None => is_only,
        };
        let says_how = !more.acceptance.is_empty() || says(&more.gates) || by_project;
        !says_how && !task.has_command && !task.is_done && task.id.is_some()
    };
    let lacking: Vec<usize> = (0..plan.tasks.len())
        .filter(|at| lacks(&plan.tasks[*at]))
        .collect();
    let Some(first) = lacking.first() else { return };
    let who = match lacking.len() {
        1 => format!(
            "task {} does not say how to tell that it is done",
            name(plan, *first)
        ),
        count if count == plan.tasks.len() => {
            format!(
                "no task says how to tell that it is done: {}",
                list(plan, &lacking)
            )
        }
        count => format!(
            "{count} of {} tasks do not say how to tell that they are done: {}",
            plan.tasks.len(),
            list(plan, &lacking)
        ),
    };
    found.push(
        Problem::warning("missing-acceptance", who)
            .help("give each `acceptance` criteria, or a gate: its own, its project's, or one of the plan")
            .at(format!("/tasks/{first}/id")),
    );
}

fn long(plan: &Outline, found: &mut Found) {
    let is_long = |task: &Task| !task.is_done && task.minutes.is_some_and(|minutes| minutes > LONG);
    let long: Vec<usize> = (0..plan.tasks.len())
        .filter(|at| is_long(&plan.tasks[*at]))
        .collect();
    let Some(first) = long.first() else { return };
    let message = match long.len() {
        1 => format!(
            "task {} is to take {} hours",
            name(plan, *first),
            (plan.tasks[*first].minutes.unwrap_or_default() / 6.0).round() / 10.0
        ),
        count => format!(
            "{count} tasks are to take over 4 hours each: {}",
            list(plan, &long)
        ),
    };
    let at = |task: &usize| format!("/tasks/{task}/estimatedMinutes");
    let mut problem = Problem::warning("long-task", message)
        .help("cut it into tasks of 4 hours at most: what fails is tried again whole, and nothing else sees its work before it ends")
        .at(at(first));
    for task in long.iter().skip(1).take(MARKED) {
        problem = problem.see(at(task), "and this");
    }
    found.push(problem);
}

fn repositories(plan: &Outline, found: &mut Found) {
    let mut folders = None;
    for (index, task) in plan.tasks.iter().enumerate() {
        let further = &task.more().projects;
        if further.is_empty() || task.is_read_only || task.is_done {
            continue;
        }
        let folders = folders.get_or_insert_with(|| Folders::new(plan));
        let names = further.iter().chain([&task.project]).flatten();
        let all: HashSet<&str> = names.map(|name| folders.repository(name)).collect();
        if all.len() < 2 {
            continue;
        }
        found.push(
            Problem::warning(
                "several-repositories",
                format!("task {} changes {} repositories", name(plan, index), all.len()),
            )
            .help("one task, one repository, one change to review: cut it in two, the second depending on the first")
            .at(format!("/tasks/{index}/projects")),
        );
    }
}

fn sensitive(plan: &Outline, found: &mut Found) {
    let is_sensitive = |task: &Task| !task.is_done && !task.is_read_only && !areas(task).is_empty();
    if !plan.tasks.iter().any(is_sensitive) {
        return;
    }
    let reviews = |gates: &[Gate]| gates.iter().any(|gate| gate.is_review);
    if plan
        .gates
        .iter()
        .any(|(_, gates)| gates.as_deref().is_some_and(reviews))
    {
        return;
    }
    let reviewed = plan
        .projects
        .iter()
        .filter(|project| reviews(&project.gates));
    let reviewed: HashSet<&str> = reviewed
        .filter_map(|project| project.name.as_deref())
        .collect();
    let looked_at = looked_at(plan);
    for (index, task) in plan
        .tasks
        .iter()
        .enumerate()
        .filter(|(_, task)| is_sensitive(task))
    {
        let more = task.more();
        let by_project = task
            .project
            .as_deref()
            .is_some_and(|project| reviewed.contains(project));
        let by_person = more.autonomy.is_some_and(|level| level >= REVIEWED);
        let by_task = task.id.as_deref().is_some_and(|id| looked_at.contains(id));
        if reviews(&more.gates) || by_project || by_person || by_task {
            continue;
        }
        found.push(
            Problem::warning(
                "sensitive-without-review",
                format!("task {} touches {}, and nobody looks at its work", name(plan, index), areas(task).join(" and ")),
            )
            .help("give it a gate that is a `review` or `manual`, \"autonomy\": 3, or a task after it that is `readOnly` and reviews it")
            .at(format!("/tasks/{index}/sensitive")),
        );
    }
}

fn areas<'t>(task: &'t Task) -> Vec<&'t str> {
    let words = task.more().sensitive.iter().flatten();
    words
        .map(AsRef::as_ref)
        .filter(|word| !NOT_SENSITIVE.contains(word))
        .collect()
}

/// Ids of tasks on which another looks: it changes nothing, or is there to review.
fn looked_at<'p>(plan: &'p Outline) -> HashSet<&'p str> {
    let says = |text: &crate::outline::Text| {
        text.as_deref()
            .is_some_and(|text| text.to_lowercase().contains("review"))
    };
    let looks = |task: &&Task| task.is_read_only || says(&task.title) || says(&task.more().role);
    let lookers = plan.tasks.iter().filter(looks);
    lookers
        .flat_map(|task| task.depends_on.iter().filter_map(|id| id.as_deref()))
        .collect()
}
