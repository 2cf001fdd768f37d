//! One task or subtask: what of it has a home in the plan, and the rest.

use std::ops::Range;

use serde_json::json;

use super::super::fields::{Fields, joined, texts, title_of};
use super::super::parts::{State, Work};
use super::super::{Draft, Material, Node};
use super::{Items, status};

/// A task or subtask as it stands in the file.
pub(super) struct Item<'n> {
    pub(super) node: &'n Node,
    /// In full.
    pub(super) id: String,
    /// Where the id stands.
    pub(super) at: Range<usize>,
    /// Of a subtask: its task, by position and by id.
    pub(super) whole: Option<usize>,
    pub(super) task: Option<String>,
}

/// All of them, each task before its subtasks. None, and errors, when an entry cannot be told.
pub(super) fn items<'n>(
    tasks: &'n Node,
    material: &Material,
    draft: &mut Draft,
) -> Option<Vec<Item<'n>>> {
    let mut items = Vec::new();
    for node in tasks.items() {
        let Some(id) = id_of(node, "task", material, draft) else {
            continue;
        };
        let whole = items.len();
        let subtasks = node.some("subtasks");
        items.push(Item {
            node,
            at: place(node),
            id: id.clone(),
            whole: None,
            task: None,
        });
        if let Some(odd) = subtasks.filter(|subtasks| !subtasks.is_list()) {
            draft.error(
                "odd-subtasks",
                format!("`subtasks` of `{id}` is {}", odd.kind()),
                odd.at.clone(),
                "subtasks are a list",
            );
        }
        for node in subtasks.map_or(&[][..], Node::items) {
            let Some(own) = id_of(node, "subtask", material, draft) else {
                continue;
            };
            let full = full_id(&own, &id, node, draft);
            if node
                .some("subtasks")
                .is_some_and(|deeper| !deeper.items().is_empty())
            {
                draft.error(
                    "odd-subtasks",
                    format!("the subtask `{full}` has subtasks of its own"),
                    place(node),
                    "task-master knows one level: make them subtasks of the task",
                );
            }
            items.push(Item {
                node,
                at: place(node),
                id: full,
                whole: Some(whole),
                task: Some(id.clone()),
            });
        }
    }
    (!draft.found.has_errors()).then_some(items)
}

fn place(node: &Node) -> Range<usize> {
    node.get("id").map_or(node.at.clone(), |id| id.at.clone())
}

/// The id as it is written; an error where there is none.
fn id_of(node: &Node, what: &str, material: &Material, draft: &mut Draft) -> Option<String> {
    if !node.is_map() {
        draft.error(
            "not-a-task",
            format!("instead of a {what} there is {}", node.kind()),
            node.at.clone(),
            "an entry is an object with `id`, `title` and so on",
        );
        return None;
    }
    let id = node.some("id").and_then(|id| written(id, material));
    let id = id.filter(|id| !id.is_empty());
    if id.is_none() {
        draft.error(
            "missing-id",
            format!("a {what} has no id"),
            place(node),
            "ids are numbers from 1",
        );
    }
    id
}

/// The full id of a subtask: its own is most often local, and sometimes full already.
fn full_id(own: &str, task: &str, node: &Node, draft: &mut Draft) -> String {
    match own.rsplit_once('.') {
        None => format!("{task}.{own}"),
        Some((of, _)) if of == task => own.to_owned(),
        Some((_, last)) => {
            let full = format!("{task}.{last}");
            draft.warn(
                "odd-id",
                format!("the subtask `{own}` stands in the task `{task}`: it is read as `{full}`"),
                place(node),
            );
            full
        }
    }
}

/// An id as it is written: of a number the digits in the file, so that 1.10 is not 1.1.
pub(super) fn written(node: &Node, material: &Material) -> Option<String> {
    let text = match node.as_str() {
        Some(text) => text,
        None => {
            node.as_f64()?;
            material.source.text.get(node.at.clone())?
        }
    };
    let text = text.trim();
    Some(text.strip_suffix(".0").unwrap_or(text).to_owned())
}

impl Item<'_> {
    /// What is to be done.
    pub(super) fn work(
        &self,
        items: &Items,
        state: State,
        waits_for: Vec<Node>,
        draft: &mut Draft,
    ) -> Work {
        let mut fields = Fields::of(self.node);
        let mut task = Node::map(self.node.at.clone());
        task.set("id", Node::new(self.id.as_str(), self.at.clone()));
        let description = fields.take_text("description");
        let title = fields
            .take_text("title")
            .unwrap_or_else(|| title_of(&self.id, description.as_ref(), &self.at, draft));
        task.set("title", title);
        let details = fields.take_text("details");
        if let Some(description) = joined([("", description), ("", details)]) {
            task.set("description", description);
        }
        if let Some(priority) = self.priority(&mut fields, items, draft) {
            task.set("priority", priority);
        }
        if let Some(complexity) = fields.node.some("complexity").and_then(complexity) {
            fields.take("complexity");
            task.set("complexity", complexity);
        }
        let mut acceptance = Vec::new();
        for key in ["acceptanceCriteria", "testStrategy"] {
            acceptance.extend(fields.take(key).map_or(Vec::new(), texts));
        }
        task.set_list("acceptance", acceptance, self.at.clone());
        let skills = fields.take("skills").map_or(Vec::new(), texts);
        task.set_list("skills", skills, self.at.clone());
        task.set_list("paths", paths(self.node), self.at.clone());
        if let Some(id) = fields.take("databaseId").and_then(Node::text) {
            let mut ids = Node::map(self.at.clone());
            ids.set("databaseId", Node::new(id, self.at.clone()));
            task.set("externalIds", ids);
        }
        for key in [
            "id",
            "dependencies",
            "subtasks",
            "parentId",
            "parentTaskId",
            "parentTask",
            "isSubtask",
        ] {
            fields.take(key);
        }
        let status = fields
            .take("status")
            .filter(|status| status::is_told(status));
        let mut metadata = fields.rest();
        if let Some(status) = status {
            metadata.set("status", status.clone());
        }
        if !metadata.entries().is_empty() {
            task.set("metadata", metadata);
        }
        Work {
            task,
            id: self.id.clone(),
            at: self.at.clone(),
            whole: self.whole,
            waits_for,
            state,
            is_sum: true,
        }
    }

    /// Its own; of a subtask without one, that of its task.
    fn priority(&self, fields: &mut Fields, items: &Items, draft: &mut Draft) -> Option<Node> {
        let own = fields.node.some("priority");
        let Some(node) = own else {
            let task = items[self.whole?].node;
            let node = task.some("priority")?;
            return Some(Node::new(level(node)?, node.at.clone()));
        };
        if let Some(level) = level(node) {
            fields.take("priority");
            return Some(Node::new(level, node.at.clone()));
        }
        draft.warn_with(
            "unknown-priority",
            format!("the priority of `{}` is unknown", self.id),
            node.at.clone(),
            "known are critical, high, medium and low",
        );
        None
    }
}

fn level(priority: &Node) -> Option<&'static str> {
    match priority.as_str()?.trim().to_lowercase().as_str() {
        "critical" => Some("P0"),
        "high" => Some("P1"),
        "medium" => Some("P2"),
        "low" => Some("P3"),
        _ => None,
    }
}

/// A word, or task-master's score from 1 to 10 in the words that its reports have for it.
fn complexity(node: &Node) -> Option<Node> {
    let word = match (node.as_str(), node.as_f64()) {
        (Some("simple"), _) => "low",
        (Some("moderate"), _) => "medium",
        (Some("complex" | "very-complex"), _) => "high",
        (Some(word), _) => word,
        (_, Some(score)) if score < 5.0 => "low",
        (_, Some(score)) if score < 8.0 => "medium",
        (_, Some(_)) => "high",
        _ => return None,
    };
    Some(Node::new(json!(word), node.at.clone()))
}

/// The files that it makes or changes, not those that it only reads.
fn paths(node: &Node) -> Vec<Node> {
    let files = node.some("relevantFiles").map_or(&[][..], Node::items);
    let is_own = |file: &&Node| {
        let action = file.some("action").and_then(Node::as_str);
        matches!(action, Some("create" | "modify"))
    };
    let own = files.iter().filter(is_own);
    own.filter_map(|file| {
        file.some("path")
            .filter(|path| path.as_str().is_some())
            .cloned()
    })
    .collect()
}
