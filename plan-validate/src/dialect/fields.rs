//! The fields of an object that a dialect reads: what it takes has a home in the plan, the rest goes into `metadata`.

use std::ops::Range;

use super::{Draft, Node};

/// An object, and what of it was taken.
pub(super) struct Fields<'n> {
    pub(super) node: &'n Node,
    taken: Vec<&'static str>,
}

impl<'n> Fields<'n> {
    pub(super) fn of(node: &'n Node) -> Fields<'n> {
        Fields {
            node,
            taken: Vec::new(),
        }
    }

    /// The value of a key; none when it is absent or null.
    pub(super) fn take(&mut self, key: &'static str) -> Option<&'n Node> {
        self.taken.push(key);
        self.node.some(key)
    }

    /// A text that is not empty; a number as it would be written. Anything else stays with the rest.
    pub(super) fn take_text(&mut self, key: &'static str) -> Option<Node> {
        let node = self.node.some(key)?;
        let text = node.text().filter(|text| !text.trim().is_empty())?;
        self.taken.push(key);
        Some(Node::new(text, node.at.clone()))
    }

    /// What was not taken, without what is null or an empty text or list.
    pub(super) fn rest(&self) -> Node {
        let is_empty = |value: &Node| {
            let is_empty_list = value.is_list() && value.items().is_empty();
            value.is_null() || value.as_str() == Some("") || is_empty_list
        };
        let entries = self.node.entries().iter();
        let left =
            entries.filter(|(key, value)| !is_empty(value) && !self.taken.contains(&key.as_str()));
        let mut rest = Node::map(self.node.at.clone());
        rest.merge(left.cloned());
        rest
    }
}

/// The texts of a list, or the one text; numbers as texts. What is neither is passed over.
pub(super) fn texts(node: &Node) -> Vec<Node> {
    let text = |item: &Node| Some(Node::new(item.text()?, item.at.clone()));
    let is_empty = |node: &Node| node.as_str().is_none_or(|text| text.trim().is_empty());
    let texts = node.each().iter().filter_map(text);
    texts.filter(|node| !is_empty(node)).collect()
}

/// Texts as paragraphs of one, which stands where the first of them does.
pub(super) fn joined(
    texts: impl IntoIterator<Item = (&'static str, Option<Node>)>,
) -> Option<Node> {
    let mut all: Option<Node> = None;
    for (heading, node) in texts {
        let Some(node) = node else { continue };
        let Some(text) = node.as_str().map(str::trim).filter(|text| !text.is_empty()) else {
            continue;
        };
        let so_far = all.as_ref().and_then(Node::as_str);
        all = Some(match (so_far, heading) {
            (None, _) => Node::new(text, node.at.clone()),
            (Some(before), "") => Node::new(format!("{before}\n\n{text}"), node.at.clone()),
            (Some(before), heading) => {
                Node::new(format!("{before}\n\n{heading}:\n{text}"), node.at.clone())
            }
        });
    }
    all
}

/// The title of something without one: the first line of its description, or its id.
pub(super) fn title_of(
    id: &str,
    description: Option<&Node>,
    at: &Range<usize>,
    draft: &mut Draft,
) -> Node {
    let line = description
        .and_then(Node::as_str)
        .and_then(|text| text.trim().lines().next());
    let title = line.map_or_else(|| id.to_owned(), |line| line.chars().take(120).collect());
    draft.warn("no-title", format!("`{id}` has no title"), at.clone());
    Node::new(
        title,
        description.map_or(at.clone(), |description| description.at.clone()),
    )
}
