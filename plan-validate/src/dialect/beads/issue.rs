//! One issue: whether it is work, what of it has a home in the plan, and the rest.

use std::collections::HashMap;
use std::ops::Range;

use serde_json::json;

use super::super::fields::{Fields, joined, texts, title_of};
use super::super::parts::{State, make_join};
use super::super::{Draft, Node};
use super::status;

/// What is to be done, and what is not work.
pub(super) struct Issues<'n> {
    pub(super) work: Vec<Issue<'n>>,
    pub(super) skipped: Skipped,
}

/// An issue as it stands in the file.
pub(super) struct Issue<'n> {
    pub(super) node: &'n Node,
    pub(super) id: String,
    /// Where the id stands.
    pub(super) at: Range<usize>,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Work,
    /// Its parts are its work, when it has any.
    Sum,
    /// No work at all: it is reached when what it waits for is done.
    Milestone,
    /// Something that happens elsewhere, a person's yes or the end of a build.
    Gate,
}

/// What is not of the plan, and why.
#[derive(Default)]
pub(super) struct Skipped {
    why: HashMap<String, &'static str>,
    counts: Vec<(&'static str, usize)>,
}

impl Skipped {
    /// Why an issue is not of the plan.
    pub(super) fn why(&self, id: &str) -> Option<&'static str> {
        self.why.get(id).copied()
    }

    fn add(&mut self, id: Option<String>, why: &'static str) {
        match self.counts.iter_mut().find(|(what, _)| *what == why) {
            Some((_, count)) => *count += 1,
            None => self.counts.push((why, 1)),
        }
        if let Some(id) = id {
            self.why.insert(id, why);
        }
    }

    /// How many of what, for people.
    pub(super) fn told(&self) -> Option<String> {
        let counts = self
            .counts
            .iter()
            .map(|(what, count)| format!("{what} ({count})"));
        let told = counts.collect::<Vec<String>>().join(", ");
        (!told.is_empty()).then_some(told)
    }
}

/// Tells work from what is none.
pub(super) fn sorted<'n>(lines: &'n [Node], draft: &mut Draft) -> Issues<'n> {
    let mut issues = Issues {
        work: Vec::new(),
        skipped: Skipped::default(),
    };
    for node in lines {
        let id = node
            .some("id")
            .and_then(Node::text)
            .map(|id| id.trim().to_owned());
        let id = id.filter(|id| !id.is_empty());
        if let Some(why) = no_work(node, id.is_some()) {
            issues.skipped.add(id, why);
            continue;
        }
        let Some(id) = id else {
            let at = node.get("id").map_or(node.at.clone(), |id| id.at.clone());
            draft.error(
                "missing-id",
                "an issue has no id",
                at,
                "every issue has an id, such as bd-a1b2",
            );
            continue;
        };
        let at = node.get("id").map_or(node.at.clone(), |id| id.at.clone());
        issues.work.push(Issue {
            node,
            id,
            at,
            kind: kind(node),
        });
    }
    issues
}

fn type_of(node: &Node) -> Option<&str> {
    node.some("issue_type")
        .or_else(|| node.some("type"))?
        .as_str()
}

/// What a line is when it is no work.
fn no_work(node: &Node, has_id: bool) -> Option<&'static str> {
    let is_true = |key: &str| node.some(key).and_then(Node::as_bool) == Some(true);
    match node.some("_type").and_then(Node::as_str) {
        Some("memory") => return Some("memories"),
        Some("issue") | None => {}
        Some(_) => return Some("lines of other types"),
    }
    if !has_id && node.some("key").is_some() && node.some("value").is_some() {
        return Some("memories");
    }
    match node.some("status").and_then(Node::as_str) {
        Some("tombstone") => return Some("deleted issues"),
        Some("pinned") => return Some("pinned issues"),
        _ => {}
    }
    if is_true("is_template") {
        return Some("templates");
    }
    if is_true("ephemeral") {
        return Some("ephemeral issues");
    }
    match type_of(node) {
        Some("message" | "event") => Some("messages and events"),
        Some("agent" | "role" | "rig" | "convoy" | "slot" | "merge-request") => {
            Some("records of an orchestrator")
        }
        _ => None,
    }
}

fn kind(node: &Node) -> Kind {
    match type_of(node) {
        Some("epic" | "molecule") => Kind::Sum,
        Some("milestone") => Kind::Milestone,
        Some("gate") => Kind::Gate,
        _ => Kind::Work,
    }
}

impl Issue<'_> {
    pub(super) fn is_sum(&self) -> bool {
        matches!(self.kind, Kind::Sum | Kind::Milestone)
    }

    /// The task; `kept` are the links that say nothing about order.
    pub(super) fn task(&self, state: State, kept: Vec<Node>, draft: &mut Draft) -> Node {
        let mut fields = Fields::of(self.node);
        let mut task = Node::map(self.node.at.clone());
        task.set("id", Node::new(self.id.as_str(), self.at.clone()));
        let description = fields.take_text("description");
        let title = fields.take_text("title");
        let title =
            title.unwrap_or_else(|| title_of(&self.id, description.as_ref(), &self.at, draft));
        task.set("title", title);
        let design = fields.take_text("design");
        let notes = fields.take_text("notes");
        if let Some(description) = joined([("", description), ("Design", design), ("Notes", notes)])
        {
            task.set("description", description);
        }
        if let Some(priority) = self.priority(&mut fields, draft) {
            task.set("priority", priority);
        }
        let acceptance = fields
            .take_text("acceptance_criteria")
            .map_or(Vec::new(), |text| criteria(&text));
        task.set_list("acceptance", acceptance, self.at.clone());
        let minutes = fields
            .node
            .some("estimated_minutes")
            .filter(|minutes| minutes.as_f64().is_some_and(|minutes| minutes > 0.0));
        if let Some(minutes) = minutes {
            fields.take("estimated_minutes");
            task.set("estimatedMinutes", minutes.clone());
        }
        if let Some(reference) = fields.take_text("external_ref") {
            let mut ids = Node::map(reference.at.clone());
            ids.set("external_ref", reference);
            task.set("externalIds", ids);
        }
        match self.kind {
            Kind::Milestone if state == State::Open => make_join(&mut task, &self.at),
            Kind::Gate if state == State::Open => {
                make_join(&mut task, &self.at);
                task.set_list("gates", vec![self.confirmation()], self.at.clone());
            }
            _ => {}
        }
        for key in ["id", "_type", "dependencies", "deps", "parent", "parent_id"] {
            fields.take(key);
        }
        let status = fields
            .take("status")
            .filter(|status| status::is_told(status));
        let mut metadata = fields.rest();
        if let Some(status) = status {
            metadata.set("status", status.clone());
        }
        metadata.set_list("dependencies", kept, self.at.clone());
        if !metadata.entries().is_empty() {
            task.set("metadata", metadata);
        }
        task
    }

    /// What a person must confirm before the gate is passed: what it waits for happens elsewhere.
    fn confirmation(&self) -> Node {
        let text = |key: &str| self.node.some(key).and_then(Node::text);
        let title = text("title").unwrap_or_else(|| self.id.clone());
        let awaited = [text("await_type"), text("await_id")];
        let awaited = awaited
            .into_iter()
            .flatten()
            .collect::<Vec<String>>()
            .join(" ");
        let statement = match awaited.as_str() {
            "" => title,
            awaited => format!("{title} ({awaited})"),
        };
        Node::new(json!({"manual": statement}), self.at.clone())
    }

    /// 0 to 4, of which a plan has no word for the last.
    fn priority(&self, fields: &mut Fields, draft: &mut Draft) -> Option<Node> {
        let node = fields.node.some("priority")?;
        let text = node.text().unwrap_or_default().trim().to_lowercase();
        let (level, is_odd) = match text.as_str() {
            "0" => ("P0", false),
            "1" => ("P1", false),
            "2" => ("P2", false),
            "3" => ("P3", false),
            "4" => ("P3-backlog", false),
            "p0" | "critical" => ("P0", true),
            "p1" | "high" => ("P1", true),
            "p2" | "medium" => ("P2", true),
            "p3" | "low" => ("P3", true),
            "p4" | "backlog" => ("P3-backlog", true),
            _ => {
                draft.warn_with(
                    "unknown-priority",
                    format!("the priority of `{}` is unknown", self.id),
                    node.at.clone(),
                    "beads knows 0 (critical) to 4 (backlog)",
                );
                return None;
            }
        };
        fields.take("priority");
        if is_odd || node.as_str().is_some() {
            draft.warn_with(
                "odd-priority",
                format!("the priority of `{}` is read as {level}", self.id),
                node.at.clone(),
                "beads writes a number, 0 (critical) to 4 (backlog)",
            );
        }
        Some(Node::new(json!(level), node.at.clone()))
    }
}

/// The items of a list, or the whole text when it is none.
fn criteria(text: &Node) -> Vec<Node> {
    let lines = text.as_str().unwrap_or_default().lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty());
    let items: Option<Vec<Node>> = lines
        .map(|line| {
            let item = ["- [ ] ", "- [x] ", "- ", "* ", "• "]
                .iter()
                .find_map(|mark| line.strip_prefix(mark));
            Some(Node::new(item?.trim(), text.at.clone()))
        })
        .collect();
    items
        .filter(|items| !items.is_empty())
        .unwrap_or_else(|| texts(text))
}
