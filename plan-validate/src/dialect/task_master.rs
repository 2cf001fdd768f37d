//! `tasks.json` of task-master: one list of tasks per tag, subtasks in their tasks.
//!
//! A subtask is a task of its own, `5.2` by its full id, and a part of `5`: it comes after what `5` depends on, and `5`
//! after it. A task with subtasks has no work but theirs, as task-master's own `next` has it; see [`parts`] for what
//! becomes of it.
//!
//! What is not `pending` or `in-progress` task-master never hands out, and what is not `done` or `completed` satisfies
//! no dependency: work that is deferred, in review, blocked from outside or of an unknown status is held back, so that
//! neither it nor what waits for it is started.

mod references;
mod status;
mod tag;
mod task;

#[cfg(test)]
mod tests;

use std::collections::HashSet;

use self::references::References;
use self::task::Item;
use super::parts::{self, State};
use super::{Dialect, Draft, File, Glimpse, Layout, Material, Node};

pub(super) const TASK_MASTER: Dialect = Dialect {
    name: "task-master",
    what: "a tasks.json of task-master",
    layouts: &[
        Layout {
            mark: ".taskmaster/tasks/tasks.json",
            files: &[".taskmaster/tasks/tasks.json", ".taskmaster/state.json"],
        },
        Layout {
            mark: "tasks/tasks.json",
            files: &["tasks/tasks.json"],
        },
        Layout {
            mark: "tasks.json",
            files: &["tasks.json", "../../.taskmaster/state.json"],
        },
    ],
    recognises,
    takes_features: false,
    read,
};

/// Tags are objects with `tasks`; before there were tags the file had `tasks` itself. A plan of ours has `planId`.
fn recognises(glimpse: &Glimpse) -> bool {
    let keys = glimpse.json_keys();
    let has = |key: &str| keys.iter().any(|(name, _)| *name == key);
    if !glimpse.head.trim_start().starts_with('{') || has("planId") || has("executionOrder") {
        return false;
    }
    let says = |key: &str| glimpse.head.contains(key);
    if keys.contains(&("tasks", b'[')) {
        let is_ours = says("\"dependsOn\"");
        return !is_ours
            && (says("\"subtasks\"") || says("\"testStrategy\"") || says("\"dependencies\""));
    }
    !keys.is_empty() && keys.iter().all(|(_, first)| *first == b'{') && says("\"tasks\"")
}

fn read(material: &Material) -> Draft {
    let mut draft = Draft::default();
    let Some(file) = material.files.first() else {
        return draft;
    };
    let Some(root) = parsed(material, file, &mut draft) else {
        return draft;
    };
    let Some(chosen) = tag::choose(&root, material, file, &mut draft) else {
        return draft;
    };
    let Some(items) = task::items(chosen.tasks, material, &mut draft) else {
        return draft;
    };
    let ids: HashSet<&str> = items.iter().map(|item| item.id.as_str()).collect();
    let references = References::new(&ids, material);
    let waits = items.iter().map(|item| references.of(item, &mut draft));
    let waits: Vec<Vec<Node>> = waits.collect();
    let states = status::states(&items, &waits, &mut draft);
    for (item, state) in items.iter().zip(&states) {
        if matches!(state, State::Open | State::Held) {
            references.tell_ambiguous(item, &mut draft);
        }
    }
    let states = states.into_iter().zip(waits);
    let works = items.iter().zip(states);
    let works = works.map(|(item, (state, waits))| item.work(&items, state, waits, &mut draft));
    let works = works.collect();
    let Some(tasks) = parts::tasks(works, &mut draft) else {
        return draft;
    };
    if tasks.is_empty() {
        draft.warn(
            "no-tasks",
            format!("there are no tasks in {}", chosen.name()),
            chosen.tasks.at.clone(),
        );
    }
    let mut plan = chosen.plan();
    plan.set("tasks", Node::list(tasks, chosen.tasks.at.clone()));
    draft.finish(plan)
}

fn parsed(material: &Material, file: &File, draft: &mut Draft) -> Option<Node> {
    let text = material.text(file);
    match Node::from_json(text, file.span.start) {
        Ok(root) => Some(root),
        Err(mut problems) => {
            if let Some(problem) = problems.first_mut()
                && !recognises(&Glimpse::new(file.name(), text))
            {
                problem.message = format!("no file of task-master, and {}", problem.message);
                problem.help = Some(tag::FORM.to_owned());
            }
            draft.found.extend(problems);
            None
        }
    }
}

/// Reads the items again where they are needed.
type Items<'n> = [Item<'n>];
