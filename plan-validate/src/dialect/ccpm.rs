//! Epics of ccpm: a folder with `epic.md` and a file for every task.
//!
//! A task is called as its file is. Tasks that conflict share a resource; `parallel: false` keeps a task from running
//! beside any other. When tasks become issues their files are renamed, and what still names the old numbers is refused:
//! neither the order of the files nor that of the issues says which task was meant.

mod names;
mod task;

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use self::names::Names;
use self::task::Task;
use crate::dialect::markdown::{self, plain};
use crate::dialect::{Dialect, Draft, File, Layout, Material, Node, front_matter, sections};

/// Most pairs of tasks that are kept apart.
const MOST: usize = 100_000;

pub(super) const CCPM: Dialect = Dialect {
    name: "ccpm",
    what: "an epic of ccpm",
    layouts: &[Layout {
        mark: "epic.md",
        files: &["epic.md", "*.md"],
    }],
    recognises: |glimpse| glimpse.name == "epic.md" && glimpse.head.starts_with("---"),
    takes_features: false,
    read,
};

fn read(material: &Material) -> Draft {
    let mut draft = Draft::default();
    let top = material.files.first().map_or(0..0, File::top);
    let mut tasks = Vec::new();
    for file in &material.files {
        if let Some(id) = names::of_task(file.name()) {
            tasks.extend(Task::read(material, file, id, &mut draft));
        }
    }
    let epic = material.file("epic.md");
    let parts = epic.map(|file| front_matter::split(material, file, &mut draft));
    if tasks.is_empty() {
        draft.error(
            "no-tasks",
            "the epic has no tasks",
            top,
            "a task is a file such as `001.md` or `42.md` beside epic.md; name the folder, so that they are read",
        );
        return draft;
    }
    let names = Names::new(&tasks);
    for task in &mut tasks {
        task.estimate(material);
    }
    if let Some(parts) = &parts {
        check_epic(parts, &names, &tasks, &mut draft);
    }
    let title = parts
        .as_ref()
        .and_then(|parts| parts.front.some("name")?.text());
    let mut plan = Node::map(top.clone());
    plan.set(
        "planId",
        Node::new(material.label(title.as_deref()), top.clone()),
    );
    if let Some(parts) = &parts {
        let blocks = markdown::read(parts.body, parts.offset);
        if let Some(title) = sections::split(&blocks).0 {
            let text = title.text.trim_start_matches("Epic:").trim();
            plan.set("summary", Node::new(text, title.at.clone()));
        }
    }
    let resources = resources(&tasks, &names, &mut draft);
    let nodes = tasks.iter().zip(resources).map(|(task, resources)| {
        let mut node = task.node();
        let at = task.at.clone();
        let dependencies = dependencies(task, &names, &mut draft);
        node.set_list("dependsOn", dependencies, at.clone());
        node.set_list("resources", resources, at);
        node
    });
    let nodes = nodes.collect();
    plan.set("tasks", Node::list(nodes, top.clone()));
    if let Some(parts) = parts.filter(|parts| parts.has_front) {
        let mut metadata = Node::map(top);
        metadata.set("epic", parts.front);
        plan.set("metadata", metadata);
    }
    draft.finish(plan)
}

/// What a task waits for.
fn dependencies(task: &Task, names: &Names, draft: &mut Draft) -> Vec<Node> {
    let mut waits: Vec<Node> = Vec::new();
    for named in &task.dependencies {
        let Some(id) = names.resolve(named, task, draft) else {
            continue;
        };
        if !waits.iter().any(|other| other.as_str() == Some(id)) {
            waits.push(Node::new(id, named.at.clone()));
        }
    }
    waits
}

/// A resource for every pair that must not run side by side: those that conflict, and each task that runs alone with
/// all others. (One resource of that task for all of them would keep the others apart, too.)
fn resources(tasks: &[Task], names: &Names, draft: &mut Draft) -> Vec<Vec<Node>> {
    let ids = tasks.iter().enumerate();
    let positions: HashMap<&str, usize> = ids.map(|(at, task)| (task.id.as_str(), at)).collect();
    let mut pairs: BTreeMap<(usize, usize), Range<usize>> = BTreeMap::new();
    let open: Vec<usize> = (0..tasks.len())
        .filter(|at| !tasks[*at].is_settled())
        .collect();
    for at in &open {
        for named in &tasks[*at].conflicts {
            let other = names
                .resolve(named, &tasks[*at], draft)
                .and_then(|id| positions.get(id));
            if let Some(other) = other.filter(|other| *other != at) {
                let pair = (*at.min(other), *at.max(other));
                pairs.entry(pair).or_insert_with(|| named.at.clone());
            }
        }
    }
    for at in &open {
        let Some(place) = &tasks[*at].alone else {
            continue;
        };
        if pairs.len() + open.len() > MOST {
            let message = format!(
                "the task {} runs beside others: there are too many to keep it apart",
                tasks[*at].id
            );
            draft.warn("too-many", message, place.clone());
            break;
        }
        for other in open.iter().filter(|other| *other != at) {
            let pair = (*at.min(other), *at.max(other));
            pairs.entry(pair).or_insert_with(|| place.clone());
        }
    }
    let mut all: Vec<Vec<Node>> = tasks.iter().map(|_| Vec::new()).collect();
    for ((first, second), place) in pairs {
        let name = format!("conflict:{}+{}", tasks[first].id, tasks[second].id);
        for at in [first, second] {
            all[at].push(Node::new(name.as_str(), place.clone()));
        }
    }
    all
}

/// The list of tasks in the epic, and its status, against the files.
fn check_epic(parts: &front_matter::Parts, names: &Names, tasks: &[Task], draft: &mut Draft) {
    let blocks = markdown::read(parts.body, parts.offset);
    let (_, sections) = sections::split(&blocks);
    let by_id: HashMap<&str, &Task> = tasks.iter().map(|task| (task.id.as_str(), task)).collect();
    let listed = sections::find(&sections, "tasks created");
    for item in listed.map(|section| section.items()).unwrap_or_default() {
        let text = plain(&item.line.raw);
        let token = text.trim_start_matches('#');
        let end = token
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(token.len());
        let Some(done) = item.done.filter(|_| end > 0) else {
            continue;
        };
        let at = item.line.at.clone();
        match names.find(&token[..end]).and_then(|id| by_id.get(id)) {
            None if done => draft.warn(
                "no-task-file",
                format!("the task {} has no file", &token[..end]),
                at,
            ),
            None => draft.error(
                "no-task-file",
                format!("the task {} is to be done, and has no file", &token[..end]),
                at,
                "write its file, check it off, or take it out of the list",
            ),
            Some(task) if done && !task.is_settled() => draft.warn_with(
                "progress-disagrees",
                format!(
                    "the task {} is checked off in the epic, and open in its file",
                    task.id
                ),
                at,
                "its file counts",
            ),
            Some(_) => {}
        }
    }
    let status = parts.front.some("status");
    let word = status
        .and_then(Node::text)
        .unwrap_or_default()
        .to_lowercase();
    let open = tasks.iter().filter(|task| !task.is_settled()).count();
    if let Some(status) = status
        && task::DONE.contains(&word.as_str())
        && open > 0
    {
        draft.warn_with(
            "progress-disagrees",
            format!("the epic is {word}, but {open} of its tasks are open"),
            status.at.clone(),
            "the files of the tasks count",
        );
    }
}
