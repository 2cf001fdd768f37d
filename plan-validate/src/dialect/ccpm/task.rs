//! The file of a task.

use std::ops::Range;

use crate::dialect::markdown::{self, Block, Kind, Span};
use crate::dialect::{Draft, File, Material, Node, front_matter, sections};

/// Words for work that is done.
pub(super) const DONE: &[&str] = &["closed", "completed", "complete", "done", "merged"];

const OPEN: &[&str] = &[
    "",
    "open",
    "pending",
    "in-progress",
    "in_progress",
    "backlog",
    "todo",
    "active",
    "blocked",
    "ready",
    "review",
    "draft",
];

const DROPPED: &[&str] = &[
    "cancelled",
    "canceled",
    "wontfix",
    "abandoned",
    "dropped",
    "superseded",
];

pub(super) struct Task {
    /// Its file, without the extension.
    pub(super) id: String,
    pub(super) at: Range<usize>,
    front: Node,
    title: Span,
    description: Span,
    acceptance: Vec<Span>,
    pub(super) dependencies: Vec<Span>,
    pub(super) conflicts: Vec<Span>,
    /// Where it says `parallel: false`.
    pub(super) alone: Option<Range<usize>>,
    outcome: Option<Node>,
    effort: Vec<Span>,
    minutes: Option<Node>,
}

impl Task {
    pub(super) fn read(
        material: &Material,
        file: &File,
        id: &str,
        draft: &mut Draft,
    ) -> Option<Task> {
        let parts = front_matter::split(material, file, draft);
        let blocks = markdown::read(parts.body, parts.offset);
        let mut front = parts.front;
        if !parts.has_front {
            front = fenced(material, &blocks, file, draft)?;
        }
        let (title, sections) = sections::split(&blocks);
        let name = front.some("name").or(front.some("title"));
        let title = match name.and_then(|name| Some((name.text()?, name.at.clone()))) {
            Some((text, at)) => Span { text, at },
            None => title.unwrap_or(Span {
                text: id.to_owned(),
                at: file.top(),
            }),
        };
        let text = parts.body.trim();
        let start = parts.offset + (parts.body.len() - parts.body.trim_start().len());
        let texts = |name: &str| {
            sections::find(&sections, name)
                .map(|section| section.texts())
                .unwrap_or_default()
        };
        let parallel = front
            .get("parallel")
            .filter(|node| node.as_bool() == Some(false));
        Some(Task {
            id: id.to_owned(),
            at: file.top(),
            title,
            description: Span {
                text: text.to_owned(),
                at: start..start + text.len(),
            },
            acceptance: texts("acceptance criteria"),
            dependencies: named(material, &front, &["depends_on", "dependencies"], draft),
            conflicts: named(material, &front, &["conflicts_with"], draft),
            alone: parallel.map(|node| node.at.clone()),
            outcome: outcome(&front, draft),
            effort: texts("effort estimate"),
            minutes: None,
            front,
        })
    }

    pub(super) fn is_settled(&self) -> bool {
        self.outcome.is_some()
    }

    /// Hours: of the front matter, of an analysis beside it, or of the section on effort.
    pub(super) fn estimate(&mut self, material: &Material) {
        let analysis = material.file(&format!("{}-analysis.md", self.id));
        let hours = self.front.some("estimated_hours").cloned().or_else(|| {
            let file = analysis?;
            let parts = front_matter::split(material, file, &mut Draft::default());
            parts.front.some("estimated_hours").cloned()
        });
        let of_front = hours.and_then(|hours| Some((hours.as_f64()?, hours.at)));
        let of_text = || {
            let line = self
                .effort
                .iter()
                .find(|line| line.text.starts_with("Hours:"))?;
            Some((most(&line.text)?, line.at.clone()))
        };
        let hours = of_front
            .or_else(of_text)
            .filter(|(hours, _)| *hours > 0.0 && *hours < 1e5);
        self.minutes = hours.map(|(hours, at)| Node::number(hours * 60.0, at));
    }

    pub(super) fn node(&self) -> Node {
        let text = |span: &Span| Node::new(span.text.as_str(), span.at.clone());
        let mut node = Node::map(self.at.clone());
        node.set("id", Node::new(self.id.as_str(), self.at.clone()));
        node.set("title", text(&self.title));
        node.set("description", text(&self.description));
        node.set_list(
            "acceptance",
            self.acceptance.iter().map(text).collect(),
            self.at.clone(),
        );
        if let Some(complexity) = self.complexity() {
            node.set("complexity", complexity);
        }
        if let Some(minutes) = &self.minutes {
            node.set("estimatedMinutes", minutes.clone());
        }
        if let Some(priority) = self.priority() {
            node.set("priority", priority);
        }
        if let Some(model) = self
            .front
            .some("recommended_model")
            .filter(|model| model.as_str().is_some())
        {
            node.set("model", model.clone());
        }
        if let Some(outcome) = &self.outcome {
            node.set("outcome", outcome.clone());
        }
        if let Some(github) = self
            .front
            .some("github")
            .filter(|url| url.as_str().is_some_and(|url| url.contains("://")))
        {
            let mut ids = Node::map(github.at.clone());
            ids.set("github", github.clone());
            node.set("externalIds", ids);
        }
        let mut metadata = Node::map(self.at.clone());
        let known = [
            "name",
            "title",
            "description",
            "depends_on",
            "dependencies",
            "conflicts_with",
            "parallel",
            "github",
            "priority",
            "size",
            "complexity",
            "recommended_model",
            "estimated_hours",
        ];
        for (key, value) in self.front.entries() {
            if !known.contains(&key.as_str()) {
                metadata.set(key, value.clone());
            }
        }
        if !metadata.entries().is_empty() {
            node.set("metadata", metadata);
        }
        node
    }

    /// Sizes are those of shirts.
    fn complexity(&self) -> Option<Node> {
        let of_front = self.front.some("complexity").or(self.front.some("size"));
        let of_text = || {
            let line = self
                .effort
                .iter()
                .find(|line| line.text.starts_with("Size:"))?;
            Some(Node::new(line.text[5..].trim(), line.at.clone()))
        };
        let said = of_front.cloned().or_else(of_text)?;
        let text = said.text()?.to_lowercase();
        let word = match text.split_whitespace().next()? {
            "xs" | "s" | "low" | "small" | "simple" => "low",
            "m" | "medium" | "moderate" => "medium",
            "l" | "xl" | "xxl" | "high" | "large" | "complex" => "high",
            _ => return None,
        };
        Some(Node::new(word, said.at))
    }

    fn priority(&self) -> Option<Node> {
        let said = self.front.some("priority")?;
        let text = said.text()?.to_lowercase();
        let word = match text.as_str() {
            "p0" | "critical" | "urgent" => "P0",
            "p1" | "high" => "P1",
            "p2" | "medium" | "normal" => "P2",
            "p3" | "low" => "P3",
            _ => return None,
        };
        Some(Node::new(word, said.at.clone()))
    }
}

/// Metadata in a fenced block of YAML, as some write it instead of front matter.
fn fenced(material: &Material, blocks: &[Block], file: &File, draft: &mut Draft) -> Option<Node> {
    let block = blocks.iter().find(
        |block| matches!(&block.kind, Kind::Code { info, .. } if info == "yaml" || info == "yml"),
    );
    let Some((block, Kind::Code { text, .. })) = block.map(|block| (block, &block.kind)) else {
        draft.warn_with(
            "no-front-matter",
            "the task has no front matter: it is open, and waits for nothing",
            file.top(),
            "write `---`, `status: open`, `depends_on: []`, `---` at the top",
        );
        return Some(Node::map(file.top()));
    };
    draft.warn_with(
        "metadata-in-fence",
        "the metadata stands in a code block, not in front matter",
        block.at.start..block.at.start + 3,
        "ccpm looks for it between two lines of `---` at the top",
    );
    let source = material
        .source
        .text
        .get(block.at.clone())
        .unwrap_or_default();
    let offset = block.at.start + source.find(text.as_str()).unwrap_or(0);
    match Node::from_yaml(text, offset) {
        Ok(node) if node.is_map() => Some(node),
        Ok(_) => Some(Node::map(file.top())),
        Err(problems) => {
            draft.found.extend(problems);
            None
        }
    }
}

/// Tasks that are named, as they are written: YAML would read `001` as a number.
fn named(material: &Material, front: &Node, keys: &[&str], draft: &mut Draft) -> Vec<Span> {
    let Some(node) = keys.iter().find_map(|key| front.some(key)) else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for entry in node.each() {
        if entry.text().is_none() {
            let message = format!("a task is named by its number, not by {}", entry.kind());
            draft.error(
                "task-name",
                message,
                entry.at.clone(),
                "write `depends_on: [1, 2]`",
            );
            continue;
        }
        let raw = material
            .source
            .text
            .get(entry.at.clone())
            .unwrap_or_default();
        let mut at = entry.at.start;
        for part in raw.split(',') {
            let text = part.trim().trim_matches(['"', '\'']);
            let start = at + part.find(text).unwrap_or(0);
            at += part.len() + 1;
            if !text.is_empty() {
                all.push(Span {
                    text: text.to_owned(),
                    at: start..start + text.len(),
                });
            }
        }
    }
    all
}

fn outcome(front: &Node, draft: &mut Draft) -> Option<Node> {
    let status = front.some("status")?;
    let word = status.text().unwrap_or_default().to_lowercase();
    if DONE.contains(&word.as_str()) {
        if word != "closed" {
            draft.warn(
                "odd-status",
                format!("`{word}` is read as `closed`"),
                status.at.clone(),
            );
        }
        return Some(Node::new("succeeded", status.at.clone()));
    }
    if DROPPED.contains(&word.as_str()) {
        return Some(Node::new("cancelled", status.at.clone()));
    }
    if !OPEN.contains(&word.as_str()) {
        draft.warn_with(
            "unclear-status",
            format!("`{word}` is no status of a task: it counts as open"),
            status.at.clone(),
            "open, in-progress or closed",
        );
    }
    None
}

/// The largest number of `20-24 hours (3 days)` before the brackets.
fn most(text: &str) -> Option<f64> {
    let text = text.split('(').next().unwrap_or_default();
    let numbers = text.split(|c: char| !(c.is_ascii_digit() || c == '.'));
    numbers
        .filter_map(|number| number.parse().ok())
        .max_by(f64::total_cmp)
}

#[cfg(test)]
mod tests {
    use super::most;

    #[test]
    fn hours_are_the_most_that_is_said() {
        for (text, expected) in [
            ("Hours: 6", Some(6.0)),
            ("Hours: 20-24 hours", Some(24.0)),
            ("Hours: 16 hours (2 days)", Some(16.0)),
            ("Hours: 1.5", Some(1.5)),
            ("Hours: some", None),
        ] {
            assert_eq!(most(text), expected, "{text}");
        }
    }
}
