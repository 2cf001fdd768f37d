//! The list that comes of all entries: tasks with their ids, changed as was said, and what they wait for.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::super::fields::texts;
use super::super::{Draft, Node};
use super::by_id;
use super::entry::{Entry, Kind};

/// Fields that name what a task waits for, and what waits for it.
pub(super) const BLOCKED_BY: [&str; 6] = [
    "blockedBy",
    "addBlockedBy",
    "blocked_by",
    "dependsOn",
    "depends_on",
    "dependencies",
];
pub(super) const BLOCKS: [&str; 3] = ["blocks", "addBlocks", "blocking"];

pub(super) struct Tasks {
    /// Without those that were deleted.
    pub(super) created: Vec<Created>,
    deleted: HashSet<String>,
}

pub(super) struct Created {
    pub(super) fields: Node,
    pub(super) id: String,
    /// Where the id stands, or the task.
    pub(super) at: Range<usize>,
    blocked_by: Vec<Node>,
    blocks: Vec<Node>,
}

impl Created {
    /// A field of the task, or of its metadata.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        let of_task = self.fields.some(key);
        of_task.or_else(|| self.fields.some("metadata")?.some(key))
    }

    /// The first of several spellings.
    pub(super) fn any(&self, keys: &[&str]) -> Option<&Node> {
        keys.iter().find_map(|key| self.get(key))
    }
}

impl Tasks {
    pub(super) fn of(entries: Vec<Entry>, draft: &mut Draft) -> Tasks {
        let (created, changes): (Vec<Entry>, Vec<Entry>) = entries
            .into_iter()
            .partition(|entry| entry.kind == Kind::Create);
        let created = created.into_iter().enumerate();
        let mut created: Vec<Created> = created
            .map(|(number, entry)| made(number + 1, entry.fields))
            .collect();
        let positions: HashMap<String, usize> = by_id(&created)
            .into_iter()
            .map(|(id, at)| (id.to_owned(), at))
            .collect();
        for change in changes {
            let node = change
                .fields
                .some("taskId")
                .or_else(|| change.fields.some("id"));
            let id = node.and_then(Node::text).unwrap_or_default();
            match positions.get(id.trim()) {
                Some(at) => created[*at].change(&change.fields),
                None => draft.error(
                    "unknown-task",
                    format!("there is no task `{id}` to change"),
                    node.map_or(change.fields.at.clone(), |node| node.at.clone()),
                    "tasks without an id are numbered from 1, as they are made",
                ),
            }
        }
        let is_deleted =
            |task: &Created| task.fields.some("status").and_then(Node::as_str) == Some("deleted");
        let deleted = created
            .iter()
            .filter(|task| is_deleted(task))
            .map(|task| task.id.clone());
        let deleted = deleted.collect();
        created.retain(|task| !is_deleted(task));
        Tasks { created, deleted }
    }

    /// What each waits for, from both ends of every link, once.
    pub(super) fn waits(&mut self, draft: &mut Draft) -> Vec<Vec<Node>> {
        let by_id = by_id(&self.created);
        let mut by_title: HashMap<&str, Option<usize>> = HashMap::new();
        for (at, task) in self.created.iter().enumerate() {
            if let Some(title) = task.any(&["subject", "title"]).and_then(Node::as_str) {
                by_title
                    .entry(title.trim())
                    .and_modify(|at| *at = None)
                    .or_insert(Some(at));
            }
        }
        let mut waits: Vec<Vec<Node>> = vec![Vec::new(); self.created.len()];
        let mut known: HashSet<(usize, String)> = HashSet::new();
        let mut meant = |node: &Node, task: &Created| -> Option<Node> {
            let name = node.as_str().unwrap_or_default().trim();
            if by_id.contains_key(name) {
                return Some(Node::new(name, node.at.clone()));
            }
            if self.deleted.contains(name) {
                draft.warn(
                    "out-of-the-way",
                    format!(
                        "`{}` and `{name}` are linked, but `{name}` was deleted",
                        task.id
                    ),
                    node.at.clone(),
                );
                return None;
            }
            if let Some(Some(at)) = by_title.get(name) {
                let id = &self.created[*at].id;
                draft.warn_with(
                    "named-by-title",
                    format!(
                        "`{}` is linked to a task by its title: it is `{id}`",
                        task.id
                    ),
                    node.at.clone(),
                    "titles change, ids do not: name it by its id",
                );
                return Some(Node::new(id.as_str(), node.at.clone()));
            }
            Some(Node::new(name, node.at.clone()))
        };
        let mut blocked: Vec<(usize, Node)> = Vec::new();
        for (at, task) in self.created.iter().enumerate() {
            for node in &task.blocked_by {
                if let Some(node) = meant(node, task)
                    && known.insert((at, node.as_str().unwrap_or_default().to_owned()))
                {
                    waits[at].push(node);
                }
            }
            for node in &task.blocks {
                if let Some(node) = meant(node, task) {
                    blocked.push((at, node));
                }
            }
        }
        for (at, node) in blocked {
            let task = &self.created[at];
            let Some(other) = node.as_str().and_then(|id| by_id.get(id)) else {
                draft.error(
                    "unknown-task",
                    format!(
                        "`{}` blocks `{}`, which is no task",
                        task.id,
                        node.as_str().unwrap_or_default()
                    ),
                    node.at.clone(),
                    "add the task, or take the link out",
                );
                continue;
            };
            if known.insert((*other, task.id.clone())) {
                waits[*other].push(Node::new(task.id.as_str(), node.at.clone()));
            }
        }
        waits
    }
}

fn made(number: usize, fields: Node) -> Created {
    let id = fields.some("id").or_else(|| fields.some("taskId"));
    let own = id
        .and_then(Node::text)
        .map(|id| id.trim().to_owned())
        .filter(|id| !id.is_empty());
    let at = match (&own, id) {
        (Some(_), Some(id)) => id.at.clone(),
        _ => fields.at.start..fields.at.start + 1,
    };
    let mut task = Created {
        id: own.unwrap_or_else(|| number.to_string()),
        at,
        blocked_by: Vec::new(),
        blocks: Vec::new(),
        fields,
    };
    let fields = task.fields.clone();
    task.link(&fields);
    if let Some(metadata) = fields.some("metadata") {
        task.link(metadata);
    }
    task
}

impl Created {
    fn link(&mut self, fields: &Node) {
        for key in BLOCKED_BY {
            self.blocked_by
                .extend(fields.some(key).map_or(Vec::new(), texts));
        }
        for key in BLOCKS {
            self.blocks
                .extend(fields.some(key).map_or(Vec::new(), texts));
        }
    }

    /// Fields replace those there are, metadata key by key; links are added.
    fn change(&mut self, fields: &Node) {
        self.link(fields);
        let is_changed = |(key, value): &&(String, Node)| {
            let is_link = BLOCKED_BY.contains(&key.as_str()) || BLOCKS.contains(&key.as_str());
            !is_link && !value.is_null() && key != "taskId" && key != "metadata"
        };
        let changed = fields.entries().iter().filter(is_changed);
        self.fields.merge(changed.cloned());
        let Some(added) = fields.some("metadata").filter(|metadata| metadata.is_map()) else {
            return;
        };
        match self.fields.get_mut("metadata") {
            Some(metadata) if metadata.is_map() => metadata.merge(added.entries().iter().cloned()),
            _ => self.fields.set("metadata", added.clone()),
        }
    }
}
