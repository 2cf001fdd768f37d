//! Links between issues: which of them say something about order, and what.

use std::collections::HashMap;
use std::ops::Range;

use serde_json::Value;

use super::super::parts::State;
use super::super::{Draft, Node};
use super::issue::{Issue, Issues};

/// What the links of every issue come to.
pub(super) struct Links {
    pub(super) whole: Vec<Option<usize>>,
    /// Whether there are issues that are parts of it and of another before.
    pub(super) has_borrowed: Vec<bool>,
    pub(super) waits: Vec<Vec<Node>>,
    /// Ids of the issues whose failure it waits for.
    pub(super) failures: Vec<Vec<Node>>,
    /// Whether `waits` is such a failure.
    pub(super) run_if_failed: Vec<bool>,
    /// Links that say nothing about order.
    pub(super) kept: Vec<Vec<Node>>,
}

/// The types that say something about order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Blocks,
    ParentChild,
    ConditionalBlocks,
    WaitsFor,
}

/// A link of an issue to another.
struct Link<'n> {
    to: String,
    at: Range<usize>,
    link_type: Type,
    node: &'n Node,
}

impl Links {
    pub(super) fn of(issues: &Issues, states: &[State], draft: &mut Draft) -> Links {
        let count = issues.work.len();
        let mut reader = Reader {
            issues,
            states,
            by_id: HashMap::with_capacity(count),
            links: Links {
                whole: vec![None; count],
                has_borrowed: vec![false; count],
                waits: vec![Vec::new(); count],
                failures: vec![Vec::new(); count],
                run_if_failed: vec![false; count],
                kept: vec![Vec::new(); count],
            },
            draft,
        };
        for (at, issue) in issues.work.iter().enumerate() {
            reader.by_id.entry(&issue.id).or_insert(at);
        }
        for (at, issue) in issues.work.iter().enumerate() {
            for link in reader.links_of(at, issue) {
                reader.add(at, issue, link);
            }
        }
        reader.links
    }
}

struct Reader<'r, 'n> {
    issues: &'r Issues<'n>,
    states: &'r [State],
    by_id: HashMap<&'r str, usize>,
    links: Links,
    draft: &'r mut Draft,
}

impl<'n> Reader<'_, 'n> {
    /// What links there are. Those that say nothing about order are put aside.
    fn links_of(&mut self, at: usize, issue: &Issue<'n>) -> Vec<Link<'n>> {
        let mut links = Vec::new();
        for key in ["dependencies", "deps"] {
            let Some(list) = issue.node.some(key) else {
                continue;
            };
            for node in list.each().iter().filter(|node| !node.is_null()) {
                links.extend(self.link(at, issue, node));
            }
        }
        let has_whole = links.iter().any(|link| link.link_type == Type::ParentChild);
        let parent = issue
            .node
            .some("parent")
            .or_else(|| issue.node.some("parent_id"));
        if let Some(node) = parent.filter(|_| !has_whole)
            && let Some(to) = node.text()
        {
            links.push(Link {
                to,
                at: node.at.clone(),
                link_type: Type::ParentChild,
                node,
            });
        }
        links
    }

    /// A link; in files that were made by hand, an id alone.
    fn link(&mut self, at: usize, issue: &Issue, node: &'n Node) -> Option<Link<'n>> {
        if let Some(to) = node.text() {
            let to = to.trim().to_owned();
            return Some(Link {
                to,
                at: node.at.clone(),
                link_type: Type::Blocks,
                node,
            });
        }
        let word = ["type", "dep_type", "dependency_type"]
            .iter()
            .find_map(|key| node.some(key));
        let word = word
            .and_then(Node::as_str)
            .unwrap_or("blocks")
            .to_lowercase()
            .replace('_', "-");
        let link_type = match word.as_str() {
            "blocks" | "blocked-by" | "depends-on" | "" => Type::Blocks,
            "parent-child" => Type::ParentChild,
            "conditional-blocks" => Type::ConditionalBlocks,
            "waits-for" => Type::WaitsFor,
            _ => {
                self.links.kept[at].push(node.clone());
                return None;
            }
        };
        let of = node.some("issue_id").and_then(Node::text);
        let to = node.get("depends_on_id").or_else(|| node.get("id"));
        let error = match (&of, to.and_then(Node::text)) {
            (Some(of), _) if of.trim() != issue.id && !of.is_empty() => {
                format!("a link of `{of}` stands in `{}`", issue.id)
            }
            (_, Some(id)) if !id.trim().is_empty() => {
                let at = to.map_or(node.at.clone(), |to| to.at.clone());
                return Some(Link {
                    to: id.trim().to_owned(),
                    at,
                    link_type,
                    node,
                });
            }
            _ if !self.states[at].is_unfinished() => return None,
            _ => format!("`{}` depends on nothing", issue.id),
        };
        let at = to.map_or(node.at.clone(), |to| to.at.clone());
        self.draft.error(
            "odd-link",
            error,
            at,
            "take the link out, or say what it leads to (`depends_on_id`)",
        );
        None
    }

    fn add(&mut self, at: usize, issue: &Issue, link: Link) {
        if link.link_type == Type::ParentChild {
            self.add_whole(at, issue, link);
        } else if self.states[at].is_unfinished() {
            self.add_wait(at, issue, link);
        } else if self.by_id.contains_key(link.to.as_str()) {
            // Whether it failed or not, it is over.
            if link.link_type != Type::ConditionalBlocks {
                self.links.waits[at].push(Node::new(link.to, link.at));
            }
        } else if self.issues.skipped.why(&link.to).is_none() {
            self.draft.warn(
                "dangling-link",
                format!(
                    "`{}` depended on `{}`, which is not in the file; it is closed all the same",
                    issue.id, link.to
                ),
                link.at,
            );
        }
    }

    fn add_whole(&mut self, at: usize, issue: &Issue, link: Link) {
        let Some(whole) = self.by_id.get(link.to.as_str()).copied() else {
            let why = match self.issues.skipped.why(&link.to) {
                Some(_) => "which is not of the plan",
                None => "which is not in the file",
            };
            self.draft.warn(
                "unknown-whole",
                format!(
                    "`{}` is a part of `{}`, {why}: it stands by itself",
                    issue.id, link.to
                ),
                link.at,
            );
            return;
        };
        if self.links.whole[at].is_none() {
            self.links.whole[at] = Some(whole);
            return;
        }
        // The second whole waits for it like for any part; what that waits for, it does not.
        let id = Node::new(issue.id.as_str(), issue.at.clone());
        self.links.waits[whole].push(id);
        self.links.has_borrowed[whole] = true;
        if self.states[at].is_unfinished() {
            self.draft.warn(
                "second-whole",
                format!(
                    "`{}` is a part of `{}`, too: that one waits for it",
                    issue.id, link.to
                ),
                link.at,
            );
        }
    }

    /// Of work that is not finished.
    fn add_wait(&mut self, at: usize, issue: &Issue, link: Link) {
        let Link {
            to,
            at: place,
            link_type,
            node,
        } = link;
        let other = self.by_id.get(to.as_str()).map(|other| self.states[*other]);
        if let Some(why) = self.issues.skipped.why(&to).filter(|_| other.is_none()) {
            self.draft.warn(
                "out-of-the-way",
                format!("`{}` depends on `{to}`, which is not of the plan ({why}): it does not wait for it", issue.id),
                place,
            );
        } else if to.starts_with("external:") {
            self.draft.error(
                "external-dependency",
                format!(
                    "`{}` depends on `{to}`, which is of another project",
                    issue.id
                ),
                place,
                "when it has shipped, take the link out; before that the issue cannot be done",
            );
        } else if link_type == Type::ConditionalBlocks {
            self.links.failures[at].push(Node::new(to, place));
        } else if other == Some(State::GivenUp) {
            self.draft.warn(
                "out-of-the-way",
                format!(
                    "`{}` depends on `{to}`, which was given up: it does not wait for it",
                    issue.id
                ),
                place,
            );
        } else {
            if link_type == Type::WaitsFor && gate(node).as_deref() == Some("any-children") {
                self.draft.warn(
                    "any-children",
                    format!(
                        "`{}` waits for all children of `{to}`: a plan cannot wait for any of them",
                        issue.id
                    ),
                    place.clone(),
                );
            }
            self.links.waits[at].push(Node::new(to, place));
        }
    }
}

/// The kind of a `waits-for`, in the JSON text that its metadata is.
fn gate(link: &Node) -> Option<String> {
    let metadata: Value = serde_json::from_str(link.some("metadata")?.as_str()?).ok()?;
    Some(metadata["gate"].as_str()?.to_owned())
}
