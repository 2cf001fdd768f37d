//! Task lists of Claude Code, as ops-orchestrate makes them: `TaskCreate` with metadata, `TaskUpdate` with
//! `addBlockedBy`.
//!
//! They come as a JSON array, as `{"tasks": [...]}`, one after the other, as calls (`TaskCreate({...})`, in Markdown,
//! too), or as the folder in which Claude Code keeps one file per task. Tasks without an id have the number of their
//! creation, as there. `wave` is a label: it is kept, and said when it contradicts what a task waits for.

mod call;
mod entry;
mod list;
mod task;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use self::entry::{Entry, Kind};
use self::list::Tasks;
use super::parts;
use super::{Dialect, Draft, File, Glimpse, Layout, Material, Node};

pub(super) const TASKS: Dialect = Dialect {
    name: "tasks",
    what: "a task list of Claude Code",
    layouts: &[Layout {
        mark: "*.json",
        files: &["*.json"],
    }],
    recognises,
    takes_features: false,
    read,
};

/// Entries have a subject or a title, and one of the fields that nobody else has.
fn recognises(glimpse: &Glimpse) -> bool {
    if !glimpse.is_json() {
        return glimpse.lines().any(call::is_call);
    }
    let says = |keys: &[&str]| {
        keys.iter()
            .any(|key| glimpse.head.contains(&format!("\"{key}\"")))
    };
    let keys = glimpse.json_keys();
    let has = |key: &str| keys.iter().any(|(name, _)| *name == key);
    let is_entry = says(&["subject", "title"])
        && says(&[
            "addBlockedBy",
            "blockedBy",
            "activeForm",
            "quality_gate",
            "qualityGate",
        ]);
    let is_call = says(&["TaskCreate"]);
    if glimpse.head.trim_start().starts_with('[') {
        // No plan of ours is a list, but what beads lists is one, too.
        let is_list = says(&["subject", "title"]) && says(&["description", "metadata"]);
        return is_call || is_entry || is_list && !says(&["issue_type"]);
    }
    let is_ours = has("planId") || has("executionOrder") || has("projects");
    let is_one = has("subject") && (has("status") || has("description") || has("metadata"));
    !is_ours
        && (is_call && (has("TaskCreate") || has("name") || has("tool"))
            || is_one
            || has("tasks") && is_entry)
}

fn read(material: &Material) -> Draft {
    let mut draft = Draft::default();
    let mut entries: Vec<Entry> = Vec::new();
    for file in files(material) {
        entries.extend(entry::read(
            material.text(file),
            file.span.start,
            &mut draft,
        ));
    }
    if draft.found.has_errors() {
        return draft;
    }
    let top = material.files.first().map_or(0..0, File::top);
    if !entries.iter().any(|entry| entry.kind == Kind::Create) {
        let help = "a task is {\"subject\": ..., \"description\": ..., \"metadata\": {...}}";
        draft.error("no-tasks", "there are no tasks", top, help);
        return draft;
    }
    let mut tasks = Tasks::of(entries, &mut draft);
    let waits = tasks.waits(&mut draft);
    let projects = task::projects(&tasks.created, &mut draft);
    let works = task::works(&tasks, waits, &mut draft);
    let Some(made) = parts::tasks(works, &mut draft) else {
        return draft;
    };
    let mut plan = Node::map(top.clone());
    plan.set("planId", Node::new(plan_id(material), top.clone()));
    plan.set_list("projects", projects, top.clone());
    plan.set("tasks", Node::list(made, top));
    draft.finish(plan)
}

/// The name of the folder, else of the file.
fn plan_id(material: &Material) -> String {
    let name = material
        .files
        .first()
        .map(File::name)
        .filter(|name| !name.starts_with('<'));
    material.label(name.map(|name| name.split_once('.').map_or(name, |(stem, _)| stem)))
}

/// Of a folder the files that are named after a task; a file by itself may have any name.
fn files(material: &Material) -> Vec<&File> {
    let is_number = |name: &str| name.bytes().all(|byte| byte.is_ascii_digit());
    let of_tasks = |file: &&File| file.name().strip_suffix(".json").is_some_and(is_number);
    match material.files.as_slice() {
        [only] => vec![only],
        all => all.iter().filter(of_tasks).collect(),
    }
}

/// Positions by id; of two with one id the first.
fn by_id(created: &[list::Created]) -> HashMap<&str, usize> {
    let mut by_id = HashMap::with_capacity(created.len());
    for (at, task) in created.iter().enumerate() {
        by_id.entry(task.id.as_str()).or_insert(at);
    }
    by_id
}
